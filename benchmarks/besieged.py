"""Measure whether an owner can sign in while strangers guess the password.

    script/bench besieged                     on SQLite and on PostgreSQL
    script/bench besieged --short --database sqlite

2,000 wrong passwords for one account, from 50 addresses of this machine, 16
at a time and as fast as they are answered. Meanwhile its owner signs in
again and again: on a device that is known, each time from another address,
and, a little later and once a second, on one that was never there. Next to it
the same owner without strangers.
"""

import http.client
import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from stage.databases import EMAIL, PASSWORD, available, opened, place
from stage.servers import Server, vestibule
from stage.tables import Goal, Row, begun, options

SIGN_IN = "/api/v1/sessions"
GUESSES, AT_ONCE, ADDRESSES = 2_000, 16, 50
BUDGET = 10
# Between two sign-ins on a known device, and on a new one: seconds. Each on a
# new one that succeeds gives the account its budget back.
PAUSE, NEW_PAUSE = 0.25, 1.0


@dataclass
class Answers:
    """What several sign-ins came to: a status and milliseconds each."""

    told: list[tuple[int, float]] = field(default_factory=list)

    def statuses(self) -> Counter[int]:
        """Count the answers of each status."""
        return Counter(status for status, _ in self.told)

    def spans(self, *statuses: int) -> list[float]:
        """List how long the answers of some statuses took, in order."""
        return sorted(span for s, span in self.told if s in statuses)


@dataclass
class Visitor:
    """Somebody who signs in, with the cookie of a device or without."""

    url: str
    password: str = PASSWORD
    device: str = ""
    answers: Answers = field(default_factory=Answers)

    def sign_in(self, address: str) -> None:
        """Try once, from an address of this machine."""
        at = urlsplit(self.url)
        assert at.hostname
        connection = http.client.HTTPConnection(
            at.hostname, at.port, timeout=30, source_address=(address, 0)
        )
        body = json.dumps({"name": EMAIL, "password": self.password})
        headers = {"Content-Type": "application/json"}
        if self.device:
            headers["Cookie"] = self.device
        begun_at = time.perf_counter()
        try:
            connection.request("POST", SIGN_IN, body, headers)
            answer = connection.getresponse()
            answer.read()
        finally:
            connection.close()
        span = 1000 * (time.perf_counter() - begun_at)
        self.answers.told.append((answer.status, span))
        for name, value in answer.getheaders():
            if name.lower() == "set-cookie" and "_device=" in value:
                self.device = value.partition(";")[0]


def owners(url: str) -> tuple[Visitor, Visitor]:
    """Give the owner on a known device, and on one never seen before."""
    known = Visitor(url)
    known.sign_in("127.0.2.1")
    assert known.device, known.answers
    known.answers.told.clear()
    return known, Visitor(url)


def signing_in(
    known: Visitor, new: Visitor, over: threading.Event
) -> Iterator[threading.Thread]:
    """Let the owner sign in on both devices, until it is over."""

    def work(who: Visitor, network: int, *, stays_new: bool) -> None:
        """Sign in with pauses, each time from another address."""
        number = 0
        while not over.wait(NEW_PAUSE if stays_new else PAUSE):
            number += 1
            who.sign_in(f"127.0.{network}.{number % 250 + 1}")
            if stays_new:
                who.device = ""

    for who, network in ((known, 2), (new, 3)):
        thread = threading.Thread(
            target=work,
            args=(who, network),
            kwargs={"stays_new": who is new},
        )
        thread.start()
        yield thread


def besiege(url: str, number: int) -> Answers:
    """Guess so often from many addresses."""
    strangers = Visitor(url, "a wrong guess")
    with ThreadPoolExecutor(AT_ONCE) as threads:
        addresses = [f"127.0.1.{n % ADDRESSES + 1}" for n in range(number)]
        list(threads.map(strangers.sign_in, addresses))
    return strangers.answers


def measure(server: Server, guesses: int, seconds: float) -> Iterator[Row]:
    """Measure the owner alone, and then with strangers at the door."""
    for is_besieged in (False, True):
        known, new = owners(server.url)
        over = threading.Event()
        threads = [*signing_in(known, new, over)]
        begun_at = time.perf_counter()
        strangers = Answers()
        if is_besieged:
            strangers = besiege(server.url, guesses)
        over.wait(max(0.0, seconds - (time.perf_counter() - begun_at)))
        lasted = time.perf_counter() - begun_at
        over.set()
        for thread in threads:
            thread.join()
        if is_besieged:
            given_back = new.answers.statuses()[201]
            yield from siege(strangers, lasted, given_back)
        name = "besieged" if is_besieged else "alone"
        yield owner(f"{name}: known device", known.answers, Goal(least=1))
        yield owner(f"{name}: new device", new.answers)


def siege(strangers: Answers, lasted: float, given_back: int) -> Iterator[Row]:
    """Make the lines of what the strangers came to."""
    statuses = strangers.statuses()
    evaluated = statuses[401]
    # Each minute that passes may let one more in.
    most = BUDGET * (1 + given_back) + int(lasted // 60)
    told = ", ".join(f"{n:,} × {s}" for s, n in sorted(statuses.items()))
    yield Row(
        f"guesses in {lasted:.0f} s: {told}",
        {},
        {"guesses": dict(statuses), "seconds": lasted},
    )
    yield Row(
        "guesses that were evaluated",
        {},
        {"evaluated": evaluated},
        float(evaluated),
        Goal(most=most),
    )
    spans = strangers.spans(429, 503)
    if spans:
        yield Row("refusals", cells(spans), {"spans_ms": spans})


def owner(name: str, answers: Answers, goal: Goal | None = None) -> Row:
    """Make the line of an owner; the ratio is of sign-ins that worked."""
    good, all_of_them = answers.spans(201), len(answers.told)
    statuses = {str(s): n for s, n in answers.statuses().items()}
    return Row(
        f"{name}: {len(good)} of {all_of_them}",
        cells(good),
        {"statuses": statuses, "spans_ms": good},
        len(good) / max(1, all_of_them),
        goal,
    )


def cells(spans: list[float]) -> dict[str, str]:
    """Say how long something took: mostly, nearly always, and at most."""
    if not spans:
        return {}
    middle = spans[len(spans) // 2]
    nearly = spans[min(len(spans) - 1, int(0.99 * len(spans)))]
    return {
        "p50, ms": f"{middle:.0f}",
        "p99, ms": f"{nearly:.0f}",
        "longest": f"{spans[-1]:.0f}",
    }


def account(database: str, folder: Path) -> None:
    """Make the account that is guessed at."""
    auth = opened(database, folder)
    auth.registration.register(EMAIL, PASSWORD, by_operator=True)
    auth.db.close()


def main() -> None:
    """Measure on every engine there is."""
    chosen, report = begun(options(__doc__, seconds=15))
    guesses = GUESSES // 5 if chosen.short else GUESSES
    for engine in available(chosen.database):
        report.say(f"{engine}: starting")
        with place(engine) as at, at.database("besieged") as database:
            account(database, at.folder)
            with vestibule(at.folder, database) as server:
                found = [*measure(server, guesses, chosen.seconds)]
        report.add(engine, found)
    report.end()


if __name__ == "__main__":
    main()
