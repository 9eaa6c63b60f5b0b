"""Testing: what the tests of a host need, as plain functions.

``settings`` or ``config`` give an application an empty database and cheap
hashes; ``user`` and ``sign_in`` people; ``Outbox`` their letters, and
``StoppedClock`` its time. ``vestibule.testing.fixtures`` has the same for
pytest.
"""

import atexit
import itertools
import re
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

from flask import Flask
from flask.testing import FlaskClient

from vestibule import migrations
from vestibule.auth import Auth
from vestibule.doors.hall import Hall
from vestibule.ground.knobs import PREFIX
from vestibule.ground.letters import Letter
from vestibule.policy import OPERATOR
from vestibule.settings import Settings
from vestibule.user import User

PASSWORD = "correct horse battery staple"  # noqa: S105

# Real hashes of the smallest size, and a key that protects nothing.
_CHEAP: dict[str, Any] = {
    "hash_memory": 8,
    "hash_passes": 1,
    "secret_key": "0123456789abcdef0123456789abcdef",
}
_numbers = itertools.count(1)


def settings(**options: Any) -> Settings:
    """Make the settings of a test, with an empty database of its own.

    Neither the environment nor ``.env`` has a say.

    Args:
        options: settings of your own, as ``Settings.load`` takes them.
    """
    return Settings.load({}, **_options(options))


def config(**options: Any) -> dict[str, Any]:
    """Make the same as keys for ``app.config``, with ``TESTING`` set.

    Args:
        options: settings of your own, such as ``site_name="Shop"``.
    """
    ours = {PREFIX + k.upper(): v for k, v in _options(options).items()}
    return {"TESTING": True, **ours}


def _options(given: dict[str, Any]) -> dict[str, Any]:
    """Complete the options of a test."""
    folder = _room() / str(next(_numbers))
    options = {"data": folder, **_CHEAP, **given}
    if "database_url" not in given:
        folder.mkdir()
        shutil.copy(_template(), folder / "vestibule.db")
        options["database_url"] = f"sqlite:///{folder / 'vestibule.db'}"
    return options


@cache
def _room() -> Path:
    """Make a folder for all databases, removed at the end."""
    folder = Path(tempfile.mkdtemp(prefix="vestibule-testing-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@cache
def _template() -> Path:
    """Make an empty database once, since copies of it are quicker."""
    path = _room() / "template.db"
    migrations.upgrade(Settings.load({}, database_url=f"sqlite:///{path}"))
    return path


def auth(app: Flask) -> Auth:
    """Find the operations of an application."""
    return _hall(app).auth


def _hall(app: Flask) -> Hall:
    """Find what an application keeps of its Vestibule."""
    return cast("Hall", app.extensions["vestibule"])


def close(app: Flask) -> None:
    """Stop the worker and give all connections back."""
    hall = _hall(app)
    if hall.beside is not None:
        hall.beside.stop()
    hall.auth.db.close()


def user(
    app: Flask,
    username: str | None = None,
    *,
    email: str | None = None,
    password: str = PASSWORD,
    admin: bool = False,
) -> User:
    """Make an account that can sign in at once.

    Args:
        app: the application.
        username: a new one if left out.
        email: the username at example.com if left out.
        password: what they sign in with.
        admin: make an administrator.
    """
    operations = auth(app)
    name = username or f"user{operations.randomness.digits(8)}"
    made = operations.registration.register(
        email or f"{name}@example.com", password, name, by_operator=True
    )
    if admin:
        operations.administration.set_admin(made, is_admin=True, by=OPERATOR)
        made = operations.administration.find(f"id:{made.id}")
    return made


def sign_in(
    app: Flask, person: User, client: FlaskClient | None = None
) -> FlaskClient:
    """Give a client in which somebody is signed in.

    The session is a real one, without the time that a password takes.

    Args:
        app: the application.
        person: who is signed in.
        client: whose session it becomes; a new client if left out.
    """
    client = client or app.test_client()
    hall = _hall(app)
    client.set_cookie(
        hall.session_cookie,
        hall.auth.sessions.open(person.id),
        domain=(app.config["SERVER_NAME"] or "localhost").partition(":")[0],
    )
    return client


class Outbox:
    """The letters of an application; nothing leaves the machine."""

    def __init__(self, app: Flask) -> None:
        self._auth = auth(app)
        self._letters: list[Letter] = []

    def send(self, letter: Letter) -> None:
        """Take a letter, as a post does."""
        self._letters.append(letter)

    @property
    def letters(self) -> list[Letter]:
        """All letters so far, the newest last."""
        while self._auth.outbox.deliver(self):
            pass
        return self._letters

    def links(self, path: str = "/") -> list[str]:
        """List the links whose path begins so, as a client opens them."""
        root = self._auth.settings.site_root
        start = urlsplit(root).path
        return [
            start + found
            for letter in self.letters
            for found in re.findall(
                rf"{re.escape(root)}({path}\S*)", letter.text
            )
        ]

    def link(self, path: str = "/") -> str:
        """Take the newest link whose path begins so."""
        found = self.links(path)
        subjects = [letter.subject for letter in self.letters]
        assert found, f"no link to {path} in any letter of {subjects}"
        return found[-1]


class StoppedClock:
    """The clock of an application, which stands still until it is turned."""

    def __init__(self, app: Flask) -> None:
        clock = auth(app).clock
        self.moment = clock.now()
        # All parts of the application share the one clock.
        vars(clock)["now"] = lambda: self.moment

    def turn(
        self,
        *,
        seconds: int = 0,
        minutes: int = 0,
        hours: int = 0,
        days: int = 0,
    ) -> None:
        """Let time pass: ``clock.turn(minutes=15)``."""
        minutes += 60 * (hours + 24 * days)
        self.moment += seconds + 60 * minutes
