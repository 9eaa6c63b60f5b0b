"""Measure the administrators' list of accounts, with few and with many.

    script/bench admin_list                     100 and 100,000 accounts
    script/bench admin_list --users 1000000
    script/bench admin_list --database URL      on PostgreSQL as well

Every page is asked for through the application, as an administrator's
browser does. Milliseconds are the median and the best of twenty; the ratio
is that of the best to the same page with the few accounts, in the same run.
Databases of its own are made for it and removed again, on a server of
PostgreSQL too.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import create_engine, insert, make_url, text

from vestibule.auth import Auth
from vestibule.doors.app import create_app
from vestibule.policy import OPERATOR
from vestibule.settings import Settings
from vestibule.user import Identifier, User

FEW = 100
AT_ONCE = 10_000
TIMES = 21
# Six in ten are old members; the newer ones have one of these names.
NAMES = ("anna", "boris", "carla", "dmitri", "elena", "felix", "greta", "igor")
Spans = dict[str, list[float]]
PASSWORD = "correct horse battery staple"  # noqa: S105
PAGES = {
    "first page": "",
    "deep page": "before={middle}",
    "prefix, one hit": "search={newest}@",
    "prefix, few hits": "search=anna{few}",
    "prefix, many hits": "search=anna",
    "prefix, many hits, deep": "search=member&before={middle}",
    "prefix, many hits, all old": "search=member",
    "prefix, no hit": "search=zzz",
    "number": "search=id:{middle}",
    "disabled": "state=disabled",
    "administrators": "role=admin",
    "not confirmed": "address=unconfirmed",
    "confirmed": "address=confirmed",
    "others, active": "role=other&state=active",
    "disabled, many hits": "state=disabled&search=anna",
}


def say(words: str) -> None:
    """Tell how far it is."""
    print(f"· {words}", file=sys.stderr, flush=True)


def username(number: int, count: int) -> str:
    """Name an account; the oldest are members."""
    if number <= count * 6 // 10:
        return f"member{number}"
    return f"{NAMES[number % len(NAMES)]}{number}"


def accounts(numbers: range, count: int) -> list[dict[str, Any]]:
    """Make the rows of some accounts."""
    return [
        {
            "id": number,
            "username": username(number, count),
            "email": f"{username(number, count)}@example.com",
            "hashed_password": f"$argon2id$v=19$m=47104,t=1,p=1${'x' * 66}",
            "is_admin": False,
            "is_active": number % 5000 != 0,
            "email_verified_at": None if number % 20 == 0 else 1_700_000_000,
            "password_changed_at": 1_700_000_000,
            "created_at": 1_700_000_000 + number,
        }
        for number in numbers
    ]


def identifiers(people: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Make the rows of the names that lead to accounts."""
    return [
        {"canonical": person[column], "kind": column, "user_id": person["id"]}
        for person in people
        for column in ("email", "username")
    ]


def fill(auth: Auth, count: int) -> User:
    """Write accounts in bulk, and make an administrator behind them."""
    with auth.db.engine.begin() as connection:
        for start in range(1, count + 1, AT_ONCE):
            numbers = range(start, min(start + AT_ONCE, count + 1))
            people = accounts(numbers, count)
            connection.execute(insert(User), people)
            connection.execute(insert(Identifier), identifiers(people))
        if connection.dialect.name == "postgresql":
            number = text(
                "SELECT setval(pg_get_serial_sequence("
                "'vestibule_users', 'id'), max(id)) FROM vestibule_users"
            )
            connection.execute(number)
    if auth.db.engine.dialect.name == "postgresql":
        # What autovacuum does within a minute.
        loose = auth.db.engine.execution_options(isolation_level="AUTOCOMMIT")
        with loose.connect() as connection:
            connection.execute(text("VACUUM ANALYZE"))
    made = auth.registration.register(
        "boss@example.com", PASSWORD, "boss", by_operator=True
    )
    auth.administration.set_admin(made, is_admin=True, by=OPERATOR)
    return made


@contextmanager
def database(server: str | None, folder: Path, count: int) -> Iterator[str]:
    """Give an empty database, on SQLite or on a server."""
    if server is None:
        yield f"sqlite:///{folder}/{count}.db"
        return
    name = f"vestibule_bench_{os.getpid()}_{count}"
    url = make_url(server)
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    try:
        yield url.set(database=name).render_as_string(hide_password=False)
    finally:
        with engine.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        engine.dispose()


def spans(client: FlaskClient, address: str) -> list[float]:
    """Ask for a page several times; say how many milliseconds each took."""
    found = []
    for _ in range(TIMES):
        begun = time.perf_counter()
        answer = client.get(address, headers={"Accept": "text/html"})
        found.append(1000 * (time.perf_counter() - begun))
        if answer.status_code != 200:
            sys.exit(f"{address} answered {answer.status_code}")
    return found[1:]


def measured(server: str | None, folder: Path, count: int) -> Spans:
    """Fill a database and measure every page."""
    with database(server, folder, count) as url:
        settings = Settings.load(
            {}, database_url=url, hash_memory=8, hash_passes=1, data=folder
        )
        auth = Auth.opened(settings.with_saved_secret())
        say(f"{auth.db.engine.dialect.name}: writing {count:,} accounts")
        admin = fill(auth, count)
        client = create_app(auth=auth).test_client()
        client.set_cookie("session_id", auth.sessions.open(admin.id))
        values = {
            "middle": count // 2,
            "newest": username(count, count),
            "few": str(count)[:2],
        }
        say(f"{auth.db.engine.dialect.name}: measuring")
        found = {
            name: spans(client, f"/admin/users?{query.format(**values)}")
            for name, query in PAGES.items()
        }
        auth.db.close()
        return found


def show(title: str, few: Spans, many: Spans) -> None:
    """Print the table of one engine."""
    print(f"\n{title:34}{'ms':>9}{'best':>9}{'ratio':>9}")
    for name, took in many.items():
        middle, best = statistics.median(took), min(took)
        ratio = best / min(few[name])
        print(f"{name:34}{middle:>9.1f}{best:>9.1f}{ratio:>9.2f}")


def main() -> None:
    """Measure on every engine there is."""
    options = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    options.add_argument("--users", type=int, default=100_000)
    options.add_argument(
        "--database",
        default=os.environ.get("VESTIBULE_DATABASE_URL", ""),
        help="a PostgreSQL that may be filled; VESTIBULE_DATABASE_URL",
    )
    chosen = options.parse_args()
    servers: list[str | None] = [None]
    if chosen.database.startswith("postgresql"):
        servers.append(
            make_url(chosen.database)
            .set(drivername="postgresql+psycopg")
            .render_as_string(hide_password=False)
        )
    for server in servers:
        with tempfile.TemporaryDirectory() as folder:
            few = measured(server, Path(folder), FEW)
            many = measured(server, Path(folder), chosen.users)
        engine = "SQLite" if server is None else "PostgreSQL"
        show(f"{engine}, {chosen.users:,} accounts", few, many)


if __name__ == "__main__":
    main()
