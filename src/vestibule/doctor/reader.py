"""Reads the database for the doctor, and never changes anything in it."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from time import monotonic, sleep
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Engine, Executable, create_engine, text
from sqlalchemy.exc import DatabaseError

from vestibule.doctor.finding import Skip
from vestibule.engine import (
    LEGIBLY,
    SECONDS_TO_WAIT,
    calmly,
    database_address,
    open_engine,
    reading,
)
from vestibule.errors import Unavailable
from vestibule.ground.clock import Clock
from vestibule.ground.randomness import Randomness
from vestibule.migrations import HEAD, schema_version
from vestibule.settings import Settings

# Seconds until a database that is not up yet is asked again.
AGAIN = 0.5


class Silent(Skip):
    """The database does not answer, or there is none yet."""


def said(error: BaseException) -> str:
    """Take what the driver has said out of what was made of it."""
    cause = error if isinstance(error, DatabaseError) else error.__cause__
    driver = getattr(cause, "orig", None) or cause or error
    return " ".join(str(driver).partition("\n")[0].split())


def has_spoken(error: BaseException) -> bool:
    """Tell whether a server itself refuses, and is not just coming up."""
    words = said(error)
    return "FATAL:" in words and "starting up" not in words


class Reader:
    """One database, asked by whoever looks at it.

    An SQLite file is opened without any of the settings that Vestibule
    gives it, so that it is seen as it lies there.
    """

    def __init__(self, settings: Settings, clock: Clock | None = None) -> None:
        self.settings = settings
        self.clock = Clock() if clock is None else clock
        self.randomness = Randomness()
        self.address = database_address(settings)
        self.kind = self.address.get_backend_name()
        self._trouble: Exception | None = None
        # Seconds for which a database that is not up yet is waited for.
        self.patience = 0.0

    @property
    def file(self) -> Path:
        """The file of an SQLite database.

        Raises:
            Skip: it is none.
        """
        if self.kind != "sqlite":
            raise Skip("the database is PostgreSQL")
        return Path(str(self.address.database))

    @property
    def host(self) -> str:
        """Where PostgreSQL is reached: a name, an address or a folder.

        Raises:
            Skip: it is none.
        """
        if self.kind == "sqlite":
            raise Skip("the database is SQLite")
        named = self.address.host or self.address.query.get("host") or ""
        return str(named)

    @cached_property
    def engine(self) -> Engine:
        """The way to the database.

        Raises:
            Silent: there is no file yet.
        """
        if self.kind == "sqlite":
            if not self.file.exists():
                raise Silent(f"there is no database at {self.file} yet")
            return create_engine("sqlite://", creator=self._opened)
        return reading(open_engine(self.settings))

    def _opened(self) -> sqlite3.Connection:
        """Open the file as it is, for reading alone."""
        made = sqlite3.connect(
            f"file:{quote(str(self.file.absolute()))}?mode=rw",
            uri=True,
            timeout=SECONDS_TO_WAIT,
            check_same_thread=False,
        )
        made.text_factory = LEGIBLY
        made.execute("PRAGMA query_only=ON").close()
        return made

    @contextmanager
    def connected(self) -> Iterator[Connection]:
        """Connect; who could not do so once does not wait again.

        Raises:
            Silent: it does not answer, or cannot do what it is asked.
        """
        if self._trouble is not None:
            raise Silent("the database does not answer") from self._trouble
        try:
            connection = self._connected_at_last()
        except (Unavailable, DatabaseError) as silent:
            self._trouble = silent
            raise Silent("the database does not answer") from silent
        with connection:
            try:
                yield connection
            except DatabaseError as refusal:
                raise Silent(f"the database says: {said(refusal)}") from (
                    refusal
                )

    def _connected_at_last(self) -> Connection:
        """Connect, again and again while the database comes up."""
        until = monotonic() + self.patience
        while True:
            try:
                with calmly():
                    return self.engine.connect()
            except Unavailable as silent:
                left = until - monotonic()
                if left <= 0 or self.kind == "sqlite" or has_spoken(silent):
                    raise
                sleep(min(left, AGAIN))

    def revision(self) -> str | None:
        """Read at which revision the schema is; None for an empty one."""
        with self.connected() as connection:
            connection.execute(text("SELECT 1"))
        try:
            return schema_version(self.engine)
        except (Unavailable, DatabaseError) as refusal:
            raise Silent(f"the database says: {said(refusal)}") from refusal

    def value(self, question: str | Executable) -> Any:
        """Ask for one value."""
        if isinstance(question, str):
            question = text(question)
        with self.connected() as connection:
            return connection.execute(question).scalar()

    def read(self, statement: Executable, **values: Any) -> Sequence[Any]:
        """Ask for rows, as of the database of accounts."""
        with self.connected() as connection:
            return connection.execute(statement, values).all()

    def first(self, statement: Executable, **values: Any) -> Any:
        """Ask for the first row."""
        rows = self.read(statement, **values)
        return rows[0] if rows else None

    def needs_tables(self) -> None:
        """Go on only where all tables are there.

        Raises:
            Skip: they are not.
        """
        if self.revision() != HEAD:
            raise Skip("the tables are not those of this version")

    def close(self) -> None:
        """Give the connections back."""
        made = self.__dict__.get("engine")
        if made is not None:
            made.dispose()
