"""What is too old leaves the history, and nobody else can pretend that."""

import logging

import pytest
from sqlalchemy import select

from annals import Hand, found, sealed, with_keys
from conftest import TurnableClock
from vestibule.auth import Auth
from vestibule.capabilities.audit.records import Entry, SealRecord
from vestibule.worker import sweep

pytestmark = [
    pytest.mark.asvs("14.2.7"),
    pytest.mark.settings(history_kept="10d"),
]
HISTORY = "vestibule_history"
SEALS = "vestibule_seals"
NEW, NEWER = "fedcba98" * 8, "02468ace" * 8


@pytest.fixture
def hand(auth: Auth) -> Hand:
    """Give the test somebody who has the database in hand."""
    return Hand(auth.db.engine)


@pytest.fixture
def old(auth: Auth, clock: TurnableClock) -> None:
    """Leave five rows of long ago, and three of now."""
    sealed(auth, 2)
    sealed(auth, 3)
    clock.turn(days=11)
    sealed(auth, 3)


def positions(auth: Auth) -> list[int]:
    """List the positions there are."""
    rows = auth.db.read(select(Entry.position).order_by(Entry.position))
    return [row.position for row in rows]


@pytest.mark.usefixtures("old")
def test_the_sweep_removes_what_is_too_old_and_signs_for_it(
    auth: Auth,
) -> None:
    assert sweep(auth) >= 5

    assert positions(auth) == [6, 7, 8]
    assert found(auth) == []
    sealed(auth, 1)
    assert positions(auth) == [6, 7, 8, 9]
    assert found(auth) == []


@pytest.mark.usefixtures("old")
def test_a_clock_set_ahead_removes_nothing_that_is_not_too_old(
    auth: Auth, clock: TurnableClock
) -> None:
    clock.turn(days=400)
    sweep(auth)

    # What is too old is so by the newest row, which always stays.
    assert positions(auth) == [6, 7, 8]
    assert found(auth) == []
    auth.audit.prune()
    assert positions(auth) == [6, 7, 8]


@pytest.mark.usefixtures("old")
def test_all_of_it_but_the_newest_can_become_too_old(
    auth: Auth, clock: TurnableClock
) -> None:
    clock.turn(days=30)
    sealed(auth, 2)
    sweep(auth)

    assert positions(auth) == [9, 10]
    assert found(auth) == []


@pytest.mark.usefixtures("old")
def test_of_a_part_that_one_seal_stands_under_nothing_goes_alone(
    auth: Auth, clock: TurnableClock
) -> None:
    sweep(auth)
    clock.turn(days=9)
    auth.history.record("later", None)
    clock.turn(days=2)
    # Sealed together, and only the first is too old.
    auth.history.record("later still", None)
    auth.audit.seal()
    clock.turn(days=9)
    sealed(auth, 1)
    sweep(auth)

    assert positions(auth) == [9, 10, 11]
    assert found(auth) == []


@pytest.mark.usefixtures("old")
def test_a_cut_that_is_forged_is_found(auth: Auth, hand: Hand) -> None:
    hand.do(
        f"INSERT INTO {SEALS} SELECT position, 'cut', at, link, signature "
        f"FROM {SEALS} WHERE position = 5",
        f"DELETE FROM {HISTORY} WHERE position <= 5",
    )

    assert found(auth) == [("cut_forged", 5, 5)]


@pytest.mark.usefixtures("old")
def test_a_cut_that_is_forged_is_not_made_good_by_the_next_one(
    auth: Auth, clock: TurnableClock, hand: Hand
) -> None:
    hand.do(
        f"INSERT INTO {SEALS} SELECT position, 'cut', at, link, signature "
        f"FROM {SEALS} WHERE position = 5",
        f"DELETE FROM {HISTORY} WHERE position <= 5",
    )
    clock.turn(days=11)
    sealed(auth, 1)
    assert auth.audit.prune() == 0
    assert found(auth) == [("cut_forged", 5, 5)]
    # Who has noted that goes on behind it.
    assert [*auth.audit.verifier().findings(5 + 1)] == []

    assert auth.audit.prune(even_broken=True) == 3
    assert found(auth) == []


@pytest.mark.usefixtures("old")
def test_a_cut_of_before_a_change_of_the_key_still_counts(
    auth: Auth, clock: TurnableClock
) -> None:
    sweep(auth)
    changed = with_keys(auth, clock, NEW, auth.settings.site.secret_key)
    assert found(changed) == []
    sealed(changed, 1)
    sealed(changed, 1)

    assert found(changed) == []
    # The new key has said so as well.
    rows = auth.db.read(select(SealRecord.position, SealRecord.kind))
    assert {(5, "cut"), (5, "cut2")} <= {tuple(row) for row in rows}
    clock.turn(days=11)
    sealed(changed, 1)
    assert changed.audit.prune() == 5
    assert found(changed) == []
    changed.db.close()


