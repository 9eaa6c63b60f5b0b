"""Whatever is altered, removed or moved in the history is found, and where."""

import logging
from dataclasses import replace

import pytest
from sqlalchemy import select

from annals import (
    HERE,
    Hand,
    found,
    noise,
    positions,
    relink,
    sealed,
    told,
    with_keys,
    write,
)
from conftest import TurnableClock
from vestibule.auth import Auth
from vestibule.capabilities.audit.records import LINKED, Entry, SealRecord
from vestibule.history import Event, under
from vestibule.user import User

HISTORY = "vestibule_history"
SEALS = "vestibule_seals"
EVENTS = "vestibule_events"
pytestmark = pytest.mark.asvs("16.4.2")


@pytest.fixture
def hand(auth: Auth) -> Hand:
    """Give the test somebody who has the database in hand."""
    return Hand(auth.db.engine)


# -- whole ------------------------------------------------------------------


def test_what_happened_is_taken_into_the_chain_in_its_order(
    auth: Auth,
) -> None:
    sealed(auth, 3)
    sealed(auth, 2)

    assert auth.db.read(select(Event.id)) == []
    assert positions(auth) == [1, 2, 3, 4, 5]
    rows = auth.db.read(
        select(Entry.act, Entry.proof).order_by(Entry.position)
    )
    acts = ["act.0", "act.1", "act.2", "act.0", "act.1"]
    assert [tuple(row) for row in rows] == [(act, "signed") for act in acts]
    assert found(auth) == []


def test_nothing_to_seal_makes_no_seal(auth: Auth) -> None:
    auth.audit.seal()
    assert auth.audit.sealed() is None

    sealed(auth, 1)
    auth.audit.seal()
    assert len(auth.db.read(select(SealRecord.position))) == 1


