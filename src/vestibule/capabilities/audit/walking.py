"""Walking along the chain, row by row, in constant memory."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, select, type_coerce
from sqlalchemy.types import NullType

from vestibule.capabilities.audit.records import LINKED, Entry
from vestibule.ground.chain import as_bytes, follow
from vestibule.store import Readable

AT_ONCE = 1000

# As the database holds them: what somebody put there must not stop us.
_RAW = [type_coerce(Entry.__table__.c[name], NullType) for name in LINKED]
_PART = (
    select(*_RAW, type_coerce(Entry.link, NullType))
    .where(Entry.position > bindparam("after"))
    .where(Entry.position <= bindparam("upto"))
    .order_by(Entry.position)
    .limit(bindparam("most"))
)
_AT, _PROOF = LINKED.index("at"), LINKED.index("proof")


@dataclass(frozen=True)
class Step:
    """A row of the chain: its own link, and the one it should have."""

    position: int
    at: Any
    proof: Any
    link: bytes
    right: bytes

    @property
    def fits(self) -> bool:
        """Whether the row is what was linked behind the row before."""
        return self.link == self.right


def part(
    db: Readable, after: int, link: bytes, upto: int, most: int = AT_ONCE
) -> Iterator[Step]:
    """Walk over one part of the chain.

    Args:
        db: where it is.
        after: the position before it.
        link: the link of that.
        upto: the last position.
        most: how many rows at most.
    """
    for row in db.read(_PART, after=after, upto=upto, most=most):
        *values, given = row
        values[1] = str(values[1]).replace("-", "")
        right = follow(link, *values)
        link = as_bytes(given)
        yield Step(values[0], values[_AT], values[_PROOF], link, right)
