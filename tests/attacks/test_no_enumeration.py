"""No door tells who has an account, whatever state the account is in.

The doors and the states are in ``oracles.py``; here they are multiplied.
What is compared is all that an outsider sees, and what the server spends.
"""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from conftest import PASSWORD, TurnableClock
from oracles import (
    MOVE,
    RESET,
    SIGN_IN,
    SIGN_UP,
    STATES,
    WRONG,
    Look,
    Oracle,
)
from vestibule.auth import Auth
from vestibule.errors import Unavailable
from vestibule.ground.letters import Letter, Undelivered

pytestmark = pytest.mark.settings(verified_email_required="true")
one_database = pytest.mark.parametrize(
    "database_url", ["sqlite"], indirect=True
)
WITH_LETTERS = [*RESET, *SIGN_UP, *MOVE]
# An imported hash is verified at its own cost, and then at ours.
DEARER = {"imported": 1}
# The path of a taken address may ask the database so often more or less
# than that of a free one; each is a fraction of a millisecond.
MOST_APART = 4


def title(oracle: Oracle) -> str:
    """Name a test after its door."""
    return oracle.title


def all_looks(
    app: Flask, auth: Auth, oracle: Oracle, before: Callable[[str], object]
) -> dict[str, Look]:
    """Try accounts of every state at a door, and say what it came to."""
    auth.passwords.hasher.warm_up()
    looks = {}
    for number, (state, make) in enumerate(STATES.items()):
        name = f"p{number:03}q"
        make(auth, name)
        before(name)
        looks[state] = oracle.look(app, auth, name)
    return looks


def nothing(_name: str) -> None:
    """Do nothing before a try."""


def differing(looks: dict[str, Look]) -> dict[str, str]:
    """Say which states can be told from that of nobody's name."""
    expected = looks["unknown"].shown
    return {
        state: look.shown
        for state, look in looks.items()
        if look.shown != expected
    }


@pytest.mark.asvs("6.3.8")
@pytest.mark.attack(23, 25, 27, 28, "A4")
@pytest.mark.parametrize("oracle", SIGN_IN, ids=title)
def test_a_wrong_password_is_answered_alike_at_the_same_cost(
    app: Flask, auth: Auth, oracle: Oracle
) -> None:
    looks = all_looks(app, auth, oracle, nothing)

    assert differing(looks) == {}
    for state, look in looks.items():
        assert look.hashes == 1 + DEARER.get(state, 0), state
        assert look.statements == looks["unknown"].statements, state


@pytest.mark.asvs("6.3.8")
@pytest.mark.attack(18, 26, 27, "A4")
@pytest.mark.parametrize("oracle", WITH_LETTERS, ids=title)
def test_what_may_write_a_letter_is_answered_alike_at_the_same_cost(
    app: Flask, auth: Auth, oracle: Oracle
) -> None:
    looks = all_looks(app, auth, oracle, nothing)

    assert differing(looks) == {}
    for state, look in looks.items():
        assert look.hashes == looks["unknown"].hashes, state
        assert look.commits == looks["unknown"].commits, state
        apart = look.trips - looks["unknown"].trips
        assert abs(apart) <= MOST_APART, state


