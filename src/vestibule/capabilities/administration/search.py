"""Finding accounts by the beginning of a name and by what they are.

Pages go by the last number and not by counting, so that none gets slow,
and none repeats or leaves out an account while others come and go.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import InstrumentedAttribute

from vestibule.db import DB, LARGEST
from vestibule.ground import names
from vestibule.user import Identifier, User

AT_ONCE = 50
# Up to here all names with a beginning are gathered and sorted; of more
# than these, one looks at accounts by number until a page is full.
MANY = 50_000
# Behind every character that a name can hold.
_LAST = "\U0010ffff"


@dataclass(frozen=True)
class Person:
    """An account as a list shows it, without anything secret."""

    id: int
    username: str
    email: str
    is_admin: bool
    is_active: bool
    email_verified_at: int | None
    created_at: int


@dataclass(frozen=True)
class People:
    """Some accounts; ``more`` is where the next page begins, if any."""

    items: Sequence[Person]
    more: int | None


@dataclass(frozen=True)
class Wanted:
    """What is looked for; what is left out may be anything."""

    text: str = ""
    is_active: bool | None = None
    is_admin: bool | None = None
    is_confirmed: bool | None = None


class Search:
    """Finds accounts, with an index for every question."""

    def __init__(self, db: DB) -> None:
        self.db = db

    def page(
        self, wanted: Wanted, before: int | None, after: int | None, most: int
    ) -> People:
        """Read one page and look whether there is another.

        Args:
            wanted: what is looked for.
            before: show those of smaller numbers, the newest first.
            after: show those of larger numbers, the oldest first.
            most: how many at most.
        """
        where = [
            *_filters(wanted),
            *_between(User.id, before, after),
            *self._named(
                wanted.text.strip(),
                *_between(Identifier.user_id, before, after),
            ),
        ]
        order = User.id.desc() if after is None else User.id.asc()
        columns = [User.__table__.c[name] for name in Person.__annotations__]
        rows = self.db.read(
            select(*columns).where(*where).order_by(order).limit(most + 1)
        )
        items = [Person(*row) for row in rows[:most]]
        return People(items, items[-1].id if len(rows) > most else None)

    def _named(
        self, text: str, *between: ColumnElement[bool]
    ) -> Iterator[ColumnElement[bool]]:
        """Express in SQL that an account has a name with this beginning.

        Args:
            text: as it was typed.
            between: what the page asks of numbers, for the names' owners.
        """
        if not text:
            return
        number = numbered(text)
        if number is not None:
            yield User.id == number
            return
        start = names.beginning(text)
        if start is None:
            yield User.id < 0
            return
        begins = (
            Identifier.canonical >= start,
            Identifier.canonical < start + _LAST,
        )
        if self._are_many(*begins):
            own = Identifier.user_id == User.id
            owners = select(Identifier.user_id).where(own, *between, *begins)
            yield owners.exists()
        else:
            found = select(Identifier.user_id).where(*begins).cte("named")
            found = found.prefix_with("MATERIALIZED")
            yield User.id.in_(select(found.c.user_id))

    def _are_many(self, *begins: ColumnElement[bool]) -> bool:
        """Tell whether gathering all these names would take too long."""
        some = select(Identifier.canonical).where(*begins).limit(MANY + 1)
        row = self.db.first(select(func.count()).select_from(some.subquery()))
        return row is not None and row[0] > MANY


def numbered(text: str) -> int | None:
    """Read the number of an account, written ``id:7``; 0 is nobody's."""
    found = re.fullmatch(r"id:([0-9]{1,5000})", text)
    if found is None:
        return None
    # With 19 digits a number may not fit its column.
    return int(found[1]) if len(found[1]) < 19 else 0


def _between(
    number: InstrumentedAttribute[int], before: int | None, after: int | None
) -> Iterator[ColumnElement[bool]]:
    """Express where a page begins; no column holds more than 63 bits."""
    if before is not None:
        yield number < max(0, min(before, LARGEST - 1))
    if after is not None:
        yield number > max(0, min(after, LARGEST - 1))


def _filters(wanted: Wanted) -> Iterator[ColumnElement[bool]]:
    """Express the filters in the words of the indexes of what is rare."""
    for column, value in (
        (User.is_active, wanted.is_active),
        (User.is_admin, wanted.is_admin),
    ):
        if value is not None:
            yield column.expression if value else ~column
    if wanted.is_confirmed is not None:
        at = User.email_verified_at
        yield at.is_not(None) if wanted.is_confirmed else at.is_(None)
