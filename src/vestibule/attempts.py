"""Attempts: how often something was tried, and the statements that count.

They are made once, as to make a statement costs more than to run it.
"""

from collections.abc import Callable, Iterable, Mapping
from itertools import cycle
from typing import TYPE_CHECKING, Any, TypeAlias

from sqlalchemy import (
    BigInteger,
    BindParameter,
    ColumnElement,
    Engine,
    Executable,
    String,
    and_,
    bindparam,
    case,
    delete,
    literal_column,
    select,
    true,
    union_all,
    update,
)
from sqlalchemy.orm import Mapped, mapped_column

from vestibule.budgets import FROM, MOST_NAMES, NOBODYS, QUIET, is_straight
from vestibule.db import DB
from vestibule.engine import insert_new
from vestibule.records import PREFIX, Record

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql, sqlite

    NewRow: TypeAlias = sqlite.Insert | postgresql.Insert

# After the budget is spent, each further attempt waits longer: seconds.
WAITS = (60, 120, 240, 480, 900)


class Attempts(Record):
    """A count of attempts at one thing.

    At ``closed_until`` the next attempt is evaluated; at ``forgotten_at``
    the count begins anew.
    """

    __tablename__ = PREFIX + "attempts"

    key: Mapped[str] = mapped_column(String(100), primary_key=True)
    count: Mapped[int]
    closed_until: Mapped[int]
    forgotten_at: Mapped[int] = mapped_column(index=True)


def _asked(name: str) -> BindParameter[int]:
    """Name a number that a statement is given."""
    return bindparam(name, type_=BigInteger)


# The keys that one statement counts: whose attempt it is, their straight
# failures, and where it comes from.
PLACES = ("one", "other", "third")

IS_SHUT = select(Attempts.key).where(
    Attempts.closed_until > _asked("now"),
    Attempts.key.in_([bindparam(place) for place in PLACES]),
)
# In the order in which they are counted, so that two at once never wait for
# each other.
_BOTH = (
    select(Attempts.key)
    .where(Attempts.key.in_([bindparam("this"), bindparam("straight")]))
    .order_by(Attempts.key == bindparam("straight"))
    .with_for_update()
)
CLEAR = delete(Attempts).where(Attempts.key == bindparam("this"))
CLEAR_BOTH = delete(Attempts).where(Attempts.key.in_(_BOTH))
GIVE_BACK = (
    update(Attempts)
    .where(Attempts.key == bindparam("this"), Attempts.count > 0)
    .values(
        count=Attempts.count - 1,
        closed_until=case(
            (Attempts.count <= _asked("limit"), 0),
            else_=Attempts.closed_until,
        ),
    )
)


def counting(engine: Engine, keys: int) -> Executable:
    """Make the statement that counts under some keys, where it may.

    It gives the keys that took the attempt in, with their counts. A limit
    and a window come with each key.

    Args:
        engine: whose language is spoken.
        keys: how many there are; ``straight`` says which one of them, if
            any, is closed for a day at its limit, and not a while longer
            at each attempt.
    """
    places = PLACES[:keys]
    now = _asked("now")
    row = _first(engine, places)
    over = Attempts.forgotten_at <= now
    count = case((over, _fixed(1)), else_=Attempts.count + 1)
    above = count - _asked_of(places, "limit")
    is_straight = Attempts.key == bindparam("straight")
    stops = and_(is_straight, above >= _fixed(0))
    wait = case(
        (stops, _fixed(QUIET)),
        *_longer(above),
        else_=_fixed(0),
    )
    window = _asked_of(places, "window")
    # Many people at one address now and then mistype, and that must not add
    # up for ever; so below the limit its window ends when it ends.
    is_early = and_(Attempts.key.contains(FROM), ~over, above < _fixed(0))
    counted = row.on_conflict_do_update(
        index_elements=[Attempts.key],
        set_={
            "count": count,
            # Not "until now": for whoever reads the clock a moment before,
            # in another process, that is not yet.
            "closed_until": case((wait > _fixed(0), now + wait), else_=0),
            "forgotten_at": case(
                (is_early, Attempts.forgotten_at),
                else_=now + wait + case((stops, 0), else_=window),
            ),
        },
        where=Attempts.closed_until <= now,
    )
    return counted.returning(Attempts.key, Attempts.count)


