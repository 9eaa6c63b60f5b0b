"""How a session lives: its secret, its limits, and what a look costs."""

import base64
import hashlib
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from conftest import PASSWORD, Browser, TurnableClock
from stagecraft import at_once, counts, tables_holding, watched
from vestibule.auth import Auth
from vestibule.capabilities.sessions.records import SessionRecord
from vestibule.history import Circumstances, under
from vestibule.user import User


def is_alive(auth: Auth, token: str) -> bool:
    """Tell whether a session's token opens anything."""
    return auth.get_user_from_session_id(token) is not None


@pytest.mark.attack(60, "A16")
@pytest.mark.asvs("7.2.3", "11.2.3", "11.5.1", "14.2.4", "N20")
def test_a_token_is_256_random_bits_that_only_its_bearer_has(
    auth: Auth, alice: User
) -> None:
    tokens = [auth.sessions.open(alice.id) for _ in range(3)]

    assert len(set(tokens)) == 3
    for token in tokens:
        assert len(base64.urlsafe_b64decode(token + "=")) == 32
        assert tables_holding(auth, token) == set()
        assert tables_holding(auth, token[:20]) == set()
    # No place of it is always the same, as padding would be.
    many = zip(*(auth.randomness.token() for _ in range(20)), strict=True)
    assert all(len({*place}) > 1 for place in many)
    kept = {row[0] for row in auth.db.read(select(SessionRecord.fingerprint))}
    assert kept == {hashlib.sha256(t.encode()).digest() for t in tokens}


@pytest.mark.attack(63)
def test_one_account_has_many_sessions(auth: Auth, alice: User) -> None:
    tokens = [auth.create_session("alice@example.com") for _ in range(4)]
    assert all(tokens)

    auth.sessions.end(str(tokens[0]))

    alive = [auth.get_user_from_session_id(token) for token in tokens]
    assert alive[0] is None
    assert [user.id for user in alive[1:] if user] == [alice.id] * 3

    auth.destroy_session(alice.id)
    assert [auth.get_user_from_session_id(t) for t in tokens] == [None] * 4


def test_nobody_gets_a_session_without_an_account(auth: Auth) -> None:
    assert auth.create_session("nobody@example.com") is None
    assert auth.create_session("") is None


@pytest.mark.attack("A18")
@pytest.mark.asvs("7.3.1", "N20", "N27")
def test_an_unused_session_ends_after_twelve_hours(
    auth: Auth, alice: User, clock: TurnableClock
) -> None:
    token = auth.sessions.open(alice.id)
    other = auth.sessions.open(alice.id)

    clock.turn(hours=12, seconds=-1)
    assert is_alive(auth, token)
    clock.turn(seconds=1)
    assert is_alive(auth, token)
    assert not is_alive(auth, other)


@pytest.mark.attack("A18")
@pytest.mark.asvs("7.3.2", "N20", "N27")
def test_a_session_in_use_ends_after_seven_days(
    auth: Auth, alice: User, clock: TurnableClock
) -> None:
    token = auth.sessions.open(alice.id)
    left = timedelta(days=7)
    while left > timedelta(hours=11):
        clock.turn(hours=11)
        left -= timedelta(hours=11)
        assert is_alive(auth, token)

    clock.turn(seconds=int(left.total_seconds()) - 1)
    assert is_alive(auth, token)
    clock.turn(seconds=1)
    assert not is_alive(auth, token)


def test_a_look_costs_one_statement_and_a_write_once_a_minute(
    auth: Auth, alice: User, clock: TurnableClock
) -> None:
    token = auth.sessions.open(alice.id)

    for seconds, slides in ((0, 0), (59, 0), (1, 1), (0, 0), (59, 0), (1, 1)):
        clock.turn(seconds=seconds)
        with watched(auth) as statements:
            assert is_alive(auth, token)
            auth.sessions.slides.settle()
        acts = [s.split()[0] for s in statements if not s.startswith("BEGIN")]
        assert acts == ["SELECT"] + ["UPDATE"] * slides
        assert slides or len(statements) == 1


@pytest.mark.attack(147)
def test_parallel_requests_slide_a_session_once(
    auth: Auth, alice: User, clock: TurnableClock
) -> None:
    token = auth.sessions.open(alice.id)
    clock.turn(minutes=5)

    owners = at_once([lambda: auth.get_user_from_session_id(token)] * 6)

    assert {owner.id for owner in owners if isinstance(owner, User)} == {
        alice.id
    }
    assert len([o for o in owners if isinstance(o, User)]) == 6
    auth.sessions.slides.settle()
    [row] = auth.db.read(select(SessionRecord.seen_at, SessionRecord.ends_at))
    assert tuple(row) == (clock.now(), clock.now() + 12 * 3600)


