"""What waits to be sealed, read so that no row of it can stop the sealing.

Attack: a row that is no event at all. SQLite holds any value in any column,
and what cannot be read must still be named, and go its way.
"""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BindParameter,
    bindparam,
    delete,
    select,
    type_coerce,
)
from sqlalchemy.types import NullType

from vestibule.capabilities.audit.records import LINKED, Entry
from vestibule.db import DB
from vestibule.ground.chain import as_bytes
from vestibule.history import Event
from vestibule.store import Readable

NUMBER = "as_it_stands"
_TABLE = Event.__table__
_ID = type_coerce(_TABLE.c.id, NullType)
_NAMES: tuple[str, ...] = tuple(_TABLE.columns.keys())
_RAW = [type_coerce(column, NullType) for column in _TABLE.columns]
_ROWS = select(*_RAW).order_by(_ID).limit(bindparam("most"))
_LATER = _ROWS.where(bindparam("after", type_=NullType()) < _ID)
_THESE: BindParameter[Any] = bindparam("ids", expanding=True)
_TAKE = delete(Event).where(_ID.in_(_THESE)).returning(_ID)
# What stands in both tables as it is.
_SAME = [name for name in _NAMES if name in LINKED and name != "id"]
_KNOWN = select(
    Entry.id,
    *(type_coerce(Entry.__table__.c[name], NullType) for name in _SAME),
).where(Entry.id.in_(_THESE))


def waiting(
    db: Readable, most: int, after: Any = None
) -> list[dict[str, Any]]:
    """Read some of the events that wait, the oldest first.

    Args:
        db: where they are.
        most: how many at most.
        after: the number of the last one before, as it stands there.
    """
    if after is None:
        rows = db.read(_ROWS, most=most)
    else:
        rows = db.read(_LATER, most=most, after=after)
    return [_legible(db, row) for row in rows]


def take(db: DB, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Take rows out of the table of events; some may be gone."""
    ids = [row[NUMBER] for row in rows]
    here = {row[0] for row in db.write_all(_TAKE, ids=ids)}
    return [row for row in rows if row[NUMBER] in here]


def known(db: DB, ids: Collection[UUID]) -> dict[UUID, tuple[Any, ...]]:
    """Find which of some numbers the chain has already, and as what."""
    rows = db.read(_KNOWN, ids=[*ids])
    return {row[0]: tuple(row[1:]) for row in rows}


def is_the_same(row: dict[str, Any], entry: tuple[Any, ...]) -> bool:
    """Tell whether a row of the chain is this event."""
    return tuple(row[name] for name in _SAME) == entry


def disowned(db: Readable, row: dict[str, Any]) -> dict[str, Any]:
    """Give an event another number and no signature that would fit."""
    return {**row, "id": db.randomness.row_id(), "signature": b""}


def _legible(db: Readable, row: Sequence[Any]) -> dict[str, Any]:
    """Read one row; what is no event becomes a foreign one."""
    given = dict(zip(_NAMES, row, strict=True))
    number = given["id"]
    is_event = isinstance(number, UUID)
    if isinstance(number, str):
        given["id"] = _number(number)
        is_event = given["id"] is not None
    if given["signature"] is not None:
        given["signature"] = as_bytes(given["signature"])
    fit = {name: _fitting(name, value) for name, value in given.items()}
    if fit["at"] is None:
        fit["at"] = db.clock.now()
    fit[NUMBER] = number
    if is_event and all(fit[name] == given[name] for name in given):
        return fit
    return disowned(db, fit)


def _number(text: str) -> UUID | None:
    """Read the number of an event, in the one way that we write it."""
    try:
        number = UUID(text)
    except ValueError:
        return None
    return number if number.hex == text else None


def _fitting(name: str, value: Any) -> Any:
    """Give what the column was made to hold."""
    kind = _TABLE.c[name].type.python_type
    if value is None and (_TABLE.c[name].nullable or kind is int):
        return None
    if kind is int:
        return value if isinstance(value, int) else None
    if kind is str:
        text = value if isinstance(value, str) else repr(value)
        return text[: getattr(_TABLE.c[name].type, "length", 0)]
    return value
