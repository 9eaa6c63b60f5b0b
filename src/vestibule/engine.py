"""The database engine: one behaviour on SQLite and on PostgreSQL."""

import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, ExceptionContext, make_url
from sqlalchemy.exc import (
    ArgumentError,
    DBAPIError,
    InterfaceError,
    OperationalError,
)
from sqlalchemy.exc import (
    TimeoutError as PoolTimeout,
)

from vestibule.errors import Unavailable
from vestibule.ground.knobs import SettingsError
from vestibule.ground.tally import count
from vestibule.settings import Settings

if TYPE_CHECKING:
    from vestibule.records import Record

SECONDS_TO_WAIT = 5
# An older connection is replaced: after a failover it may be another
# server's than new ones are.
RECYCLE = 300

_DRIVERS = {
    "sqlite",
    "sqlite+pysqlite",
    "postgresql",
    "postgresql+psycopg",
}
_POOL: dict[str, Any] = {
    "pool_size": 16,
    "max_overflow": 16,
    "pool_timeout": SECONDS_TO_WAIT,
    "pool_use_lifo": True,
    # A log must not show the hash, address or letter that a failed
    # statement was about.
    "hide_parameters": True,
}
_NO_FILE = (None, "", ":memory:")
# A connection that answers so is of no use any more: the server became
# read-only, is shutting down, or is gone.
_LOST = ("25006", "57P01", "57P02", "57P03", "08")
# How the two say that a table is missing; SQLite has no codes for that.
_NO_TABLE = ("42P01", "no such table")


def database_address(settings: Settings) -> URL:
    """Read the address of the configured database.

    Raises:
        SettingsError: it is none, or of a kind that is not served; the
            message does not hold it, for it may hold a password.
    """
    try:
        url = make_url(settings.database_url)
        is_known = url.drivername in _DRIVERS
    except (ArgumentError, ValueError):
        is_known = False
    if not is_known:
        raise SettingsError(
            "VESTIBULE_DATABASE_URL: write it like "
            "postgresql://name:password@host/database or "
            "sqlite:////srv/vestibule.db"
        ) from None
    if url.get_backend_name() == "sqlite" and url.database in _NO_FILE:
        raise SettingsError(
            "VESTIBULE_DATABASE_URL: a database in memory has no tables for "
            "the next connection. Name a file; tests take "
            "vestibule.testing.config()"
        )
    return url


def is_there(settings: Settings) -> bool:
    """Tell whether there is a file, or another kind of database."""
    url = database_address(settings)
    if url.get_backend_name() != "sqlite":
        return True
    return Path(str(url.database)).exists()


def open_engine(settings: Settings) -> Engine:
    """Make the engine for the configured database."""
    url = database_address(settings)
    if url.get_backend_name() == "sqlite":
        return _sqlite_engine(settings)
    waits = f"-c statement_timeout={SECONDS_TO_WAIT}s -c lock_timeout=5s"
    arguments: dict[str, Any] = {"connect_timeout": 2}
    url = _preparing(url, arguments)
    if "options" not in url.query:
        arguments["options"] = waits
    engine = create_engine(
        url,
        connect_args=arguments,
        pool_pre_ping=True,
        pool_recycle=RECYCLE,
        **_POOL,
    )
    event.listen(engine, "handle_error", _give_up_lost_connections)
    event.listen(engine, "handle_error", _leave_out_values)
    return engine


def _preparing(url: URL, arguments: dict[str, Any]) -> URL:
    """Read from an address when statements are prepared, if it says so.

    A pooler that gives out connections by transaction may know nothing of
    what was prepared on another one; ``none`` then prepares nothing.

    Raises:
        SettingsError: it is neither a number nor none.
    """
    said = url.query.get("prepare_threshold")
    if said is None:
        return url
    text = str(said).lower()
    if text != "none" and not re.fullmatch("[0-9]{1,9}", text):
        raise SettingsError(
            "VESTIBULE_DATABASE_URL: prepare_threshold is a number, or none"
        )
    arguments["prepare_threshold"] = None if text == "none" else int(text)
    return url.difference_update_query(["prepare_threshold"])


def reading(engine: Engine) -> Engine:
    """Give the engine's twin that reads without opening transactions."""
    if engine.dialect.name == "sqlite":
        return engine.execution_options(vestibule_reads=True)
    return engine.execution_options(isolation_level="AUTOCOMMIT")


