"""Reading: the newest from the events, the rest from the chain.

Pages go by time and number and not by counting, so that a row that is
sealed meanwhile is neither repeated nor left out.
"""

from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    LargeBinary,
    Select,
    String,
    Uuid,
    cast,
    func,
    literal,
    null,
    or_,
    select,
    tuple_,
    type_coerce,
    union_all,
)
from sqlalchemy.types import NullType

from vestibule.capabilities.audit.outcomes import (
    REFUSED,
    Happened,
    Part,
    Wanted,
)
from vestibule.capabilities.audit.records import BROKEN, Entry
from vestibule.capabilities.audit.vault import Vault
from vestibule.db import DB
from vestibule.ground.chain import as_bytes
from vestibule.ground.clock import LAST
from vestibule.history import Event
from vestibule.signals import DONE

Table: TypeAlias = type[Event] | type[Entry]
AT_ONCE = 500


class Reading:
    """Finds events, with an index for every question."""

    def __init__(self, db: DB, vault: Vault) -> None:
        self.db = db
        self.vault = vault

    def part(
        self, wanted: Wanted, most: int, before: tuple[int, UUID] | None = None
    ) -> Part:
        """Read some events, and look whether there are more.

        Args:
            wanted: what is looked for.
            most: how many at most.
            before: where the part before ended.
        """
        branches = [
            _branch(table, where, before, most + 1)
            for table in (Event, Entry)
            for where in self._asked(table, wanted)
        ]
        found = union_all(*branches).subquery()
        rows = self.db.read(
            select(found)
            .order_by(found.c.at.desc(), found.c.id.desc())
            .limit(most + 1)
        )
        items = self._opened(rows[:most])
        return Part(items, items[-1].place if len(rows) > most else None)

    def every(self, wanted: Wanted) -> Iterator[Happened]:
        """Read all that is looked for, part by part."""
        part = self.part(wanted, AT_ONCE)
        yield from part.items
        while part.more is not None:
            part = self.part(wanted, AT_ONCE, part.more)
            yield from part.items

    def _asked(
        self, table: Table, wanted: Wanted
    ) -> Iterator[list[ColumnElement[bool]]]:
        """Express what is looked for, among what can be told at all.

        Attack: a row without a moment or a number, which no page could
        show; the audit names it.
        """
        can_be_told: list[ColumnElement[bool]] = [table.at.between(0, LAST)]
        if self.db.engine.dialect.name == "sqlite":
            number = type_coerce(table.id, String)
            can_be_told += [
                func.typeof(number) == "text",
                func.length(number) == 32,
                number.op("NOT GLOB")(literal("*[^0-9a-f]*", String)),
            ]
        for where in _questions(table, wanted):
            yield [*can_be_told, *where]

    def _opened(self, rows: Sequence[Any]) -> list[Happened]:
        """Decrypt where the people of some rows were."""
        told = [r for r in rows if r.details or r.address or r.agent]
        people = {row.person_id for row in told} - {None}
        whose = {number for number in people if isinstance(number, int)}
        keys = self.vault.keys(whose)
        here = self.db.usernames_of(whose - keys.keys())
        return [self._happened(row, keys, {*here, *keys}) for row in rows]

    def _happened(
        self, row: Any, keys: dict[int, bytes], here: set[int]
    ) -> Happened:
        """Tell one row; where people were who are gone is not told."""
        address, agent = row.address, row.agent
        if row.details:
            address, agent = self.vault.open(
                row.id, row.person_id, as_bytes(row.details), keys
            )
        elif row.person_id is not None and row.person_id not in here:
            address, agent = "", ""
        return Happened(
            at=row.at,
            id=row.id,
            act=_text(row.act),
            outcome=_text(row.outcome),
            actor_id=_number(row.actor_id),
            subject_id=_number(row.subject_id),
            door=_text(row.door),
            request_id=_text(row.request_id),
            address=_text(address),
            agent=_text(agent),
            position=_number(row.position),
            is_foreign=_text(row.proof).removesuffix(BROKEN) == "foreign",
        )


def _text(value: Any) -> str:
    """Tell a text, whatever a hand may have put there."""
    return value if isinstance(value, str) else repr(value)


def _number(value: Any) -> int | None:
    """Tell a number, whatever a hand may have put there."""
    return value if isinstance(value, int) else None


def _branch(
    table: Table,
    where: list[ColumnElement[bool]],
    before: tuple[int, UUID] | None,
    most: int,
) -> Select[Any]:
    """Express one question to one of the two tables."""
    if before is not None:
        at, number = before
        mark = tuple_(literal(at, BigInteger), literal(number, Uuid))
        where = [*where, tuple_(table.at, table.id) < mark]
    found = (
        select(
            table.at,
            table.id,
            table.act,
            table.outcome,
            table.actor_id,
            table.subject_id,
            table.door,
            table.request_id,
            *_details(table),
        )
        .where(*where)
        .order_by(table.at.desc(), table.id.desc())
        .limit(most)
        .subquery()
    )
    return select(found)


def _details(table: Table) -> list[Any]:
    """List the columns that only one of the tables has."""
    if issubclass(table, Event):
        return [
            table.address,
            table.agent,
            func.coalesce(table.actor_id, table.subject_id).label("person_id"),
            type_coerce(cast(null(), LargeBinary), NullType).label("details"),
            cast(null(), BigInteger).label("position"),
            literal("", String).label("proof"),
        ]
    return [
        literal("", String).label("address"),
        literal("", String).label("agent"),
        table.person_id,
        type_coerce(table.details, NullType).label("details"),
        table.position,
        table.proof,
    ]


def _questions(
    table: Table, wanted: Wanted
) -> Iterator[list[ColumnElement[bool]]]:
    """Express what is looked for; each question has its own index."""
    where: list[ColumnElement[bool]] = []
    if wanted.acts:
        where.append(table.act.in_(wanted.acts))
    if wanted.outcome == REFUSED:
        where.append(table.outcome != DONE)
    elif wanted.outcome:
        where.append(table.outcome == wanted.outcome)
    if wanted.since is not None:
        where.append(table.at >= wanted.since)
    if wanted.until is not None:
        where.append(table.at < wanted.until)
    if wanted.subject is not None:
        where.append(table.subject_id == wanted.subject)
    if wanted.who is None:
        yield where
        return
    yield [*where, table.subject_id == wanted.who]
    other = or_(table.subject_id.is_(None), table.subject_id != wanted.who)
    yield [*where, table.actor_id == wanted.who, other]
