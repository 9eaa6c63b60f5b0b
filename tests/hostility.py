"""Hostile input: odd texts, requests as a server hands them over, and eyes.

Requests are WSGI environments made by hand, because a client library never
sends half of what may arrive. ``HYPOTHESIS_PROFILE=long`` tries far more.
"""

import io
import json
import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pkgutil import walk_packages
from typing import Any

from flask import Flask
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from sqlalchemy import select

from conftest import HTML, PASSWORD
from vestibule import capabilities
from vestibule.auth import Auth
from vestibule.records import Record
from vestibule.shape import Shape

LONG = os.environ.get("HYPOTHESIS_PROFILE") == "long"
# A mark that must never stand in a page as it was sent.
MARK = "\"'><i data-hostile>"
# Counts and events are written of refused acts as well, on purpose.
LIVING = {"vestibule_attempts", "vestibule_events"}
# The session's own, and those that pages need now and then.
COOKIES = {
    "session_id",
    *(
        f"vestibule_{name}"
        for name in (
            "visit",
            "device",
            "newcomer",
            "confirm",
            "not_me",
            "reset",
            "undo",
            "language",
            "theme",
        )
    ),
}
FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
MULTIPART = "multipart/form-data"


def tries(examples: int, longer: int = 10) -> settings:
    """Choose how often a rule is tried; always the same in the suite.

    What one example leaves in a fixture stays for the next one. A server
    lives like that, and every rule here compares before and after.
    """
    return settings(
        max_examples=examples * longer if LONG else examples,
        derandomize=not LONG,
        database=None,
        deadline=None,
        print_blob=True,
        suppress_health_check=[
            HealthCheck.function_scoped_fixture,
            HealthCheck.too_slow,
            HealthCheck.data_too_large,
        ],
    )


NUMBERS = [
    *("0", "1", "2", "-1", "+1", "1.0", "1e3", "0x10", " 1", "1_0", "--1"),
    *(str(2**31), str(2**63 - 1), str(2**63), str(2**64), str(-(2**63) - 1)),
    *("1" + "0" * 30, "9" * 400, "9" * 5000, "٣", "１", "²", "NaN", "1;"),
]
TEXTS = [
    *("", " ", ".", "..", "%2e%2e", "%2f", "%252f", "%00", "%", "%zz", "//"),
    *("\x00", "\r\nSet-Cookie: a=b", "\ud800", "\udfff\udc80", "\ufffd"),
    *("\u202e", "\u200b", "\ufeff", "é", "ß" * 40, "ﷺ" * 20, "🏳\u200d🌈"),
    *("alice;a=b", "../../etc/passwd", "..\\..\\x", "a/b", "id:1", "None"),
    *("' OR 1=1 --", "{{7*7}}{name}%s%n", "$argon2id$v=19$", "[object]"),
    *(MARK, f"javascript:alert('{MARK}')", "x" * 5000, "a@b.c,d@e.f"),
]


def odd_texts() -> st.SearchStrategy[str]:
    """Make any text, and rather one that once broke something somewhere."""
    return (
        st.sampled_from(TEXTS)
        | st.sampled_from(NUMBERS)
        | st.text(st.characters(), max_size=40)
    )


def odd_values() -> st.SearchStrategy[Any]:
    """Make any value that JSON can hold, and some that Python alone has."""
    leaves = (
        st.none()
        | st.booleans()
        | st.integers()
        | st.sampled_from([2**63, 10**30, 10**400, -1, 0, 1])
        | st.floats()
        | odd_texts()
    )
    return leaves | st.recursive(
        leaves,
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.text(max_size=9), inner, max_size=3)
        ),
        max_leaves=6,
    )


def all_shapes() -> list[type[Shape]]:
    """List every shape there is, whoever adds it."""
    for module in walk_packages(
        capabilities.__path__, "vestibule.capabilities."
    ):
        if module.name.endswith(".forms"):
            import_module(module.name)
    found, waiting = [], [*Shape.__subclasses__()]
    while waiting:
        shape = waiting.pop()
        waiting += shape.__subclasses__()
        if shape.__module__.startswith("vestibule."):
            found.append(shape)
    return sorted(set(found), key=lambda s: (s.__module__, s.__name__))


@cache
def field_names() -> list[str]:
    """List the names of all fields of all shapes, and some of columns."""
    names = {name for shape in all_shapes() for name in shape.looks()}
    return sorted(names | {"id", "user_id", "is_admin", "hashed_password"})


def latin(text: str) -> str:
    """Bring a text to what the wire makes of it: bytes read as Latin-1."""
    return text.encode("utf-8", "surrogatepass").decode("latin-1")