def _first(engine: Engine, places: tuple[str, ...]) -> "NewRow":
    """Make the statement that begins a count under each key.

    The rows are selected, for of a statement with several rows of values
    SQLAlchemy would make the text anew each time. SQLite takes what stands
    behind them for a part of the statement only after a WHERE.
    """
    rows = [
        select(
            bindparam(place, type_=Attempts.key.type),
            _fixed(1),
            _asked(f"{place}_opens"),
            _asked(f"{place}_ends"),
        ).where(true())
        for place in places
    ]
    columns = ("key", "count", "closed_until", "forgotten_at")
    return insert_new(engine, Attempts).from_select(columns, union_all(*rows))


def _asked_of(places: tuple[str, ...], what: str) -> ColumnElement[int]:
    """Express in SQL which limit, or which window, a row has."""
    steps = [
        (Attempts.key == bindparam(place), _asked(f"{place}_{what}"))
        for place in places
    ]
    return case(*steps, else_=_fixed(0))


def _longer(above: ColumnElement[int]) -> list[tuple[Any, Any]]:
    """Express in SQL how long to wait after the budget is spent."""
    steps = [
        (above == _fixed(number), _fixed(seconds))
        for number, seconds in enumerate(WAITS)
    ]
    return [*steps, (above >= _fixed(len(WAITS)), _fixed(WAITS[-1]))]


def _fixed(number: int) -> ColumnElement[int]:
    """Write a number into the statement itself."""
    return literal_column(str(number), BigInteger)


class _Closed(Exception):
    """A count takes nothing in at the moment, so nothing is counted."""


class Counts:
    """Counts attempts in the table, in as few statements as can be."""

    def __init__(self, db: DB) -> None:
        self.db = db
        self.window = db.settings.throttle.window
        self._counting = [
            counting(db.engine, keys + 1) for keys in range(len(PLACES))
        ]
        self._is_shut = db.prepared(IS_SHUT, "now", *PLACES)

    def is_any_shut(self, keys: Iterable[str]) -> bool:
        """Tell whether one of up to three keys is closed at the moment."""
        three = [key for key, _ in zip(cycle(keys), PLACES, strict=False)]
        return self._is_shut(self.db.clock.now(), *three) is not None

    def waits(self, keys: list[str]) -> dict[str, int]:
        """Say of each key that is closed how many seconds it stays so."""
        now = self.db.clock.now()
        found = select(Attempts.key, Attempts.closed_until - now).where(
            Attempts.key.in_(keys), Attempts.closed_until > now
        )
        return {row[0]: row[1] for row in self.db.read(found)}

    def add(
        self,
        limits: Mapping[str, int],
        all_the_same: Callable[[dict[str, int]], dict[str, int]],
    ) -> dict[str, int] | None:
        """Count one attempt under each key, or under none if one is closed.

        Args:
            limits: the keys, and how many attempts they have.
            all_the_same: counts under those that are closed, if it may.

        Returns:
            How many there are now under each, or None.
        """
        try:
            with self.db.apart(), self.db.unit():
                counts = self.count(limits)
                closed = {k: limits[k] for k in limits if k not in counts}
                if closed:
                    counts |= all_the_same(closed)
                if len(counts) < len(limits):
                    # What is counted already is undone with it.
                    raise _Closed
        except _Closed:
            return None
        return counts

    def count(self, limits: Mapping[str, int]) -> dict[str, int]:
        """Count one attempt under each key that is not closed."""
        now = self.db.clock.now()
        given: dict[str, int | str] = {"now": now, "straight": ""}
        for place, (key, limit) in zip(PLACES, limits.items(), strict=False):
            opens = now + WAITS[0] if limit == 1 else 0
            window = self.window
            if is_straight(key):
                given["straight"], window = key, QUIET
            given |= {
                place: key,
                f"{place}_limit": limit,
                f"{place}_opens": opens,
                f"{place}_window": window,
                f"{place}_ends": max(opens, now) + window,
            }
        counted = self._counting[len(limits) - 1]
        return {row[0]: row[1] for row in self.db.write_all(counted, **given)}

    def sweep(self, now: int) -> int:
        """Remove counts that are over; say how many.

        Attack: filling the disk by guessing at names that nobody has. Of
        these the straight failures of so many are kept as were tried most.
        """
        gone = delete(Attempts).where(Attempts.forgotten_at <= now)
        beyond = (
            select(Attempts.key)
            .where(Attempts.key.contains(NOBODYS))
            .order_by(Attempts.count.desc(), Attempts.forgotten_at.desc())
            .offset(MOST_NAMES)
        )
        swept = self.db.write(gone)
        # Read first, which holds nobody up.
        if self.db.first(beyond.limit(1)):
            rest = delete(Attempts).where(Attempts.key.in_(beyond))
            swept += self.db.write(rest)
        return swept
