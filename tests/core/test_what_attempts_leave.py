"""What is left of an attempt: marks that it is closed, and its history.

The marks themselves are proven with a real Valkey in test_marks.py; here is
a notebook in its place, which tells who was told what.
"""

from collections.abc import Iterable

import pytest
from sqlalchemy import select, update

from conftest import TurnableClock
from vestibule.attempts import Attempts
from vestibule.auth import Auth
from vestibule.budgets import account_key, straight_key
from vestibule.errors import TooMany, Unavailable
from vestibule.history import Circumstances, Event, under
from vestibule.user import User

HERE = "192.0.2.1"
CODE = "email_verification.code"


class Notebook:
    """Notes what is marked and cleared, and says what it is told to say."""

    def __init__(self) -> None:
        self.known: dict[str, int] = {}
        self.marked: list[tuple[str, int]] = []
        self.cleared: list[tuple[str, ...]] = []

    def waits(self, keys: Iterable[str]) -> dict[str, int]:
        """Say which counts are known to be closed."""
        return {key: self.known[key] for key in keys if key in self.known}

    def mark(self, key: str, wait: int) -> None:
        """Note that a count is closed."""
        self.marked.append((key, wait))

    def clear(self, *keys: str) -> None:
        """Note that counts are open."""
        self.cleared.append(keys)


@pytest.fixture
def notebook(auth: Auth) -> Notebook:
    """Put a notebook in the place of Valkey."""
    made = Notebook()
    auth.throttle.marks = made  # type: ignore[assignment]
    return made


def counts(auth: Auth) -> dict[str, tuple[int, int]]:
    """Read all counts, and for how long each is closed."""
    found = select(Attempts.key, Attempts.count, Attempts.closed_until)
    now = auth.clock.now()
    return {
        key: (count, max(0, closed - now))
        for key, count, closed in auth.db.read(found)
    }


def history(auth: Auth) -> list[tuple[str, str, int | None]]:
    """Read what the history has of refusals."""
    wanted = select(Event.act, Event.outcome, Event.subject_id)
    rows = auth.db.read(wanted.where(Event.outcome == "rate.wait"))
    return [(row[0], row[1], row[2]) for row in rows]


# -- success ----------------------------------------------------------------


def test_a_guess_that_was_right_clears_both_counts_and_their_marks(
    auth: Auth, notebook: Notebook
) -> None:
    with pytest.raises(ZeroDivisionError), auth.throttle.guess(7):
        raise ZeroDivisionError
    assert set(counts(auth)) == {"login:user:7", "login:straight:user:7"}
    with auth.db.unit(), auth.throttle.guess(7):
        assert notebook.cleared == []

    assert counts(auth) == {}
    assert notebook.cleared == [("login:user:7", "login:straight:user:7")]


def test_an_attempt_that_succeeded_clears_its_marks(
    auth: Auth, notebook: Notebook
) -> None:
    with (
        under(Circumstances(address=HERE)),
        auth.db.unit(),
        auth.throttle.attempt(CODE, 7),
    ):
        pass
    assert notebook.cleared == [
        (f"{CODE}:user:7",),
        (f"{CODE}:straight:user:7",),
        (f"{CODE}:from:192.0.2.1",),
    ]


def test_what_is_given_back_and_what_is_forgiven_is_unmarked(
    auth: Auth, notebook: Notebook
) -> None:
    with pytest.raises(Unavailable), auth.throttle.attempt("picture", 7):
        raise Unavailable
    assert notebook.cleared == [("picture:user:7",)]

    notebook.cleared.clear()
    auth.throttle.forgive("login", 7)
    assert notebook.cleared == [("login:user:7", "login:straight:user:7")]


@pytest.mark.settings(attempts_per_address=1)
def test_what_a_success_gives_back_is_open_at_once(auth: Auth) -> None:
    hard = straight_key(f"{CODE}:user:7")
    for _ in range(99):
        auth.throttle.counts.count({hard: 100})
    with (
        under(Circumstances(address=HERE)),
        auth.db.unit(),
        auth.throttle.attempt(CODE, 7),
    ):
        assert counts(auth)[hard] == (100, 86400)
        assert counts(auth)[f"{CODE}:from:192.0.2.1"] == (1, 60)
    assert counts(auth) == {
        hard: (99, 0),
        f"{CODE}:from:192.0.2.1": (0, 0),
    }


# -- names and places -------------------------------------------------------


def test_who_has_no_account_is_counted_by_name(auth: Auth) -> None:
    for attempt in (
        auth.throttle.attempt("picture", None, "zoe"),
        auth.throttle.guess(None, "zoe"),
    ):
        with (
            pytest.raises(ZeroDivisionError),
            under(Circumstances(address=HERE)),
            attempt,
        ):
            raise ZeroDivisionError
    guessed = account_key("login", None, "zoe")
    assert set(counts(auth)) == {
        account_key("picture", None, "zoe"),
        "picture:from:192.0.2.1",
        guessed,
        straight_key(guessed),
        "login:from:192.0.2.1",
    }


