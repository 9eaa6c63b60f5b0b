"""The mail room: real mail servers on this machine, which keep what comes."""

import email
import email.policy
import socket
import ssl
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword, Session

from vestibule.ground.letters import Post
from vestibule.settings import Settings
from vestibule.worker import post_for

HERE = "127.0.0.1"


@dataclass
class Arrived:
    """A mail as the server took it."""

    content: bytes
    sender: str
    recipients: list[str]
    is_encrypted: bool

    @property
    def mail(self) -> EmailMessage:
        """Read the mail as the recipient's program does."""
        found = email.message_from_bytes(
            self.content, policy=email.policy.default
        )
        assert isinstance(found, EmailMessage)
        return found


@dataclass
class Sink:
    """What a mail server does, and what it got."""

    answers: dict[str, str] = field(default_factory=dict)
    arrived: list[Arrived] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)
    port: int = 0

    async def handle_MAIL(  # noqa: N802
        self, _: Any, __: Any, envelope: Envelope, address: str, ___: Any
    ) -> str:
        """Hear who writes."""
        self.heard.append(f"MAIL {address}")
        envelope.mail_from = address
        return self.answers.get("MAIL", "250 OK")

    async def handle_RCPT(  # noqa: N802
        self, _: Any, __: Any, envelope: Envelope, address: str, ___: Any
    ) -> str:
        """Hear whom it is for."""
        self.heard.append(f"RCPT {address}")
        envelope.rcpt_tos.append(address)
        return self.answers.get("RCPT", "250 OK")

    async def handle_DATA(  # noqa: N802
        self, _: Any, session: Session, envelope: Envelope
    ) -> str:
        """Take the mail, unless told otherwise."""
        answer = self.answers.get("DATA", "250 OK")
        if answer.startswith("250"):
            content = envelope.original_content or b""
            self.arrived.append(
                Arrived(
                    content,
                    envelope.mail_from or "",
                    envelope.rcpt_tos,
                    session.ssl is not None,
                )
            )
        return answer

    async def handle_QUIT(self, *_: Any) -> str:  # noqa: N802
        """Say good-bye."""
        return self.answers.get("QUIT", "221 Bye")

    def check(
        self, _: Any, session: Session, __: Any, ___: Any, given: Any
    ) -> AuthResult:
        """Let in whoever knows the name and the password."""
        self.heard.append(f"AUTH {'by TLS' if session.ssl else 'in clear'}")
        right = LoginPassword(b"box@example.com", b"box-secret")
        return AuthResult(success=given == right, handled=False)


@dataclass
class Mailroom:
    """Mail servers, somebody who certifies them, and the ways there."""

    folder: Path
    authority: trustme.CA = field(default_factory=trustme.CA)
    running: list[Controller] = field(default_factory=list)

    def certified(self, name: str = HERE) -> ssl.SSLContext:
        """Make a server's side of TLS."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self.authority.issue_cert(name).configure_cert(context)
        return context

    def serve(self, sink: Sink | None = None, **options: Any) -> Sink:
        """Start a server; with STARTTLS unless told otherwise."""
        sink = Sink() if sink is None else sink
        sink.port = sink.port or free_port()
        if not options.pop("plain", False) and "ssl_context" not in options:
            options.setdefault("tls_context", self.certified())
        if options.pop("must_sign_in", False):
            options |= {"authenticator": sink.check, "auth_required": True}
        started = Controller(sink, hostname=HERE, port=sink.port, **options)
        started.start()
        self.running.append(started)
        return sink

    def post(self, sink: Sink, **options: Any) -> Post:
        """Take the post that the settings choose for a server."""
        told = {"mail_ca_file": self.folder / "ca.pem", **options}
        chosen = post_for(
            Settings.load({}, mail_server=HERE, mail_port=sink.port, **told)
        )
        assert chosen is not None
        return chosen

    def close(self) -> None:
        """Stop all servers."""
        for server in self.running:
            server.stop()


def free_port() -> int:
    """Find a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HERE, 0))
        return int(probe.getsockname()[1])
