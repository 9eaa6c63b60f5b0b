"""Spending: attempts are counted under keys, and refused above a limit.

One statement counts and decides, in a transaction of its own, so that
parallel guesses cannot outrun it (attack: read, verify, write the count).
Source: OWASP ASVS 5.0 6.3.1.
"""

from typing import Any, NoReturn

from vestibule.attempts import GIVE_BACK, Counts
from vestibule.budgets import note_key
from vestibule.db import DB
from vestibule.errors import TooMany
from vestibule.history import History
from vestibule.marks import marks_for
from vestibule.worked import Worked

# Refusals of one kind that the history takes in before it waits.
MOST_NOTED = 20


class Spending:
    """Counts attempts and refuses those above the budget."""

    def __init__(self, db: DB, history: History) -> None:
        self.db = db
        self.history = history
        self.settings = db.settings.throttle
        self.counts = Counts(db)
        self.marks = marks_for(db.settings, db.clock)
        self.worked = Worked(db)

    def spend(
        self, act: str, user_id: int | None, limits: dict[str, int]
    ) -> frozenset[str]:
        """Count an attempt under one to three keys, or refuse it.

        Returns:
            The keys whose limit it has just reached.

        Raises:
            TooMany: one of the keys is closed at the moment.
        """
        if self.db.is_writing:
            raise RuntimeError("attempts are counted before any transaction")
        if not limits:
            return frozenset()
        solved = None
        # A flood is mostly refused by reading alone, and where there is
        # Valkey, without the database.
        marked = self.marks.waits(limits)
        if marked or self.counts.is_any_shut(limits):
            solved = self.worked.solved(act, limits)
            if solved is None:
                self._refuse_closed(act, user_id, limits, marked)
        counts = self.counts.add(limits, self.worked.counting(solved))
        if counts is None:
            # Whoever worked in vain is not told to work again.
            self._refuse_closed(act, user_id, limits, offers=solved is None)
            raise TooMany(0)
        return frozenset(k for k, n in counts.items() if n == limits[k])

    def _refuse_closed(
        self,
        act: str,
        user_id: int | None,
        limits: dict[str, int],
        marked: dict[str, int] | None = None,
        *,
        offers: bool = True,
    ) -> None:
        """Refuse an attempt for the key that stays closed the longest.

        Raises:
            TooMany: one of the keys is closed at the moment.
        """
        # What is marked was noted often enough.
        waits = dict.fromkeys(map(note_key, marked or ()), 0) | (marked or {})
        if not marked:
            waits = self.counts.waits([*limits, *map(note_key, limits)])
        closed = [key for key in limits if key in waits]
        if closed:
            longest = max(closed, key=lambda key: waits[key])
            offered = None
            if offers:
                offered = self.worked.offered(act, limits, closed)
            self._refuse(longest, act, user_id, waits, offered)

    def _refuse(
        self,
        key: str,
        act: str,
        user_id: int | None,
        waits: dict[str, int],
        offered: dict[str, Any] | None,
    ) -> NoReturn:
        """Refuse an attempt, and note it unless that was done often enough.

        Raises:
            TooMany: always.
        """
        refusal = TooMany(waits.get(key, 0), offered)
        noted = waits.get(note_key(key))
        if noted is None:
            with self.db.apart(), self.db.unit():
                if self.counts.count({note_key(key): MOST_NOTED}):
                    self.history.record(act, user_id, refusal.code)
        elif noted:
            self.marks.mark(key, waits[key])
        raise refusal

    def give_back(self, key: str, limit: int) -> None:
        """Take one attempt off a count, and open what it had closed."""
        self.db.keep(
            GIVE_BACK, lambda: self.marks.clear(key), this=key, limit=limit
        )

    def sweep(self, now: int) -> int:
        """Remove counts that are over; say how many."""
        return self.counts.sweep(now)
