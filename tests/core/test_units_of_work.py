"""A unit of work is done wholly or not at all, on both databases."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import (
    create_engine,
    event,
    insert,
    inspect,
    make_url,
    select,
    text,
    update,
)
from sqlalchemy.exc import IntegrityError

from conftest import TurnableClock, run_sql
from vestibule import engine as engines
from vestibule.attempts import Attempts
from vestibule.auth import Auth
from vestibule.db import DB
from vestibule.errors import Conflict, Unavailable
from vestibule.settings import Settings
from vestibule.user import User


@pytest.fixture
def db(settings: Settings, clock: TurnableClock) -> Iterator[DB]:
    """Open the database without the operations over it."""
    opened = DB(settings, clock)
    yield opened
    opened.close()


def row(key: str, count: int = 1) -> Attempts:
    """Make a row of the plainest table there is."""
    return Attempts(key=key, count=count, closed_until=0, forgotten_at=0)


def rows(db: DB) -> set[str]:
    """Say which rows everybody can see, outside of any unit."""
    with db.apart():
        return {found[0] for found in db.read(select(Attempts.key))}


def connections_out(db: DB) -> int:
    """Say how many connections are in use at the moment."""
    return db.engine.pool.checkedout()  # type: ignore[attr-defined,no-any-return]


def is_sqlite(db: DB) -> bool:
    """Tell which of the two databases this is."""
    return db.engine.dialect.name == "sqlite"


def end_connections(settings: Settings) -> None:
    """End every connection to the test's PostgreSQL database."""
    url = make_url(settings.database_url)
    run_sql(
        url.set(database="postgres").render_as_string(hide_password=False),
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        f"WHERE datname = '{url.database}'",
    )


# -- opening and committing -------------------------------------------------


def test_a_unit_holds_no_connection_before_its_first_write(db: DB) -> None:
    with db.unit():
        db.read(select(Attempts.key))
        db.keep(row("kept"))
        assert (db.is_writing, connections_out(db)) == (False, 0)

        db.add(row("first"))
        assert (db.is_writing, connections_out(db)) == (True, 1)

    assert (db.is_writing, connections_out(db)) == (False, 0)
    assert rows(db) == {"first", "kept"}


def test_writes_of_a_unit_are_seen_inside_at_once_and_outside_together(
    db: DB,
) -> None:
    with db.unit():
        db.add(row("one"))
        db.write(update(Attempts).values(count=7))
        assert db.insert_new(
            Attempts, key="two", count=1, closed_until=0, forgotten_at=0
        )
        inside = {found[0] for found in db.read(select(Attempts.key))}
        assert inside == {"one", "two"}
        assert rows(db) == set()

    assert rows(db) == {"one", "two"}


def test_a_unit_that_only_reads_leaves_no_transaction_open(db: DB) -> None:
    db.add(row("seen"))
    for _ in range(40):
        assert db.first(select(Attempts.key)) is not None

    assert connections_out(db) == 0


# -- refusals and bugs ------------------------------------------------------


@pytest.mark.asvs("2.3.3")
def test_a_refusal_undoes_records_and_keeps_what_must_be_kept(
    db: DB,
) -> None:
    db.add(row("counted", 1))
    done: list[str] = []

    def work() -> None:
        with db.unit():
            db.add(row("undone"))
            db.keep(row("event"))
            db.keep(
                update(Attempts)
                .where(Attempts.key == "counted")
                .values(count=Attempts.count + 1)
            )
            db.afterwards(lambda: done.append("afterwards"))
            raise Conflict

    with pytest.raises(Conflict):
        work()

    assert rows(db) == {"counted", "event"}
    count = select(Attempts.count).where(Attempts.key == "counted")
    assert db.first(count) == (2,)
    assert done == []


