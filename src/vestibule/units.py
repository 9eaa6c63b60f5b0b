"""Units of work: several things are done wholly or not at all.

The transaction opens at the first write of a unit and not before: whatever
is slow (a hash, a mail) comes first and holds no connection.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, TypeAlias

from sqlalchemy import (
    Connection,
    Engine,
    Executable,
    NestedTransaction,
    Result,
)
from sqlalchemy.exc import DBAPIError

from vestibule.engine import DatabaseSilent, calmly
from vestibule.errors import Refusal

Values: TypeAlias = Mapping[str, Any]


@dataclass
class Unit:
    """One unit of work: its connection once it wrote, and what it leaves.

    ``kept`` are statements that outlive a refusal (events, counts of
    attempts), and ``told`` runs once they are committed; ``afterwards``
    runs after the commit of everything.
    """

    connection: Connection | None = None
    kept: list[tuple[Executable, Values]] = field(default_factory=list)
    told: list[Callable[[], None]] = field(default_factory=list)
    afterwards: list[Callable[[], None]] = field(default_factory=list)


class Units:
    """The units of work on one database; each thread has its own."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._unit: ContextVar[Unit | None] = ContextVar("unit", default=None)

    @property
    def is_writing(self) -> bool:
        """Whether a transaction is open in this thread now."""
        unit = self._unit.get()
        return unit is not None and unit.connection is not None

    @contextmanager
    def unit(self) -> Iterator[Unit]:
        """Do several things wholly or not at all.

        A unit inside a unit is a savepoint. A refusal undoes the records
        and keeps the events; any other error keeps nothing.

        Raises:
            Unavailable: when the database does not answer.
        """
        outer = self._unit.get()
        if outer is not None:
            with self._savepoint(outer):
                yield outer
            return
        unit = Unit()
        refused: Refusal | None = None
        mark = self._unit.set(unit)
        try:
            with calmly():
                yield unit
                self._commit(unit)
        except DatabaseSilent:
            # Nothing can be kept where nothing can be written, and to
            # try would make the caller wait for a second time-out.
            raise
        except Refusal as refusal:
            self._drop(unit)
            self._commit_kept(unit)
            refused = refusal
        finally:
            self._drop(unit)
            self._unit.reset(mark)
        for after in unit.told:
            after()
        if refused is not None:
            raise refused
        for after in unit.afterwards:
            after()

    @contextmanager
    def apart(self) -> Iterator[None]:
        """Work outside the surrounding unit, committed whatever it does."""
        mark = self._unit.set(None)
        try:
            yield
        finally:
            self._unit.reset(mark)

    @contextmanager
    def _around(self) -> Iterator[Unit]:
        """Give one statement the unit around, or one of its own.

        It is done wholly or not at all by itself, so it has no savepoint.
        Whoever goes on after it has failed puts a unit around it, without
        which PostgreSQL takes no further statement.
        """
        unit = self._unit.get()
        if unit is not None:
            yield unit
            return
        with self.unit() as unit:
            yield unit

    @contextmanager
    def _savepoint(self, unit: Unit) -> Iterator[None]:
        """Undo only the inner part when the inner part fails."""
        point: NestedTransaction | None = None
        if unit.connection is not None:
            point = unit.connection.begin_nested()
        try:
            yield
        except BaseException:
            if point is None:
                self._drop(unit)
            elif point.is_active:
                point.rollback()
            raise
        if point is not None:
            point.commit()

    def _open(self, unit: Unit) -> Connection:
        """Begin the unit's transaction, unless it has begun."""
        if unit.connection is None:
            connection = self.engine.connect()
            try:
                connection.begin()
            except BaseException:
                connection.close()
                raise
            unit.connection = connection
        return unit.connection

    def _run(
        self, unit: Unit, statement: Executable, values: Values
    ) -> Result[*tuple[Any, ...]]:
        """Run a statement in the unit's transaction."""
        return self._open(unit).execute(statement, values)

    def _commit(self, unit: Unit) -> None:
        """Write what the unit keeps and commit, if there is anything."""
        for _, alike in groupby(unit.kept, key=lambda kept: id(kept[0])):
            several = [*alike]
            statement = several[0][0]
            values = [given for _, given in several]
            self._open(unit).execute(statement, values)
        if unit.connection is not None:
            unit.connection.commit()
            self._drop(unit)

    def _commit_kept(self, unit: Unit) -> None:
        """Write what outlives the refusal of a unit."""
        rest = Unit(kept=unit.kept)
        try:
            with calmly():
                self._commit(rest)
        finally:
            self._drop(rest)

    @staticmethod
    def _drop(unit: Unit) -> None:
        """Forget the unit's transaction; uncommitted work is undone."""
        connection, unit.connection = unit.connection, None
        if connection is None:
            return
        try:
            connection.close()
        except DBAPIError:
            # The connection is lost, and the uncommitted work with it.
            if not connection.closed:
                connection.invalidate()
                connection.close()