def _sqlite_engine(settings: Settings) -> Engine:
    """Open the embedded file, which is made private with its folder.

    SQLite gives the files beside it the same permissions.
    """
    url = database_address(settings)
    path = Path(str(url.database))
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.touch(mode=0o600)
    engine = create_engine(
        url, connect_args={"timeout": SECONDS_TO_WAIT}, **_POOL
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_immediately)
    return engine


# Text that is none is shown as such, and stops nobody.
LEGIBLY = partial(str, encoding="utf-8", errors="backslashreplace")


def _prepare_sqlite(connection: sqlite3.Connection, _: object) -> None:
    """Make an acknowledged commit survive a power cut.

    Source: sqlite.org/pragma.html#pragma_synchronous; WAL with NORMAL may
    lose the last commits.
    """
    # The driver must not begin transactions by itself.
    connection.isolation_level = None
    # Attack: a row that holds what is no text, and stops whoever reads it.
    connection.text_factory = LEGIBLY
    _write_ahead(connection)
    # Freed space is overwritten: a key that was erased is nowhere in it.
    for pragma in ("synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
        connection.execute(f"PRAGMA {pragma}").close()


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Use the write-ahead log, waiting for whoever opens or closes the file.

    While the first one puts a new file into this mode, or the last one
    takes the log away, SQLite says at once that it is locked, whatever the
    time-out. Source: sqlite.org/wal.html, section 8.
    """
    until = time.monotonic() + SECONDS_TO_WAIT
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL").close()
            return
        except sqlite3.OperationalError as error:
            code = error.sqlite_errorcode & 0xFF
            is_busy = code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
            if not is_busy or time.monotonic() > until:
                raise
            time.sleep(0.01)


def _begin_immediately(connection: Connection) -> None:
    """Take the write lock at once.

    A transaction that reads first and writes later fails with SQLITE_BUSY
    at once, whatever the time-out says.
    """
    if not connection.get_execution_options().get("vestibule_reads"):
        connection.exec_driver_sql("BEGIN IMMEDIATE")


def _give_up_lost_connections(context: ExceptionContext) -> None:
    """Tell the pool about errors that mean the connection is lost."""
    if _says_lost(context.original_exception):
        context.is_disconnect = True


def _leave_out_values(context: ExceptionContext) -> None:
    """Leave of an error only the first line that PostgreSQL tells.

    What follows holds addresses and hashes of the row or the statement,
    and whoever logs the error logs it. Whoever could not connect has named
    no row, and is told more.
    """
    if context.connection is None:
        return
    for error in (context.original_exception, context.sqlalchemy_exception):
        if error and error.args:
            first, _, rest = str(error.args[0]).partition("\n")
            if rest:
                error.args = (first, *error.args[1:])


def _says_lost(error: BaseException) -> bool:
    """Tell whether a server says that a connection is of no use."""
    state = getattr(error, "sqlstate", None) or ""
    return bool(state.startswith(_LOST))


def is_lost(error: BaseException) -> bool:
    """Tell whether an error of PostgreSQL's driver means a lost connection.

    An error without a state is none of the server's, but the driver's,
    which found the connection cut.
    """
    return getattr(error, "sqlstate", "") is None or _says_lost(error)


class DatabaseSilent(Unavailable):
    """The database cannot be reached, is locked, too slow or broken."""

    def __init__(self, error: Exception | None = None) -> None:
        count("database_errors")
        super().__init__()
        self.lacks = _lost_table(error)


def _lost_table(error: Exception | None) -> str:
    """Repeat what the driver says of a missing table, if it says that."""
    driver = getattr(error, "orig", error)
    said = str(driver).partition("\n")[0]
    state = getattr(driver, "sqlstate", None) or said
    return said if state.startswith(_NO_TABLE) else ""


@contextmanager
def calmly() -> Iterator[None]:
    """Turn a database that does not answer into a refusal: 503, never 401.

    Raises:
        DatabaseSilent: when it cannot be reached, is locked or too slow, or
            has lost a table.
    """
    try:
        yield
    except (OperationalError, InterfaceError, PoolTimeout) as error:
        raise DatabaseSilent(error) from error
    except DBAPIError as error:
        if error.connection_invalidated or _lost_table(error):
            raise DatabaseSilent(error) from error
        raise


def insert_new(
    engine: Engine, record: "type[Record]"
) -> "sqlite.Insert | postgresql.Insert":
    """Begin an INSERT that can say what to do on a conflict."""
    if engine.dialect.name == "sqlite":
        return sqlite.insert(record)
    return postgresql.insert(record)
