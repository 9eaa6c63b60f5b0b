"""Throttle: attempts are counted before what they try is checked.

One statement counts and decides, in a transaction of its own, so that
parallel guesses cannot outrun it (attack: read, verify, write the count).
Source: OWASP ASVS 5.0 6.3.1; NIST SP 800-63B-4 3.2.2.
"""

import hashlib
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from ipaddress import IPv6Address, ip_address, ip_network
from typing import NoReturn

from sqlalchemy import delete, select

from vestibule.attempts import (
    CLEAR,
    GIVE_BACK,
    IS_SHUT,
    WAITS,
    Attempts,
    counting,
)
from vestibule.db import DB
from vestibule.errors import TooMany, Unavailable
from vestibule.history import History, circumstances

LETTERS = 5
# Refusals of one kind that the history takes in before it waits.
MOST_NOTED = 20


class _Closed(Exception):
    """A count that takes nothing in at the moment."""

    def __init__(self, key: str) -> None:
        self.key = key


def _note(key: str) -> str:
    """Name the count of refusals of one key that the history has noted."""
    return f"noted:{key}"


def account_key(act: str, user_id: int | None, canonical: str | None) -> str:
    """Name the count of one account, the same by any of its names."""
    if user_id is not None:
        return f"{act}:user:{user_id}"
    typed = (canonical or "").encode("utf-8", "replace")
    digest = hashlib.sha256(typed).hexdigest()
    return f"{act}:name:{digest[:40]}"


def address_key(act: str, address: str) -> str:
    """Name the count of one network address; an IPv6 /64 is one."""
    try:
        ip = ip_address(address)
    except ValueError:
        return f"{act}:from:unknown"
    if isinstance(ip, IPv6Address):
        # A server on both protocols sees ::ffff:192.0.2.1; without this
        # all of IPv4 would be one network.
        ip = ip.ipv4_mapped or ip
    if isinstance(ip, IPv6Address):
        return f"{act}:from:{ip_network((ip, 64), strict=False)}"
    return f"{act}:from:{ip}"


class Throttle:
    """Counts attempts and refuses those above the budget."""

    def __init__(self, db: DB, history: History) -> None:
        self.db = db
        self.history = history
        self.settings = db.settings.throttle
        self._counting = counting(db.engine)
        self._is_shut = db.prepared(IS_SHUT, "now", "one", "other")

    @contextmanager
    def attempt(
        self, act: str, user_id: int | None, canonical: str | None = None
    ) -> Iterator[None]:
        """Spend one attempt at an account; a success gives it back.

        The account's count is cleared by success, the address's count
        loses this attempt only (attack: signing in to one's own account
        to clear the count of guesses at others).

        Raises:
            TooMany: the budget is spent; ``retry_after`` seconds to wait.
        """
        account = account_key(act, user_id, canonical)
        limits = {account: self.settings.per_account}
        with self._counted(act, user_id, limits):
            yield
            # In the order in which they are counted: two at once, at one
            # account and place, then wait, and never for each other.
            self.db.keep(CLEAR, this=account)

    def forgive(self, act: str, user_id: int) -> None:
        """Clear the count of an account whose owner has proven otherwise."""
        self.db.write(CLEAR, this=account_key(act, user_id, None))

    def attempt_from_here(self, act: str) -> AbstractContextManager[None]:
        """Spend an attempt that no account is known for; see ``attempt``."""
        return self._counted(act, None, {})

    @contextmanager
    def _counted(
        self, act: str, user_id: int | None, limits: dict[str, int]
    ) -> Iterator[None]:
        """Count an attempt, also where it comes from, until it succeeds.

        An attempt that could not be checked is given back everywhere, so
        that a busy site locks nobody out.
        """
        origin = None
        if circumstances().address:
            origin = address_key(act, circumstances().address)
            limits = {**limits, origin: self.settings.per_address}
        self.spend(act, user_id, limits)
        try:
            yield
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
    ) -> None:
        """Count an attempt under one key or two, or refuse it.

        Raises:
            TooMany: one of the keys is closed at the moment.
        """
        if self.db.is_writing:
            raise RuntimeError("attempts are counted before any transaction")
        if not limits:
            return
        # A flood is mostly refused by reading alone.
        now = self.db.clock.now()
        one, other = next(iter(limits)), next(reversed(limits))
        if self._is_shut(now, one, other):
            waits = self._waits([*limits, *map(_note, limits)])
            for key in filter(waits.get, limits):
                self._refuse(key, act, user_id, waits)
        for key in self._closed(limits):
            self._refuse(key, act, user_id, self._waits([key]))

    def _refuse(
        self, key: str, act: str, user_id: int | None, waits: dict[str, int]
    ) -> NoReturn:
        """Refuse an attempt, and note it unless that was done often enough.

        Raises:
            TooMany: always.
        """
        refusal = TooMany(waits.get(key, 0))
        if _note(key) not in waits:
            with self.db.apart(), self.db.unit():
                if self._count(_note(key), MOST_NOTED):
                    self.history.record(act, user_id, refusal.code)
        raise refusal

    def _waits(self, keys: list[str]) -> dict[str, int]:
        """Say of each key that is closed how many seconds it stays so."""
        now = self.db.clock.now()
        found = select(Attempts.key, Attempts.closed_until - now).where(
            Attempts.key.in_(keys), Attempts.closed_until > now
        )
        return {row[0]: row[1] for row in self.db.read(found)}

    def _closed(self, limits: dict[str, int]) -> list[str]:
        """Count under each key, or none and name one that is closed."""
        try:
            with self.db.apart(), self.db.unit():
                for key, limit in limits.items():
                    if not self._count(key, limit):
                        # What is counted already is undone with it.
                        raise _Closed(key)
        except _Closed as closed:
            return [closed.key]
        return []

    def may_note(self, act: str, user_id: int) -> bool:
        """Tell whether one more refusal of an account's acts is noted.

        Attack: filling the disk, and somebody's history, with refusals.
        """
        if self.db.is_writing:
            # In an open transaction nothing can be counted apart.
            return True
        with self.db.apart(), self.db.unit():
            key = account_key(act, user_id, None)
            return self._count(_note(key), MOST_NOTED)

    def may_write_to(self, canonical: str) -> bool:
        """Tell whether an address may get another letter so soon.

        Counted for addresses without an account as well, so that both
        cost the same (attack: flooding a stranger's mailbox).
        """
        try:
            self.write_to(canonical)
        except TooMany:
            return False
        return True

    def write_to(self, canonical: str) -> None:
        """Count a letter to an address, where the refusal may be told.

        Raises:
            TooMany: it got many letters already.
        """
        budget = max(LETTERS, self.settings.per_account // 2)
        key = account_key("letter", None, canonical)
        self.spend("letter", None, {key: budget})

    def _count(self, key: str, limit: int) -> bool:
        """Count one attempt unless the key is closed, in one statement."""
        now = self.db.clock.now()
        window = self.settings.window
        opens = now + WAITS[0] if limit == 1 else now
        counted = self.db.write_returning(
            self._counting,
            key=key,
            count=1,
            closed_until=opens,
            forgotten_at=opens + window,
            now=now,
            limit=limit,
            window=window,
        )
        return counted is not None

    def _give_back(self, key: str, limit: int) -> None:
        """Take one attempt off a count, and open what it had closed."""
        self.db.keep(GIVE_BACK, this=key, limit=limit)

    def sweep(self, now: int) -> int:
        """Remove counts that are over; say how many."""
        return self.db.write(
            delete(Attempts).where(Attempts.forgotten_at <= now)
        )
