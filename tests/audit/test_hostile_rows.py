"""Whoever has the database in hand rewrites nothing, and stops nothing."""

import pytest
from sqlalchemy import func, select

from annals import (
    Hand,
    found,
    noise,
    positions,
    relink,
    sealed,
    with_keys,
    write,
)
from conftest import TurnableClock
from vestibule.auth import Auth
from vestibule.capabilities.audit.outcomes import Wanted
from vestibule.capabilities.audit.records import Entry
from vestibule.history import Event
from vestibule.user import User

HISTORY = "vestibule_history"
SEALS = "vestibule_seals"
EVENTS = "vestibule_events"
NEW = "fedcba98" * 8
pytestmark = pytest.mark.asvs("16.4.2")


@pytest.fixture
def hand(auth: Auth) -> Hand:
    """Give the test somebody who has the database in hand."""
    return Hand(auth.db.engine)


def is_sqlite(auth: Auth) -> bool:
    """Tell whether any value fits into any column."""
    return auth.db.engine.dialect.name == "sqlite"


def unchecked(auth: Auth, hand: Hand, *statements: str) -> None:
    """Run statements as the owner of the tables, who may drop checks."""
    if is_sqlite(auth):
        pragma = "PRAGMA ignore_check_constraints="
        hand.do(f"{pragma}ON", *statements, f"{pragma}OFF")
        return
    checks = (
        (HISTORY, "ck_vestibule_history_position"),
        (SEALS, "ck_vestibule_seals_position"),
    )
    drop = [f"ALTER TABLE {t} DROP CONSTRAINT {name}" for t, name in checks]
    hand.do(*drop, *statements)


def put(number: str, position: int) -> str:
    """Write a copy of the first row of the chain in some other place."""
    names = [c.name for c in Entry.__table__.columns]
    rest = ", ".join(names[2:])
    return (
        f"INSERT INTO {HISTORY} (position, id, {rest}) SELECT {position}, "
        f"'{number}', {rest} FROM {HISTORY} WHERE position = 1"
    )


def test_a_break_cannot_be_taken_away_later(auth: Auth, hand: Hand) -> None:
    sealed(auth, 9)
    hand.do(f"UPDATE {HISTORY} SET act = 'x' WHERE position = 2")
    relink(auth, hand)
    hand.do(f"DELETE FROM {SEALS}")
    sealed(auth, 1)
    sealed(auth, 1)
    hand.do(f"DELETE FROM {SEALS} WHERE position <= 10")

    assert found(auth) == [("broken_before", 1, 10)]
    # Without the mark the row fits no link, and no link any seal.
    hand.do(f"UPDATE {HISTORY} SET proof = 'signed' WHERE position = 10")
    assert found(auth) == [("edited", 10, 10)]
    relink(auth, hand)
    assert found(auth) == [("seal_differs", 1, 11)]
    hand.do(f"DELETE FROM {SEALS}")
    sealed(auth, 1)
    assert found(auth) == [("broken_before", 1, 12)]


@pytest.mark.parametrize("position", [0, -7, 2**62, 2**63 - 1])
def test_a_row_where_the_chain_has_none_is_refused_and_found(
    auth: Auth, hand: Hand, position: int
) -> None:
    sealed(auth, 2)
    row = put(noise("id").hex()[:32], position)
    with pytest.raises(Exception, match="position"):
        hand.do(row)

    unchecked(auth, hand, row)
    assert found(auth) == [("foreign", position, position)]
    sealed(auth, 1)
    assert positions(auth) == sorted([1, 2, 3, position])


@pytest.mark.settings(history_kept="10d")
def test_a_row_before_the_cut_is_found(
    auth: Auth, hand: Hand, clock: TurnableClock
) -> None:
    sealed(auth, 5)
    clock.turn(days=11)
    sealed(auth, 1)
    assert auth.audit.prune() == 5
    row = put(noise("id").hex()[:32], 3)
    hand.do(row.replace("WHERE position = 1", "WHERE position = 6"))

    assert found(auth) == [("foreign", 3, 3)]


def test_a_forged_row_does_not_take_the_place_of_an_event(
    auth: Auth, hand: Hand
) -> None:
    sealed(auth, 2)
    auth.history.record("the.truth", None)
    [(number,)] = hand.ask(f"SELECT id FROM {EVENTS}")
    hand.do(put(str(number), 3))
    auth.audit.seal()

    acts = [one.act for one in auth.audit.every(Wanted())]
    assert "the.truth" in acts
    wrong = [what for what, *_ in found(auth)]
    assert wrong == ["edited", "broken_before", "foreign"]


def test_a_forged_seal_far_ahead_does_not_stop_the_sealing(
    auth: Auth, hand: Hand
) -> None:
    sealed(auth, 1)
    for place in (2**62 - 1, 2**40):
        hand.do(
            f"INSERT INTO {SEALS} (position, kind, at, link, signature) "
            f"SELECT {place}, kind, at, link, signature FROM {SEALS} "
            "WHERE position = 1"
        )
    sealed(auth, 1)

    assert positions(auth) == [1, 2]
    assert ("seal_forged", 2**40, 2**40) in found(auth)
    head = auth.audit.sealed()
    assert head
    assert head.position == 2


