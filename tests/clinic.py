"""The clinic: a healthy installation, with all of the world around it.

Everything is real: the database, a mail server with TLS, a name server, a
site behind TLS and what stands for a proxy. Whatever a fault breaks is
broken here, and found by the check itself.
"""

import os
import socket
import socketserver
import ssl
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import dns.message
import dns.rcode
import dns.rrset
import trustme
from werkzeug.serving import WSGIRequestHandler, make_server

from conftest import CHEAP, PASSWORD
from mailroom import HERE, Mailroom, Sink
from phones import with_app
from vestibule import backups
from vestibule.auth import Auth
from vestibule.db import DB
from vestibule.doctor.checks import CHECKS, When
from vestibule.doctor.examination import examine, findings
from vestibule.doctor.finding import Finding
from vestibule.doctor.installation import Installation
from vestibule.doctor.patience import Patience
from vestibule.doctor.reader import Reader
from vestibule.doors.app import create_app
from vestibule.ground.clock import Clock
from vestibule.policy import OPERATOR
from vestibule.settings import Settings

HOST = "id.example.com"
KEY = "c41f8e02b97d6a53e0178fd2964bca35"
# As if the doctor came from somewhere in the world.
OUTSIDE = "203.0.113.5"
GOOD_MAIL = {
    "example.com": ["v=spf1 mx -all"],
    "_dmarc.example.com": ["v=DMARC1; p=reject"],
}

# For those who will never answer.
SHORT = Patience(
    valkey=0.1, mail=0.1, names=0.1, step=0.2, visit=0.3, all=60.0
)

Wrap = Callable[[Any], Any]


class AnotherClock(Clock):
    """A clock that is so many seconds ahead of ours."""

    def __init__(self, ahead: int) -> None:
        self.ahead = ahead

    def now(self) -> int:
        """Say the wrong moment."""
        return super().now() + self.ahead


class NameServer:
    """A name server on this machine that knows some texts."""

    def __init__(self) -> None:
        self.texts: dict[str, list[str]] = {**GOOD_MAIL}
        self.is_silent = False
        self.asked: list[str] = []
        outer = self

        class Handler(socketserver.BaseRequestHandler):
            """Answers one question."""

            def handle(self) -> None:
                """Look the question up."""
                question, port = self.request
                if not outer.is_silent:
                    answer = outer.answer(question)
                    port.sendto(answer, self.client_address)

        self.server = socketserver.ThreadingUDPServer((HERE, 0), Handler)
        self.place: tuple[str, int] = self.server.server_address[:2]  # type: ignore[assignment]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, wire: bytes) -> bytes:
        """Write the answer to a question."""
        question = dns.message.from_wire(wire)
        name = question.question[0].name
        self.asked.append(name.to_text(omit_final_dot=True))
        texts = self.texts.get(self.asked[-1])
        answer = dns.message.make_response(question)
        if texts is None:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        elif texts:
            quoted = [f'"{text}"' for text in texts]
            found = dns.rrset.from_text(name, 60, "IN", "TXT", *quoted)
            answer.answer.append(found)
        return answer.to_wire()

    def close(self) -> None:
        """Stop it."""
        self.server.shutdown()
        self.server.server_close()


