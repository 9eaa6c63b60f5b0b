"""Races of two processes, which make their moves at the same moment.

``RACE_ROUNDS=1000`` in the environment runs longer races. Delays are random,
of a seed that stands here, and made so that the starts of both moves meet or
their ends; ``Race.was_one`` makes sure that either comes first now and then.
"""

import json
import os
import random
import selectors
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import MetaData, Table, delete, func, insert, select

from conftest import CHEAP, EASY
from processes import environment
from vestibule.attempts import Attempts
from vestibule.auth import Auth
from vestibule.budgets import QUIET, account_key, straight_key
from vestibule.ground.clock import Clock

ROUNDS = int(os.environ.get("RACE_ROUNDS", "50"))
# Where a race is much like another one that has all its rounds.
FEWER = ROUNDS // 2
SEED = 20
# Longer than any time-out of the database, and than drawing a picture.
PATIENCE = 60.0
LEAD = 0.003
# In fewer rounds one of two may always come first by mere chance.
TELLING = 20


@dataclass(frozen=True)
class Move:
    """A move of ``racer``, and what it is given."""

    name: str
    given: dict[str, Any]


def move(name: str, /, **given: Any) -> Move:
    """Say which move to make, and with what."""
    return Move(name, given)


@dataclass(frozen=True)
class Finish:
    """What a move came to: ``done`` or the code of its refusal."""

    code: str
    gave: Any
    began: float
    ended: float


class Racer:
    """One of the two processes, as the other end of its pipes."""

    def __init__(self, home: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("racer.py"))],
            cwd=home,
            env=environment(home),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.answers = selectors.DefaultSelector()
        assert self.process.stdout
        self.answers.register(self.process.stdout, selectors.EVENT_READ)

    def order(self, **what: Any) -> None:
        """Give an order; the answer is to be taken before the next."""
        assert self.process.stdin
        self.process.stdin.write(json.dumps(what) + "\n")
        self.process.stdin.flush()

    def answer(self) -> dict[str, Any]:
        """Take the answer to an order."""
        assert self.process.stdout
        assert self.answers.select(PATIENCE), "no answer: do they wait?"
        told: dict[str, Any] = json.loads(self.process.stdout.readline())
        return told

    def stop(self) -> None:
        """Give no more orders, and wait until it has ended."""
        self.answers.close()
        try:
            self.process.communicate(timeout=PATIENCE)
        finally:
            self.process.kill()
            self.process.wait()


def answers(racers: tuple[Racer, Racer]) -> list[dict[str, Any]]:
    """Take the answers of both; one that is a bug fails the test."""
    told = [racer.answer() for racer in racers]
    for one in told:
        assert not one["bug"], one["bug"]
    return told


@dataclass
class Race:
    """Many rounds of two moves, and what they came to."""

    racers: tuple[Racer, Racer]
    chance: random.Random = field(default_factory=lambda: random.Random(SEED))
    # How long each of the two moves takes, more or less.
    lasted: list[float] = field(default_factory=lambda: [0.002, 0.002])
    codes: Counter[tuple[str, str]] = field(default_factory=Counter)
    firsts: Counter[int] = field(default_factory=Counter)
    overlaps: int = 0

    def round(self, *moves: Move) -> tuple[Finish, Finish]:
        """Let each process make its move; none may end in a bug."""
        for racer, made in zip(self.racers, moves, strict=True):
            racer.order(move=made.name, **{"with": made.given})
        answers(self.racers)
        start = time.monotonic() + LEAD
        for racer, delay in zip(self.racers, self._delays(), strict=True):
            racer.order(at=start + delay)
        return self._noted(answers(self.racers))

    def _delays(self) -> tuple[float, float]:
        """Choose who waits: the starts of the moves meet, or the ends."""
        gap = min(self.lasted) * self.chance.uniform(-1, 1)
        if self.chance.random() < 0.5:
            gap += self.lasted[0] - self.lasted[1]
        return max(0, -gap), max(0, gap)

    def _noted(self, told: list[dict[str, Any]]) -> tuple[Finish, Finish]:
        """Count who was first and how it ended."""
        for raw in told:
            assert raw["code"] != "unavailable", raw
        one, two = (
            Finish(t["code"], t["gave"], t["began"], t["ended"]) for t in told
        )
        for index, done in enumerate((one, two)):
            more = done.ended - done.began - self.lasted[index]
            self.lasted[index] += more / min(len(self) + 1, 8)
        self.codes[one.code, two.code] += 1
        self.firsts[int(two.ended < one.ended)] += 1
        self.overlaps += max(one.began, two.began) < min(one.ended, two.ended)
        return one, two

    def __len__(self) -> int:
        return self.firsts.total()

    def was_one(self) -> None:
        """Make sure that either move came first now and then, and at once."""
        first, second = self.firsts[0], self.firsts[1]
        codes = {"/".join(pair): n for pair, n in self.codes.items()}
        met = f"{first} to {second}, {self.overlaps} at once"
        print(f"{len(self)} rounds: {met}, {codes}")
        if len(self) >= TELLING:
            assert min(first, second) > 0, (first, second)
        assert self.overlaps > len(self) / 10, self.overlaps


