"""After a hundred straight failures only known devices may sign in."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.exc import NoResultFound

from conftest import PASSWORD, Browser, Postbox, TurnableClock
from hosts import one_database
from programs import Program, told
from stagecraft import watched
from vestibule.attempts import Attempts
from vestibule.auth import Auth
from vestibule.budgets import QUIET, account_key, is_straight, straight_key
from vestibule.capabilities.login.operations import CredentialsIncorrect
from vestibule.errors import TooMany
from vestibule.ground import names
from vestibule.history import Circumstances, under
from vestibule.user import User

NAMES = ("alice", "nobody", "no@example.org", "not @ a name")
DAY = 86400


def guess(auth: Auth, clock: TurnableClock, name: str = "alice") -> None:
    """Have one wrong password evaluated, as soon as that may be."""
    while True:
        try:
            auth.login.prove(name, "a guess")
        except CredentialsIncorrect:
            return
        except TooMany as wait:
            clock.turn(seconds=min(wait.retry_after, 900))


def nearly(auth: Auth, clock: TurnableClock, name: str = "alice") -> None:
    """Bring about all straight failures but the last one.

    The first test does it guess by guess.
    """
    guess(auth, clock, name)
    canonical = names.canonical(name)
    try:
        user_id = auth.db.find_user_called(canonical or "").id
    except NoResultFound:
        user_id = None
    key = straight_key(account_key("login", user_id, canonical or name))
    rows = update(Attempts).where(Attempts.key == key)
    assert auth.db.write(rows.values(count=99)) == 1
    clock.turn(minutes=16)


def stop(auth: Auth, clock: TurnableClock, name: str = "alice") -> None:
    """Guess until the account is closed to devices that are not known."""
    nearly(auth, clock, name)
    guess(auth, clock, name)


def wait_told(auth: Auth, name: str = "alice") -> int:
    """Try the right password while it is too early; read the wait."""
    with pytest.raises(TooMany) as refused:
        auth.login.prove(name, PASSWORD)
    return refused.value.retry_after


def straight(auth: Auth) -> dict[str, int]:
    """Read the counts of straight failures."""
    rows = auth.db.read(select(Attempts.key, Attempts.count))
    return {row[0]: row[1] for row in rows if is_straight(row[0])}


@pytest.mark.asvs("6.3.1")
@pytest.mark.attack(37, "A22")
@pytest.mark.parametrize("name", NAMES[:2])
def test_the_hundredth_straight_failure_is_the_last_for_a_day(
    auth: Auth, alice: User, clock: TurnableClock, name: str
) -> None:
    for _ in range(99):
        guess(auth, clock, name)
    clock.turn(minutes=16)
    hashes = auth.passwords.hasher.count
    guess(auth, clock, name)

    assert wait_told(auth, name) == DAY
    clock.turn(hours=23)
    assert wait_told(auth, name) == 3600
    assert auth.passwords.hasher.count == hashes + 1
    # Lock, expire, lock again: from then on it is counted anew.
    clock.turn(hours=1)
    guess(auth, clock, name)
    assert [*straight(auth).values()] == [1]
    stop(auth, clock, name)
    clock.turn(minutes=16)
    assert wait_told(auth, name) > DAY - 1000


@pytest.mark.attack("A22")
@pytest.mark.asvs("8.2.4")
def test_it_closes_unknown_devices_only(
    app: Flask, auth: Auth, alice: User, clock: TurnableClock
) -> None:
    browser = Browser(app)
    browser.sign_in("alice")
    browser.send("/logout")
    stop(auth, clock)
    clock.turn(minutes=16)

    assert browser.sign_in("alice").status_code == 302
    # Their sign-in gives a stranger nothing back.
    refused = Program(app).sign_in("alice")
    assert told(refused) == (429, "rate.wait")
    assert int(refused.headers["Retry-After"]) > DAY - 1000


@pytest.mark.attack("A22")
def test_slow_guesses_are_straight_ones_until_a_day_is_quiet(
    auth: Auth, alice: User, clock: TurnableClock
) -> None:
    for _ in range(20):
        auth.valid_login("alice", "a guess")
        clock.turn(hours=2)
        auth.throttle.sweep(clock.now())
    assert straight(auth) == {f"login:straight:user:{alice.id}": 20}
    clock.turn(hours=22)
    auth.throttle.sweep(clock.now())
    assert straight(auth) == {}

    auth.valid_login("alice", "a guess")

    assert straight(auth) == {f"login:straight:user:{alice.id}": 1}


@pytest.mark.attack(36, "A21")
@pytest.mark.asvs("N13")
def test_success_clears_the_straight_failures_of_its_account_alone(
    auth: Auth, alice: User, bob: User, clock: TurnableClock
) -> None:
    nearly(auth, clock)
    nearly(auth, clock, "bob")

    assert auth.valid_login("bob", PASSWORD)

    assert straight(auth) == {f"login:straight:user:{alice.id}": 99}
    guess(auth, clock)
    assert wait_told(auth) == DAY


def test_a_reset_opens_it_at_once(
    auth: Auth, alice: User, clock: TurnableClock
) -> None:
    stop(auth, clock)
    token = auth.password_reset.issue(alice)

    auth.password_reset.finish(token, "seven purple llamas")

    assert straight(auth) == {}
    assert auth.valid_login("alice", "seven purple llamas")


@pytest.mark.attack("A22")
def test_a_stolen_device_is_stopped_as_well_and_no_other_one(
    auth: Auth, alice: User, clock: TurnableClock
) -> None:
    sign_in = auth.login.with_password
    stolen, own = (sign_in("alice", PASSWORD).device for _ in range(2))
    for _ in range(2):
        with pytest.raises(CredentialsIncorrect):
            sign_in("alice", "a guess", device=[stolen])
        auth.db.write(update(Attempts).values(count=99))
        clock.turn(minutes=16)

    with pytest.raises(TooMany):
        sign_in("alice", PASSWORD, device=[stolen])
    assert sign_in("alice", PASSWORD, device=[own])
    assert auth.valid_login("alice", PASSWORD)


@pytest.mark.attack(32)
def test_of_parallel_guesses_at_the_end_one_is_evaluated(
    auth: Auth, alice: User, clock: TurnableClock, postbox: Postbox
) -> None:
    nearly(auth, clock)
    lanes = auth.passwords.hasher.lanes
    lanes.places = threading.BoundedSemaphore(8)
    postbox.empty()
    hashes = auth.passwords.hasher.count

    with ThreadPoolExecutor(8) as threads:
        found = threads.map(
            lambda n: auth.valid_login("alice", f"guess {n}"), range(24)
        )
        assert not any(found)

    assert auth.passwords.hasher.count == hashes + 1
    assert len(postbox.empty()) == 1


@pytest.mark.asvs("6.3.5")
def test_the_owner_gets_one_letter_and_nobody_else_any(
    auth: Auth, alice: User, clock: TurnableClock, postbox: Postbox
) -> None:
    stop(auth, clock, "nobody")
    assert postbox.empty() == []
    with under(Circumstances(door="page", address="203.0.113.7")):
        stop(auth, clock)
        for _ in range(30):
            wait_told(auth)

    [letter] = postbox.empty()

    assert letter.to == "alice@example.com"
    assert letter.subject.startswith("Many wrong passwords")
    assert "/password_reset" in letter.text
    assert "203.0.113.7" in letter.text
    acts = [event.act for event in auth.audit.of(alice.id).items]
    assert acts.count("login.stop") == 1
    clock.turn(seconds=DAY)
    stop(auth, clock)
    assert len(postbox.empty()) == 1


@pytest.mark.attack(23, "A4")
def test_the_last_failure_costs_the_same_where_nobody_is(
    auth: Auth, alice: User, clock: TurnableClock
) -> None:
    seen = {}
    for name in NAMES:
        nearly(auth, clock, name)
        hashes = auth.passwords.hasher.count
        with watched(auth) as statements:
            guess(auth, clock, name)
        seen[name] = (auth.passwords.hasher.count - hashes, statements)

    assert seen["alice"][0] == 1
    assert any("outbox" in one for one in seen["alice"][1])
    for name, found in seen.items():
        assert found == seen["alice"], name


@one_database
@pytest.mark.attack(43)
def test_no_username_spends_what_belongs_to_an_address(
    app: Flask, auth: Auth, alice: User
) -> None:
    page = Browser(app)
    answer = page.send(
        "/register",
        username="alice@example.com",
        email="mallory@example.com",
        password1=PASSWORD,
        password2=PASSWORD,
    )
    assert answer.status_code == 422
    mallory = auth.registration.register(
        "mallory@example.com", PASSWORD, "alice.example.com"
    )
    for _ in range(10):
        auth.valid_login("alice.example.com", "a guess")

    assert wait_told(auth, "mallory@example.com") == 60
    assert auth.valid_login("alice@example.com", PASSWORD)
    assert mallory.id != alice.id


@one_database
@pytest.mark.attack("A21")
def test_guesses_at_random_names_do_not_fill_the_table(
    auth: Auth,
    alice: User,
    clock: TurnableClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("vestibule.attempts.MOST_NAMES", 5)
    guess(auth, clock)
    for number in range(20):
        for _ in range(1 + (number == 3)):
            guess(auth, clock, f"random{number}")
    clock.turn(minutes=20)

    auth.throttle.sweep(clock.now())

    kept = straight(auth)
    assert len(kept) == 6
    # What was tried most stays, and what is somebody's stays in any case.
    assert sorted(kept.values()) == [1, 1, 1, 1, 1, 2]
    assert f"login:straight:user:{alice.id}" in kept
    clock.turn(seconds=QUIET)
    auth.throttle.sweep(clock.now())
    assert straight(auth) == {}
    assert auth.db.read(select(Attempts.key)) == []


@one_database
@pytest.mark.settings(preset="classroom")
def test_a_class_has_as_many_straight_failures_as_attempts(
    auth: Auth, alice: User, clock: TurnableClock
) -> None:
    for _ in range(150):
        auth.valid_login("alice", "a guess")

    assert auth.valid_login("alice", PASSWORD)
