"""A database that a test gave back comes to the next one as if new.

Roles belong to the whole server and not to one database, so nothing compares
them: whoever makes one in a test drops it there.
"""

from typing import Any

import psycopg
import pytest

from databases import Databases

ROW = "INSERT INTO vestibule_attempts VALUES ('alice', 1, 2, 3)"
SPOILING = (
    "CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql"
    " AS 'BEGIN RETURN NULL; END'"
)
TRACES = {
    "nothing": [],
    "rows": [ROW],
    "numbers": ["SELECT nextval(seqrelid::regclass) FROM pg_sequence"],
    "a trigger": [
        SPOILING,
        "CREATE TRIGGER spoil BEFORE INSERT ON vestibule_attempts"
        " FOR EACH ROW EXECUTE FUNCTION spoil()",
    ],
    "a setting": ["ALTER DATABASE {name} SET timezone = 'Asia/Tokyo'"],
    "guesses": [ROW, "ANALYZE"],
    "a table": ["CREATE TABLE left_behind (id integer)"],
    "a lost column": ["ALTER TABLE vestibule_users DROP COLUMN theme"],
    "an older version": ["UPDATE vestibule_version SET version_num = '0001'"],
}
# These are taken away in a database that is used again.
LIGHT = {"nothing", "rows", "numbers"}
# What a test could come across, asked in other words than by Databases.
SIGHTS = (
    "SHOW timezone",
    "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal",
    "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace",
    "SELECT table_name, column_name FROM information_schema.columns"
    " WHERE table_schema = 'public' ORDER BY 1, 2",
    "SELECT sequencename, last_value FROM pg_sequences ORDER BY 1",
    "SELECT relname, relpages, reltuples FROM pg_class WHERE relnamespace ="
    " 'public'::regnamespace ORDER BY 1",
)


@pytest.fixture
def lent(databases: Databases, monkeypatch: pytest.MonkeyPatch) -> Databases:
    """Give the databases, as if no other test had given one back."""
    monkeypatch.setattr(databases, "given_back", [])
    return databases


def connect(
    databases: Databases, name: str
) -> "psycopg.Connection[tuple[Any, ...]]":
    """Connect to a database like a test, but without an engine."""
    url = databases.url(name).set(drivername="postgresql")
    return psycopg.connect(url.render_as_string(False), autocommit=True)


def seen(databases: Databases, name: str) -> list[list[tuple[Any, ...]]]:
    """See all that there is in a database, and all rows."""
    with connect(databases, name) as connection:
        found = [connection.execute(x.encode()).fetchall() for x in SIGHTS]
        tables = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        for (table,) in sorted(connection.execute(tables).fetchall()):
            rows = connection.execute(f'SELECT * FROM "{table}"'.encode())
            found.append([(table,), *rows.fetchall()])
        return found


def number(databases: Databases, name: str) -> int:
    """Say which database it is, whatever its name."""
    with connect(databases, name) as connection:
        own = "SELECT oid FROM pg_database WHERE datname = current_database()"
        ((found,),) = connection.execute(own).fetchall()
        return int(found)


@pytest.mark.parametrize("trace", TRACES)
def test_no_trace_of_a_test_reaches_the_next(
    lent: Databases, trace: str
) -> None:
    first = lent.take()
    new = seen(lent, first)
    old = number(lent, first)
    with connect(lent, first) as connection:
        for statement in TRACES[trace]:
            connection.execute(statement.format(name=first).encode())
    assert (seen(lent, first) == new) == (trace == "nothing")

    lent.give_back(first)
    second = lent.take()

    assert second != first
    assert seen(lent, second) == new
    assert (number(lent, second) == old) == (trace in LIGHT)
    lent.give_back(second)


def test_whoever_is_still_connected_is_cut_off(lent: Databases) -> None:
    first = lent.take()
    old = number(lent, first)
    late = connect(lent, first)
    late.execute("SELECT 1")

    lent.give_back(first)
    second = lent.take()

    with pytest.raises(psycopg.OperationalError):
        late.execute(ROW)
    late.close()
    assert number(lent, second) == old
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        connect(lent, first)
    with connect(lent, second) as connection:
        rows = connection.execute("SELECT count(*) FROM vestibule_attempts")
        assert rows.fetchall() == [(0,)]
    lent.give_back(second)


def test_two_tests_at_once_have_two_databases(lent: Databases) -> None:
    first, second = lent.take(), lent.take()

    assert number(lent, first) != number(lent, second)
    lent.give_back(first)
    lent.give_back(second)
