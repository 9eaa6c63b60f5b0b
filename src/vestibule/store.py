"""Store: the only module that reads and writes through SQLAlchemy.

Reading happens without a transaction. Writing happens in the transaction
of the surrounding unit of work.
"""

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeAlias, TypeVar

from sqlalchemy import Executable, Row, Select, insert
from sqlalchemy.orm import make_transient_to_detached

from vestibule.engine import calmly, insert_new, open_engine, reading
from vestibule.ground.clock import Clock
from vestibule.ground.randomness import Randomness
from vestibule.migrations import VERSION_TABLE, bring_up_to_date
from vestibule.prepared import Lines, Prepared
from vestibule.records import Record
from vestibule.settings import Settings
from vestibule.units import Units

Kept = TypeVar("Kept", bound=Record)
AnyRow: TypeAlias = Row[*tuple[Any, ...]]
Rows: TypeAlias = Sequence[AnyRow]


class Readable(Protocol):
    """What is asked of a database by whoever only reads it."""

    settings: Settings
    clock: Clock
    randomness: Randomness

    def read(self, statement: Executable, **values: Any) -> Sequence[Any]:
        """Run a query and return its rows."""

    def first(self, statement: Executable, **values: Any) -> Any:
        """Run a query and return its first row, if it has one."""


class Store(Units):
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
        super().__init__(open_engine(settings))
        try:
            bring_up_to_date(self.engine)
        except BaseException:
            self.engine.dispose()
            raise
        self._reader = reading(self.engine)
        self._lines = Lines(self.engine)
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

    def read(self, statement: Executable, **values: Any) -> Rows:
        """Run a query and return its rows.

        Args:
            statement: the query.
            values: for its bound parameters, by name.
        """
        unit = self._unit.get()
        if unit is not None and unit.connection is not None:
            return unit.connection.execute(statement, values).all()
        with calmly(), self._reader.connect() as connection:
            return connection.execute(statement, values).all()

    def first(self, statement: Executable, **values: Any) -> AnyRow | None:
        """Run a query and return its first row, if it has one."""
        rows = self.read(statement, **values)
        return rows[0] if rows else None

    def prepared(self, look: Select[Any], *names: str) -> Prepared:
        """Compile a query once, whose values go by these names."""
        return Prepared(look, names, self._lines, self)

    def revision(self) -> str:
        """Ask which revision the schema is at.

        Past whoever waits for a connection of the pool.

        Raises:
            Unavailable: the database does not answer.
        """
        asked = f"SELECT version_num FROM {VERSION_TABLE}"  # noqa: S608
        row = self._lines.first(asked, ())
        return "" if row is None else str(row[0])

    def write(self, statement: Executable, **values: Any) -> int:
        """Run a statement and say how many rows it changed."""
        with self._around() as unit:
            result: Any = self._run(unit, statement, values)
            return int(result.rowcount)

    def write_each(
        self, statement: Executable, rows: Sequence[dict[str, Any]]
    ) -> None:
        """Run a statement once for each of some rows, all at once."""
        with self._around() as unit:
            self._open(unit).execute(statement, rows)

    def write_returning(
        self, statement: Executable, **values: Any
    ) -> AnyRow | None:
        """Run a statement that returns rows, and return the first."""
        with self._around() as unit:
            return self._run(unit, statement, values).first()

    def write_all(self, statement: Executable, **values: Any) -> Rows:
        """Run a statement that returns rows, and return them all."""
        with self._around() as unit:
            return self._run(unit, statement, values).all()

    def add(self, record: Kept) -> Kept:
        """Insert a record and return it with its number."""
        self.add_all([record])
        return record

    def add_all(self, records: Sequence[Record]) -> None:
        """Insert records of one table at once; each is given its number."""
        if not records:
            return
        kind = type(records[0])
        numbered = insert(kind).returning(
            *kind.__mapper__.primary_key, sort_by_parameter_order=True
        )
        values = [_values(record) for record in records]
        with self._around() as unit:
            rows = self._open(unit).execute(numbered, values).mappings()
            for record, given, number in zip(
                records, values, rows, strict=True
            ):
                vars(record).update(given, **number)
                make_transient_to_detached(record)

    def keep(
        self,
        kept: Record | Executable,
        then: Callable[[], None] | None = None,
        **values: Any,
    ) -> None:
        """Insert or run at the end, even if the unit around is refused.

        Args:
            kept: the record or statement.
            then: what to do once it is committed.
            values: for the bound parameters of a statement, by name.
        """
        if isinstance(kept, Record):
            values = _values(kept)
            kept = insert(type(kept))
        with self._around() as unit:
            unit.kept.append((kept, values))
            if then is not None:
                unit.told.append(then)

    def afterwards(self, act: Callable[[], None]) -> None:
        """Do something once the surrounding unit is committed."""
        with self._around() as unit:
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


def _values(record: Record) -> dict[str, Any]:
    """List what is to be stored of a record, column by column.

    What only the database knows is left out, as the number of a new row.
    """
    given = vars(record)
    values: dict[str, Any] = {}
    for column in record.__table__.columns:
        if column.key in given:
            values[column.key] = given[column.key]
        elif column.default is not None:
            values[column.key] = column.default.arg
        elif column.nullable:
            values[column.key] = None
    return values