@pytest.mark.asvs("7.2.1")
@pytest.mark.attack(61, 95)
def test_what_is_no_token_opens_nothing(
    app: Flask, auth: Auth, alice: User
) -> None:
    token = auth.sessions.open(alice.id)
    bad = [
        None,
        "",
        " ",
        "\x00",
        "None",
        "0",
        token[:-1],
        token + "=",
        token + "\x00",
        "\x00" + token,
        token + " ",
        token.swapcase(),
        token * 3,
        "x" * 128,
        "x" * 129,
        "x" * 1_000_000,
        "ы" * 43,
        "\ud800" * 43,
        hashlib.sha256(token.encode()).hexdigest(),
        "' OR 1=1 --",
    ]

    for text in bad:
        assert auth.get_user_from_session_id(text) is None, text
        auth.sessions.end(text or "")
    assert is_alive(auth, token)

    with watched(auth) as statements:
        for text in (None, "", "x" * 129, "x" * 1_000_000):
            auth.get_user_from_session_id(text)
    assert statements == []


@pytest.mark.attack(61, 69)
def test_odd_cookies_open_nothing_and_break_nothing(
    app: Flask, auth: Auth, alice: User
) -> None:
    token = auth.sessions.open(alice.id)
    for header in (
        "session_id",
        "session_id=",
        "session_id=;session_id=",
        f"session_id={token}x",
        f'session_id="{token}\\000"',
        f"SESSION_ID={token}",
        f"={token}",
        f"=session_id={token}",
        f"x=session_id={token}",
        f"__Host-session_id={token}",
        "session_id=" + "x" * 60_000,
        "session_id=\xff\xfe",
        "vestibule_visit=nonsense; session_id=%00",
    ):
        answer = app.test_client(use_cookies=False).get(
            "/profile", headers={"Cookie": header}
        )
        assert answer.status_code == 403, header


@pytest.mark.attack(62, "A16")
def test_strangers_leave_no_row_and_get_no_cookie(
    app: Flask, auth: Auth
) -> None:
    before = counts(auth)
    with watched(auth) as statements:
        for _ in range(3):
            browser, program = Browser(app), app.test_client()
            home = browser.open("/")
            assert "Set-Cookie" not in home.headers
            assert "Set-Cookie" not in program.get("/").headers
            for path in ("/login", "/register", "/password_reset", "/logout"):
                browser.open(path)
            browser.open("/profile")

    assert statements == []
    assert counts(auth) == before


def test_a_session_knows_where_it_was_opened(auth: Auth, alice: User) -> None:
    with under(Circumstances(address="2001:db8::1", agent="Fox " * 100)):
        auth.sessions.open(alice.id)

    [row] = auth.db.read(select(SessionRecord.address, SessionRecord.agent))
    assert tuple(row) == ("2001:db8::1", ("Fox " * 100)[:200])


def test_sessions_that_are_over_are_swept_a_few_at_a_time(
    auth: Auth, alice: User, clock: TurnableClock
) -> None:
    for _ in range(3):
        auth.sessions.open(alice.id)
    clock.turn(hours=12)
    living = auth.sessions.open(alice.id)

    assert auth.sessions.sweep(clock.now()) == 3
    assert auth.sessions.sweep(clock.now()) == 0
    assert is_alive(auth, living)


@pytest.mark.asvs("7.3.1", "7.3.2")
@pytest.mark.settings(
    session_idle="10m", session_absolute="30m", session_remember="2h"
)
def test_the_operator_sets_the_limits(
    auth: Auth, alice: User, clock: TurnableClock
) -> None:
    idle = auth.sessions.open(alice.id)
    used = auth.sessions.open(alice.id)
    remembered = auth.login.with_password(
        "alice", PASSWORD, remember=True
    ).token

    for _ in range(3):
        clock.turn(minutes=9)
        assert is_alive(auth, used)
    assert not is_alive(auth, idle)
    clock.turn(minutes=3)
    assert not is_alive(auth, used)
    assert is_alive(auth, remembered)
    clock.turn(minutes=90)
    assert not is_alive(auth, remembered)