@pytest.mark.usefixtures("old")
def test_a_cut_counts_through_one_change_of_the_key_after_another(
    auth: Auth, clock: TurnableClock, hand: Hand
) -> None:
    sweep(auth)
    # Under the name that the next one would get.
    hand.do(
        f"INSERT INTO {SEALS} SELECT position, 'cut2', at, link, signature "
        f"FROM {SEALS} WHERE position = 5 AND kind = 'cut'",
        f"UPDATE {SEALS} SET at = 7 WHERE kind = 'cut2'",
    )
    first = auth.settings.site.secret_key
    second = with_keys(auth, clock, NEW, first)
    sealed(second, 1)
    third = with_keys(auth, clock, NEWER, f"{NEW},{first}")
    sealed(third, 1)
    sealed(third, 1)

    kinds = {
        row[0]
        for row in auth.db.read(
            select(SealRecord.kind).where(SealRecord.position == 5)
        )
    }
    assert {"cut", "cut2", "cut3", "cut4"} <= kinds
    # What was planted is named, and nothing else.
    assert {one[0] for one in found(third)} <= {"seal_forged"}
    clock.turn(days=11)
    sealed(third, 1)
    assert third.audit.prune() > 0
    second.db.close()
    third.db.close()


@pytest.mark.usefixtures("old")
def test_an_old_key_pretends_no_cut_behind_the_new_one(
    auth: Auth, clock: TurnableClock, hand: Hand
) -> None:
    changed = with_keys(auth, clock, NEW, auth.settings.site.secret_key)
    sealed(changed, 2)
    link = changed.db.read(select(Entry.link).where(Entry.position == 8))[0][0]
    with auth.db.unit():
        auth.audit.sealer.seals.make("cut", 8, bytes(link))
    hand.do(
        f"DELETE FROM {HISTORY} WHERE position <= 8",
        f"DELETE FROM {SEALS} WHERE position <= 8 AND kind = 'seal'",
    )

    assert found(changed) == [("cut_forged", 8, 8)]
    sealed(changed, 1)
    assert found(changed) == [("cut_forged", 8, 8)]
    changed.db.close()


@pytest.mark.usefixtures("old")
def test_an_old_key_pretends_no_cut_behind_a_true_one(
    auth: Auth, clock: TurnableClock, hand: Hand
) -> None:
    sweep(auth)
    changed = with_keys(auth, clock, NEW, auth.settings.site.secret_key)
    sealed(changed, 2)
    link = changed.db.read(select(Entry.link).where(Entry.position == 8))[0][0]
    with auth.db.unit():
        auth.audit.sealer.seals.make("cut", 8, bytes(link))
    hand.do(f"DELETE FROM {HISTORY} WHERE position <= 8")

    assert ("missing", 6, 8) in found(changed)
    changed.db.close()


@pytest.mark.usefixtures("old")
def test_an_anchor_of_before_a_forged_cut_is_missed(
    auth: Auth, hand: Hand
) -> None:
    [(link,)] = auth.db.read(select(Entry.link).where(Entry.position == 4))
    hand.do(
        f"INSERT INTO {SEALS} SELECT position, 'cut', at, link, signature "
        f"FROM {SEALS} WHERE position = 5",
        f"DELETE FROM {HISTORY} WHERE position <= 5",
    )

    told = auth.audit.verifier().against([(4, bytes(link))])
    assert [one.what for one in told] == ["anchor_missing"]


@pytest.mark.usefixtures("old")
def test_rows_removed_without_a_cut_are_missed(auth: Auth, hand: Hand) -> None:
    sweep(auth)
    hand.do(f"DELETE FROM {SEALS} WHERE kind = 'cut'")
    assert found(auth) == [("missing", 1, 5)]


@pytest.mark.usefixtures("old")
def test_rows_made_old_by_hand_are_not_removed(
    auth: Auth, hand: Hand, caplog: pytest.LogCaptureFixture
) -> None:
    hand.do(f"UPDATE {HISTORY} SET at = 5 WHERE position = 7")
    sweep(auth)
    assert positions(auth) == [6, 7, 8]

    hand.do(f"UPDATE {HISTORY} SET at = 5 WHERE position < 8")
    with caplog.at_level(logging.WARNING):
        sweep(auth)
    assert "nothing is removed" in caplog.text
    assert positions(auth) == [6, 7, 8]
    assert ("edited", 6, 6) in found(auth)


@pytest.mark.usefixtures("old")
def test_an_operator_may_remove_even_what_is_broken(
    auth: Auth, hand: Hand
) -> None:
    hand.do(f"UPDATE {HISTORY} SET act = 'x' WHERE position = 2")
    assert auth.audit.prune() == 0

    assert auth.audit.prune(even_broken=True) == 5
    assert positions(auth) == [6, 7, 8]
    assert found(auth) == []


@pytest.mark.usefixtures("old")
def test_anchors_of_what_was_removed_are_left_out(auth: Auth) -> None:
    rows = auth.db.read(
        select(Entry.position, Entry.link).order_by(Entry.position)
    )
    anchors = [(row.position, bytes(row.link)) for row in rows]
    sweep(auth)

    assert [*auth.audit.verifier().against(anchors)] == []
    wrong = [(5, bytes(32)), (6, bytes(32))]
    told = [one.what for one in auth.audit.verifier().against(wrong)]
    assert told == ["anchor_differs"] * 2
