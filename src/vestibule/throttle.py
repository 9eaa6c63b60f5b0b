"""Throttle: attempts are counted before what they try is checked.

Source: OWASP ASVS 5.0 6.3.1; NIST SP 800-63B-4 3.2.2.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from vestibule.attempts import CLEAR, CLEAR_BOTH
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
from vestibule.errors import TooMany, Unavailable
from vestibule.history import circumstances
from vestibule.spending import MOST_NOTED, Spending


class Throttle(Spending):
    """Knows what each act may cost, and who is spared what."""

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
                self.give_back(straight, limits[straight])

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
        with self._straight(
            "login", user_id, who, from_here=device is None
        ) as closing:
            yield straight_key(who) in closing and device is None

    @contextmanager
    def second(self, user_id: int, device: str | None) -> Iterator[bool]:
        """Spend one attempt at the second factor of an account.

        Whoever gets here has shown the first. It is counted as guesses at
        passwords are, apart from them.

        Args:
            user_id: of the account.
            device: the token of a device that is known for this account.

        Yields:
            Whether this attempt, if it fails, is the last before a wait.

        Raises:
            TooMany: a budget is spent; ``retry_after`` seconds to wait.
        """
        who = account_key("second_factor", user_id, None)
        if device is not None:
            who = device_key("second_factor", device)
        with self._straight(
            "second_factor", user_id, who, from_here=device is None
        ) as closing:
            yield bool({who, straight_key(who)} & closing)

    @contextmanager
    def _straight(
        self, act: str, user_id: int | None, who: str, *, from_here: bool
    ) -> Iterator[frozenset[str]]:
        """Count an attempt, and those that fail straight one after another.

        A success clears both counts.
        """
        straight, most = straight_key(who), self.settings.per_account
        limits = {who: most, straight: max(STRAIGHT, most)}
        with self._counted(
            act, user_id, limits, from_here=from_here
        ) as closing:
            yield closing
            self.db.keep(
                CLEAR_BOTH,
                lambda: self.marks.clear(who, straight),
                this=who,
                straight=straight,
            )

    def forgive(
        self, act: str, user_id: int | None, canonical: str | None = None
    ) -> None:
        """Clear the count of an account whose owner has proven otherwise.

        Letters are counted by the canonical form of their address.
        """
        key = account_key(act, user_id, canonical)
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
                self.give_back(key, limit)
            raise
        if origin is not None:
            self.give_back(origin, self.settings.per_address)

    def count_here(self, act: str) -> None:
        """Count an act against the address it comes from, for good.

        Raises:
            TooMany: too many of these from there.
        """
        if circumstances().address:
            key = address_key(act, circumstances().address)
            self.spend(act, None, {key: self.settings.per_address})

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
