"""Measure what a flood of password guesses leaves to everybody else.

    script/bench flood                        on SQLite and on PostgreSQL
    script/bench flood --short --database sqlite

One worker on one processor answers GET /check to eight clients, while 16
and then 64 more guess passwords as fast as they are let: of one account or
of names that nobody has, from one address or always another. Meanwhile two
people sign in about once a second: one from where they were signed in
before, one always from somewhere new. One more guesser measures how long a
refusal takes. Each flood is held against the idle server just before it.
"""

import http.client
import itertools
import json
import re
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from stage.databases import EMAIL, PASSWORD, Place, available, opened, place
from stage.load import Contender, Figures, put_load
from stage.servers import Server, vestibule
from stage.tables import Goal, Report, Row, begun, load_row, options

GUESSES = Path(__file__).with_name("guesses.lua")
SIGN_IN = "/api/v1/sessions"
Floods = list[tuple[int, str, str]]
FLOODS: Floods = [
    (clients, who, whence)
    for clients in (16, 64)
    for who, whence in (
        ("unknown", "many"),
        ("known", "many"),
        ("unknown", "one"),
        ("known", "one"),
    )
]
KNOWN_PLACE, NEW_PLACES = "192.0.2.9", "203.0.113."
LONGEST_REFUSAL = 1000


_numbers = itertools.count()


@dataclass
class Tries:
    """What somebody's sign-ins came to: a status and milliseconds each."""

    answers: list[tuple[int, float]] = field(default_factory=list)

    def spans(self, *statuses: int) -> list[float]:
        """List how long the answers of some statuses took."""
        return sorted(span for s, span in self.answers if s in statuses)


@dataclass(frozen=True)
class Flood:
    """What guessers were told, and how long they waited at most."""

    statuses: Counter[int]
    untold: int
    longest: float


def try_once(url: str, name: str, password: str, address: str) -> int:
    """Try to sign in once; say the status."""
    at = urlsplit(url)
    assert at.hostname
    connection = http.client.HTTPConnection(at.hostname, at.port, timeout=30)
    body = json.dumps({"name": name, "password": password, "bearer": True})
    headers = {
        "Content-Type": "application/json",
        "X-Forwarded-For": address,
    }
    try:
        connection.request("POST", SIGN_IN, body, headers)
        return connection.getresponse().status
    finally:
        connection.close()


@contextmanager
def trying(
    url: str, password: str, whence: str, pause: float
) -> Iterator[Tries]:
    """Try to sign in again and again, with pauses, beside other work.

    Args:
        url: of the server.
        password: the right one, or another.
        whence: an address, or the beginning of many.
        pause: how many seconds lie between the tries.
    """
    tries, over = Tries(), threading.Event()
    name = EMAIL if password == PASSWORD else "nobody{}@example.com"

    def work() -> None:
        """Note what each try came to."""
        while not over.wait(pause):
            number = next(_numbers)
            many = whence.endswith(".")
            address = f"{whence}{number % 250 + 1}" if many else whence
            begun_at = time.perf_counter()
            status = try_once(url, name.format(number), password, address)
            span = 1000 * (time.perf_counter() - begun_at)
            tries.answers.append((status, span))

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield tries
    finally:
        over.set()
        thread.join()


@contextmanager
def flooded(
    url: str, clients: int, who: str, whence: str, seconds: float
) -> Iterator[list[Flood]]:
    """Flood the sign-in with guesses, a little longer than the block lasts."""
    most = ["--timeout", "30s", "-s", str(GUESSES)]
    command = ["wrk", "-t1", f"-c{clients}", f"-d{round(seconds) + 2}s"]
    told: list[Flood] = []
    process = subprocess.Popen(  # noqa: S603
        [*command, *most, url + SIGN_IN, "--", who, whence],
        stdout=subprocess.PIPE,
        text=True,
    )
    time.sleep(1)
    yield told
    text = process.communicate()[0]
    statuses = {
        int(status): int(count)
        for status, count in re.findall(r"answered (\d+): (\d+)", text)
    }
    longest = re.search(r"longest ms: (\d+)", text)
    untold = re.search(r"untold: (\d+)", text)
    assert longest, text
    assert untold, text
    told.append(Flood(Counter(statuses), int(untold[1]), float(longest[1])))


def memory(server: Server) -> float:
    """Say how many MB the server's workers keep in memory."""
    found = 0
    for pid in server.workers():
        text = Path(f"/proc/{pid}/status").read_text("utf-8")
        resident = re.search(r"VmRSS:\s+(\d+)", text)
        found += int(resident[1]) if resident else 0
    return found / 1024


