"""A database that fails is told as 503, and never as "signed out"."""

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from flask import Flask
from sqlalchemy import event, make_url

from checking import ask, by_cookie
from conftest import TurnableClock, run_sql
from vestibule import engine, prepared
from vestibule.auth import Auth
from vestibule.user import User

only_sqlite = pytest.mark.parametrize(
    "database_url", ["sqlite"], indirect=True
)
only_postgres = pytest.mark.parametrize(
    "database_url", ["postgres"], indirect=True
)


@pytest.fixture
def token(auth: Auth, alice: User) -> str:
    """Sign Alice in."""
    return auth.sessions.open(alice.id)


@pytest.fixture
def no_server(
    auth: Auth, database_url: str, databases: Any
) -> Iterator[Callable[[], None]]:
    """Stop the server's answers to this one database, and let them go on."""
    name = make_url(database_url).database

    def stop() -> None:
        """Let nobody in, and throw out who is."""
        databases._order(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        databases._order(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            f"WHERE datname = '{name}'"
        )

    yield stop
    databases._order(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")


def is_told(app: Flask, token: str) -> None:
    """See that it is said, with everything that belongs to it."""
    for query in ("", "or=sign-in"):
        headers = {**by_cookie(token), "Accept": "text/html"}
        answer = ask(app, headers, query)
        assert answer.status_code == 503
        assert answer.headers["Retry-After"] == "2"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.mimetype == "application/problem+json"
        assert answer.json is not None
        assert answer.json["code"] == "unavailable"
        assert answer.json["request_id"] == answer.headers["X-Request-ID"]


@pytest.mark.attack(93, 146)
@only_postgres
def test_a_server_that_is_gone(
    app: Flask,
    token: str,
    no_server: Callable[[], None],
    databases: Any,
    database_url: str,
) -> None:
    assert ask(app, by_cookie(token)).status_code == 200
    no_server()
    is_told(app, token)

    name = make_url(database_url).database
    databases._order(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
    assert ask(app, by_cookie(token)).status_code == 200


@only_postgres
def test_a_connection_that_was_cut_is_made_anew_unnoticed(
    app: Flask, token: str, databases: Any, database_url: str
) -> None:
    name = make_url(database_url).database
    for _ in range(3):
        assert ask(app, by_cookie(token)).status_code == 200
        databases._order(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            f"WHERE datname = '{name}'"
        )
    assert ask(app, by_cookie(token)).status_code == 200


@only_postgres
def test_what_was_prepared_and_does_not_fit_any_more_is_prepared_anew(
    app: Flask, token: str, database_url: str
) -> None:
    assert ask(app, by_cookie(token)).status_code == 200
    run_sql(
        database_url,
        "ALTER TABLE vestibule_users ALTER COLUMN email TYPE text",
    )
    try:
        assert ask(app, by_cookie(token)).status_code == 200
    finally:
        run_sql(
            database_url,
            "ALTER TABLE vestibule_users "
            "ALTER COLUMN email TYPE character varying(254)",
        )


@only_sqlite
def test_a_file_that_is_locked_for_everybody(
    app: Flask,
    auth: Auth,
    token: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = tmp_path / "vestibule.db"
    locker = sqlite3.connect(path, isolation_level=None)
    auth.db.close()
    locker.execute("PRAGMA locking_mode = EXCLUSIVE")
    locker.execute("BEGIN EXCLUSIVE")
    monkeypatch.setattr(engine, "SECONDS_TO_WAIT", 0.1)
    event.listen(
        auth.db.engine,
        "connect",
        lambda made, _: made.execute("PRAGMA busy_timeout = 50"),
        insert=True,
    )
    is_told(app, token)
    locker.execute("COMMIT")
    locker.close()
    assert ask(app, by_cookie(token)).status_code == 200


@only_sqlite
def test_a_file_that_is_broken(
    app: Flask, auth: Auth, token: str, tmp_path: Path
) -> None:
    auth.db.close()
    for file in tmp_path.glob("vestibule.db*"):
        file.write_bytes(b"no database at all" * 999)

    is_told(app, token)


def test_a_table_that_is_missing(
    app: Flask, auth: Auth, token: str, database_url: str
) -> None:
    assert ask(app, by_cookie(token)).status_code == 200
    old, new = "vestibule_sessions", "vestibule_gone"
    run_sql(database_url, f"ALTER TABLE {old} RENAME TO {new}")
    try:
        is_told(app, token)
    finally:
        run_sql(database_url, f"ALTER TABLE {new} RENAME TO {old}")
    assert ask(app, by_cookie(token)).status_code == 200


@pytest.mark.attack(93, 146)
@pytest.mark.asvs("13.2.6")
def test_when_all_connections_are_taken_one_waits_and_is_told(
    app: Flask, auth: Auth, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = auth.db._lines
    for _ in range(prepared.MOST_CONNECTIONS):
        lines._places.get()
    monkeypatch.setattr(prepared, "SECONDS_TO_WAIT", 0.01)
    is_told(app, token)

    lines._places.put(None)
    for _ in range(3):
        assert ask(app, by_cookie(token)).status_code == 200


@pytest.mark.asvs("16.5.4")
def test_a_bug_is_noted_and_tells_nothing(
    app: Flask,
    auth: Auth,
    token: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def stumble(_: object) -> None:
        """Do what nobody foresaw."""
        raise ZeroDivisionError("a secret")

    monkeypatch.setattr(auth.sessions, "bearer", stumble)

    answer = ask(app, by_cookie(token))

    assert answer.status_code == 500
    assert answer.json is not None
    assert answer.json["code"] == "http.internal"
    assert "secret" not in answer.text
    assert answer.headers["X-Request-ID"] in caplog.text
    assert "a secret" in caplog.text


@only_postgres
def test_a_look_is_one_message_without_a_transaction(
    app: Flask, auth: Auth, token: str, tmp_path: Path
) -> None:
    ask(app, by_cookie(token))
    [line] = auth.db._lines._idle
    seen = tmp_path / "wire"
    with seen.open("w") as file:
        line.connection.pgconn.trace(file.fileno())
        assert ask(app, by_cookie(token)).status_code == 200
        line.connection.pgconn.untrace()
    sent = [s.split("\t") for s in seen.read_text().splitlines()]
    names = [s[3] for s in sent if s[1] == "F"]
    # Bound to what was parsed before: no Parse, no Query, no BEGIN.
    assert names == ["Bind", "Describe", "Execute", "Sync"]


@only_sqlite
def test_a_look_is_one_statement_of_the_file(
    app: Flask, auth: Auth, token: str
) -> None:
    ask(app, by_cookie(token))
    [line] = auth.db._lines._idle
    seen: list[str] = []
    line.connection.set_trace_callback(seen.append)

    assert ask(app, by_cookie(token)).status_code == 200
    assert [s.split()[0] for s in seen] == ["SELECT"]


@only_postgres
@pytest.mark.parametrize("said", ["none", "0", "7"])
def test_the_address_may_say_that_nothing_is_prepared(
    auth: Auth, alice: User, database_url: str, said: str
) -> None:
    sign = "&" if "?" in database_url else "?"
    other = Auth.opened(
        auth.settings.having(
            "test",
            DATABASE_URL=f"{database_url}{sign}prepare_threshold={said}",
        )
    )
    token = other.sessions.open(alice.id)
    assert other.sessions.bearer(token)
    [line] = other.db._lines._idle
    held: psycopg.Connection[Any] = line.connection
    assert held.prepare_threshold == (None if said == "none" else int(said))
    counted = (
        "SELECT count(*) FROM pg_prepared_statements "
        "WHERE statement LIKE '%vestibule_sessions%'"
    )
    [count] = held.execute(counted).fetchone() or [None]
    assert bool(count) == (said != "none")
    other.db.close()


def test_an_unused_connection_that_is_old_is_replaced(
    app: Flask, auth: Auth, token: str, clock: TurnableClock
) -> None:
    ask(app, by_cookie(token))
    [old] = auth.db._lines._idle
    old.until -= engine.RECYCLE
    assert ask(app, by_cookie(token)).status_code == 200
    [new] = auth.db._lines._idle
    assert new is not old
