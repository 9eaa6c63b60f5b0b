"""Sliding: it is written beside the requests, and harms nobody."""

import os
import threading
from typing import Any

import pytest
from sqlalchemy import select

from conftest import TurnableClock
from vestibule.auth import Auth
from vestibule.capabilities.sessions import sliding
from vestibule.capabilities.sessions.records import SessionRecord
from vestibule.engine import DatabaseSilent
from vestibule.user import User

SEEN = select(SessionRecord.seen_at, SessionRecord.ends_at)


class Held:
    """A write that waits until it is let go."""

    def __init__(self, auth: Auth) -> None:
        self.slides = auth.sessions.slides
        self.write = self.slides._write
        self.go = threading.Event()
        self.begun = threading.Event()
        self.written: list[bytes] = []
        self.slides._write = self

    def __call__(self, fingerprint: bytes, now: int) -> None:
        """Wait, then write."""
        self.begun.set()
        assert self.go.wait(30)
        self.written.append(fingerprint)
        self.write(fingerprint, now)


@pytest.mark.attack(147)
def test_nobody_waits_for_it_and_one_session_is_queued_once(
    auth: Auth, alice: User, clock: TurnableClock
) -> None:
    token, other = (auth.sessions.open(alice.id) for _ in range(2))
    begun = clock.now()
    clock.turn(minutes=1)
    held = Held(auth)

    for _ in range(5):
        assert auth.sessions.owner(token)
        assert auth.sessions.bearer(token)
        assert auth.sessions.bearer(other)
    assert held.begun.wait(30)
    assert {row[0] for row in auth.db.read(SEEN)} == {begun}
    # What is told of it is true already.
    assert auth.sessions.term(token).ends_at == clock.now() + 12 * 3600

    held.go.set()
    auth.sessions.slides.settle()
    assert len(held.written) == len(set(held.written)) == 2
    assert {tuple(row) for row in auth.db.read(SEEN)} == {
        (clock.now(), clock.now() + 12 * 3600)
    }


def test_a_session_that_got_a_new_token_meanwhile_has_slid_on(
    auth: Auth, alice: User, clock: TurnableClock
) -> None:
    token = auth.sessions.open(alice.id)
    clock.turn(hours=8)
    held = Held(auth)
    assert auth.sessions.owner(token)
    assert held.begun.wait(30)

    fresh = auth.sessions.renew(token).token
    held.go.set()

    clock.turn(hours=8)
    assert auth.sessions.owner(fresh)


def test_a_session_that_ended_meanwhile_stays_ended(
    auth: Auth, alice: User, clock: TurnableClock
) -> None:
    token = auth.sessions.open(alice.id)
    clock.turn(hours=11)
    held = Held(auth)
    assert auth.sessions.owner(token)
    assert held.begun.wait(30)

    auth.sessions.end(token)
    held.go.set()
    auth.sessions.slides.settle()

    assert auth.sessions.owner(token) is None
    assert auth.db.read(SEEN) == []


def test_a_database_that_fails_is_noted_once_and_tried_anew_later(
    auth: Auth,
    alice: User,
    clock: TurnableClock,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    tokens = [auth.sessions.open(alice.id) for _ in range(3)]
    clock.turn(minutes=2)
    slides, write = auth.sessions.slides, auth.sessions.slides._write
    wait = threading.Event()

    def fail(*_: Any) -> None:
        """Fail, once all of them wait."""
        assert wait.wait(30)
        raise DatabaseSilent

    slides._write = fail
    for token in tokens:
        assert auth.sessions.owner(token)
    wait.set()
    slides.settle()
    assert caplog.text.count("could not slide on") == 1

    slides._write = write
    assert auth.sessions.owner(tokens[0])
    slides.settle()
    assert sorted(row[0] for row in auth.db.read(SEEN))[-1] == clock.now()


def test_only_so_many_wait(
    auth: Auth,
    alice: User,
    clock: TurnableClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tokens = [auth.sessions.open(alice.id) for _ in range(4)]
    clock.turn(minutes=2)
    monkeypatch.setattr(sliding, "MOST_WAITING", 2)
    held = Held(auth)
    for token in tokens:
        assert auth.sessions.owner(token)
    held.go.set()
    auth.sessions.slides.settle()
    assert len(held.written) == 2


def test_closing_the_database_finishes_what_waits(
    auth: Auth, alice: User, clock: TurnableClock
) -> None:
    token = auth.sessions.open(alice.id)
    clock.turn(minutes=2)
    held = Held(auth)
    assert auth.sessions.owner(token)
    threading.Timer(0.05, held.go.set).start()

    auth.db.close()

    assert len(held.written) == 1


def test_a_forked_process_looks_and_slides_with_what_is_its_own(
    auth: Auth, alice: User, clock: TurnableClock
) -> None:
    tokens = [auth.sessions.open(alice.id) for _ in range(2)]
    clock.turn(minutes=2)
    assert auth.sessions.bearer(tokens[0])
    auth.sessions.slides.settle()

    pid = os.fork()
    if pid == 0:
        # Whatever happens, no second run of the tests goes on.
        try:
            auth.after_fork()
            found = auth.sessions.bearer(tokens[1])
            auth.sessions.slides.settle()
            os._exit(0 if found else 1)
        finally:
            os._exit(2)
    assert os.waitpid(pid, 0)[1] == 0

    assert auth.sessions.bearer(tokens[0])
    assert {row[0] for row in auth.db.read(SEEN)} == {clock.now()}
