"""The counts themselves: under which names, how many, and for how long."""

import hashlib
from contextlib import suppress
from typing import Any

import pytest
from sqlalchemy import select

from conftest import TurnableClock
from vestibule.attempts import Attempts, counting
from vestibule.auth import Auth
from vestibule.budgets import (
    LETTER,
    MOST_NAMES,
    RESET_LETTER,
    account_key,
    address_key,
    device_key,
    is_address,
    is_straight,
    letter_limits,
    note_key,
    straight_key,
)
from vestibule.errors import TooMany, Unavailable
from vestibule.history import Circumstances, under
from vestibule.spending import MOST_NOTED
from vestibule.user import User

HERE = "192.0.2.1"
CODE = "email_verification.code"


def rows(auth: Auth) -> dict[str, tuple[int, int, int]]:
    """Read all counts: how many, for how long closed, for how long kept."""
    now = auth.clock.now()
    found = auth.db.read(
        select(
            Attempts.key,
            Attempts.count,
            Attempts.closed_until,
            Attempts.forgotten_at,
        )
    )
    return {
        key: (count, max(0, closed - now), kept - now)
        for key, count, closed, kept in found
    }


def digest(text: str) -> str:
    """Hash a name as the counts do."""
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:40]


# -- names ------------------------------------------------------------------


def test_an_account_is_counted_by_its_number_else_by_a_hash() -> None:
    assert account_key("login", 7, "alice") == "login:user:7"
    assert account_key("login", 0, "alice") == "login:user:0"
    alice = digest("alice")
    assert account_key("login", None, "alice") == f"login:name:{alice}"
    assert account_key("x", None, None) == f"x:name:{digest('')}"
    assert account_key("x", None, "\ud800") == f"x:name:{digest('?')}"
    assert device_key("login", "é\ud800") == f"login:device:{digest('é?')}"


def test_straight_failures_and_notes_have_names_beside_the_count() -> None:
    key = account_key("a.b", 7, None)

    assert straight_key(key) == "a.b:straight:user:7"
    assert note_key(key) == "noted:a.b:user:7"
    assert is_straight(straight_key(key))
    assert not is_straight(key)
    # What is noted of them is no count of them.
    assert not is_straight(note_key(straight_key(key)))