def good_proxy(app: Any) -> Any:
    """Stand for nginx as our documentation sets it up."""

    def proxied(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        """Note who comes, after whatever they claim."""
        claimed = environ.get("HTTP_X_FORWARDED_FOR")
        hops = [claimed, OUTSIDE] if claimed else [OUTSIDE]
        environ["HTTP_X_FORWARDED_FOR"] = ", ".join(hops)
        environ["REMOTE_ADDR"] = HERE
        found: Iterable[bytes] = app(environ, start)
        return found

    return proxied


class Quiet(WSGIRequestHandler):
    """A server that writes no log."""

    def log(self, *_: Any) -> None:
        """Say nothing."""


class Clinic:
    """One installation, and everything it hangs on."""

    def __init__(self, folder: Path, database_url: str) -> None:
        self.folder = folder
        self.stack = ExitStack()
        self.deploy = True
        self.world: dict[str, Any] = {}
        self.places: dict[int, int] = {}
        self.environment: dict[str, str] = {}
        self.env_file: Path | None = None
        # Where whoever owns PostgreSQL gets in.
        self.world_of_postgres = ""
        # What the database says in place of the truth.
        self.answers: dict[str, Any] = {}
        self.options: dict[str, Any] = {
            "database_url": database_url,
            "data": folder / "data",
            "secret_key": KEY,
            "base_url": f"https://{HOST}",
            "trusted_proxies": "127.0.0.1",
            "security_contact": "security@example.com",
            "support": "help@example.com",
            "mail_sender": "accounts@example.com",
            "backups": folder / "copies",
            "second_factor": "admins",
        }
        (folder / "data").mkdir(mode=0o700, exist_ok=True)
        # Tests may lie in memory.
        self.mounted("ext4")

    def settings(self) -> Settings:
        """Read the settings as they are by now."""
        return Settings.load(self.environment, self.env_file, **self.options)

    def having(self, **options: Any) -> "Clinic":
        """Change settings."""
        self.options |= options
        return self

    def in_the_world(self, **world: Any) -> "Clinic":
        """Change what the installation meets outside."""
        self.world |= world
        return self

    def mounted(self, kind: str) -> None:
        """Say on which kind of file system everything lies."""
        mounts = self.folder / "mounts"
        mounts.write_text(f"root / ext4 rw 0 0\nfar:/ {self.folder} {kind}\n")
        self.in_the_world(mounts=mounts)

    def auth(self) -> Auth:
        """Open all operations, with hashes that cost nothing."""
        opened = Auth(DB(Settings.load({}, **{**self.options, **CHEAP})))
        self.stack.callback(opened.db.close)
        return opened

    def with_admin(self) -> "Clinic":
        """Make an administrator with a confirmed address and an app."""
        auth = Auth(DB(Settings.load({}, **{**self.options, **CHEAP})))
        made = auth.registration.register(
            "admin@example.com", PASSWORD, "admin", by_operator=True
        )
        auth.administration.set_admin(made, is_admin=True, by=OPERATOR)
        with_app(auth, made)
        auth.outbox.deliver(Nowhere())
        while auth.audit.seal():
            pass
        auth.db.close()
        return self

    def with_copy(self) -> "Clinic":
        """Make a backup."""
        folder = self.folder / "copies"
        folder.mkdir(mode=0o700, exist_ok=True)
        if self.settings().database_url.startswith("sqlite"):
            backups.make(self.settings(), folder, Clock())
        else:
            with os.fdopen(
                os.open(folder / "dump", os.O_CREAT | os.O_WRONLY, 0o600), "w"
            ) as file:
                file.write("what pg_dump wrote")
        return self

    def with_mail(self, sink: Sink | None = None, **options: Any) -> Sink:
        """Start a mail server, and say that it is ours."""
        room = Mailroom(self.folder)
        self.stack.callback(room.close)
        authority = self.folder / "mail-ca.pem"
        room.authority.cert_pem.write_to_path(authority)
        options.setdefault("must_sign_in", True)
        started = room.serve(sink, **options)
        self.having(
            mail_server=HERE,
            mail_port=started.port,
            mail_username="box@example.com",
            mail_password="box-secret",
            mail_ca_file=authority,
        )
        return started

    def with_names(self) -> NameServer:
        """Start a name server."""
        server = NameServer()
        self.stack.callback(server.close)
        self.in_the_world(
            name_server=server.place, addresses=lambda *_: [HERE]
        )
        return server

    def with_site(
        self,
        proxy: Wrap = good_proxy,
        own: dict[str, Any] | None = None,
    ) -> "Clinic":
        """Start the site itself, behind TLS and a proxy.

        Args:
            proxy: what stands between the world and the application.
            own: settings that only the running site has.
        """
        authority = trustme.CA()
        authority.cert_pem.write_to_path(self.folder / "site-ca.pem")
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        authority.issue_cert(HOST).configure_cert(context)
        options = {**self.options, **CHEAP, **(own or {})}
        auth = Auth(DB(Settings.load({}, **options)))
        self.stack.callback(auth.db.close)
        self.places[443] = self.serving(proxy(create_app(auth=auth)), context)
        self.places.setdefault(80, 1)
        return self.in_the_world(
            dial=self.dialled, authority=self.folder / "site-ca.pem"
        )

    def serving(self, app: Any, context: ssl.SSLContext | None = None) -> int:
        """Serve an application; say at which port."""
        server = make_server(
            HERE, 0, app, threaded=True, request_handler=Quiet,
            ssl_context=context,
        )  # fmt: skip
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        self.stack.callback(server.server_close)
        self.stack.callback(server.shutdown)
        return int(server.server_port)

    def dialled(self, place: tuple[str, int], *more: Any) -> socket.socket:
        """Connect to where the site is, whatever its name."""
        assert place[0] == HOST
        return socket.create_connection((HERE, self.places[place[1]]), *more)

    def installation(self) -> Installation:
        """Show the installation to the doctor."""
        made = Installation(self.settings(), deploy=self.deploy, **self.world)
        self.stack.callback(made.close)
        if self.answers:
            made.database = Lying(made.settings, self.answers)
        return made

    def look(self, name: str) -> list[Finding]:
        """Make one check."""
        one = self.installation()
        try:
            return list(findings(CHECKS[name], one))
        finally:
            one.close()

    def examined(self, occasion: When = When.DEPLOY) -> list[Finding]:
        """Make all checks."""
        one = self.installation()
        try:
            return list(examine(one, occasion))
        finally:
            one.close()

    def close(self) -> None:
        """Send everybody home."""
        self.stack.close()


class Lying(Reader):
    """A database that lies where a test cannot change the truth."""

    def __init__(self, settings: Settings, answers: dict[str, Any]) -> None:
        super().__init__(settings)
        self.answers = answers

    def value(self, question: Any) -> Any:
        """Answer from the list, else truly."""
        if question in self.answers:
            return self.answers[question]
        return super().value(question)


class Nowhere:
    """A post that takes every letter and keeps none."""

    def send(self, _: object) -> None:
        """Take a letter."""


def public_folder(clinic: Clinic) -> Path:
    """Make a folder that everybody on this machine gets into."""
    folder = clinic.stack.enter_context(TemporaryDirectory(dir="/tmp"))
    Path(folder).chmod(0o755)
    return Path(folder)


def durable(url: str, *, on: bool) -> None:
    """Turn a whole PostgreSQL durable, or back to how tests like it."""
    from sqlalchemy import create_engine, text

    word = "on" if on else "off"
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for name in ("fsync", "full_page_writes"):
            connection.execute(text(f"ALTER SYSTEM SET {name} = {word}"))
        connection.execute(text("SELECT pg_reload_conf()"))
        until = time.monotonic() + 60
        while connection.execute(text("SHOW fsync")).scalar() != word:
            assert time.monotonic() < until
            time.sleep(0.01)
    engine.dispose()
