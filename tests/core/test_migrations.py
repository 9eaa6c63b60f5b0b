"""The schema grows step by step, keeps its data, and minds its business."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from argon2 import PasswordHasher
from sqlalchemy import Engine, inspect, make_url, text
from sqlalchemy.exc import SQLAlchemyError

from conftest import PASSWORD, run_sql
from vestibule import migrations
from vestibule.auth import Auth
from vestibule.db import DB
from vestibule.engine import open_engine
from vestibule.errors import SchemaError
from vestibule.ground.randomness import fingerprint
from vestibule.migrations import (
    HEAD,
    VERSION_TABLE,
    bring_up_to_date,
    schema_version,
)
from vestibule.policy import OPERATOR
from vestibule.records import PREFIX, Record
from vestibule.settings import Settings
from vestibule.user import User

FOLDER = Path(migrations.__file__).parent


def revisions() -> list[str]:
    """List all steps from the first to the newest."""
    scripts = ScriptDirectory(str(FOLDER))
    return [step.revision for step in scripts.walk_revisions()][::-1]


@pytest.fixture(params=["sqlite", "postgres"])
def empty(
    request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[Settings]:
    """Give the test the settings of an empty database of its own."""
    if request.param == "sqlite":
        yield Settings.load({}, data=tmp_path)
        return
    server = request.getfixturevalue("postgres")
    name = f"empty_{os.getpid()}_{os.urandom(4).hex()}"
    run_sql(server, f"CREATE DATABASE {name}")
    url = make_url(server).set(database=name)
    yield Settings.load(
        {},
        data=tmp_path,
        database_url=url.render_as_string(hide_password=False),
    )
    run_sql(server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def engine(empty: Settings) -> Iterator[Engine]:
    """Open the empty database."""
    opened = open_engine(empty)
    yield opened
    opened.dispose()


def run(engine: Engine, *statements: str, **values: Any) -> None:
    """Run statements in one transaction."""
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement), values)


def tables(engine: Engine) -> set[str]:
    """List the tables there are."""
    return set(inspect(engine).get_table_names())


def go_back(engine: Engine, target: str) -> None:
    """Undo steps of the schema."""
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, target)


def move_alice_in(engine: Engine) -> None:
    """Insert an account as the very first version did."""
    hashed = PasswordHasher(1, 8, 1).hash(PASSWORD)
    run(
        engine,
        "INSERT INTO vestibule_users (email, username, hashed_password, "
        "password_changed_at, created_at) VALUES ('Alice@example.com', "
        "'Alice', :hashed, 1700000000, 1700000000)",
        "INSERT INTO vestibule_identifiers (canonical, kind, user_id) "
        "SELECT 'alice@example.com', 'email', id FROM vestibule_users",
        "INSERT INTO vestibule_identifiers (canonical, kind, user_id) "
        "SELECT 'alice', 'username', id FROM vestibule_users",
        hashed=hashed,
    )


# -- forwards ---------------------------------------------------------------


def test_an_empty_database_is_brought_to_the_newest_revision(
    engine: Engine,
) -> None:
    assert schema_version(engine) is None

    assert bring_up_to_date(engine) is True
    assert schema_version(engine) == HEAD == revisions()[-1]
    assert bring_up_to_date(engine) is False


def test_revisions_are_numbered_without_gap_or_branch() -> None:
    numbers = [int(revision) for revision in revisions()]

    assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.parametrize("first", revisions())
def test_an_account_of_any_older_version_can_sign_in_afterwards(
    engine: Engine, empty: Settings, first: str
) -> None:
    bring_up_to_date(engine, first)
    move_alice_in(engine)

    auth = Auth(DB(empty))

    assert schema_version(engine) == HEAD
    for name in ("alice", "ALICE@example.com"):
        outcome = auth.login.with_password(name, PASSWORD)
        user = auth.get_user_from_session_id(outcome.token)
        assert user is not None
        assert (user.email, user.username) == ("Alice@example.com", "Alice")
        assert user.is_admin is False
    auth.db.close()


def test_steps_taken_one_by_one_keep_what_each_could_hold(
    engine: Engine, empty: Settings
) -> None:
    bring_up_to_date(engine, "0001")
    move_alice_in(engine)
    bring_up_to_date(engine, "0002")
    run(
        engine,
        "INSERT INTO vestibule_sessions (fingerprint, user_id, created_at, "
        "seen_at, idle_for, ends_at, dies_at, address, agent) SELECT "
        ":fingerprint, id, 1, 9999999999, 9, 9999999999, 9999999999, '', '' "
        "FROM vestibule_users",
        fingerprint=fingerprint("a session of old"),
    )
    for revision in revisions()[2:]:
        assert bring_up_to_date(engine, revision) is True
        assert schema_version(engine) == revision

    auth = Auth(DB(empty))
    assert auth.get_user_from_session_id("a session of old") is not None
    assert auth.valid_login("alice", PASSWORD)
    auth.db.close()


def test_a_step_that_fails_leaves_nothing_behind(engine: Engine) -> None:
    # Somebody else's table stands where ours is to be.
    run(engine, "CREATE TABLE vestibule_outbox (x INTEGER)")

    with pytest.raises(SQLAlchemyError):
        bring_up_to_date(engine)

    assert tables(engine) == {"vestibule_outbox"}
    assert schema_version(engine) is None


# -- what the steps build ---------------------------------------------------


def test_steps_and_records_describe_the_same_schema(engine: Engine) -> None:
    bring_up_to_date(engine)

    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "version_table": VERSION_TABLE,
                "compare_type": True,
                # SQLite has no identities; the next test compares all.
                "compare_server_default": engine.dialect.name != "sqlite",
            },
        )
        assert compare_metadata(context, Record.metadata) == []


def described(engine: Engine) -> dict[str, Any]:
    """Describe every table as the database itself knows it."""
    found = inspect(engine)
    return {
        table: {
            "columns": [
                {**column, "type": str(column["type"])}
                for column in found.get_columns(table)
            ],
            "primary key": found.get_pk_constraint(table),
            "foreign keys": found.get_foreign_keys(table),
            "unique": by_name(found.get_unique_constraints(table)),
            "checks": by_name(found.get_check_constraints(table)),
            "indexes": [
                # What a part of an index is of is a text of its own kind.
                {
                    **index,
                    "dialect_options": {
                        option: str(value)
                        for option, value in index.get(
                            "dialect_options", {}
                        ).items()
                    },
                }
                for index in by_name(found.get_indexes(table))
            ],
        }
        for table in found.get_table_names()
        if table != VERSION_TABLE
    }


def by_name(found: Any) -> list[Any]:
    """Sort constraints by their names."""
    return sorted(found, key=lambda one: str(one["name"]))


def test_steps_build_what_the_records_would_build_at_once(
    engine: Engine,
) -> None:
    bring_up_to_date(engine)
    by_steps = described(engine)
    go_back(engine, "base")
    Record.metadata.create_all(engine)

    at_once = described(engine)
    assert by_steps.keys() == at_once.keys()
    for table, description in at_once.items():
        assert by_steps[table] == description


def test_everything_is_named_as_ours(engine: Engine) -> None:
    bring_up_to_date(engine)

    assert tables(engine) == {*Record.metadata.tables, VERSION_TABLE}
    assert all(name.startswith(PREFIX) for name in tables(engine))


def test_the_number_of_a_deleted_account_is_never_given_again(
    engine: Engine, empty: Settings
) -> None:
    bring_up_to_date(engine)
    auth = Auth(DB(empty))
    first = auth.db.add_user("alice@example.com", "x")
    auth.deletion.delete(first, by=OPERATOR)
    second = auth.db.add_user("alice@example.com", "x")
    auth.db.close()

    assert isinstance(second, User)
    assert second.id > first.id


# -- backwards --------------------------------------------------------------


def test_every_step_can_be_undone_and_done_again(engine: Engine) -> None:
    bring_up_to_date(engine, "0001")
    after = {"0001": described(engine)}
    for revision in revisions()[1:]:
        bring_up_to_date(engine, revision)
        after[revision] = described(engine)

    for revision in revisions()[-2::-1]:
        go_back(engine, revision)
        assert described(engine) == after[revision]
    go_back(engine, "base")
    assert tables(engine) == {VERSION_TABLE}

    assert bring_up_to_date(engine) is True
    assert described(engine) == after[HEAD]


def test_events_of_an_older_version_are_chained_and_can_go_back(
    engine: Engine, empty: Settings
) -> None:
    bring_up_to_date(engine, "0012")
    for number in "12":
        run(
            engine,
            "INSERT INTO vestibule_events VALUES (:id, 1700000000, 'login', "
            "'done', 7, 7, 'page', '192.0.2.7', 'Rosewood', 'r')",
            id="0" * 31 + number,
        )
    auth = Auth(DB(empty))
    told = auth.audit.of(7).items
    # Nobody has this number, and where they were is not told.
    assert {one.address for one in told} == {""}
    auth.history.record("login", 7)
    auth.audit.seal()
    verifier = auth.audit.verifier()
    assert [*verifier.findings()] == []
    assert (verifier.rows, verifier.older) == (3, 2)
    auth.db.close()

    go_back(engine, "0012")
    with engine.connect() as connection:
        rows = connection.execute(
            text("SELECT at, act, actor_id FROM vestibule_events ORDER BY id")
        )
        assert rows.all()[:2] == [(1700000000, "login", 7)] * 2


# -- several at once, newer ones, other people's ----------------------------


def test_a_database_of_a_newer_version_is_left_alone(
    engine: Engine, empty: Settings
) -> None:
    bring_up_to_date(engine)
    run(engine, f"UPDATE {VERSION_TABLE} SET version_num = '9999'")
    before = described(engine)

    for open_ in (lambda: bring_up_to_date(engine), lambda: DB(empty)):
        with pytest.raises(SchemaError, match=r"9999.*only up to " + HEAD):
            open_()

    assert described(engine) == before
    assert schema_version(engine) == "9999"


def test_threads_that_migrate_at_once_all_end_well(empty: Settings) -> None:
    start = threading.Barrier(4)

    def migrate(_: int) -> str | None:
        own = open_engine(empty)
        start.wait()
        bring_up_to_date(own)
        version = schema_version(own)
        own.dispose()
        return version

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(migrate, range(4))) == [HEAD] * 4


def test_processes_that_migrate_at_once_all_end_well(
    engine: Engine, empty: Settings
) -> None:
    bring_up_to_date(engine, "0001")
    move_alice_in(engine)
    engine.dispose()
    code = (
        "import sys; from vestibule import migrations; "
        "from vestibule.settings import Settings; "
        f"found = Settings.load({{}}, database_url={empty.database_url!r}); "
        "print('ready', flush=True); sys.stdin.read(); "
        "migrations.upgrade(found)"
    )
    started = [
        subprocess.Popen(
            [sys.executable, "-c", code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    for process in started:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
    for process in started:
        assert process.stdin
        process.stdin.close()
        process.stdin = None
    errors = [process.communicate()[1] for process in started]

    assert errors == [""] * 3
    assert [process.returncode for process in started] == [0] * 3
    assert schema_version(engine) == HEAD


def test_nothing_of_the_application_beside_is_touched(
    engine: Engine,
) -> None:
    run(
        engine,
        "CREATE TABLE users (id INTEGER PRIMARY KEY, name VARCHAR(9))",
        "CREATE TABLE alembic_version (version_num VARCHAR(32))",
        "CREATE INDEX ix_users_name ON users (name)",
        "CREATE VIEW people AS SELECT name FROM users",
        "INSERT INTO users VALUES (1, 'alice')",
        "INSERT INTO alembic_version VALUES ('theirs')",
    )
    before = described(engine)

    bring_up_to_date(engine)
    go_back(engine, "base")
    bring_up_to_date(engine)

    after = described(engine)
    assert {name: after[name] for name in before} == before
    with engine.connect() as connection:
        for query, row in {
            "SELECT * FROM users": (1, "alice"),
            "SELECT * FROM people": ("alice",),
            "SELECT * FROM alembic_version": ("theirs",),
        }.items():
            assert connection.execute(text(query)).all() == [row]
