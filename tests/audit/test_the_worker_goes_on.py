"""What goes wrong in one part of the worker's round stops no other part."""

import pytest
from sqlalchemy import func, select

from annals import found, write
from conftest import TurnableClock
from vestibule.auth import Auth
from vestibule.capabilities.audit.records import Entry
from vestibule.capabilities.sessions.records import SessionRecord
from vestibule.db import DB
from vestibule.ground.keys import Keys
from vestibule.ground.signing import Seal, keyed_hash
from vestibule.history import Event, signature
from vestibule.settings import Settings
from vestibule.user import User
from vestibule.worker import Worker


def test_a_part_that_cannot_be_swept_keeps_nothing_from_being_sealed(
    auth: Auth, monkeypatch: pytest.MonkeyPatch
) -> None:
    swept: list[int] = []

    def stumbles(now: int) -> int:
        raise ValueError(now)

    def counts(now: int) -> int:
        swept.append(now)
        return 0

    monkeypatch.setattr(auth.capabilities[0], "sweep", stumbles)
    monkeypatch.setattr(auth.outbox, "sweep", counts)
    write(auth, 1)
    Worker(auth).round()

    assert len(swept) == 1
    assert len(auth.db.read(select(Entry.position))) == 1
    assert found(auth) == []


def test_a_round_clears_away_more_than_fits_in_one_sweep(
    auth: Auth, alice: User, clock: TurnableClock
) -> None:
    with auth.db.unit():
        for _ in range(450):
            auth.sessions.open(alice.id)
    clock.turn(seconds=auth.settings.sessions.absolute + 1)

    Worker(auth).round()

    kept = select(func.count()).select_from(SessionRecord)
    assert auth.db.first(kept) == (0,)


def test_python_without_a_key_signs_by_the_one_that_is_kept(
    settings: Settings, clock: TurnableClock
) -> None:
    nameless = settings.having("test", SECRET_KEY="")
    alone = Auth(DB(nameless, clock))
    write(alone, 1)
    [row] = alone.db.read(select(*Event.__table__.columns))
    values = row._asdict()
    kept = (settings.data_folder / "secret-key").read_text()
    assert values["signature"] == signature(kept, values)
    alone.audit.seal()
    opened = Auth.opened(nameless)
    assert found(opened) == []
    alone.db.close()
    opened.db.close()


@pytest.mark.asvs("11.2.2")
def test_nothing_is_signed_by_no_key(clock: TurnableClock) -> None:
    nobodys = Keys("")
    with pytest.raises(ValueError, match="without a secret key"):
        keyed_hash("", "history.event", "x")
    for keys in (nobodys, Keys("0123456789abcdef" * 4, ("",))):
        with pytest.raises(ValueError, match="without a secret key"):
            Seal(keys, "visit", clock)
