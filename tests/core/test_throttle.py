"""Attempts are counted before they are evaluated, at every door alike."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from sqlalchemy import select

from conftest import PASSWORD, Browser, Postbox, TurnableClock
from vestibule.attempts import Attempts
from vestibule.auth import Auth
from vestibule.budgets import address_key, is_straight
from vestibule.capabilities.login.operations import CredentialsIncorrect
from vestibule.capabilities.passwords.hasher import Hasher
from vestibule.capabilities.passwords.operations import OldPasswordIncorrect
from vestibule.db import DB
from vestibule.errors import Refusal, TooMany, Unavailable
from vestibule.history import Circumstances, under
from vestibule.user import User

HERE = "192.0.2.1"
AT_ONCE = 8


def with_room(*hashers: Hasher) -> None:
    """Let all guesses in at once, so that only the counts hold them up."""
    for hasher in hashers:
        hasher.lanes.places = threading.BoundedSemaphore(AT_ONCE)


def guess(auth: Auth, name: str = "alice", address: str = "") -> None:
    """Spend one attempt on a wrong password, and have it evaluated."""
    with (
        under(Circumstances(address=address)),
        pytest.raises(CredentialsIncorrect),
    ):
        auth.login.prove(name, "a guess")


def sign_in(auth: Auth, name: str, address: str = "") -> None:
    """Prove to be somebody, from somewhere."""
    with under(Circumstances(address=address)):
        auth.login.prove(name, PASSWORD)


def wait_told(auth: Auth, name: str = "alice", address: str = "") -> int:
    """Try the right password while it is too early; read the wait."""
    with pytest.raises(TooMany) as refused:
        sign_in(auth, name, address)
    return refused.value.retry_after


def counts(auth: Auth) -> dict[str, int]:
    """Read every count there is, but those of straight failures."""
    rows = auth.db.read(select(Attempts.key, Attempts.count))
    return {row[0]: row[1] for row in rows if not is_straight(row[0])}


# -- one account ------------------------------------------------------------


@pytest.mark.attack(37, "A22")
@pytest.mark.asvs("6.3.1", "8.2.4")
def test_ten_guesses_are_free_and_each_further_one_waits_longer(
    auth: Auth, alice: User, clock: TurnableClock
) -> None:
    for _ in range(10):
        guess(auth)

    waits = []
    for _ in range(7):
        waits.append(wait_told(auth))
        clock.turn(seconds=waits[-1] - 1)
        assert wait_told(auth) == 1
        clock.turn(seconds=1)
        guess(auth)

    assert waits == [60, 120, 240, 480, 900, 900, 900]


def test_being_told_to_wait_does_not_make_the_wait_longer(
    auth: Auth, alice: User, clock: TurnableClock
) -> None:
    for _ in range(10):
        guess(auth)
    for _ in range(20):
        assert wait_told(auth) == 60

    clock.turn(seconds=60)
    sign_in(auth, "alice")


def test_a_refused_attempt_costs_no_hash(auth: Auth, alice: User) -> None:
    for _ in range(10):
        guess(auth)
    hashes = auth.passwords.hasher.count

    wait_told(auth)

    assert auth.passwords.hasher.count == hashes


@pytest.mark.attack(37)
def test_a_quiet_window_clears_the_count(
    auth: Auth, alice: User, clock: TurnableClock
) -> None:
    for _ in range(9):
        guess(auth)
    clock.turn(minutes=15)
    for _ in range(10):
        guess(auth)
    assert wait_told(auth) == 60

    # The window begins when the wait is over.
    clock.turn(seconds=60 + 899)
    guess(auth)
    assert wait_told(auth) == 120
    clock.turn(seconds=120 + 900)
    for _ in range(10):
        guess(auth)


def test_guesses_shortly_before_the_window_ends_still_count(
    auth: Auth, alice: User, clock: TurnableClock
) -> None:
    for _ in range(10):
        guess(auth)
        clock.turn(seconds=60)

    guess(auth)
    assert wait_told(auth) == 120


@pytest.mark.asvs("N13")
def test_a_success_clears_the_account_s_count(auth: Auth, alice: User) -> None:
    for _ in range(9):
        guess(auth)
    sign_in(auth, "alice")
    for _ in range(10):
        guess(auth)

    assert wait_told(auth) == 60


@pytest.mark.attack(36)
@pytest.mark.asvs("N13")
def test_a_success_does_not_clear_anybody_else_s_count(
    auth: Auth, alice: User, bob: User
) -> None:
    for _ in range(10):
        guess(auth, "alice", HERE)
    sign_in(auth, "bob", HERE)

    assert wait_told(auth, "alice") == 60


@pytest.mark.attack(43, "A21")
def test_address_and_username_of_an_account_spend_one_budget(
    auth: Auth, alice: User
) -> None:
    for name in (
        "alice",
        "ALICE",
        "alice@example.com",
        "ａｌｉｃｅ",
        " Alice",
    ):
        guess(auth, name)
        guess(auth, name)

    assert wait_told(auth, "Alice@Example.COM") == 60


@pytest.mark.parametrize(
    ("name", "same"),
    [("nobody9", "NOBODY9"), ("no@example.org", "NO@EXAMPLE.ORG")],
)
def test_a_name_without_account_has_the_same_budget(
    auth: Auth, alice: User, name: str, same: str
) -> None:
    for spelling in [name, same] * 5:
        guess(auth, spelling)

    assert wait_told(auth, name) == 60
    sign_in(auth, "alice")


@pytest.mark.parametrize("name", ["", " ", "\ud800", "a b", "\x00", "@"])
def test_what_can_be_no_name_is_counted_as_well(auth: Auth, name: str) -> None:
    for _ in range(10):
        guess(auth, name)

    assert wait_told(auth, name) == 60
    assert auth.valid_login(name, PASSWORD) is False


def test_wrong_old_passwords_and_wrong_sign_ins_spend_one_budget(
    auth: Auth, alice: User
) -> None:
    for _ in range(5):
        guess(auth)
        with pytest.raises(OldPasswordIncorrect):
            auth.passwords.change(alice, "a guess", "a new one of mine")

    with pytest.raises(TooMany):
        auth.passwords.change(alice, PASSWORD, "a new one of mine")
    assert wait_told(auth) == 60


# -- network addresses ------------------------------------------------------


@pytest.mark.asvs("2.4.1", "6.3.1", "X34")
@pytest.mark.settings(attempts_per_address="5")
def test_guesses_at_many_accounts_close_the_address_they_come_from(
    auth: Auth, alice: User, bob: User, clock: TurnableClock
) -> None:
    for name in ("bob", "u01", "u02", "u03", "u04"):
        guess(auth, name, HERE)

    assert wait_told(auth, "alice", HERE) == 60
    sign_in(auth, "alice", "192.0.2.2")
    sign_in(auth, "alice")
    clock.turn(seconds=60)
    sign_in(auth, "alice", HERE)


@pytest.mark.attack(36)
@pytest.mark.settings(attempts_per_address="5")
def test_a_success_gives_its_address_back_one_attempt_and_no_more(
    auth: Auth, alice: User, bob: User
) -> None:
    for _ in range(4):
        guess(auth, "bob", HERE)
        sign_in(auth, "alice", HERE)
    for _ in range(10):
        sign_in(auth, "alice", HERE)
    assert counts(auth)[address_key("login", HERE)] == 4

    guess(auth, "bob", HERE)
    assert wait_told(auth, "alice", HERE) == 60


@pytest.mark.settings(attempts_per_address="5")
def test_an_address_that_is_closed_does_not_spend_the_account_s_budget(
    auth: Auth, alice: User
) -> None:
    for name in ("u01", "u02", "u03", "u04", "u05"):
        guess(auth, name, HERE)
    for _ in range(20):
        wait_told(auth, "alice", HERE)

    assert f"login:user:{alice.id}" not in counts(auth)
    sign_in(auth, "alice", "192.0.2.2")


@pytest.mark.attack("A21")
@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("2001:db8::1", "2001:db8::ffff:ffff:ffff:ffff", True),
        ("2001:db8::1", "2001:DB8:0:0:1::1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("192.0.2.1", "192.0.2.2", False),
        ("192.0.2.1", "::ffff:192.0.2.1", True),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
        ("fe80::1%eth0", "fe80::2%eth0", True),
        ("garbage", "more garbage", True),
        ("192.0.2.1", "192.0.2.1, 192.0.2.9", False),
        ("", "\x00", True),
        ("a" * 5000, "::1::", True),
    ],
)
def test_what_counts_as_one_network_address(
    one: str, other: str, is_same: bool
) -> None:
    keys = {address_key("login", one), address_key("login", other)}

    assert (len(keys) == 1) is is_same
    assert all(len(key) <= 100 for key in keys)


@pytest.mark.attack("A21")
@pytest.mark.settings(attempts_per_address="3")
def test_two_addresses_of_one_ipv6_network_spend_one_budget(
    auth: Auth, alice: User
) -> None:
    for host in ("1", "2", "3"):
        guess(auth, f"name{host}", f"2001:db8::{host}")

    assert wait_told(auth, "alice", "2001:db8::4") == 60
    sign_in(auth, "alice", "2001:db8:0:1::4")


# -- parallel guesses -------------------------------------------------------


@pytest.mark.attack(32, 42, "A21")
@pytest.mark.asvs("15.4.2")
def test_of_200_parallel_guesses_at_all_doors_only_ten_are_evaluated(
    auth: Auth, app: Flask, alice: User
) -> None:
    # Two sets of operations stand for two processes.
    second = Auth(DB(auth.settings, auth.clock))
    hashers = [auth.passwords.hasher, second.passwords.hasher]
    with_room(*hashers)
    turnstile = app.extensions["vestibule"].front.gate.turnstile
    turnstile.places = turnstile.of_one = AT_ONCE
    before = sum(hasher.count for hasher in hashers)

    def try_one(number: int) -> object:
        who = (auth, second)[number % 2]
        wrong = f"guess {number}"
        if number % 5 == 0:
            page = Browser(app).sign_in("alice", wrong)
            return {401: CredentialsIncorrect, 429: TooMany}[page.status_code]
        if number % 5 == 1:
            return who.valid_login("alice@example.com", wrong)
        try:
            if number % 5 == 2:
                return who.passwords.change(alice, wrong, "a new one of mine")
            return who.login.with_password("Alice", wrong)
        except Refusal as refusal:
            return type(refusal)

    with ThreadPoolExecutor(AT_ONCE) as threads:
        told = Counter(threads.map(try_one, range(200)))

    evaluated = sum(hasher.count for hasher in hashers) - before
    second.db.close()
    assert evaluated == 10
    assert told.pop(False) == 40
    wrong = told.pop(CredentialsIncorrect, 0)
    wrong += told.pop(OldPasswordIncorrect, 0)
    assert wrong <= 10
    assert told == {TooMany: 160 - wrong}
    assert wait_told(auth) == 60


@pytest.mark.attack(32, 37)
def test_of_parallel_guesses_after_a_wait_only_one_is_evaluated(
    auth: Auth, alice: User, clock: TurnableClock
) -> None:
    for _ in range(10):
        guess(auth)
    clock.turn(seconds=60)
    with_room(auth.passwords.hasher)
    before = auth.passwords.hasher.count

    with ThreadPoolExecutor(AT_ONCE) as threads:
        list(
            threads.map(
                lambda n: auth.valid_login("alice", f"guess {n}"), range(24)
            )
        )

    assert auth.passwords.hasher.count - before == 1
    assert wait_told(auth) == 120


@pytest.mark.attack("A21")
def test_a_place_where_many_mistype_now_and_then_is_never_closed(
    auth: Auth, alice: User, clock: TurnableClock
) -> None:
    for number in range(45):
        guess(auth, f"name{number}", HERE)
        clock.turn(minutes=1)

    sign_in(auth, "alice", HERE)


def test_a_process_whose_clock_is_a_second_behind_is_let_in(
    auth: Auth, alice: User, clock: TurnableClock
) -> None:
    for _ in range(3):
        guess(auth, "alice", HERE)
    clock.turn(seconds=-1)

    guess(auth, "alice", HERE)
    sign_in(auth, "alice", HERE)


# -- letters ----------------------------------------------------------------


@pytest.mark.attack(19)
@pytest.mark.asvs("2.3.2", "2.4.1")
def test_an_address_gets_five_letters_and_then_no_more_for_a_while(
    auth: Auth, alice: User, postbox: Postbox, clock: TurnableClock
) -> None:
    for _ in range(8):
        auth.password_reset.ask("ALICE@example.com")
    assert len(postbox.empty()) == 5

    clock.turn(seconds=60)
    for _ in range(3):
        auth.password_reset.ask("alice@example.com")
    assert len(postbox.empty()) == 1


@pytest.mark.attack(18, "A4")
def test_letters_are_counted_alike_where_there_is_no_account(
    auth: Auth, alice: User
) -> None:
    for email in ("alice@example.com", "nobody@example.com"):
        for _ in range(8):
            auth.password_reset.ask(email)

    kept = [n for key, n in counts(auth).items() if key.startswith("letter:")]
    assert kept == [5, 5]


@pytest.mark.attack(138)
def test_counts_do_not_hold_the_names_that_were_typed(
    auth: Auth, alice: User
) -> None:
    guess(auth, "secret-typed-as-name@example.com")
    auth.password_reset.ask("nobody@example.com")

    assert not [key for key in counts(auth) if "@" in key or "secret" in key]


# -- clearing away ----------------------------------------------------------


def test_the_sweep_takes_counts_that_are_over_and_no_others(
    auth: Auth, alice: User, bob: User, clock: TurnableClock
) -> None:
    guess(auth, "alice")
    clock.turn(minutes=10)
    guess(auth, "bob")
    clock.turn(minutes=5)

    assert auth.throttle.sweep(clock.now()) == 1
    assert counts(auth) == {f"login:user:{bob.id}": 1}


@pytest.mark.settings(preset="classroom")
def test_the_classroom_has_room_for_a_thousand_guesses(
    auth: Auth, alice: User
) -> None:
    for _ in range(30):
        guess(auth, "alice", HERE)

    sign_in(auth, "alice", HERE)


# -- a busy site ------------------------------------------------------------


def test_a_sign_in_that_was_too_busy_to_check_is_no_attempt(
    auth: Auth, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = threading.BoundedSemaphore(1)
    full.acquire()
    with monkeypatch.context() as busy:
        busy.setattr(auth.passwords.hasher.lanes, "places", full)
        for _ in range(40):
            with pytest.raises(Unavailable):
                sign_in(auth, "alice", HERE)
    assert counts(auth) == {}

    sign_in(auth, "alice", HERE)


def test_nobody_floods_a_stranger_by_changing_their_own_address(
    browser: Browser, alice: User, postbox: Postbox
) -> None:
    browser.sign_in("alice")
    for _ in range(8):
        browser.send("/profile", username="alice", email="zoe@example.com")

    letters = [x for x in postbox.empty() if x.to == "zoe@example.com"]
    assert len(letters) == 5
    assert "Try again in 1 minute" in browser.open("/profile").text


def test_the_history_does_not_grow_without_end_by_attempts(
    auth: Auth, alice: User
) -> None:
    for _ in range(100):
        auth.valid_login("alice", "a guess")

    waits = [
        event
        for event in auth.audit.of(alice.id, 200).items
        if event.outcome == "rate.wait"
    ]
    assert 10 < len(waits) < 30