def test_where_no_account_is_known_the_place_alone_is_counted(
    auth: Auth,
) -> None:
    for _ in range(2):
        with (
            pytest.raises(ZeroDivisionError),
            under(Circumstances(address=HERE)),
            auth.throttle.attempt_from_here("not_me"),
        ):
            raise ZeroDivisionError
    with (
        under(Circumstances(address=HERE)),
        auth.db.unit(),
        auth.throttle.attempt_from_here("not_me") as closing,
    ):
        assert closing == frozenset()
    assert counts(auth) == {"not_me:from:192.0.2.1": (2, 0)}
    with auth.db.unit(), auth.throttle.attempt_from_here("not_me"):
        pass
    assert counts(auth) == {"not_me:from:192.0.2.1": (2, 0)}


# -- refusals ---------------------------------------------------------------


@pytest.mark.asvs("16.3.1")
@pytest.mark.settings(attempts_per_account=1, attempts_per_address=1)
def test_a_refusal_is_noted_with_its_act_and_its_account(
    auth: Auth, alice: User
) -> None:
    for _ in range(2):
        for attempt in (
            auth.throttle.attempt("picture", alice.id),
            auth.throttle.guess(alice.id),
        ):
            with pytest.raises((ZeroDivisionError, TooMany)), attempt:
                raise ZeroDivisionError
        with under(Circumstances(address=HERE)):
            if not history(auth):
                auth.throttle.count_here("export")
                continue
            with pytest.raises(TooMany):
                auth.throttle.count_here("export")
    assert sorted(history(auth), key=str) == [
        ("export", "rate.wait", None),
        ("login", "rate.wait", alice.id),
        ("picture", "rate.wait", alice.id),
    ]


def test_what_is_marked_is_refused_without_a_note(
    auth: Auth, notebook: Notebook
) -> None:
    notebook.known = {"a": 50, "b": 40}
    with pytest.raises(TooMany) as told:
        auth.throttle.spend("login", 7, {"a": 10, "b": 10, "c": 10})

    assert told.value.retry_after == 50
    assert history(auth) == []
    assert counts(auth) == {}
    assert notebook.marked == []


def test_what_was_noted_often_enough_is_marked_with_its_wait(
    auth: Auth, notebook: Notebook, clock: TurnableClock
) -> None:
    auth.throttle.spend("login", 7, {"k": 1})
    for _ in range(20):
        with pytest.raises(TooMany):
            auth.throttle.spend("login", 7, {"k": 1})
    assert notebook.marked == []
    clock.turn(seconds=15)
    with pytest.raises(TooMany):
        auth.throttle.spend("login", 7, {"k": 1})
    assert notebook.marked == [("k", 45)]
    assert len(history(auth)) == 20


def test_the_longest_wait_is_told_whatever_the_counts_are_called(
    auth: Auth, clock: TurnableClock
) -> None:
    auth.throttle.counts.count({"z": 1})
    clock.turn(seconds=30)
    auth.throttle.counts.count({"a": 1})

    for limits in ({"z": 1, "a": 1}, {"a": 1, "z": 1}):
        with pytest.raises(TooMany) as told:
            auth.throttle.spend("login", 7, limits)
        assert told.value.retry_after == 60


def test_work_is_offered_for_acts_that_it_may_buy_and_no_others(
    auth: Auth, monkeypatch: pytest.MonkeyPatch
) -> None:
    auth.throttle.counts.count({"k": 1})
    for act, is_offered in (("login", True), ("picture", False)):
        with pytest.raises(TooMany) as told:
            auth.throttle.spend(act, 7, {"k": 1})
        assert (told.value.challenge is not None) is is_offered
    # Nor once more to whoever has worked in vain.
    throttle = auth.throttle
    monkeypatch.setattr(throttle.worked, "solved", lambda *_: object())
    monkeypatch.setattr(throttle.worked, "counting", lambda _: dict)
    monkeypatch.setattr(throttle.counts, "add", lambda *_: None)
    with pytest.raises(TooMany) as told:
        throttle.spend("login", 7, {"k": 1})
    assert told.value.challenge is None


def test_work_is_offered_to_who_comes_in_the_moment_that_it_closes(
    auth: Auth, monkeypatch: pytest.MonkeyPatch
) -> None:
    auth.throttle.counts.count({"k": 1})
    monkeypatch.setattr(auth.throttle.counts, "is_any_shut", lambda _: False)
    with pytest.raises(TooMany) as told:
        auth.throttle.spend("login", 7, {"k": 1})
    assert told.value.challenge is not None


# -- the sweep --------------------------------------------------------------


def test_of_names_tried_alike_those_tried_last_are_kept(
    auth: Auth, clock: TurnableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vestibule.attempts.MOST_NAMES", 1)
    keys = [straight_key(account_key("login", None, n)) for n in "dacb"]
    for key in keys:
        auth.throttle.counts.count({key: 100})
        clock.turn(seconds=10)
    auth.throttle.counts.count({"over": 100})
    clock.turn(seconds=900)

    assert auth.throttle.sweep(clock.now()) == 1 + 3
    assert set(counts(auth)) == {keys[-1]}
    often = straight_key(account_key("login", None, "e"))
    auth.throttle.counts.count({often: 100})
    auth.throttle.counts.count({often: 100})
    auth.db.write(
        update(Attempts)
        .where(Attempts.key == often)
        .values(forgotten_at=clock.now() + 5)
    )
    assert auth.throttle.sweep(clock.now()) == 1
    assert set(counts(auth)) == {often}
