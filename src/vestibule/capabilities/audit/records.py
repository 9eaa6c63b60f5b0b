"""The tables of the chain: its rows, its seals, and people's keys.

Nothing ever changes a row of the first two; only what is too old goes.
"""

from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    UniqueConstraint,
    Uuid,
)
from sqlalchemy.orm import Mapped, mapped_column

from vestibule.records import PREFIX, Record
from vestibule.user import User

# No chain comes so far; a number near the end of what a column holds would
# leave no room behind it.
LAST_POSITION = 2**62
_PLACED = f"position > 0 AND position < {LAST_POSITION}"
# Behind the proof of the first row after an end nothing vouched for.
BROKEN = "!"


class Entry(Record):
    """An event in its place in the chain.

    ``person_id`` is whose key the ``details`` are under: the actor, else
    whose account it was. ``proof`` says whether the event was ``signed`` by
    this site, is ``older`` than signatures, or ``foreign``; a ``!`` behind
    it says that no seal vouched for the end the row was put behind.
    """

    __tablename__ = PREFIX + "history"
    __table_args__ = (
        CheckConstraint(_PLACED, "position"),
        UniqueConstraint("id"),
        Index(None, "at", "id"),
        Index(None, "act", "at", "id"),
        Index(None, "subject_id", "at", "id"),
        Index(None, "actor_id", "at", "id"),
    )

    position: Mapped[int] = mapped_column(
        primary_key=True, autoincrement=False
    )
    id: Mapped[UUID] = mapped_column(Uuid)
    at: Mapped[int]
    act: Mapped[str] = mapped_column(String(60))
    outcome: Mapped[str] = mapped_column(String(60))
    actor_id: Mapped[int | None]
    subject_id: Mapped[int | None]
    door: Mapped[str] = mapped_column(String(20))
    request_id: Mapped[str] = mapped_column(String(36))
    person_id: Mapped[int | None]
    details: Mapped[bytes] = mapped_column(LargeBinary)
    proof: Mapped[str] = mapped_column(String(10))
    link: Mapped[bytes] = mapped_column(LargeBinary(32))


# All but the link itself; the chain hashes them in this order for ever.
LINKED = (
    "position",
    "id",
    "at",
    "act",
    "outcome",
    "actor_id",
    "subject_id",
    "door",
    "request_id",
    "person_id",
    "details",
    "proof",
)


class SealRecord(Record):
    """A signature under the chain up to a row.

    ``kind`` is ``seal``; or ``cut``, up to where old rows were removed; or
    ``cut2`` and so on, the same said again by a key that came after.
    """

    __tablename__ = PREFIX + "seals"
    __table_args__ = (CheckConstraint(_PLACED, "position"),)

    position: Mapped[int] = mapped_column(
        primary_key=True, autoincrement=False
    )
    kind: Mapped[str] = mapped_column(String(5), primary_key=True)
    at: Mapped[int]
    link: Mapped[bytes] = mapped_column(LargeBinary(32))
    signature: Mapped[bytes] = mapped_column(LargeBinary(32))


class PersonKey(Record):
    """The key of somebody's details, which goes with the account."""

    __tablename__ = PREFIX + "history_keys"

    person_id: Mapped[int] = mapped_column(
        BigInteger,
        ForeignKey(User.id, ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    )
    key: Mapped[bytes] = mapped_column(LargeBinary(32))
