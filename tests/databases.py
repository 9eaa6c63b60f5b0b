"""PostgreSQL databases for tests: each meets one as if it were new.

To make a database takes five times as long as to empty one, so the
one that a test gave back is emptied for the next test. It bears another
name then, for nothing that the earlier test left running may find it.
"""

import os
import time
from contextlib import suppress
from typing import Any

import psycopg
from sqlalchemy import create_engine, make_url
from sqlalchemy.engine import URL

from vestibule.migrations import VERSION_TABLE, bring_up_to_date

# Nobody pulls the plug of this server. Rows keep the order in which they
# came, as in a new table, while nobody tidies up behind those deleted.
CARELESS = (
    "fsync = off",
    "full_page_writes = off",
    "synchronous_commit = off",
    "autovacuum = off",
)
# All rows go, whoever refers to them, and all numbers begin anew.
EMPTYING = f"""
DO $$
DECLARE name text;
BEGIN
    SET LOCAL session_replication_role = replica;
    FOR name IN
        SELECT oid::regclass FROM pg_class
        WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
        AND relname <> '{VERSION_TABLE}'
    LOOP
        EXECUTE 'DELETE FROM ' || name;
    END LOOP;
    PERFORM setval(seqrelid::regclass, seqstart, false) FROM pg_sequence;
END $$
"""
# What PostgreSQL itself writes down about tables, types and functions: every
# row of it that is added or changed has a newer xmin, and one that is gone
# is missing from the count. ANALYZE changes the guesses about sizes.
CATALOGUES = (
    "pg_attrdef",
    "pg_attribute",
    "pg_class",
    "pg_collation",
    "pg_constraint",
    "pg_event_trigger",
    "pg_extension",
    "pg_index",
    "pg_inherits",
    "pg_largeobject_metadata",
    "pg_namespace",
    "pg_policy",
    "pg_proc",
    "pg_rewrite",
    "pg_sequence",
    "pg_statistic",
    "pg_statistic_ext",
    "pg_trigger",
    "pg_type",
)
LOOKING = (
    " UNION ALL ".join(
        f"SELECT count(*)::text, max(xmin::text::bigint)::text FROM {name}"
        for name in CATALOGUES
    )
    + f" UNION ALL SELECT version_num, '' FROM {VERSION_TABLE}"
    " UNION ALL SELECT sum(relpages)::text, sum(reltuples)::text FROM pg_class"
    " UNION ALL SELECT count(*)::text, '' FROM pg_db_role_setting"
    " WHERE setdatabase IN (0, (SELECT oid FROM pg_database"
    " WHERE datname = current_database()))"
)
CONNECTIONS = "SELECT pid FROM pg_stat_activity WHERE datname = '{name}'"
END_CONNECTIONS = CONNECTIONS.replace("pid", "pg_terminate_backend(pid)")
# Too much of what was deleted may count to the planner.
IS_HEAVY = """
SELECT sum(pg_relation_size(oid)) > 1000000 FROM pg_class
WHERE relnamespace = 'public'::regnamespace
"""


class Databases:
    """The databases of one server: those given out, and those to reuse."""

    def __init__(self, server: str) -> None:
        self.server = make_url(server)
        self.given_back: list[str] = []
        self.admin = self._connect("postgres")
        for setting in CARELESS:
            self._order(f"ALTER SYSTEM SET {setting}")
        self._order("SELECT pg_reload_conf()")
        self._order("CREATE DATABASE stage")
        engine = create_engine(self.url("stage"))
        bring_up_to_date(engine)
        engine.dispose()
        self.as_new = self._seen("stage")
        assert self.as_new

    def url(self, name: str) -> URL:
        """Say where a database is."""
        return self.server.set(database=name)

    def take(self) -> str:
        """Give out a database without any row, under a name of its own."""
        name = f"test_{os.getpid()}_{os.urandom(4).hex()}"
        while self.given_back:
            if self._is_cleaned(self.given_back.pop(0), name):
                return name
        self._order(f"CREATE DATABASE {name} TEMPLATE stage")
        return name

    def give_back(self, name: str) -> None:
        """Take a database back; whoever is still connected to it is not."""
        self._order(END_CONNECTIONS.format(name=name))
        self.given_back.append(name)

    def close(self) -> None:
        """Let the server go."""
        self.admin.close()

    def _is_cleaned(self, old: str, name: str) -> bool:
        """Make a database like new, or drop it where that is in doubt."""
        self._wait_until_left(old)
        with suppress(psycopg.Error):
            self._order(f"ALTER DATABASE {old} RENAME TO {name}")
            if self._seen(name) == self.as_new:
                return True
        for left in (old, name):
            self._order(f"DROP DATABASE IF EXISTS {left} WITH (FORCE)")
        return False

    def _wait_until_left(self, name: str) -> None:
        """Wait until connections that were ended have gone.

        The server would look for that only ten times a second.
        """
        for _ in range(1000):
            connected = self._order(CONNECTIONS.format(name=name))
            if not connected.fetchall():
                return
            time.sleep(0.002)

    def _seen(self, name: str) -> list[tuple[Any, ...]]:
        """Empty a database, and see what else there is to it."""
        with self._connect(name) as connection:
            if connection.execute(IS_HEAVY).fetchall() == [(True,)]:
                return []
            connection.execute(EMPTYING.encode())
            return connection.execute(LOOKING.encode()).fetchall()

    def _order(self, statement: str) -> "psycopg.Cursor[tuple[Any, ...]]":
        """Have the server do something outside of any transaction."""
        return self.admin.execute(statement.encode())

    def _connect(self, name: str) -> "psycopg.Connection[tuple[Any, ...]]":
        """Connect to a database of the server."""
        return psycopg.connect(
            host=str(self.server.query["host"]),
            user=self.server.username,
            dbname=name,
            autocommit=True,
        )
