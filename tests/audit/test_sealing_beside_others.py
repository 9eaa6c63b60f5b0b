"""Sealing holds nobody up, and several who seal make one chain."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select, text

from annals import found, write
from conftest import PASSWORD
from processes import environment
from vestibule.auth import Auth
from vestibule.capabilities.audit.records import Entry
from vestibule.db import DB
from vestibule.history import Event
from vestibule.policy import OPERATOR
from vestibule.user import User

PROGRAM = Path(__file__).with_name("sealer.py")


class Sealing:
    """A process that seals the database of the test."""

    def __init__(self, auth: Auth, home: Path, what: str) -> None:
        key = auth.settings.site.secret_key
        url = auth.settings.database_url
        self.process = subprocess.Popen(
            [sys.executable, str(PROGRAM), url, key, what, str(home)],
            cwd=home,
            env=environment(home),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.hear("ready")

    def hear(self, word: str) -> None:
        """Wait until it says something."""
        assert self.process.stdout
        assert self.process.stdout.readline() == f"{word}\n"

    def go(self) -> None:
        """Let it begin."""
        assert self.process.stdin
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def end(self) -> int:
        """Wait until it has ended."""
        self.process.communicate(timeout=60)
        return self.process.returncode


def positions(auth: Auth) -> list[int]:
    """List the positions there are."""
    rows = auth.db.read(select(Entry.position).order_by(Entry.position))
    return [row.position for row in rows]


def test_two_processes_that_seal_at_once_make_one_chain(
    auth: Auth, tmp_path: Path
) -> None:
    write(auth, 3000)
    two = [Sealing(auth, tmp_path, "all") for _ in range(2)]
    for one in two:
        one.go()
    for number in range(20):
        auth.history.record(f"later.{number}", None)
    assert [one.end() for one in two] == [0, 0]
    auth.audit.seal()

    assert positions(auth) == [*range(1, 3021)]
    assert auth.db.read(select(Event.id)) == []
    assert found(auth) == []


def test_a_process_that_is_killed_while_it_seals_loses_nothing(
    auth: Auth, tmp_path: Path
) -> None:
    write(auth, 40)
    killed = Sealing(auth, tmp_path, "die")
    killed.go()
    assert killed.end() == -9
    assert positions(auth) == []

    auth.audit.seal()
    assert positions(auth) == [*range(1, 41)]
    assert found(auth) == []


@pytest.fixture
def held(auth: Auth) -> Iterator[Auth]:
    """Hold a sealing open just before its end, until the test ends."""
    if auth.db.engine.dialect.name == "sqlite":
        pytest.skip("in SQLite whoever writes is alone, for milliseconds")
    other = Auth(DB(auth.settings))
    holds, goes_on = threading.Event(), threading.Event()
    make = other.audit.sealer.seals.make

    def wait(kind: str, position: int, link: bytes) -> None:
        make(kind, position, link)
        holds.set()
        assert goes_on.wait(60)

    other.audit.sealer.seals.make = wait  # type: ignore[method-assign]
    thread = threading.Thread(target=other.audit.seal)
    write(auth, 5)
    thread.start()
    assert holds.wait(60)
    yield auth
    goes_on.set()
    thread.join(60)
    assert found(auth) == []
    other.db.close()


def test_whoever_acts_waits_for_no_sealing(alice: User, held: Auth) -> None:
    for _ in range(3):
        held.login.with_password("alice", PASSWORD)
    waits = held.db.read(
        text(
            "SELECT count(*) FROM pg_locks WHERE NOT granted AND database = "
            "(SELECT oid FROM pg_database WHERE datname = current_database())"
        )
    )

    assert waits[0][0] == 0
    # What was just done can be read, and what is being sealed as well.
    acts = [one.act for one in held.audit.of(alice.id).items]
    assert acts.count("login") == 3


def test_whoever_else_seals_goes_on_without_waiting(held: Auth) -> None:
    write(held, 2)
    held.audit.sealer.seal()

    assert positions(held) == []


def test_nobody_waits_to_delete_an_account_meanwhile(
    alice: User, held: Auth
) -> None:
    held.deletion.delete(alice, by=OPERATOR)

    assert held.audit.of(alice.id).items[0].act == "deletion"