@dataclass(frozen=True)
class Knock:
    """A request as it stands on the wire, in Latin-1; the path decoded."""

    method: str
    path: str
    query: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    length: str | None = ""
    is_chunked: bool = False

    def environ(self) -> dict[str, Any]:
        """Build the environment as granian builds it.

        A header that comes twice is joined, and an underscore in its name
        is a dash.
        """
        made: dict[str, Any] = {
            "REQUEST_METHOD": self.method,
            "SCRIPT_NAME": "",
            "PATH_INFO": self.path,
            "QUERY_STRING": self.query,
            "SERVER_NAME": "127.0.0.1",
            "SERVER_PORT": "5000",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "HTTP_HOST": "localhost:5000",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(self.body),
            "wsgi.errors": io.StringIO(),
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        if self.length is not None:
            made["CONTENT_LENGTH"] = self.length or str(len(self.body))
        if self.is_chunked:
            made["wsgi.input_terminated"] = True
        for name, value in self.headers:
            key = name.upper().replace("-", "_")
            if name.lower() != "content-type":
                key = f"HTTP_{key}"
            glue = ";" if key == "HTTP_COOKIE" else ","
            is_again = key in made and key != "HTTP_HOST"
            made[key] = f"{made[key]}{glue}{value}" if is_again else value
        return made

    def holds(self, secret: str) -> bool:
        """Tell whether the request itself brought a secret along."""
        texts = [self.path, self.query, *(value for _, value in self.headers)]
        return secret.encode() in self.body or any(secret in t for t in texts)


@dataclass(frozen=True)
class Answer:
    """What an application answered, down to its bytes."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def get(self, name: str) -> str:
        """Read one header, in lower case; empty where there is none."""
        found = [v for n, v in self.headers if n.lower() == name]
        return found[0] if found else ""

    def cookies(self) -> list[str]:
        """List the cookies that it sets."""
        return [v for n, v in self.headers if n.lower() == "set-cookie"]

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode("utf-8", "replace")


def asked(app: Flask, knock: Knock) -> Answer:
    """Hand a request to an application as a server does."""
    said: list[tuple[str, list[tuple[str, str]]]] = []

    def start(
        status: str, headers: list[tuple[str, str]], _: Any = None
    ) -> Callable[[bytes], object]:
        """Take the status and the headers."""
        said.append((status, headers))
        return lambda _: None

    parts: Iterable[bytes] = app(knock.environ(), start)
    try:
        body = b"".join(parts)
    finally:
        close = getattr(parts, "close", lambda: None)
        close()
    status, headers = said[-1]
    return Answer(int(status[:3]), headers, body)


LEAKS = re.compile(
    r"Traceback|sqlalchemy|psycopg|sqlite3?\.|werkzeug|SELECT .+ FROM|"
    r"INSERT INTO|vestibule_users|\$argon2(?!id\$v=19\$(?:&|\"|<|$|\W))|"
    r"9e2f61c07ab84d35|File \"/|/site-packages/",
    re.IGNORECASE,
)
WITHIN = re.compile(r"/(?![/\\])[!-~]*|http://localhost:5000/[!-~]*")


def assert_well_behaved(knock: Knock, answer: Answer) -> None:
    """See that an answer tells, sets and leads to nothing it must not."""
    told = (knock, answer)
    assert 200 <= answer.status < 500, told
    kind = answer.get("content-type").partition(";")[0]
    if not any(knock.holds(word) for word in ("argon2", "9e2f61c07ab84d35")):
        assert not LEAKS.search(answer.text), told
    if kind == "text/html":
        assert "<i data-hostile" not in answer.text, told
    elif kind.endswith("json") and answer.body:
        assert isinstance(json.loads(answer.body), dict | list), told
    if "Location" in dict(answer.headers):
        assert WITHIN.fullmatch(answer.get("location")), told
    if knock.method == "HEAD" or answer.status in (204, 304):
        assert answer.body == b"", told
    assert_dressed(answer, told)
    assert_frugal_with_cookies(knock, answer, kind)


def assert_dressed(answer: Answer, told: object) -> None:
    """See that an answer has the headers that all answers have."""
    assert "default-src 'none'" in answer.get("content-security-policy"), told
    assert answer.get("x-content-type-options") == "nosniff", told
    assert answer.get("referrer-policy") in ("same-origin", "no-referrer")
    assert answer.get("cross-origin-opener-policy") == "same-origin", told
    assert answer.get("cross-origin-resource-policy") == "same-origin", told
    for name, value in answer.headers:
        assert re.fullmatch(r"[\w-]+", name, re.ASCII), told
        assert not set(value) & set("\r\n\x00"), told
        value.encode("latin-1")


def assert_frugal_with_cookies(
    knock: Knock, answer: Answer, kind: str
) -> None:
    """See that only our cookies are set, and only where they may."""
    told = (knock, answer)
    for cookie in answer.cookies():
        name, *more = (part.strip() for part in cookie.split(";"))
        assert name.partition("=")[0] in COOKIES, told
        assert {"HttpOnly", "Path=/", "SameSite=Lax"} <= set(more), told
    if kind.endswith("json") and answer.status >= 300:
        assert answer.cookies() == [], told
    if knock.path == "/" and knock.method in ("GET", "HEAD"):
        assert not any(
            "session_id=" in cookie for cookie in answer.cookies()
        ), told


def lasting_state(auth: Auth) -> dict[str, Any]:
    """Read all that a request which is refused must not change."""
    return {
        table.name: auth.db.read(select(table))
        for table in Record.metadata.sorted_tables
        if table.name not in LIVING
    }


def meant_well(name: str) -> st.SearchStrategy[str]:
    """Fill in a field as somebody might who means well."""
    return st.sampled_from(
        {
            "email": ["alice@example.com", "x@example.org", "bob@example.com"],
            "username": ["alice", "carol", "bob"],
            "remember": ["true", "on", ""],
            "reset_token": ["A" * 43],
        }.get(name, [PASSWORD, "seven purple llamas", "Alice"])
    )


BROWSER = tuple(HTML.items())