@dataclass
class Track:
    """Where races are run: two processes over one database."""

    racers: tuple[Racer, Racer]

    @contextmanager
    def race(self, auth: Auth, **more: Any) -> Iterator[Race]:
        """Let both open the database and data folder of a test.

        Args:
            auth: whose they are.
            more: settings besides.
        """
        race = Race(self.racers)
        with self.opened(auth, **more):
            yield race
        race.was_one()

    @contextmanager
    def opened(self, auth: Auth, **more: Any) -> Iterator[None]:
        """Let both open the database and data folder, and race or not."""
        self._open({**_options(auth), **EASY, **more})
        try:
            yield
        finally:
            # A database that somebody uses cannot be dropped.
            self._open({})

    def at_once(
        self, made: Move, meanwhile: Callable[[], object]
    ) -> list[Any]:
        """Let both make one move, and do something meanwhile."""
        for racer in self.racers:
            racer.order(move=made.name, **{"with": made.given})
        answers(self.racers)
        for racer in self.racers:
            racer.order(at=0.0)
        meanwhile()
        told = answers(self.racers)
        assert [one["code"] for one in told] == ["done", "done"], told
        return [one["gave"] for one in told]

    @contextmanager
    def beside(self, auth: Auth) -> Iterator[Callable[..., Any]]:
        """Let another process open a database, and make moves at once.

        Args:
            auth: whose database it is.
        """
        other = self.racers[0]

        def made(name: str, /, **given: Any) -> Any:
            """Have one move made, and say what it gave."""
            for order in ({"move": name, "with": given}, {"at": 0.0}):
                other.order(**order)
                told = other.answer()
                assert not told["bug"], told["bug"]
            return told["gave"]

        other.order(settings=_options(auth))
        assert not other.answer()["bug"]
        try:
            yield made
        finally:
            other.order(settings={})
            other.answer()

    def _open(self, options: dict[str, Any]) -> None:
        """Let both open a database, or close the one they have."""
        for racer in self.racers:
            racer.order(settings=options)
        answers(self.racers)


def _options(auth: Auth) -> dict[str, Any]:
    """Write the settings by which another process opens what a test has."""
    return {
        "database_url": auth.settings.database_url,
        "data": str(auth.settings.data_folder),
        "secret_key": auth.settings.site.secret_key,
        "attempts_per_address": 1_000_000,
        "attempts_per_account": 1_000_000,
        **CHEAP,
    }


@contextmanager
def two_processes(home: Path) -> Iterator[Track]:
    """Start the two, for many races one after another."""
    first = Racer(home)
    try:
        second = Racer(home)
        try:
            yield Track((first, second))
        finally:
            second.stop()
    finally:
        first.stop()


def put_count(auth: Auth, key: str, count: int, wait: int = 0) -> None:
    """Write a count of attempts, by the clock of other processes."""
    now = Clock().now()
    closed = now + wait if wait else 0
    with auth.db.unit():
        auth.db.write(delete(Attempts).where(Attempts.key == key))
        auth.db.write(
            insert(Attempts).values(
                key=key,
                count=count,
                closed_until=closed,
                forgotten_at=now + QUIET,
            )
        )


def shut_by_ten(
    auth: Auth,
    user_id: int | None,
    canonical: str | None = None,
    act: str = "login",
) -> None:
    """Have ten more failures close an account for a day.

    Else it would be for a minute, and be open to one more guess where the
    guesses of a test take longer than that.
    """
    key = straight_key(account_key(act, user_id, canonical))
    put_count(auth, key, 90)


def traces(auth: Auth) -> Callable[[int], dict[str, int]]:
    """Make a function that counts what is left of an account."""
    metadata = MetaData()
    metadata.reflect(auth.db.engine)
    owners = []
    for table in metadata.tables.values():
        name = "id" if table.name.endswith("_users") else "user_id"
        if name in table.columns:
            owners.append((table, table.columns[name]))
    assert len(owners) > 7, owners

    def left(user_id: int) -> dict[str, int]:
        """Count the rows of an account in every table that has some."""
        counted = {
            table.name: _count(auth, table, column == user_id)
            for table, column in owners
        }
        return {name: count for name, count in counted.items() if count}

    return left


def _count(auth: Auth, table: Table, where: Any) -> int:
    """Count the rows that fit."""
    query = select(func.count()).select_from(table).where(where)
    [row] = auth.db.read(query)
    return int(row[0])