HOSTILE_EVENTS = (
    "agent = CAST(x'ff' AS TEXT)",
    "id = 'zz'",
    "id = upper(id)",
    "id = x'00'",
    "signature = 'text'",
    "signature = 1099511627776",
    "at = 'now'",
    "at = 1.5",
    "actor_id = 'nobody'",
    "act = x'ff'",
)


@pytest.mark.parametrize("change", HOSTILE_EVENTS)
def test_an_event_that_is_none_stops_nothing(
    auth: Auth, hand: Hand, change: str
) -> None:
    if not is_sqlite(auth):
        pytest.skip("PostgreSQL takes no such value")
    write(auth, 3)
    hand.do(f"UPDATE {EVENTS} SET {change} WHERE act = 'act.1'")

    assert [what for what, *_ in found(auth)] == ["event_foreign"]
    assert len([*auth.audit.every(Wanted())]) >= 2
    auth.audit.seal()
    assert auth.db.read(select(func.count()).select_from(Event))[0][0] == 0
    assert [what for what, *_ in found(auth)] == ["foreign"]
    assert len([*auth.audit.every(Wanted())]) == 3


HOSTILE_ROWS = (
    "act = CAST(x'ff' AS TEXT)",
    "details = '5'",
    "details = CAST('5' AS BLOB)",
    "details = 1099511627776",
    "id = 'zz'",
    "link = 'text'",
    "link = 1099511627776",
    "proof = x'ff'",
    "at = 'now'",
    "actor_id = 'nobody'",
)


@pytest.mark.parametrize("change", HOSTILE_ROWS)
@pytest.mark.parametrize("place", [2, 3])
def test_a_row_that_is_none_is_named_and_stops_nothing(
    auth: Auth, hand: Hand, change: str, place: int
) -> None:
    if not is_sqlite(auth):
        pytest.skip("PostgreSQL takes no such value")
    sealed(auth, 3)
    hand.do(f"UPDATE {HISTORY} SET {change} WHERE position = {place}")

    assert ("edited", place, place) in found(auth)
    assert len([*auth.audit.every(Wanted())]) >= 2
    sealed(auth, 1)
    assert positions(auth) == [1, 2, 3, 4]
    assert ("edited", place, place) in found(auth)


@pytest.mark.parametrize("column", ["link", "signature", "at"])
def test_a_seal_that_is_none_is_named_and_stops_nothing(
    auth: Auth, hand: Hand, column: str
) -> None:
    if not is_sqlite(auth):
        pytest.skip("PostgreSQL takes no such value")
    sealed(auth, 3)
    hand.do(f"UPDATE {SEALS} SET {column} = 'text'")

    assert found(auth) == [("seal_forged", 3, 3)]
    sealed(auth, 1)
    assert ("broken_before", 1, 4) in found(auth)


def test_an_old_key_seals_nothing_behind_the_new_one(
    auth: Auth, hand: Hand, clock: TurnableClock
) -> None:
    old = auth.settings.site.secret_key
    sealed(auth, 2)
    changed = with_keys(auth, clock, NEW, old)
    sealed(changed, 2)
    assert found(changed) == []
    # Whoever has the old key goes on with it.
    sealed(auth, 2)

    assert ("seal_forged", 6, 6) in found(changed)
    sealed(changed, 1)
    wrong = found(changed)
    assert ("seal_forged", 6, 6) in wrong
    assert ("broken_before", 5, 7) in wrong
    changed.db.close()


def test_a_process_with_the_new_key_goes_on_behind_no_old_one(
    auth: Auth, hand: Hand, clock: TurnableClock
) -> None:
    old = auth.settings.site.secret_key
    changed = with_keys(auth, clock, NEW, old)
    sealed(changed, 2)
    hand.do(f"DELETE FROM {SEALS}", f"DELETE FROM {HISTORY}")
    sealed(auth, 4)
    sealed(changed, 1)

    assert found(changed) == [("broken_before", 5, 5)]
    changed.db.close()


def test_events_signed_by_an_old_key_count_for_a_while(
    auth: Auth, clock: TurnableClock
) -> None:
    old = auth.settings.site.secret_key
    changed = with_keys(auth, clock, NEW, old)
    sealed(changed, 1)
    write(auth, 1)
    changed.audit.seal()
    assert found(changed) == []

    clock.turn(hours=2)
    write(auth, 1)
    assert [what for what, *_ in found(changed)] == ["event_foreign"]
    changed.audit.seal()
    assert found(changed) == [("foreign", 3, 3)]
    changed.db.close()


def test_what_is_foreign_is_told_as_such(auth: Auth, hand: Hand) -> None:
    write(auth, 2)
    hand.do(f"UPDATE {EVENTS} SET outcome = 'x' WHERE act = 'act.1'")
    auth.audit.seal()

    told = {one.act: one.is_foreign for one in auth.audit.every(Wanted())}
    assert told == {"act.0": False, "act.1": True}


@pytest.mark.parametrize("key", ["'text'", "x'00'"])
def test_a_key_that_is_none_opens_nothing_and_stops_nothing(
    auth: Auth, hand: Hand, alice: User, key: str
) -> None:
    if not is_sqlite(auth):
        pytest.skip("PostgreSQL takes no such value")
    sealed(auth, 1, alice.id)
    hand.do(f"UPDATE vestibule_history_keys SET key = {key}")
    sealed(auth, 1, alice.id)

    assert found(auth) == []