@pytest.mark.asvs("2.3.3")
def test_a_bug_keeps_nothing(db: DB) -> None:
    def work() -> None:
        with db.unit():
            db.add(row("undone"))
            db.keep(row("event"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        work()

    assert rows(db) == set()
    assert (db.is_writing, connections_out(db)) == (False, 0)


def test_a_write_that_the_database_refuses_undoes_the_whole_unit(
    db: DB,
) -> None:
    db.add(row("there"))

    def work() -> None:
        with db.unit():
            db.add(row("undone"))
            db.add(row("there"))

    with pytest.raises(IntegrityError):
        work()

    assert rows(db) == {"there"}


# -- units inside units -----------------------------------------------------


def inner_refusal(db: DB) -> None:
    """Write in an inner unit that is refused."""
    with db.unit():
        db.add(row("inner"))
        db.keep(row("inner event"))
        raise Conflict


def inner_clash(db: DB) -> None:
    """Write in an inner unit what a constraint does not let in."""
    with db.unit():
        db.keep(row("inner event"))
        db.add(row("inner"))
        db.add(row("inner"))


@pytest.mark.parametrize(
    ("inner", "error"),
    [(inner_refusal, Conflict), (inner_clash, IntegrityError)],
)
def test_an_inner_failure_that_is_caught_costs_only_the_inner_work(
    db: DB, inner: Callable[[DB], None], error: type[Exception]
) -> None:
    with db.unit():
        db.add(row("before"))
        with pytest.raises(error):
            inner(db)
        db.add(row("after"))

    assert rows(db) == {"before", "after", "inner event"}


def test_an_inner_failure_before_any_outer_write_is_undone_as_well(
    db: DB,
) -> None:
    with db.unit():
        with pytest.raises(Conflict):
            inner_refusal(db)
        assert not db.is_writing
        db.add(row("after"))

    assert rows(db) == {"after", "inner event"}


def test_inner_work_goes_when_the_outer_unit_is_refused(db: DB) -> None:
    def work() -> None:
        with db.unit():
            with db.unit():
                db.add(row("inner"))
                db.keep(row("inner event"))
            raise Conflict

    with pytest.raises(Conflict):
        work()

    assert rows(db) == {"inner event"}


def test_three_units_deep_each_is_undone_by_itself(db: DB) -> None:
    with db.unit():
        db.add(row("outer"))
        with db.unit():
            db.add(row("middle"))
            with pytest.raises(Conflict):
                inner_refusal(db)
            with pytest.raises(Conflict):
                inner_refusal_without_event(db)
            db.add(row("middle end"))

    assert rows(db) == {"outer", "middle", "middle end", "inner event"}


def inner_refusal_without_event(db: DB) -> None:
    """Write in an inner unit that is refused and leaves nothing."""
    with db.unit():
        db.add(row("lost"))
        raise Conflict


def test_one_write_has_no_savepoint_and_a_unit_inside_a_unit_has_one(
    db: DB,
) -> None:
    points: list[str] = []
    event.listen(db.engine, "savepoint", lambda _, name: points.append(name))

    with db.unit():
        db.add(row("first"))
        db.write(update(Attempts).values(count=2))
        db.keep(row("kept"))
        assert points == []
        with db.unit():
            db.add(row("second"))

    assert len(points) == 1


def test_what_is_added_is_whole_and_belongs_to_no_session(db: DB) -> None:
    users = [
        User(
            email=f"{name}@example.com",
            username=name,
            hashed_password="x",
            password_changed_at=1,
            created_at=1,
        )
        for name in ("alice", "bob")
    ]

    db.add_all(users)

    assert [inspect(user).detached for user in users] == [True, True]
    for user in users:
        found = db.find_user_by(id=user.id)
        assert (found.username, found.is_admin) == (user.username, False)
        assert (user.is_active, user.first_name) == (True, None)


def test_kept_rows_of_one_kind_go_in_by_one_statement(db: DB) -> None:
    said: list[str] = []
    event.listen(
        db.engine,
        "before_cursor_execute",
        lambda *given: said.append(given[2]),
    )
    kept = insert(Attempts)

    with db.unit():
        for key in ("one", "two", "three"):
            db.keep(kept, key=key, count=1, closed_until=0, forgotten_at=0)

    assert len([one for one in said if one.startswith("INSERT")]) == 1
    assert rows(db) == {"one", "two", "three"}


# -- afterwards and apart ---------------------------------------------------


def test_afterwards_runs_once_the_commit_can_be_seen(db: DB) -> None:
    seen: list[set[str]] = []
    with db.unit():
        with db.unit():
            db.afterwards(lambda: seen.append(rows(db)))
            db.add(row("written"))
        assert seen == []

    assert seen == [{"written"}]


def test_work_apart_is_committed_whatever_the_unit_around_does(
    db: DB,
) -> None:
    def work() -> None:
        with db.unit():
            with db.apart():
                db.add(row("apart"))
            db.add(row("undone"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        work()

    assert rows(db) == {"apart"}


@pytest.mark.asvs("15.4.1")
def test_one_thread_s_unit_is_not_another_s(db: DB) -> None:
    inside: list[tuple[bool, set[str]]] = []

    def look() -> None:
        inside.append((db.is_writing, rows(db)))

    with db.unit():
        db.add(row("mine"))
        looker = threading.Thread(target=look)
        looker.start()
        looker.join()

    assert inside == [(False, set())]


# -- races ------------------------------------------------------------------


@pytest.mark.attack(144)
def test_of_eight_threads_inserting_one_key_exactly_one_wins(
    db: DB,
) -> None:
    start = threading.Barrier(8)

    def insert(_: int) -> list[bool]:
        start.wait()
        return [
            db.insert_new(
                Attempts, key=f"k{n}", count=1, closed_until=0, forgotten_at=0
            )
            for n in range(10)
        ]

    with ThreadPoolExecutor(8) as threads:
        won = list(threads.map(insert, range(8)))

    assert [sum(column) for column in zip(*won, strict=True)] == [1] * 10


@pytest.mark.asvs("15.4.3")
def test_hashing_while_a_transaction_is_open_is_a_bug_that_shows(
    auth: Auth,
) -> None:
    with auth.db.unit():
        auth.passwords.hasher.hash("before the first write is fine")
        auth.db.add(row("written"))
        with pytest.raises(RuntimeError, match="transaction"):
            auth.passwords.hasher.hash("too late")
        with pytest.raises(RuntimeError, match="transaction"):
            auth.passwords.hasher.verify_nobody("too late")


def test_counting_an_attempt_inside_a_transaction_is_a_bug_that_shows(
    auth: Auth,
) -> None:
    with auth.db.unit():
        auth.db.add(row("written"))
        with (
            pytest.raises(RuntimeError, match="transaction"),
            auth.throttle.attempt("login", 1),
        ):
            pass


# -- a database that does not answer ----------------------------------------


@pytest.mark.attack("A51")
@pytest.mark.asvs("13.2.6", "16.5.2")
def test_a_database_that_is_gone_is_unavailable_and_comes_back(
    db: DB, settings: Settings
) -> None:
    if is_sqlite(db):
        # The file itself cannot go away as a server can; what stands in
        # its place then is no database.
        end, begin = _break_the_file(db)
    else:
        end, begin = _close_the_server(settings)
    db.add(row("before"))
    acts: list[Callable[[], object]] = [
        lambda: db.read(select(Attempts.key)),
        lambda: db.add(row("lost")),
        lambda: db.write(update(Attempts).values(count=9)),
        lambda: db.keep(row("lost event")),
        lambda: db.find_user_called("alice"),
    ]

    end()
    try:
        for act in acts:
            with pytest.raises(Unavailable):
                act()
    finally:
        begin()

    assert rows(db) == {"before"}
    db.add(row("after"))
    assert connections_out(db) == 0


def _close_the_server(
    settings: Settings,
) -> tuple[Callable[[], None], Callable[[], None]]:
    """Make PostgreSQL refuse the test's database, and open it again."""
    url = make_url(settings.database_url)
    postgres = url.set(database="postgres").render_as_string(
        hide_password=False
    )
    allow = f"ALTER DATABASE {url.database} ALLOW_CONNECTIONS "

    def end() -> None:
        run_sql(postgres, allow + "false")
        end_connections(settings)

    return end, lambda: run_sql(postgres, allow + "true")


def _break_the_file(db: DB) -> tuple[Callable[[], None], Callable[[], None]]:
    """Put a folder in the place of the SQLite file, and take it away."""
    path = Path(db.engine.url.database or "")
    aside = path.with_suffix(".aside")

    def end() -> None:
        db.engine.dispose()
        path.rename(aside)
        path.mkdir()

    def begin() -> None:
        db.engine.dispose()
        path.rmdir()
        aside.rename(path)

    return end, begin


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
@pytest.mark.parametrize("error", [Conflict, ZeroDivisionError])
def test_a_connection_lost_in_a_unit_does_not_hide_how_the_unit_ended(
    db: DB, settings: Settings, error: type[Exception]
) -> None:
    def work() -> None:
        with db.unit():
            db.add(row("lost"))
            end_connections(settings)
            raise error

    with pytest.raises(error):
        work()

    assert rows(db) == set()
    assert connections_out(db) == 0


@pytest.mark.attack(68, 93, 146)
@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
@pytest.mark.parametrize("act", ["commit", "write", "read"])
def test_a_connection_lost_in_a_unit_is_unavailable(
    db: DB, settings: Settings, act: str
) -> None:
    def work() -> None:
        with db.unit():
            db.add(row("lost"))
            end_connections(settings)
            if act == "write":
                db.add(row("lost, too"))
            if act == "read":
                db.read(select(Attempts.key))

    with pytest.raises(Unavailable):
        work()

    assert rows(db) == set()
    assert connections_out(db) == 0


@pytest.mark.attack(146, "A49", "A51")
@pytest.mark.asvs("13.2.6", "16.5.2")
def test_a_locked_database_is_unavailable_after_its_time_out(
    db: DB, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    db.add(row("locked"))
    if is_sqlite(db):
        monkeypatch.setattr(engines, "SECONDS_TO_WAIT", 1)
        lock = "BEGIN IMMEDIATE"
        hasty = DB(settings)
    else:
        lock = "BEGIN; SELECT * FROM vestibule_attempts FOR UPDATE"
        url = make_url(settings.database_url).update_query_dict(
            {"options": "-c lock_timeout=300ms"}
        )
        hasty = DB(
            Settings.load(
                {},
                database_url=url.render_as_string(hide_password=False),
            )
        )
    others = create_engine(settings.database_url, isolation_level="AUTOCOMMIT")
    with others.connect() as holder:
        holder.execute(text(lock))
        with pytest.raises(Unavailable):
            hasty.write(update(Attempts).values(count=9))
        assert rows(hasty) == {"locked"}
        holder.execute(text("ROLLBACK"))
    others.dispose()

    assert hasty.write(update(Attempts).values(count=9)) == 1
    hasty.close()


@pytest.mark.attack(68)
@pytest.mark.asvs("13.2.6")
@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_connections_that_died_in_the_pool_are_replaced_unnoticed(
    db: DB, settings: Settings
) -> None:
    with db.unit():
        db.add(row("before"))
        rows(db)
    assert db.engine.pool.checkedin() >= 2  # type: ignore[attr-defined]
    end_connections(settings)

    with db.unit():
        db.add(row("after"))
        assert rows(db) == {"before"}
    assert rows(db) == {"before", "after"}


def test_a_server_that_is_not_there_at_the_start_is_unavailable() -> None:
    url = "postgresql+psycopg://vestibule:canary@127.0.0.1:1/accounts"

    with pytest.raises(Unavailable) as refused:
        DB(Settings.load({}, database_url=url))
    assert "canary" not in str(refused.value)


# -- SQLite's own promises --------------------------------------------------


@pytest.mark.attack(143, "A49")
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_embedded_file_survives_a_power_cut(db: DB) -> None:
    with db.engine.connect() as connection:
        values = {
            name: connection.execute(text(f"PRAGMA {name}")).scalar()
            for name in (
                "journal_mode",
                "synchronous",
                "foreign_keys",
                "busy_timeout",
            )
        }
    assert values == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "busy_timeout": 5000,
    }


@pytest.mark.attack(144)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_transaction_has_the_write_lock_from_its_beginning(db: DB) -> None:
    other = sqlite3.connect(db.engine.url.database or "", timeout=0)
    with (
        db.engine.begin(),
        pytest.raises(sqlite3.OperationalError, match="locked"),
    ):
        other.execute("BEGIN IMMEDIATE")

    other.execute("BEGIN IMMEDIATE")
    other.close()
