"""Measure sign-ins against nothing but the hashes that they need.

    script/bench sign_ins                     on SQLite and on PostgreSQL
    script/bench sign_ins --short --database sqlite

The floor verifies passwords with argon2-cffi, with the same parameters and
on the same processor, and does nothing else. A sign-in over the API counts
its attempt, verifies one password, opens a session and writes an event; two
commits. Two clients at once, as one would leave the lane empty meanwhile.
"""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from stage.databases import PASSWORD, Place, available, opened, place
from stage.load import Figures, Wrong, need_wrk
from stage.servers import FOR_SERVER, vestibule
from stage.tables import Goal, Report, begun, compared, options

SIGN_INS = Path(__file__).with_name("sign_ins.lua")
PEOPLE = 40
CLIENTS = 2
FLOOR, OURS = "floor: argon2 alone", "POST /api/v1/sessions"
RAW = """
import os, sys, time
from argon2 import PasswordHasher
if {processors}:
    os.sched_setaffinity(0, {processors})
hasher = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
encoded = hasher.hash({password!r})
hasher.verify(encoded, {password!r})
count, begun = 0, time.perf_counter()
while time.perf_counter() - begun < {seconds}:
    hasher.verify(encoded, {password!r})
    count += 1
print(count / (time.perf_counter() - begun))
"""
Measured = Callable[[float], Figures]


def raw(seconds: float) -> Figures:
    """Verify passwords on the server's processor, one after the other."""
    program = RAW.format(
        processors=FOR_SERVER, password=PASSWORD, seconds=seconds
    )
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
    )
    rate = float(done.stdout)
    return Figures(rate, 1000 / rate, 1000 / rate)


def signing_in(url: str) -> Measured:
    """Make what signs people in at a server, and counts who got in."""

    def measured(seconds: float) -> Figures:
        """Sign in for so many seconds.

        Raises:
            Wrong: somebody was refused.
        """
        command = ["wrk", "-t1", f"-c{CLIENTS}", f"-d{round(seconds)}s"]
        command += ["--latency", "-s", str(SIGN_INS)]
        done = subprocess.run(  # noqa: S603
            [*command, url + "/api/v1/sessions", "--", str(PEOPLE)],
            capture_output=True,
            text=True,
            check=True,
        )
        told = dict(re.findall(r"(good|seconds): ([\d.]+)", done.stdout))
        if "Non-2xx" in done.stdout:
            raise Wrong(done.stdout)
        spans = re.findall(r"(?:50|99)%\s+([\d.]+)ms", done.stdout)
        return Figures(
            float(told["good"]) / float(told["seconds"]),
            *map(float, spans[:2]),
        )

    return measured


def people(database: str, at: Place) -> None:
    """Make the accounts that sign in."""
    auth = opened(database, at.folder)
    for number in range(PEOPLE):
        auth.registration.register(
            f"person{number}@example.com", PASSWORD, by_operator=True
        )
    auth.db.close()


def rounds_of(
    url: str, seconds: float, rounds: int, report: Report
) -> dict[str, list[Figures]]:
    """Measure both in turn, in several rounds."""
    ours = signing_in(url)
    ours(1)
    found: dict[str, list[Figures]] = {FLOOR: [], OURS: []}
    for number in range(rounds):
        report.say(f"round {number + 1} of {rounds}")
        found[FLOOR].append(raw(seconds))
        found[OURS].append(ours(seconds))
    return found


def main() -> None:
    """Measure on every engine there is."""
    chosen, report = begun(options(__doc__))
    need_wrk()
    for engine in available(chosen.database):
        report.say(f"{engine}: starting")
        with place(engine) as at, at.database("sign_ins") as database:
            people(database, at)
            proxies = {"VESTIBULE_TRUSTED_PROXIES": "127.0.0.1"}
            with vestibule(at.folder, database, **proxies) as server:
                found = rounds_of(
                    server.url, chosen.seconds, chosen.rounds, report
                )
        goals = {OURS: Goal(least=0.9)}
        report.add(engine, compared(found, {OURS: FLOOR}, goals))
    report.end()


if __name__ == "__main__":
    main()
