"""The rows that floors look up: one account, and one session of it."""

import hashlib
import time

from sqlalchemy import create_engine, text

EMAIL = "bench@example.com"
TOKEN = "b" * 43
DAY = 86_400


def fill(database: str) -> None:
    """Make the two tables, and the one row of each."""
    engine = create_engine(database)
    is_file = engine.dialect.name == "sqlite"
    kind, ending = ("blob", "without rowid") if is_file else ("bytea", "")
    with engine.begin() as connection:
        if is_file:
            connection.exec_driver_sql("pragma journal_mode=wal")
        for statement in (
            "create table users (id integer primary key, email text)",
            f"create table sessions (digest {kind} primary key, "
            f"user_id integer, expires integer) {ending}",
        ):
            connection.exec_driver_sql(statement)
        connection.execute(
            text("insert into users values (1, :email)"), {"email": EMAIL}
        )
        connection.execute(
            text("insert into sessions values (:digest, 1, :expires)"),
            {
                "digest": hashlib.sha256(TOKEN.encode()).digest(),
                "expires": int(time.time()) + DAY,
            },
        )
    if not is_file:
        loose = engine.execution_options(isolation_level="AUTOCOMMIT")
        with loose.connect() as connection:
            connection.exec_driver_sql("vacuum analyze")
    engine.dispose()
