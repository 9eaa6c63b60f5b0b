"""Measure what the chain of the history costs, and how fast it is.

    script/bench history                     on SQLite and on PostgreSQL
    script/bench history --short --database sqlite

Three things: how many events a second one process seals, and how many rows a
second it verifies; and how many acts a second several threads write into the
history while another process seals all the time, against the same while
nobody seals. The second stands for a flood: in service a worker seals what
there is every two seconds. Last, how many bytes a row takes.
"""

import subprocess
import sys
import threading
import time
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import text
from stage.databases import Place, available, opened, place
from stage.load import Figures
from stage.servers import SECRET_KEY
from stage.tables import Row, begun, compared, options

from vestibule.auth import Auth
from vestibule.history import Circumstances, under

AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101"
WRITERS = 4
PEOPLE = 50
ALONE, BESIDE = "acts, nobody seals", "acts, one seals all the time"
SEALER = """
import sys, time
from vestibule.auth import Auth
from vestibule.settings import Settings
url, data, key = sys.argv[1:]
settings = Settings.load({}, database_url=url, data=data, secret_key=key)
auth = Auth.opened(settings)
print("ready", flush=True)
while True:
    if not auth.audit.sealer.seal():
        time.sleep(0.01)
"""


def made(auth: Auth, count: int) -> None:
    """Have so many things happen, in transactions of a hundred."""
    here = Circumstances("page", "2001:db8::17", AGENT, "r" * 36)
    with under(here):
        for begin in range(0, count, 100):
            with auth.db.unit():
                for number in range(begin, min(begin + 100, count)):
                    person = 1 + number % PEOPLE
                    auth.history.record("login", person, actor_id=person)


def timed(rows: int, auth: Auth, what: str) -> Row:
    """Seal or verify so many rows, and say how many a second."""
    begin = time.perf_counter()
    if what == "sealed":
        while auth.audit.seal():
            pass
    else:
        wrong = [*auth.audit.verifier().findings()]
        if wrong:
            raise RuntimeError(wrong[0])
    rate = rows / (time.perf_counter() - begin)
    return Row(
        f"rows {what}", {"per second": f"{rate:,.0f}"}, {"per_second": rate}
    )


def weighed(rows: int, auth: Auth, at: Place) -> Row:
    """Say how many bytes a row of the history takes, with its indexes."""
    if at.engine == "SQLite":
        query = (
            "SELECT SUM(pgsize) FROM dbstat WHERE name IN (SELECT name FROM "
            "sqlite_schema WHERE tbl_name = 'vestibule_history')"
        )
    else:
        query = "SELECT pg_total_relation_size('vestibule_history')"
    size = float(auth.db.read(text(query))[0][0]) / rows
    return Row("bytes of a row", {"bytes": f"{size:.0f}"}, {"bytes": size})


@contextmanager
def sealing(url: str, at: Place) -> Iterator[None]:
    """Have another process seal all the time."""
    words = [url, str(at.folder), SECRET_KEY]
    with subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", SEALER, *words],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        if process.stdout is not None:
            process.stdout.readline()
        try:
            yield
        finally:
            process.kill()


def acting(auth: Auth, seconds: float) -> Figures:
    """Act in several threads; each act is a transaction of its own."""
    counts = [0] * WRITERS
    spans: list[list[float]] = [[] for _ in range(WRITERS)]
    end = time.perf_counter() + seconds

    def act(who: int) -> None:
        """Act until the time is over."""
        with under(Circumstances("page", agent=AGENT)):
            while (begin := time.perf_counter()) < end:
                auth.history.record("login", who + 1)
                counts[who] += 1
                spans[who].append(1000 * (time.perf_counter() - begin))

    threads = [threading.Thread(target=act, args=(n,)) for n in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = sorted(span for one in spans for span in one)
    return Figures(
        sum(counts) / seconds,
        took[len(took) // 2],
        took[len(took) * 99 // 100],
    )


def people(auth: Auth) -> None:
    """Make the accounts to whom it happens."""
    for number in range(PEOPLE):
        auth.db.add_user(f"person{number}@example.com", "x")


def main() -> None:
    """Measure on every engine there is."""
    chosen, report = begun(options(__doc__))
    rows = 10_000 if chosen.short else 50_000
    for engine in available(chosen.database):
        report.say(f"{engine}: starting")
        with place(engine) as at, at.database("history") as database:
            auth = opened(database, at.folder)
            people(auth)
            report.add(engine, measured(auth, database, at, rows, chosen))
            auth.db.close()
    report.end()


def measured(
    auth: Auth, database: str, at: Place, rows: int, chosen: Namespace
) -> Iterator[Row]:
    """Measure all on one engine."""
    made(auth, rows)
    yield timed(rows, auth, "sealed")
    yield timed(rows, auth, "verified")
    yield weighed(rows, auth, at)
    found: dict[str, list[Figures]] = {ALONE: [], BESIDE: []}
    for _ in range(chosen.rounds):
        found[ALONE].append(acting(auth, chosen.seconds))
        with sealing(database, at):
            found[BESIDE].append(acting(auth, chosen.seconds))
    yield from compared(found, {BESIDE: ALONE}, {})


if __name__ == "__main__":
    main()