@pytest.mark.parametrize(
    ("address", "name"),
    [
        (HERE, "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("unix:", "unknown"),
        ("", "unknown"),
    ],
)
def test_a_network_address_is_one_name(address: str, name: str) -> None:
    key = address_key("login", address)

    assert key == f"login:from:{name}"
    assert is_address(key)
    assert not is_address("login:user:7")


@pytest.mark.parametrize(
    ("per_account", "few", "a_day"),
    [(10, 5, 20), (1, 5, 20), (13, 6, 20), (40, 20, 20), (100, 50, 50)],
)
def test_an_address_gets_a_few_letters_and_then_a_few_a_day(
    per_account: int, few: int, a_day: int
) -> None:
    key = account_key(LETTER, None, "zoe@example.com")
    limits = letter_limits(LETTER, "zoe@example.com", per_account)
    assert limits == {key: few, straight_key(key): a_day}

    key = account_key(RESET_LETTER, None, "zoe@example.com")
    limits = letter_limits(RESET_LETTER, "zoe@example.com", per_account)
    assert limits == {key: few}


# -- the statement that counts ----------------------------------------------


def test_a_count_closes_for_longer_each_time_and_then_no_longer(
    auth: Auth, clock: TurnableClock
) -> None:
    closed = []
    for _ in range(9):
        assert auth.throttle.counts.count({"k": 3})
        count, wait, kept = rows(auth)["k"]
        closed.append((count, wait, kept - wait))
        assert auth.throttle.counts.count({"k": 3}) == {} or not wait
        if not wait:
            continue
        clock.turn(seconds=wait)
    assert [wait for _, wait, _ in closed] == [
        *(0, 60, 120, 240, 480, 900, 900, 900, 900),
    ]
    # Below the limit and above: it is kept for the window after the wait.
    assert {beyond for _, _, beyond in closed} == {900}


@pytest.mark.parametrize("keys", [1, 2, 3])
def test_the_statement_that_counts_is_written_once_for_all_attempts(
    auth: Auth, keys: int
) -> None:
    # Attack: a flood of guesses, each of which has it written anew.
    made: Any = counting(auth.db.engine, keys)
    key, again = made._generate_cache_key(), made._generate_cache_key()

    assert key is not None
    assert key == again


def test_a_limit_of_one_closes_at_the_first_attempt(auth: Auth) -> None:
    auth.throttle.counts.count({"k": 1, "l": 2})

    assert rows(auth) == {"k": (1, 60, 960), "l": (1, 0, 900)}


def test_three_counts_have_each_their_own_limit(
    auth: Auth, clock: TurnableClock
) -> None:
    limits = {"k": 2, "l": 3, "m": 4}

    assert auth.throttle.counts.count(limits) == {"k": 1, "l": 1, "m": 1}
    assert auth.throttle.counts.count(limits) == {"k": 2, "l": 2, "m": 2}
    assert auth.throttle.counts.count(limits) == {"l": 3, "m": 3}
    assert auth.throttle.counts.count(limits) == {"m": 4}
    assert auth.throttle.counts.count(limits) == {}
    assert rows(auth) == {
        "k": (2, 60, 960),
        "l": (3, 60, 960),
        "m": (4, 60, 960),
    }
    clock.turn(seconds=59)
    assert auth.throttle.counts.count(limits) == {}
    clock.turn(seconds=1)
    assert auth.throttle.counts.count(limits) == {"k": 3, "l": 4, "m": 5}


def test_straight_failures_close_for_a_day_and_are_kept_for_one(
    auth: Auth, clock: TurnableClock
) -> None:
    straight = straight_key("login:user:7")
    counted = auth.throttle.counts.count
    assert counted({"k": 9, straight: 2}) == {"k": 1, straight: 1}
    assert rows(auth)[straight] == (1, 0, 86400)
    counted({"k": 9, straight: 2})
    assert rows(auth)[straight] == (2, 86400, 86400)
    clock.turn(days=1)
    assert counted({straight: 2}) == {straight: 1}


def test_a_place_forgets_below_its_limit_when_its_first_window_ends(
    auth: Auth, clock: TurnableClock
) -> None:
    here = address_key("login", HERE)
    for left in (900, 600, 300):
        auth.throttle.counts.count({here: 9, "k": 9})
        assert rows(auth)[here][2] == left
        assert rows(auth)["k"][2] == 900
        clock.turn(seconds=300)
    assert auth.throttle.counts.count({here: 9}) == {here: 1}
    # Its next window is a whole one.
    assert rows(auth)[here] == (1, 0, 900)


def test_a_place_that_is_closed_is_kept_for_a_window_after_its_wait(
    auth: Auth, clock: TurnableClock
) -> None:
    here = address_key("login", HERE)
    for number in (1, 2):
        auth.throttle.counts.count({here: 3, "k": 3})
        clock.turn(seconds=300)
        assert rows(auth)[here] == (number, 0, 900 - 300 * number)
    auth.throttle.counts.count({here: 3, "k": 3})
    assert rows(auth) == {here: (3, 60, 960), "k": (3, 60, 960)}


def test_what_is_open_is_open_for_whose_clock_is_behind_as_well(
    auth: Auth,
) -> None:
    for _ in range(2):
        auth.throttle.counts.count({"k": 9, straight_key("k"): 9})
        found = auth.db.read(select(Attempts.closed_until))
        assert [row[0] for row in found] == [0, 0]


def test_what_is_closed_is_told_with_its_wait(
    auth: Auth, clock: TurnableClock
) -> None:
    counts = auth.throttle.counts
    counts.count({"k": 1, "l": 1, "m": 9})
    clock.turn(seconds=20)

    assert counts.waits(["k", "m", "other"]) == {"k": 40}
    assert counts.is_any_shut(["k"])
    assert counts.is_any_shut(["m", "other", "l"])
    assert not counts.is_any_shut(["m", "other"])
    clock.turn(seconds=40)
    assert counts.waits(["k", "l"]) == {}
    assert not counts.is_any_shut(["k", "l"])


def test_an_attempt_is_counted_everywhere_or_nowhere(auth: Auth) -> None:
    counts = auth.throttle.counts
    counts.count({"k": 1})
    before = rows(auth)

    assert counts.add({"l": 9, "k": 1}, lambda _: {}) is None
    assert rows(auth) == before
    told: list[dict[str, int]] = []

    def worked(shut: dict[str, int]) -> dict[str, int]:
        """Count all the same, as for somebody who worked."""
        told.append(shut)
        return {"k": 7}

    assert counts.add({"l": 9, "k": 1}, worked) == {"l": 1, "k": 7}
    assert told == [{"k": 1}]


def test_the_sweep_takes_what_is_over_to_the_second(
    auth: Auth, clock: TurnableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = auth.throttle.counts
    counts.count({"k": 9})
    clock.turn(seconds=899)
    assert auth.throttle.sweep(clock.now()) == 0
    clock.turn(seconds=1)
    assert auth.throttle.sweep(clock.now()) == 1
    assert rows(auth) == {}


def test_of_names_that_nobody_has_those_tried_most_are_kept(
    auth: Auth, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert MOST_NAMES == 100_000
    monkeypatch.setattr("vestibule.attempts.MOST_NAMES", 2)
    keys = [straight_key(account_key("login", None, n)) for n in "abcd"]
    for times, key in enumerate(keys, 1):
        for _ in range(times):
            auth.throttle.counts.count({key: 100})
    owned = straight_key(account_key("login", 7, None))
    auth.throttle.counts.count({owned: 100})

    assert auth.throttle.sweep(auth.clock.now()) == 2
    assert set(rows(auth)) == {keys[2], keys[3], owned}
    assert auth.throttle.sweep(auth.clock.now()) == 0


# -- what an attempt spends -------------------------------------------------


@pytest.mark.asvs("6.3.1")
def test_an_attempt_is_counted_for_the_account_and_the_place(
    auth: Auth,
) -> None:
    with (
        pytest.raises(ZeroDivisionError),
        under(Circumstances(address=HERE)),
        auth.throttle.attempt("picture", 7),
    ):
        raise ZeroDivisionError
    assert {key: row[0] for key, row in rows(auth).items()} == {
        "picture:user:7": 1,
        "picture:from:192.0.2.1": 1,
    }


def test_of_an_attempt_that_succeeds_at_once_no_count_is_left(
    auth: Auth,
) -> None:
    with auth.db.unit(), auth.throttle.attempt("picture", 7):
        assert rows(auth)["picture:user:7"][0] == 1
    assert rows(auth) == {}


def test_an_attempt_that_succeeds_gives_itself_back(auth: Auth) -> None:
    for _ in range(3):
        with (
            pytest.raises(ZeroDivisionError),
            under(Circumstances(address=HERE)),
            auth.throttle.attempt(CODE, 7),
        ):
            raise ZeroDivisionError
    with (
        under(Circumstances(address=HERE)),
        auth.db.unit(),
        auth.throttle.attempt(CODE, 7),
    ):
        pass

    # The account's count is gone; the others lose this attempt alone.
    assert {key: row[0] for key, row in rows(auth).items()} == {
        f"{CODE}:straight:user:7": 3,
        f"{CODE}:from:192.0.2.1": 3,
    }


def test_what_could_not_be_checked_is_given_back_everywhere(
    auth: Auth,
) -> None:
    for _ in range(20):
        with (
            pytest.raises(Unavailable),
            under(Circumstances(address=HERE)),
            auth.throttle.attempt(CODE, 7),
        ):
            raise Unavailable
    assert {row[:2] for row in rows(auth).values()} == {(0, 0)}
    assert len(rows(auth)) == 3


def test_what_closed_at_the_limit_is_opened_when_it_is_given_back(
    auth: Auth,
) -> None:
    with suppress(Unavailable), auth.throttle.guess(7) as closing:
        assert closing is False
        for _ in range(9):
            auth.throttle.counts.count({"login:user:7": 10})
        assert rows(auth)["login:user:7"][:2] == (10, 60)
        raise Unavailable
    assert rows(auth)["login:user:7"][:2] == (9, 0)


def test_the_last_guess_before_the_hard_stop_is_told(
    auth: Auth, clock: TurnableClock
) -> None:
    straight = "login:straight:user:7"
    for _ in range(99):
        auth.throttle.counts.count({straight: 100})
    for device, is_last in (("a device", False), (None, True)):
        told = []
        with (
            suppress(ZeroDivisionError),
            auth.throttle.guess(7, device=device) as closing,
        ):
            told.append(closing)
            raise ZeroDivisionError
        assert told == [is_last]
    assert rows(auth)[straight] == (100, 86400, 86400)
    with pytest.raises(TooMany) as refused, auth.throttle.guess(7):
        pass
    assert refused.value.retry_after == 86400
    with auth.db.unit(), auth.throttle.guess(7, device="a device"):
        pass


def test_a_device_is_counted_by_itself_and_from_nowhere(auth: Auth) -> None:
    with (
        pytest.raises(ZeroDivisionError),
        under(Circumstances(address=HERE)),
        auth.throttle.guess(7, device="a device"),
    ):
        raise ZeroDivisionError
    device = device_key("login", "a device")
    assert set(rows(auth)) == {device, straight_key(device)}


def test_forgiving_clears_both_counts_of_one_act(auth: Auth) -> None:
    for number in (7, 8):
        with pytest.raises(ZeroDivisionError), auth.throttle.guess(number):
            raise ZeroDivisionError
    auth.throttle.forgive("login", 7)

    assert set(rows(auth)) == {"login:user:8", "login:straight:user:8"}


def test_what_is_counted_here_is_never_given_back(auth: Auth) -> None:
    auth.throttle.count_here("export")
    assert rows(auth) == {}
    with under(Circumstances(address=HERE)):
        auth.throttle.count_here("export")
    assert rows(auth)["export:from:192.0.2.1"][0] == 1


@pytest.mark.settings(attempts_per_account=1, attempts_per_address=2)
def test_the_limits_are_those_of_the_settings(auth: Auth) -> None:
    def fail(number: int) -> None:
        """Fail once, from one place."""
        with (
            pytest.raises(ZeroDivisionError),
            under(Circumstances(address=HERE)),
            auth.throttle.attempt("picture", number),
        ):
            raise ZeroDivisionError

    fail(7)
    with pytest.raises(TooMany) as told, auth.throttle.attempt("picture", 7):
        pass
    assert told.value.retry_after == 60
    fail(8)
    with (
        pytest.raises(TooMany),
        under(Circumstances(address=HERE)),
        auth.throttle.attempt("picture", 9),
    ):
        pass
    assert "picture:user:9" not in rows(auth)


def test_the_longest_of_several_waits_is_told(
    auth: Auth, clock: TurnableClock
) -> None:
    auth.throttle.counts.count({"k": 1})
    clock.turn(seconds=30)
    auth.throttle.counts.count({"l": 1})

    for limits in ({"k": 1, "l": 1, "m": 9}, {"l": 1, "k": 1}):
        with pytest.raises(TooMany) as told:
            auth.throttle.spend("login", 7, limits)
        assert told.value.retry_after == 60
    assert "m" not in rows(auth)


def test_counts_that_have_just_reached_their_limit_are_named(
    auth: Auth,
) -> None:
    spend = auth.throttle.spend

    assert spend("login", 7, {}) == frozenset()
    assert spend("login", 7, {"k": 2, "l": 1}) == {"l"}
    assert spend("login", 7, {"k": 2}) == {"k"}


def test_attempts_are_never_counted_where_they_could_be_undone(
    auth: Auth, alice: User
) -> None:
    with auth.db.unit():
        auth.db.write(select(User).where(User.id == alice.id))
        with pytest.raises(RuntimeError, match="before any transaction"):
            auth.throttle.spend("login", alice.id, {"k": 9})
        # Nor is what is denied: it is noted all the same.
        assert auth.throttle.may_note("forbidden", alice.id) is True


def test_who_comes_while_another_closes_the_count_is_told_to_wait(
    auth: Auth, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Another was faster between the look and the count, and was quicker
    # once more to open it again.
    monkeypatch.setattr(auth.throttle.counts, "add", lambda *_: None)
    with pytest.raises(TooMany) as told:
        auth.throttle.spend("login", 7, {"k": 9})
    assert told.value.retry_after == 1
    auth.throttle.counts.count({"k": 1})
    monkeypatch.setattr(auth.throttle.counts, "is_any_shut", lambda _: False)
    with pytest.raises(TooMany) as told:
        auth.throttle.spend("login", 7, {"k": 9})
    assert told.value.retry_after == 60


# -- what the history has of it ---------------------------------------------


def test_a_refusal_is_noted_twenty_times_and_then_no_more(
    auth: Auth, alice: User, clock: TurnableClock
) -> None:
    limits = {"k": 1}
    auth.throttle.spend("login", alice.id, limits)

    def refused() -> int:
        """Be refused once more, and count what the history has of it."""
        with pytest.raises(TooMany):
            auth.throttle.spend("login", alice.id, limits)
        told = auth.audit.of(alice.id, 200).items
        return sum(
            (one.act, one.outcome) == ("login", "rate.wait") for one in told
        )

    noted = [refused() for _ in range(MOST_NOTED + 5)]
    assert noted == [*range(1, MOST_NOTED + 1), *[MOST_NOTED] * 5]
    assert rows(auth)["noted:k"][0] == MOST_NOTED == 20


def test_what_is_denied_is_noted_twenty_times_for_each(
    auth: Auth,
) -> None:
    notes = [auth.throttle.may_note("forbidden", 7) for _ in range(22)]

    assert notes == [*[True] * 20, False, False]
    assert auth.throttle.may_note("forbidden", 8) is True
    assert set(rows(auth)) == {
        "noted:forbidden:user:7",
        "noted:forbidden:user:8",
    }


# -- letters ----------------------------------------------------------------


def test_letters_are_counted_by_their_kind(
    auth: Auth, clock: TurnableClock
) -> None:
    zoe = "zoe@example.com"
    assert [auth.throttle.may_write_to(zoe) for _ in range(6)] == [
        *[True] * 5,
        False,
    ]
    assert auth.throttle.may_write_to(zoe, RESET_LETTER) is True
    with pytest.raises(TooMany) as told:
        auth.throttle.write_to(zoe)
    assert told.value.retry_after == 60
    with auth.db.unit():
        assert auth.throttle.may_write_along(zoe) is False
        assert auth.throttle.may_write_along("bob@example.com") is True
    key = account_key(LETTER, None, zoe)
    assert rows(auth)[key][0] == 5
    assert rows(auth)[straight_key(key)][0] >= 5
