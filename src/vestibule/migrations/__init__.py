"""The history of the schema, and bringing a database up to its end.

Alembic runs the steps; its own table of versions is named so that a host
application may keep its own beside it.
"""

import threading
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import SQLAlchemyError

from vestibule.engine import calmly, is_there, open_engine, reading
from vestibule.errors import SchemaError
from vestibule.records import PREFIX
from vestibule.settings import Settings

VERSION_TABLE = "vestibule_version"
HEAD = "0017"

_alone = threading.Lock()


def schema_version(engine: Engine) -> str | None:
    """Read the revision a database is at; None for an empty one.

    Raises:
        Unavailable: the database cannot be reached.
    """
    with calmly(), reading(engine).connect() as connection:
        if not inspect(connection).has_table(VERSION_TABLE):
            return None
        found = connection.execute(
            text(f"SELECT version_num FROM {VERSION_TABLE}")  # noqa: S608
        ).scalar()
        return None if found is None else str(found)


def bring_up_to_date(engine: Engine, target: str = HEAD) -> bool:
    """Run the steps that are missing; say whether there were any.

    Safe to call from several processes at once: all steps run in one
    transaction, so the second either waits or finds the work done.

    Raises:
        SchemaError: the database was made by a newer Vestibule.
    """
    found = schema_version(engine)
    if found == target:
        return False
    if found is not None and found > HEAD:
        raise SchemaError(
            f"The database is at revision {found}, and this Vestibule knows "
            f"only up to {HEAD}. Install the newer version again."
        )
    try:
        # Alembic keeps what it is doing in its own module.
        with _alone, engine.begin() as connection:
            _upgrade(connection, target)
    except SQLAlchemyError:
        # Another process may have been quicker.
        if schema_version(engine) != target:
            raise
    return True


def upgrade(settings: Settings) -> bool:
    """Bring the configured database up to date; say if it was behind."""
    engine = open_engine(settings)
    try:
        return bring_up_to_date(engine)
    finally:
        engine.dispose()


def version_at(settings: Settings) -> str | None:
    """Read the revision of the configured database; make none."""
    if not is_there(settings):
        return None
    engine = open_engine(settings)
    try:
        return schema_version(engine)
    finally:
        engine.dispose()


def include_object(
    _thing: object,
    name: str | None,
    kind: str,
    _reflected: bool,
    _compare_to: object,
) -> bool:
    """Keep a host's own Alembic from touching the tables of Vestibule.

    ``Migrate(app, db, include_object=include_object)`` does it with
    Flask-Migrate, and ``context.configure(include_object=…)`` without.
    """
    return kind != "table" or not (name or "").startswith(PREFIX)


def _upgrade(connection: Connection, target: str) -> None:
    """Run Alembic's upgrade inside the given transaction."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = connection
    if connection.dialect.name == "postgresql":
        # A step over a big table may take longer than a request may.
        connection.execute(text("SET LOCAL statement_timeout = 0"))
    command.upgrade(config, target)
