"""What the stories of several capabilities need besides the cast.

The two doors behind one face, races, and eyes on the database.
"""

import re
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, ClassVar, TypeAlias, TypeVar

import pytest
from flask import Flask
from sqlalchemy import event, select
from werkzeug.test import TestResponse

from conftest import HTML, PASSWORD, Browser
from vestibule.auth import Auth
from vestibule.records import Record

R = TypeVar("R")


class Door(ABC):
    """One way to live the account pipeline; ``program`` looks in.

    ``works`` is the status of an answer to something that worked.
    """

    works: ClassVar[int]

    def __init__(self, app: Flask) -> None:
        self.browser = Browser(app)
        self.program = self.browser.client

    def whoami(self) -> str | None:
        """Say the address of the account that is signed in here."""
        answer = self.program.get("/profile")
        told: dict[str, str] = answer.get_json()
        return told["email"] if answer.status_code == 200 else None

    @abstractmethod
    def sign_up(
        self, email: str, password: str = PASSWORD, username: str = ""
    ) -> TestResponse:
        """Create an account."""

    @abstractmethod
    def sign_in(self, name: str, password: str = PASSWORD) -> TestResponse:
        """Sign in."""

    @abstractmethod
    def sign_out(self) -> TestResponse:
        """Sign out."""

    @abstractmethod
    def ask_reset(self, email: str) -> TestResponse:
        """Ask for a reset link."""

    @abstractmethod
    def finish_reset(
        self, token: str, password: str, email: str = "alice@example.com"
    ) -> TestResponse:
        """Set a new password with a reset token."""


class PageDoor(Door):
    """The pages, as a browser uses them."""

    works = 302

    def sign_up(
        self, email: str, password: str = PASSWORD, username: str = ""
    ) -> TestResponse:
        """Send the form of the page."""
        return self.browser.send(
            "/register",
            username=username or email.partition("@")[0],
            email=email,
            password1=password,
            password2=password,
        )

    def sign_in(self, name: str, password: str = PASSWORD) -> TestResponse:
        """Send the form of the page."""
        return self.browser.sign_in(name, password)

    def sign_out(self) -> TestResponse:
        """Press the button of the page."""
        return self.browser.send("/logout")

    def ask_reset(self, email: str) -> TestResponse:
        """Send the form of the page."""
        return self.browser.send("/password_reset", email=email)

    def finish_reset(
        self, token: str, password: str, email: str = "alice@example.com"
    ) -> TestResponse:
        """Send the form behind the link; a page needs no address."""
        del email
        path = f"/password_reset/{token}"
        page = self.browser.follow(path)
        if page.status_code != 200:
            return page
        return self.browser.send(
            path, password=password, confirm_password=password
        )


class JsonDoor(Door):
    """The routes of the auth service, as a program uses them."""

    works = 200

    def sign_up(
        self, email: str, password: str = PASSWORD, username: str = ""
    ) -> TestResponse:
        """Post a user; the username is made from the address."""
        del username
        typed = {"email": email, "password": password}
        return self.program.post("/users", json=typed)

    def sign_in(self, name: str, password: str = PASSWORD) -> TestResponse:
        """Post a session."""
        typed = {"email": name, "password": password}
        return self.program.post("/sessions", json=typed)

    def sign_out(self) -> TestResponse:
        """Delete the session."""
        return self.program.delete("/sessions")

    def ask_reset(self, email: str) -> TestResponse:
        """Post the address."""
        return self.program.post("/reset_password", json={"email": email})

    def finish_reset(
        self, token: str, password: str, email: str = "alice@example.com"
    ) -> TestResponse:
        """Put the new password."""
        typed = {
            "email": email,
            "reset_token": token,
            "new_password": password,
        }
        return self.program.put("/reset_password", json=typed)


Opened: TypeAlias = type[Door]
both_doors = pytest.mark.parametrize(
    "opened",
    [pytest.param(PageDoor, id="page"), pytest.param(JsonDoor, id="json")],
)


def face(response: TestResponse) -> tuple[int, dict[str, str], str]:
    """Describe all that an outsider sees of an answer, but its chances.

    Cookies are sealed with the time, and forms carry a secret; of these
    only the names and attributes can be compared.
    """
    headers: dict[str, str] = {}
    for name, value in response.headers.items():
        shown = value
        if name == "Set-Cookie":
            shown = re.sub(r"^([^=]+)=[^;]*|Expires=[^;]*", r"\1", value)
        elif name in ("Date", "Content-Length"):
            continue
        headers[name] = headers.get(name, "") + shown
    body = re.sub(r'(name="csrf_token" value=)"[^"]*"', r"\1", response.text)
    return response.status_code, headers, body


def next_page(browser: Browser, response: TestResponse) -> TestResponse:
    """Follow a redirect as a browser does."""
    assert response.status_code == 302, response.text
    return browser.client.get(response.location, headers=HTML)


def at_once(acts: Sequence[Callable[[], R]]) -> list[R | BaseException]:
    """Do several things in threads that start together.

    Returns:
        What each came to, in their order: its result or its refusal.
    """
    start = threading.Barrier(len(acts))

    def one(act: Callable[[], R]) -> R:
        """Wait for all the others, then act."""
        start.wait(30)
        return act()

    with ThreadPoolExecutor(len(acts)) as pool:
        futures = [pool.submit(one, act) for act in acts]
    return [future.exception() or future.result() for future in futures]


@contextmanager
def watched(auth: Auth) -> Iterator[list[str]]:
    """Note every SQL statement that the database is sent."""
    seen: list[str] = []

    def note(_conn: Any, _cursor: Any, statement: str, *_: Any) -> None:
        """Note one statement."""
        seen.append(statement)

    event.listen(auth.db.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(auth.db.engine, "before_cursor_execute", note)


def rows(auth: Auth) -> dict[str, list[dict[str, Any]]]:
    """Read every row of every table, as a thief of the database would."""
    return {
        table.name: [
            dict(row._mapping)
            for row in auth.db.read(select(table).order_by(*table.primary_key))
        ]
        for table in Record.metadata.sorted_tables
    }


def tables_holding(auth: Auth, secret: str) -> set[str]:
    """Name the tables in which a secret can be read."""
    return {
        name
        for name, found in rows(auth).items()
        for row in found
        for value in row.values()
        if secret in str(value)
        or (isinstance(value, bytes) and secret.encode() in value)
    }


def counts(auth: Auth) -> dict[str, int]:
    """Say how many rows every table has."""
    return {name: len(found) for name, found in rows(auth).items()}