def accounts(database: str, at: Place) -> str:
    """Make the account that is guessed at, and one whose owner signs in.

    Returns:
        The token of a session.
    """
    auth = opened(database, at.folder)
    register = auth.registration.register
    register("target@example.com", PASSWORD, by_operator=True)
    user = register(EMAIL, PASSWORD, by_operator=True)
    token = auth.sessions.open(user.id)
    auth.db.close()
    return token


@dataclass(frozen=True)
class Found:
    """All that was seen during one flood."""

    idle: Figures
    busy: Figures
    flood: Flood
    known: Tries
    new: Tries
    guesser: Tries
    memory: float


def rows(name: str, found: Found) -> Iterator[Row]:
    """Make the lines of one flood."""
    idle, busy = found.idle, found.busy
    yield load_row(f"{name}: idle", idle)
    yield load_row(name, busy, busy.rate / idle.rate, Goal(least=0.7))
    most = 2 * idle.p99 + 5
    yield against("p99 against 2 × idle + 5 ms", busy.p99, most)
    refusals = [*found.guesser.spans(429, 503), 0.0]
    yield against(
        "longest refusal against 1 s", max(refusals), LONGEST_REFUSAL
    )
    yield sign_ins("sign-ins from a known place", found.known, Goal(least=0.9))
    yield sign_ins("sign-ins from somewhere new", found.new)
    flood = found.flood
    told = ", ".join(f"{n:,} × {s}" for s, n in flood.statuses.items() if n)
    yield Row(
        f"  guesses: {told}; without Retry-After {flood.untold}; "
        f"longest {flood.longest:.0f} ms; {found.memory:.0f} MB",
        {},
        {"guesses": dict(flood.statuses), "memory_mb": found.memory},
    )


def against(name: str, span: float, most: float) -> Row:
    """Make the line of a time that has a limit."""
    told = {"p99, ms": f"{span:.1f}", "most": f"{most:.1f}"}
    values = {"ms": span, "most_ms": most}
    return Row(f"  {name}", told, values, span / most, Goal(most=1))


def sign_ins(name: str, tries: Tries, goal: Goal | None = None) -> Row:
    """Make the line of somebody who signs in; the ratio is of successes."""
    good = tries.spans(201)
    cells = {}
    if good:
        median, longest = good[len(good) // 2], good[-1]
        cells = {"p50, ms": f"{median:.0f}", "p99, ms": f"{longest:.0f}"}
    return Row(
        f"  {name}: {len(good)} of {len(tries.answers)}",
        cells,
        {"answers": tries.answers},
        len(good) / max(1, len(tries.answers)),
        goal,
    )


def measure(
    server: Server, token: str, seconds: float, report: Report, floods: Floods
) -> Iterator[Row]:
    """Measure each flood, and the idle server before it."""
    cookie = {"Cookie": f"session_id={token}"}
    check = Contender("check", server.url + "/check", cookie)
    check.check()
    put_load(check, 1)
    try_once(server.url, EMAIL, PASSWORD, KNOWN_PLACE)
    before, url = memory(server), server.url
    for clients, who, whence in floods:
        name = f"{clients} at {who}, {whence} address"
        report.say(name)
        idle = put_load(check, seconds)
        with (
            flooded(url, clients, who, whence, seconds) as told,
            trying(url, PASSWORD, KNOWN_PLACE, 0.7) as known,
            trying(url, PASSWORD, NEW_PLACES, 1.0) as new,
            trying(url, "a wrong guess", NEW_PLACES, 0.1) as guesser,
        ):
            busy = put_load(check, seconds)
            kept = memory(server)
        yield from rows(
            name, Found(idle, busy, told[0], known, new, guesser, kept)
        )
    after = memory(server)
    yield Row(
        f"memory before {before:.0f} MB, after {after:.0f} MB",
        {},
        {"before_mb": before, "after_mb": after},
    )


def main() -> None:
    """Measure on every engine there is."""
    chosen, report = begun(options(__doc__, seconds=6))
    floods = FLOODS[::2] if chosen.short else FLOODS
    for engine in available(chosen.database):
        report.say(f"{engine}: starting")
        with place(engine) as at, at.database("flood") as database:
            token = accounts(database, at)
            proxies = {"VESTIBULE_TRUSTED_PROXIES": "127.0.0.1"}
            with vestibule(at.folder, database, **proxies) as server:
                found = [
                    *measure(server, token, chosen.seconds, report, floods)
                ]
        report.add(engine, found)
    report.end()


if __name__ == "__main__":
    main()
