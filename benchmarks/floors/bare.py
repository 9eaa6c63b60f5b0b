"""The floor of a session check: what any server in Python has to do.

The token of a cookie, its SHA-256, one prepared look-up over the driver
alone, and an answer in bare WSGI; without frameworks, checks or comforts.
``FLOOR_DATABASE`` names the database, which ``floors.rows`` has filled.
"""

import hashlib
import os
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

from sqlalchemy import make_url

LOOK_UP = (
    "select u.email, s.expires from sessions s "
    "join users u on u.id = s.user_id where s.digest = "
)
URL = make_url(os.environ["FLOOR_DATABASE"])
Find = Callable[[bytes], Any]
_own = threading.local()


def _on_sqlite() -> Find:
    """Connect to a file; sqlite3 keeps the prepared statement."""
    import sqlite3

    connection = sqlite3.connect(str(URL.database), isolation_level=None)
    run, statement = connection.execute, LOOK_UP + "?"
    return lambda digest: run(statement, (digest,)).fetchone()


def _on_postgresql() -> Find:
    """Connect to a server, without transactions, and prepare at once."""
    import psycopg

    plain = URL.set(drivername="postgresql")
    connection = psycopg.connect(
        plain.render_as_string(hide_password=False), autocommit=True
    )
    cursor, statement = connection.cursor(), (LOOK_UP + "%b").encode()

    def find(digest: bytes) -> Any:
        """Look a digest up."""
        return cursor.execute(statement, (digest,), prepare=True).fetchone()

    return find


connect = _on_sqlite if URL.get_backend_name() == "sqlite" else _on_postgresql


def app(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
    """Answer who is signed in."""
    token = ""
    for part in environ.get("HTTP_COOKIE", "").split("; "):
        name, _, value = part.partition("=")
        if name == "session_id":
            token = value
    try:
        find = _own.find
    except AttributeError:
        find = _own.find = connect()
    row = find(hashlib.sha256(token.encode()).digest())
    if row is None or row[1] < time.time():
        start("401 Unauthorized", [("Content-Length", "0")])
        return [b""]
    body = b'{"email":"%s"}' % row[0].encode()
    start(
        "200 OK",
        [
            ("Content-Type", "application/json"),
            ("Content-Length", str(len(body))),
        ],
    )
    return [body]
