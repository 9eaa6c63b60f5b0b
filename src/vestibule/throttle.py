"""Throttle: attempts are counted before what they try is checked.

One statement counts and decides, in a transaction of its own, so that
parallel guesses cannot outrun it (attack: read, verify, write the count).
Source: OWASP ASVS 5.0 6.3.1; NIST SP 800-63B-4 3.2.2.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, NoReturn

from vestibule.attempts import CLEAR, CLEAR_BOTH, GIVE_BACK, Counts
from vestibule.budgets import (
    HARD,
    LETTER,
    STRAIGHT,
    account_key,
    address_key,
    device_key,
    letter_limits,
    note_key,
    straight_key,
)
from vestibule.db import DB
from vestibule.errors import TooMany, Unavailable
from vestibule.history import History, circumstances
from vestibule.marks import marks_for
from vestibule.worked import Worked

# Refusals of one kind that the history takes in before it waits.
MOST_NOTED = 20


class Throttle:
    """Counts attempts and refuses those above the budget."""

    def __init__(self, db: DB, history: History) -> None:
        self.db = db
        self.history = history
        self.settings = db.settings.throttle
        self.counts = Counts(db)
        self.marks = marks_for(db.settings, db.clock)
        self.worked = Worked(db)

    @contextmanager
    def attempt(
        self, act: str, user_id: int | None, canonical: str | None = None
    ) -> Iterator[None]:
        """Spend one attempt at an account; a success gives it back.

        The account's count is cleared by success, the address's count
        loses this attempt only (attack: signing in to one's own account
        to clear the count of guesses at others), and so does the count
        of a hundred that some acts have.

        Raises:
            TooMany: the budget is spent; ``retry_after`` seconds to wait.
        """
        account = account_key(act, user_id, canonical)
        limits = {account: self.settings.per_account}
        straight = straight_key(account)
        if act in HARD:
            limits[straight] = max(STRAIGHT, self.settings.per_account)
        with self._counted(act, user_id, limits):
            yield
            # In the order in which they are counted: two at once, at one
            # account and place, then wait, and never for each other.
            self.db.keep(
                CLEAR, lambda: self.marks.clear(account), this=account
            )
            if act in HARD:
                self._give_back(straight, limits[straight])

    @contextmanager
    def guess(
        self,
        user_id: int | None,
        canonical: str | None = None,
        device: str | None = None,
    ) -> Iterator[bool]:
        """Spend one attempt at the password of an account, at any door.

        What comes from a known device is counted for that device alone,
        so that strangers never keep an owner out. What comes from others
        is counted for the account and the address, and after a hundred
        straight failures the account is closed to them, until a day is
        quiet or its owner resets the password.

        Args:
            user_id: of the account, if there is one.
            canonical: the name that was typed, if there is none.
            device: the token of a device that is known for this account.

        Yields:
            Whether this attempt, if it fails, is the last before the
            account is closed to devices that are not known.

        Raises:
            TooMany: a budget is spent; ``retry_after`` seconds to wait.

        Source: NIST SP 800-63B-4, 3.2.2.
        """
        who = account_key("login", user_id, canonical)
        if device is not None:
            who = device_key("login", device)
        straight = straight_key(who)
        most = self.settings.per_account
        limits = {who: most, straight: max(STRAIGHT, most)}
        is_known = device is not None
        with self._counted(
            "login", user_id, limits, from_here=not is_known
        ) as closing:
            yield straight in closing and not is_known
            self.db.keep(
                CLEAR_BOTH,
                lambda: self.marks.clear(who, straight),
                this=who,
                straight=straight,
            )

    def forgive(self, act: str, user_id: int) -> None:
        """Clear the count of an account whose owner has proven otherwise."""
        key = account_key(act, user_id, None)
        straight = straight_key(key)
        self.db.write(CLEAR_BOTH, this=key, straight=straight)
        self.db.afterwards(lambda: self.marks.clear(key, straight))

    def attempt_from_here(
        self, act: str
    ) -> AbstractContextManager[frozenset[str]]:
        """Spend an attempt that no account is known for; see ``attempt``."""
        return self._counted(act, None, {})

    @contextmanager
    def _counted(
        self,
        act: str,
        user_id: int | None,
        limits: dict[str, int],
        *,
        from_here: bool = True,
    ) -> Iterator[frozenset[str]]:
        """Count an attempt, also where it comes from, until it succeeds.

        An attempt that could not be checked is given back everywhere, so
        that a busy site locks nobody out.
        """
        origin = None
        if from_here and circumstances().address:
            origin = address_key(act, circumstances().address)
            limits = {**limits, origin: self.settings.per_address}
        closing = self.spend(act, user_id, limits)
        try:
            yield closing
        except Unavailable:
            for key, limit in limits.items():
                self._give_back(key, limit)
            raise
        if origin is not None:
            self._give_back(origin, self.settings.per_address)

    def count_here(self, act: str) -> None:
        """Count an act against the address it comes from, for good.

        Raises:
            TooMany: too many of these from there.
        """
        if circumstances().address:
            key = address_key(act, circumstances().address)
            self.spend(act, None, {key: self.settings.per_address})

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

    def may_note(self, act: str, user_id: int) -> bool:
        """Tell whether one more refusal of an account's acts is noted.

        Attack: filling the disk, and somebody's history, with refusals.
        """
        if self.db.is_writing:
            # In an open transaction nothing can be counted apart.
            return True
        with self.db.apart(), self.db.unit():
            key = account_key(act, user_id, None)
            return bool(self.counts.count({note_key(key): MOST_NOTED}))

    def may_write_to(self, canonical: str, act: str = LETTER) -> bool:
        """Tell whether an address may get another letter so soon.

        Counted for addresses without an account as well, so that both
        cost the same (attack: flooding a stranger's mailbox).
        """
        try:
            self.write_to(canonical, act)
        except TooMany:
            return False
        return True

    def may_write_along(self, canonical: str, act: str = LETTER) -> bool:
        """Tell the same within a unit of work; its account is held."""
        limits = letter_limits(act, canonical, self.settings.per_account)
        return len(self.counts.count(limits)) == len(limits)

    def write_to(self, canonical: str, act: str = LETTER) -> None:
        """Count a letter to an address, where the refusal may be told.

        Raises:
            TooMany: it got many letters already.
        """
        limits = letter_limits(act, canonical, self.settings.per_account)
        self.spend(LETTER, None, limits)

    def _give_back(self, key: str, limit: int) -> None:
        """Take one attempt off a count, and open what it had closed."""
        self.db.keep(
            GIVE_BACK, lambda: self.marks.clear(key), this=key, limit=limit
        )

    def sweep(self, now: int) -> int:
        """Remove counts that are over; say how many."""
        return self.counts.sweep(now)
