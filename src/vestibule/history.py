"""History: one row for every act that concerns security.

A row says who did what to whom, when, from where, through which door, and
how it ended. It is written in the transaction of the act itself, and
survives when the act is refused. It is signed at once; a moment later the
audit takes it out of this table into the chain.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Index,
    LargeBinary,
    String,
    Uuid,
    func,
    insert,
    select,
)
from sqlalchemy.orm import Mapped, mapped_column

from vestibule.db import DB
from vestibule.ground.chain import worded
from vestibule.ground.signing import keyed_hash
from vestibule.records import PREFIX, Record
from vestibule.signals import DONE, Happening, announce


class Event(Record):
    """One act and how it ended; ``outcome`` is ``done`` or an error code.

    ``signature`` is None in rows of before there were signatures.
    """

    __tablename__ = PREFIX + "events"
    __table_args__ = (Index(None, "subject_id", "id"),)

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    at: Mapped[int]
    act: Mapped[str] = mapped_column(String(60))
    outcome: Mapped[str] = mapped_column(String(60))
    actor_id: Mapped[int | None]
    subject_id: Mapped[int | None]
    door: Mapped[str] = mapped_column(String(20))
    address: Mapped[str] = mapped_column(String(45))
    agent: Mapped[str] = mapped_column(String(200))
    request_id: Mapped[str] = mapped_column(String(36))
    signature: Mapped[bytes | None] = mapped_column(LargeBinary(32))


_WRITE = insert(Event)
# What is signed, which is all that is written.
SIGNED = (
    "id",
    "at",
    "act",
    "outcome",
    "actor_id",
    "subject_id",
    "door",
    "address",
    "agent",
    "request_id",
)


def signature(secret_key: str, values: dict[str, Any]) -> bytes:
    """Sign an event, so that nobody writes or edits one unnoticed."""
    words = [worded(values[name]) for name in SIGNED[1:]]
    return keyed_hash(secret_key, "history.event", values["id"].hex, *words)


@dataclass(frozen=True)
class Circumstances:
    """Who is acting at the moment, from where, and through which door.

    ``solution`` is what they have computed, as they sent it.
    """

    door: str = "python"
    address: str = ""
    agent: str = ""
    request_id: str = ""
    actor_id: int | None = None
    solution: str = ""


_NONE = Circumstances()
_now: ContextVar[Circumstances | Callable[[], Circumstances]] = ContextVar(
    "circumstances", default=_NONE
)


def circumstances() -> Circumstances:
    """Say under which circumstances this thread acts at the moment."""
    now = _now.get()
    return now if isinstance(now, Circumstances) else now()


@contextmanager
def under(
    these: Circumstances | Callable[[], Circumstances],
) -> Iterator[None]:
    """Act under the given circumstances for a while.

    Args:
        these: the circumstances, or who tells them when they are asked for.
    """
    mark = _now.set(these)
    try:
        yield
    finally:
        _now.reset(mark)


class History:
    """Writes events, and tells them to whoever listens.

    ``sender`` is what the receivers of signals get as their sender.
    """

    def __init__(self, db: DB, sender: object = None) -> None:
        self.db = db
        self.sender = sender

    def record(
        self,
        act: str,
        subject_id: int | None,
        outcome: str = DONE,
        actor_id: int | None = None,
    ) -> None:
        """Write an event into the unit of work around, or alone.

        Args:
            act: what was done, in the words of the capability.
            subject_id: whose account it concerns, if anybody's.
            outcome: ``done`` or the code of the refusal.
            actor_id: who did it, where this act itself shows that.
        """
        here = circumstances()
        what = Happening(
            act=act,
            outcome=outcome,
            user_id=subject_id,
            actor_id=actor_id or here.actor_id,
            at=self.db.clock.now(),
            door=here.door,
            address=here.address[:45],
        )
        row = {
            "id": self.db.randomness.row_id(),
            "at": what.at,
            "act": act,
            "outcome": outcome,
            "actor_id": what.actor_id,
            "subject_id": subject_id,
            "door": what.door,
            "address": what.address,
            "agent": here.agent[:200],
            "request_id": here.request_id[:36],
        }
        row["signature"] = signature(self.db.settings.keys.current, row)
        number = here.request_id
        self.db.keep(
            _WRITE, lambda: announce(self.sender, what, number), **row
        )

    def unsealed(self) -> int:
        """Say how many events wait to be taken into the chain."""
        row = self.db.first(select(func.count()).select_from(Event))
        return 0 if row is None else int(row[0])
