"""What goes wrong in one part of the worker's round stops no other part."""

import pytest
from sqlalchemy import select

from annals import found, write
from vestibule.auth import Auth
from vestibule.capabilities.audit.records import Entry
from vestibule.settings import Settings
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


def test_nothing_is_signed_by_no_key(settings: Settings) -> None:
    nameless = settings.having("test", SECRET_KEY="")
    opened = Auth.opened(nameless)
    assert opened.settings.site.secret_key
    opened.db.close()