@pytest.mark.attack(29, "A4")
@one_database
@pytest.mark.parametrize("oracle", SIGN_IN, ids=title)
def test_only_the_right_password_tells_the_state_of_an_account(
    app: Flask, auth: Auth, oracle: Oracle, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = all_looks(app, auth, oracle, nothing)
    monkeypatch.setattr("oracles.WRONG", PASSWORD)
    right = {
        state: oracle.look(app, auth, f"p{number:03}q")
        for number, state in enumerate(STATES)
    }

    told = {s for s in STATES if right[s].shown != wrong["unknown"].shown}
    assert {"active", "imported", "outdated"} <= told
    assert not told & {"unknown", "deleted", "passwordless"}


class DeadPost:
    """A mail server that is down."""

    def send(self, letter: Letter) -> None:
        """Take nothing.

        Raises:
            Undelivered: always.
        """
        raise Undelivered(f"nobody takes {letter.subject}")


@pytest.mark.attack(17)
@pytest.mark.asvs("16.5.2")
@one_database
@pytest.mark.parametrize("oracle", WITH_LETTERS, ids=title)
def test_with_the_mail_server_down_nothing_changes(
    app: Flask, auth: Auth, oracle: Oracle
) -> None:
    def fail(_name: str) -> None:
        """Let every letter that waits fail, as a worker does."""
        while auth.outbox._claim() is not None:
            auth.outbox.deliver(DeadPost())

    looks = all_looks(app, auth, oracle, fail)

    assert differing(looks) == {}
    assert "503" not in looks["unknown"].shown


@pytest.mark.attack(17, 93)
@one_database
@pytest.mark.parametrize("oracle", WITH_LETTERS, ids=title)
def test_where_no_letter_can_be_kept_everybody_is_told_to_come_back(
    app: Flask,
    auth: Auth,
    oracle: Oracle,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def full(*_: Any) -> None:
        """Keep no letter, as with a table that cannot be written to."""
        raise Unavailable

    looks = {}
    for number, (state, make) in enumerate(STATES.items()):
        name = f"p{number:03}q"
        make(auth, name)
        opened = oracle.opened(app, auth, name)
        ready = Oracle(
            oracle.title, lambda *_, act=opened: act, oracle.by_username
        )
        with monkeypatch.context() as patched:
            patched.setattr(auth.outbox, "put", full)
            looks[state] = ready.look(app, auth, name)

    assert differing(looks) == {}


@pytest.mark.attack(28, 32, "A4", "A21")
@one_database
@pytest.mark.parametrize("oracle", SIGN_IN[:5], ids=title)
def test_after_too_many_guesses_everybody_waits_alike(
    app: Flask, auth: Auth, oracle: Oracle
) -> None:
    def guess(name: str) -> None:
        """Guess until the name is closed, from this very machine."""
        for _ in range(11):
            typed = name if oracle.by_username else f"{name}@example.com"
            auth.valid_login(typed, WRONG)

    looks = all_looks(app, auth, oracle, guess)

    assert differing(looks) == {}
    assert {look.hashes for look in looks.values()} == {0}


@pytest.mark.attack(28, 29, "A4", "A22")
@one_database
def test_after_a_hundred_guesses_everybody_is_closed_alike(
    app: Flask, auth: Auth, clock: TurnableClock
) -> None:
    looks = {}
    people = {state: f"p{n:03}q" for n, state in enumerate(STATES)}
    for state, name in people.items():
        STATES[state](auth, name)
    for _ in range(10):
        for name in people.values():
            for _ in range(10):
                auth.valid_login(f"{name}@example.com", WRONG)
        clock.turn(minutes=20)
    # Both names of an account share its guesses, which tells that they
    # belong together; docs/security/enumeration.md says so.
    for oracle in (one for one in SIGN_IN if not one.by_username):
        for state, name in people.items():
            looks[state] = oracle.look(app, auth, name)

        assert differing(looks) == {}, oracle.title
        assert {look.hashes for look in looks.values()} == {0}


@pytest.mark.attack(18, "A4", "A22")
@one_database
@pytest.mark.parametrize("oracle", RESET, ids=title)
def test_after_too_many_letters_everybody_is_answered_alike(
    app: Flask, auth: Auth, oracle: Oracle
) -> None:
    def ask(name: str) -> None:
        """Ask for letters until there are no more."""
        for _ in range(6):
            auth.password_reset.ask_called(
                name if oracle.by_username else f"{name}@example.com"
            )

    looks = all_looks(app, auth, oracle, ask)

    assert differing(looks) == {}
    assert "429" not in looks["unknown"].shown
