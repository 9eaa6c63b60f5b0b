"""Store: the only module that opens a database session.

Reading happens without a transaction. Writing happens in the transaction
of the surrounding unit of work, which opens at the first write and not
before: whatever is slow (a hash, a mail) comes first and holds no
connection.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar

from sqlalchemy import Executable, Result, Row, Select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session, SessionTransaction

from vestibule.engine import (
    DatabaseSilent,
    calmly,
    insert_new,
    open_engine,
    reading,
)
from vestibule.errors import Refusal
from vestibule.ground.clock import Clock
from vestibule.ground.randomness import Randomness
from vestibule.migrations import bring_up_to_date
from vestibule.prepared import Lines, Prepared
from vestibule.records import Record
from vestibule.settings import Settings

Kept = TypeVar("Kept", bound=Record)
AnyRow: TypeAlias = Row[*tuple[Any, ...]]
Rows: TypeAlias = Sequence[AnyRow]


@dataclass
class Unit:
    """One unit of work: its session once it wrote, and what it leaves.

    ``kept`` are records and statements that outlive a refusal (events,
    counts of attempts), and ``told`` runs once they are committed;
    ``afterwards`` runs after the commit of everything.
    """

    session: Session | None = None
    kept: list[Record | Executable] = field(default_factory=list)
    told: list[Callable[[], None]] = field(default_factory=list)
    afterwards: list[Callable[[], None]] = field(default_factory=list)


class Store:
    """A database: units of work, and reading and writing in them."""

    def __init__(
        self,
        settings: Settings | None = None,
        clock: Clock | None = None,
        randomness: Randomness | None = None,
    ) -> None:
        """Open the configured database and bring its schema up to date.

        Args:
            settings: where it is; the process's own settings if left out.
            clock: the clock to read.
            randomness: the source of chance.
        """
        if settings is None:
            settings = Settings.of_this_process()
        self.settings = settings
        self.clock = Clock() if clock is None else clock
        self.randomness = Randomness() if randomness is None else randomness
        self.engine = open_engine(settings)
        try:
            bring_up_to_date(self.engine)
        except BaseException:
            self.engine.dispose()
            raise
        self._reader = reading(self.engine)
        self._lines = Lines(self.engine)
        self._unit: ContextVar[Unit | None] = ContextVar("unit", default=None)
        self.finishing: list[Callable[[], None]] = []

    def close(self) -> None:
        """Finish what is begun, and give all connections back."""
        for finish in self.finishing:
            finish()
        self._lines.close()
        self.engine.dispose()

    def after_fork(self) -> None:
        """Leave all connections to the parent process."""
        self.engine.dispose(close=False)
        self._lines.begin_anew()

    # -- units of work ----------------------------------------------------

    @property
    def is_writing(self) -> bool:
        """Whether a transaction is open in this thread now."""
        unit = self._unit.get()
        return unit is not None and unit.session is not None

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
    def _savepoint(self, unit: Unit) -> Iterator[None]:
        """Undo only the inner part when the inner part fails."""
        point: SessionTransaction | None = None
        if unit.session is not None:
            point = unit.session.begin_nested()
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

    def _open(self, unit: Unit) -> Session:
        """Begin the unit's transaction, unless it has begun."""
        if unit.session is None:
            unit.session = Session(self.engine, expire_on_commit=False)
            unit.session.connection()
        return unit.session

    def _commit(self, unit: Unit) -> None:
        """Write what the unit keeps and commit, if there is anything."""
        for kept in unit.kept:
            if isinstance(kept, Record):
                self._open(unit).add(kept)
            else:
                self._run(unit, kept)
        if unit.session is not None:
            unit.session.commit()
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
        session, unit.session = unit.session, None
        if session is None:
            return
        try:
            session.close()
        except DBAPIError:
            # The connection is lost, and the uncommitted work with it.
            session.invalidate()

    # -- reading and writing ----------------------------------------------

    def read(self, statement: Executable, **values: Any) -> Rows:
        """Run a query and return its rows.

        Args:
            statement: the query.
            values: for its bound parameters, by name.
        """
        unit = self._unit.get()
        if unit is not None and unit.session is not None:
            connection = unit.session.connection()
            return connection.execute(statement, values).all()
        with calmly(), self._reader.connect() as connection:
            return connection.execute(statement, values).all()

    def first(self, statement: Executable, **values: Any) -> AnyRow | None:
        """Run a query and return its first row, if it has one."""
        rows = self.read(statement, **values)
        return rows[0] if rows else None

    def prepared(self, look: Select[Any], *names: str) -> Prepared:
        """Compile a query once, whose values go by these names."""
        return Prepared(look, names, self._lines, self)

    def write(self, statement: Executable) -> int:
        """Run a statement and say how many rows it changed."""
        with self.unit() as unit:
            result: Any = self._run(unit, statement)
            return int(result.rowcount)

    def write_returning(self, statement: Executable) -> AnyRow | None:
        """Run a statement that returns a row, and return it."""
        with self.unit() as unit:
            return self._run(unit, statement).first()

    def _run(
        self, unit: Unit, statement: Executable
    ) -> Result[*tuple[Any, ...]]:
        """Run a statement in the unit's transaction."""
        return self._open(unit).connection().execute(statement)

    def add(self, record: Kept) -> Kept:
        """Insert a record and return it with its number."""
        with self.unit() as unit:
            session = self._open(unit)
            session.add(record)
            session.flush()
            session.expunge(record)
            return record

    def add_all(self, records: Sequence[Kept]) -> None:
        """Insert many records at once; each is given its number."""
        with self.unit() as unit:
            session = self._open(unit)
            session.add_all(records)
            session.flush()
            session.expunge_all()

    def keep(
        self,
        kept: Record | Executable,
        then: Callable[[], None] | None = None,
    ) -> None:
        """Insert or run at the end, even if the unit around is refused.

        Args:
            kept: the record or statement.
            then: what to do once it is committed.
        """
        with self.unit() as unit:
            unit.kept.append(kept)
            if then is not None:
                unit.told.append(then)

    def afterwards(self, act: Callable[[], None]) -> None:
        """Do something once the surrounding unit is committed."""
        with self.unit() as unit:
            unit.afterwards.append(act)

    def insert_new(self, record: type[Record], **values: Any) -> bool:
        """Insert a row unless its key is there; say whether it was new.

        The database's own constraint decides, so of two at once exactly
        one wins.
        """
        statement = insert_new(self.engine, record).values(**values)
        key = record.__mapper__.primary_key
        new = statement.on_conflict_do_nothing().returning(*key)
        return self.write_returning(new) is not None