def test_a_long_history_is_sealed_in_parts(
    auth: Auth, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vestibule.capabilities.audit.sealing.AT_ONCE", 3)
    monkeypatch.setattr("vestibule.capabilities.audit.sealing.PARTS", 2)
    write(auth, 8)

    assert auth.audit.seal() is True
    assert auth.audit.seal() is False
    assert positions(auth) == [*range(1, 9)]
    assert found(auth) == []


def test_verifying_goes_part_by_part(
    auth: Auth, hand: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vestibule.capabilities.audit.walking.AT_ONCE", 2)
    part = "vestibule.capabilities.audit.walking.part"
    monkeypatch.setattr(f"{part}.__defaults__", (2,))
    for _ in range(3):
        sealed(auth, 3)
    assert found(auth) == []

    hand.do(f"UPDATE {HISTORY} SET act = 'x' WHERE position IN (3, 8)")
    assert found(auth) == [("edited", 3, 3), ("edited", 8, 8)]


# -- by hand ----------------------------------------------------------------


@pytest.mark.parametrize("column", [*LINKED[1:], "link"])
def test_a_row_with_one_column_edited_is_found(
    auth: Auth, hand: Hand, alice: User, column: str
) -> None:
    sealed(auth, 5, alice.id)
    of_another = f"(SELECT {column} FROM {HISTORY} WHERE position = 5)"
    new = {
        "id": ":noise",
        "at": "at + 1",
        "actor_id": "7",
        "subject_id": "NULL",
        "person_id": "NULL",
        "details": of_another,
        "link": of_another,
        "proof": "'older'",
    }.get(column, "'x'")
    value = noise(column).hex()[:32]
    hand.do(
        f"UPDATE {HISTORY} SET {column} = "
        + new.replace(":noise", f"'{value}'")
        + " WHERE position = 3"
    )

    wrong = found(auth)
    assert wrong[0] == ("edited", 3, 3)
    # With another link, the next row follows nothing either.
    assert wrong[1:] == ([("edited", 4, 4)] if column == "link" else [])


def test_a_row_that_is_removed_is_found(auth: Auth, hand: Hand) -> None:
    sealed(auth, 6)
    hand.do(f"DELETE FROM {HISTORY} WHERE position IN (2, 3)")

    assert found(auth) == [("missing", 2, 3)]


def test_the_first_row_of_all_is_missed_as_well(
    auth: Auth, hand: Hand
) -> None:
    sealed(auth, 3)
    hand.do(f"DELETE FROM {HISTORY} WHERE position = 1")

    assert found(auth) == [("missing", 1, 1)]


def test_two_rows_that_are_swapped_are_found(auth: Auth, hand: Hand) -> None:
    sealed(auth, 6)
    hand.do(
        f"UPDATE {HISTORY} SET position = 99 WHERE position = 2",
        f"UPDATE {HISTORY} SET position = 2 WHERE position = 4",
        f"UPDATE {HISTORY} SET position = 4 WHERE position = 99",
    )

    wrong = found(auth)
    assert ("edited", 2, 2) in wrong
    assert ("edited", 4, 4) in wrong


def test_links_made_anew_do_not_fit_the_seal(auth: Auth, hand: Hand) -> None:
    sealed(auth, 3)
    sealed(auth, 3)
    hand.do(f"UPDATE {HISTORY} SET act = 'x' WHERE position = 2")
    relink(auth, hand)

    # All seals behind it say so.
    assert found(auth) == [("seal_differs", 1, 3), ("seal_differs", 4, 6)]


def test_a_row_put_at_the_end_has_no_seal(auth: Auth, hand: Hand) -> None:
    sealed(auth, 2)
    columns = ", ".join([*LINKED[2:], "link"])
    hand.do(
        f"INSERT INTO {HISTORY} (position, id, {columns}) SELECT 3, "
        f"'{noise('id').hex()[:32]}', {columns} FROM {HISTORY} "
        "WHERE position = 2"
    )

    assert found(auth) == [("edited", 3, 3), ("unsealed", 3, 3)]
    sealed(auth, 1)
    assert ("broken_before", 3, 4) in found(auth)
    assert positions(auth) == [1, 2, 3, 4]


def test_a_seal_that_is_forged_is_found(auth: Auth, hand: Hand) -> None:
    sealed(auth, 3)
    hand.do(f"UPDATE {HISTORY} SET act = 'x' WHERE position = 2")
    relink(auth, hand)
    [(link,)] = hand.ask(f"SELECT link FROM {HISTORY} WHERE position = 3")
    hand.do(f"UPDATE {SEALS} SET link = :link", link=link)

    assert found(auth) == [("seal_forged", 3, 3)]


def test_what_stood_before_is_not_vouched_for_by_the_next_seal(
    auth: Auth, hand: Hand, caplog: pytest.LogCaptureFixture
) -> None:
    sealed(auth, 3)
    hand.do(f"UPDATE {HISTORY} SET act = 'x'")
    relink(auth, hand)
    hand.do(f"DELETE FROM {SEALS}")
    with caplog.at_level(logging.CRITICAL):
        sealed(auth, 2)

    assert "run vestibule audit verify" in caplog.text
    assert found(auth) == [("broken_before", 1, 4)]


# -- the end ----------------------------------------------------------------


def test_a_tail_cut_off_is_found_by_its_seals(auth: Auth, hand: Hand) -> None:
    sealed(auth, 3)
    sealed(auth, 3)
    hand.do(f"DELETE FROM {HISTORY} WHERE position > 4")
    assert found(auth) == [("cut_off", 5, 6)]

    # New rows do not take the place of those.
    sealed(auth, 2)
    assert positions(auth) == [1, 2, 3, 4, 7, 8]
    assert found(auth) == [("missing", 5, 6), ("broken_before", 4, 7)]


def test_a_tail_cut_off_together_with_its_seals_takes_an_anchor(
    auth: Auth, hand: Hand
) -> None:
    sealed(auth, 3)
    sealed(auth, 3)
    head = auth.audit.sealed()
    assert head
    anchor = (head.position, head.link)
    hand.do(
        f"DELETE FROM {HISTORY} WHERE position > 3",
        f"DELETE FROM {SEALS} WHERE position > 3",
    )

    assert found(auth) == []
    against = auth.audit.verifier().against
    assert [told(one) for one in against([anchor])] == [
        ("anchor_missing", 6, 6)
    ]
    sealed(auth, 3)
    assert found(auth) == []
    assert [told(one) for one in against([anchor])] == [
        ("anchor_differs", 6, 6)
    ]


def test_a_process_that_goes_on_cries_out_when_the_tail_is_gone(
    auth: Auth, hand: Hand, caplog: pytest.LogCaptureFixture
) -> None:
    sealed(auth, 3)
    sealed(auth, 3)
    hand.do(
        f"DELETE FROM {HISTORY} WHERE position > 3",
        f"DELETE FROM {SEALS} WHERE position > 3",
    )
    with caplog.at_level(logging.CRITICAL):
        sealed(auth, 1)

    assert "history: it was changed" in caplog.text


def test_anchors_that_fit_say_nothing(auth: Auth) -> None:
    anchors = []
    for _ in range(3):
        sealed(auth, 2)
        head = auth.audit.sealed()
        assert head
        anchors.append((head.position, head.link))

    assert [*auth.audit.verifier().against(anchors)] == []


def test_one_can_begin_behind_what_is_known_to_be_broken(
    auth: Auth, hand: Hand
) -> None:
    sealed(auth, 6)
    hand.do(f"UPDATE {HISTORY} SET act = 'x' WHERE position IN (2, 5)")

    verifier = auth.audit.verifier()
    assert [told(one) for one in verifier.findings(after=2)] == [
        ("edited", 5, 5)
    ]
    assert verifier.rows == 4


# -- before it is sealed ----------------------------------------------------


def test_an_event_that_is_edited_before_it_is_sealed_is_found(
    auth: Auth, hand: Hand, caplog: pytest.LogCaptureFixture
) -> None:
    write(auth, 3)
    hand.do(f"UPDATE {EVENTS} SET outcome = 'done!' WHERE act = 'act.1'")

    [waiting] = auth.audit.verifier().findings()
    assert waiting.what == "event_foreign"
    with caplog.at_level(logging.ERROR):
        auth.audit.seal()
    assert f"event {waiting.event} is not ours" in caplog.text
    assert found(auth) == [("foreign", 2, 2)]


def test_an_event_that_somebody_else_wrote_is_found(
    auth: Auth, hand: Hand
) -> None:
    columns = ", ".join(Event.__table__.columns.keys()[1:])
    write(auth, 1)
    hand.do(
        f"INSERT INTO {EVENTS} (id, {columns}) SELECT "
        f"'{noise('event').hex()[:32]}', {columns} FROM {EVENTS}"
    )
    auth.audit.seal()

    assert len(found(auth)) == 1
    assert found(auth)[0][0] == "foreign"


def test_an_event_that_is_put_back_counts_once_and_stops_nothing(
    auth: Auth, hand: Hand, caplog: pytest.LogCaptureFixture
) -> None:
    write(auth, 1)
    columns = ", ".join(Event.__table__.columns.keys())
    hand.do(f"CREATE TABLE kept AS SELECT {columns} FROM {EVENTS}")
    auth.audit.seal()
    hand.do(f"INSERT INTO {EVENTS} ({columns}) SELECT {columns} FROM kept")
    hand.do("DROP TABLE kept")
    write(auth, 1)
    auth.audit.seal()

    assert "was there already" in caplog.text
    assert positions(auth) == [1, 2]
    assert found(auth) == []
    assert auth.db.read(select(Event.id)) == []


def test_rows_older_than_signatures_are_taken_as_they_are(
    auth: Auth, hand: Hand
) -> None:
    write(auth, 2)
    hand.do(f"UPDATE {EVENTS} SET signature = NULL")
    sealed(auth, 1)

    verifier = auth.audit.verifier()
    assert [*verifier.findings()] == []
    assert (verifier.rows, verifier.older) == (3, 2)


def test_once_there_are_signatures_no_row_goes_without(
    auth: Auth, hand: Hand
) -> None:
    sealed(auth, 1)
    write(auth, 1)
    hand.do(f"UPDATE {EVENTS} SET signature = NULL")
    assert [one.what for one in auth.audit.verifier().findings()] == [
        "event_foreign"
    ]
    auth.audit.seal()

    assert found(auth) == [("foreign", 2, 2)]


# -- keys of the site -------------------------------------------------------


def test_a_change_of_the_secret_key_breaks_nothing(
    auth: Auth, clock: TurnableClock
) -> None:
    old, new = auth.settings.site.secret_key, "fedcba98" * 8
    sealed(auth, 2)
    write(auth, 1)
    changed = with_keys(auth, clock, new, old)
    sealed(changed, 1)

    assert found(changed) == []
    assert positions(changed) == [1, 2, 3, 4]
    changed.db.close()


def test_seals_by_a_key_that_is_not_known_any_more_are_told(
    auth: Auth, clock: TurnableClock
) -> None:
    sealed(auth, 2)
    changed = with_keys(auth, clock, "fedcba98" * 8, "")
    sealed(changed, 1)

    assert found(changed) == [
        ("seal_forged", 2, 2),
        ("broken_before", 1, 3),
    ]
    changed.db.close()


# -- where there is no time to lose -----------------------------------------


def test_a_line_for_a_log_kept_elsewhere_is_written_once_a_minute(
    auth: Auth, clock: TurnableClock, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "vestibule.history"):
        for _ in range(3):
            sealed(auth, 1)
        clock.turn(minutes=1)
        sealed(auth, 1)

    said = [r.getMessage() for r in caplog.records]
    assert [line.split(":")[0] for line in said] == [
        "history sealed 1",
        "history sealed 4",
    ]
    head = auth.audit.sealed()
    assert head
    assert said[-1].endswith(f":{head.link.hex()}")


def test_the_end_is_also_told_when_nothing_follows(
    auth: Auth, clock: TurnableClock, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "vestibule.history"):
        sealed(auth, 1)
        sealed(auth, 1)
        clock.turn(minutes=1)
        for _ in range(2):
            sealed(auth, 0)

    said = [record.getMessage().split(":")[0] for record in caplog.records]
    assert said == ["history sealed 1", "history sealed 2"]


@pytest.mark.asvs("11.3.3")
def test_the_details_of_another_row_do_not_open_here(
    auth: Auth, hand: Hand, alice: User
) -> None:
    with under(replace(HERE, address="198.51.100.9")):
        auth.history.record("login", alice.id)
    with under(HERE):
        auth.history.record("login", alice.id)
    auth.audit.seal()
    hand.do(
        f"UPDATE {HISTORY} SET details = (SELECT details FROM {HISTORY} "
        "WHERE position = 2) WHERE position = 3"
    )

    told_of = [one.address for one in auth.audit.of(alice.id, 2).items]
    assert told_of == ["", "198.51.100.9"]
