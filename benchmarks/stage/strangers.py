"""Strangers: who try to find out by the clock who has an account."""

import http.client
import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

WRONG = "a wrong guess"
CHOSEN = "seven purple llamas"
HTML = "text/html"


@dataclass(frozen=True)
class Door:
    """A door, what is sent there for a name, and the right status."""

    title: str
    path: str
    status: int
    fields: Callable[[str], dict[str, str]]
    is_form: bool = False


def _guess(email: str) -> dict[str, str]:
    """Guess at a password."""
    return {"email": email, "password": WRONG}


def _sign_up(email: str) -> dict[str, str]:
    """Fill in the page to sign up."""
    name = "u" + email.partition("@")[0]
    return {
        "username": name,
        "email": email,
        "password1": CHOSEN,
        "password2": CHOSEN,
    }


DOORS = [
    Door("sign in, page", "/login", 401, _guess, is_form=True),
    Door(
        "sign in, API",
        "/api/v1/sessions",
        401,
        lambda email: {"name": email, "password": WRONG},
    ),
    Door("sign in, contract", "/sessions", 401, _guess),
    Door(
        "reset, page",
        "/password_reset",
        302,
        lambda email: {"email": email},
        is_form=True,
    ),
    Door(
        "reset, API",
        "/api/v1/password-reset",
        202,
        lambda email: {"email": email},
    ),
    Door("sign up, page", "/register", 302, _sign_up, is_form=True),
    Door(
        "sign up, API",
        "/api/v1/users",
        201,
        lambda email: {"email": email, "password": CHOSEN},
    ),
]


class Stranger:
    """One connection, kept open, from ever new network addresses."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._host = (parts.hostname or "", parts.port)
        self._line = http.client.HTTPConnection(*self._host, timeout=60)
        self._forms: dict[str, tuple[str, str]] = {}
        self._count = 0

    def try_(self, door: Door, email: str) -> float:
        """Try a name at a door, and say how many milliseconds it took.

        Raises:
            SystemExit: the answer is none that strangers get.
        """
        headers = {"X-Forwarded-For": self._new_address()}
        if door.is_form:
            cookie, token = self._form(door.path)
            body = urlencode({**door.fields(email), "csrf_token": token})
            headers["Cookie"] = cookie
            headers["Accept"] = HTML
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        else:
            body = json.dumps(door.fields(email))
            headers["Content-Type"] = "application/json"
        begun = time.perf_counter_ns()
        self._line.request("POST", door.path, body, headers)
        answer = self._line.getresponse()
        told = answer.read()
        took = (time.perf_counter_ns() - begun) / 1e6
        if answer.status != door.status:
            raise SystemExit(f"{door.title}: {answer.status} {told[:300]!r}")
        return took

    def _form(self, path: str) -> tuple[str, str]:
        """Fetch a form once; give the cookie of the visit and the secret."""
        if path not in self._forms:
            self._line.request("GET", path, headers={"Accept": HTML})
            answer = self._line.getresponse()
            text = answer.read().decode()
            found = re.search(r'name="csrf_token" value="([^"]+)"', text)
            cookie = (answer.headers["Set-Cookie"] or "").partition(";")[0]
            assert found, text
            self._forms[path] = cookie, found[1]
        return self._forms[path]

    def _new_address(self) -> str:
        """Invent the network that a try comes from."""
        self._count += 1
        number = self._count
        return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
