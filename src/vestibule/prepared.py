"""Prepared look-ups: below SQLAlchemy, for what every request asks.

A look-up is compiled once into the SQL of the driver, and runs on
connections of its own: no transaction is opened or ended around it, and
whoever waits for the engine's pool does not hold it up.
"""

import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any, Protocol, TypeAlias

from sqlalchemy import Engine, Executable, Select

from vestibule.engine import (
    RECYCLE,
    SECONDS_TO_WAIT,
    DatabaseSilent,
    calmly,
    is_lost,
)

MOST_CONNECTIONS = 8
# What was prepared on this connection is of no use any more: a table was
# changed, or somebody between us and the server has forgotten it.
_UNPREPARED = ("0A000", "26000")

Values: TypeAlias = tuple[Any, ...]
FoundRow: TypeAlias = tuple[Any, ...]


class Line:
    """One connection of the driver, and the cursor that always uses it."""

    def __init__(self, engine: Engine) -> None:
        # Made by the engine, so that all that it sets on connections holds
        # here as well.
        fairy = engine.raw_connection()
        held: Any = fairy.driver_connection
        fairy.detach()
        self.connection = held
        self.is_postgresql = engine.dialect.name == "postgresql"
        if self.is_postgresql:
            self.connection.autocommit = True
        self.cursor = self.connection.cursor()
        self.until = time.monotonic() + RECYCLE

    def first(self, sql: str, values: Values) -> FoundRow | None:
        """Run a statement, prepared at its first use, and read all rows.

        What is not read to its end would hold SQLite's log.
        """
        cursor = self.cursor
        if self.is_postgresql:
            # Where the address says prepare_threshold=none, the driver
            # prepares nothing in spite of this (PgBouncer).
            cursor.execute(sql, values, prepare=True)
        else:
            cursor.execute(sql, values)
        rows: list[FoundRow] = cursor.fetchall()
        return rows[0] if rows else None

    def close(self) -> None:
        """Hang up, whatever state the connection is in."""
        with suppress(Exception):
            self.connection.close()


class Lines:
    """A few connections for prepared look-ups, made when they are needed."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        # Every error of the driver is one of these.
        self._error: type[Exception] = engine.dialect.loaded_dbapi.Error
        self.begin_anew()

    def begin_anew(self) -> None:
        """Forget all connections without closing them, as after a fork."""
        self._idle: deque[Line] = deque()
        self._places: SimpleQueue[None] = SimpleQueue()
        for _ in range(MOST_CONNECTIONS):
            self._places.put(None)

    def close(self) -> None:
        """Close all that are not in use."""
        with suppress(IndexError):
            while True:
                self._idle.pop().close()

    def first(self, sql: str, values: Values) -> FoundRow | None:
        """Give the first row that a statement finds.

        A connection that was lost since its last use is replaced once.

        Raises:
            DatabaseSilent: the database does not answer, or not as it
                should; never is that "no row".
        """
        places = self._places
        try:
            places.get(timeout=SECONDS_TO_WAIT)
        except Empty as error:
            raise DatabaseSilent from error
        try:
            try:
                line = self._idle.pop()
                if line.until > time.monotonic():
                    return self._ask(line, sql, values)
                line.close()
            except IndexError:
                # None is there yet, or all of them are in use.
                pass
            except self._error as error:
                state = getattr(error, "sqlstate", "")
                if state not in _UNPREPARED and not is_lost(error):
                    raise
                # Whatever cut this one off has cut off the others.
                self.close()
            with calmly():
                line = Line(self.engine)
            return self._ask(line, sql, values)
        except self._error as error:
            raise DatabaseSilent(error) from error
        finally:
            places.put(None)

    def _ask(self, line: Line, sql: str, values: Values) -> FoundRow | None:
        """Ask on a connection, which is kept unless that goes wrong."""
        try:
            row = line.first(sql, values)
        except BaseException:
            line.close()
            raise
        self._idle.append(line)
        return row


class Reader(Protocol):
    """Whoever reads through SQLAlchemy, perhaps inside a transaction."""

    @property
    def is_writing(self) -> bool:
        """Whether a transaction is open in this thread now."""

    def first(self, statement: Executable, **values: Any) -> Any:
        """Run a query and return its first row, if it has one."""


class Prepared:
    """One look-up, compiled once; its values are given as they are."""

    def __init__(
        self,
        look: Select[Any],
        names: tuple[str, ...],
        lines: Lines,
        around: Reader,
    ) -> None:
        """Compile a look-up.

        Args:
            look: the query.
            names: of its bound parameters, in the order of the query.
            lines: where it runs.
            around: reads what this thread has not committed yet.

        Raises:
            TypeError: the query takes other values, or in another order.
        """
        self._look = look
        self._names = names
        self._first = lines.first
        self._around = around
        self._told = lines.engine.dispatch
        kind = type(lines.engine.dialect)
        style = "qmark" if lines.engine.name == "sqlite" else "format"
        dialect = kind(paramstyle=style)  # type: ignore[call-arg]
        compiled: Any = look.compile(dialect=dialect)
        if tuple(compiled.positiontup) != names:
            raise TypeError(f"the query takes {compiled.positiontup}")
        self._sql = str(compiled)
        # What the driver gives otherwise than SQLAlchemy: SQLite's switches.
        self._read: list[tuple[int, Callable[[Any], Any]]] = []
        for place, column in enumerate(look.selected_columns):
            kept = column.type.dialect_impl(dialect)
            read = kept.result_processor(dialect, None)
            if read is not None:
                self._read.append((place, read))

    def __call__(self, *values: Any) -> FoundRow | None:
        """Give the first row for these values.

        What this thread has written and not yet committed, it reads back;
        and whoever listens to the statements of the engine is told of
        this one, too.
        """
        told = self._told
        is_watched = told.before_cursor_execute or told.after_cursor_execute
        if is_watched or self._around.is_writing:
            named = dict(zip(self._names, values, strict=True))
            row = self._around.first(self._look, **named)
            return None if row is None else tuple(row)
        row = self._first(self._sql, values)
        if row is None or not self._read:
            return row
        read = [*row]
        for place, reader in self._read:
            read[place] = reader(read[place])
        return tuple(read)
