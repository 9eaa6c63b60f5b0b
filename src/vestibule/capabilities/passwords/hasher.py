"""The hasher: argon2id, in lanes of its own.

Source: RFC 9106; OWASP Password Storage Cheat Sheet (19 MiB, t=2, p=1).
"""

import time
import unicodedata
from collections.abc import Callable
from functools import cached_property, partial

from argon2 import PasswordHasher, Type, extract_parameters
from argon2.exceptions import InvalidHashError

from vestibule.capabilities.passwords import foreign
from vestibule.capabilities.passwords.derivations import (
    MOST_ARGON2_MEMORY,
    MOST_ARGON2_WORK,
    Limits,
)
from vestibule.capabilities.passwords.lanes import Lanes
from vestibule.errors import Malformed
from vestibule.ground.randomness import Randomness
from vestibule.sections import PasswordSettings


class Hasher:
    """Hashes and verifies passwords, a bounded number at a time."""

    def __init__(
        self,
        settings: PasswordSettings,
        is_writing: Callable[[], bool],
        processes: int = 1,
    ) -> None:
        self._argon2 = PasswordHasher(
            time_cost=settings.hash_passes,
            memory_cost=settings.hash_memory,
            parallelism=1,
            type=Type.ID,
        )
        # What the settings ask for must be checked, however much it is.
        self._limits = Limits(
            max(MOST_ARGON2_MEMORY, settings.hash_memory),
            max(
                MOST_ARGON2_WORK,
                settings.hash_memory * settings.hash_passes,
            ),
        )
        self.lanes = Lanes(is_writing, processes)
        # How many seconds one of our hashes takes, once it was measured.
        self.span = 0.0

    @property
    def count(self) -> int:
        """How many hashes were made."""
        return self.lanes.count

    def hash(self, password: str) -> str:
        """Hash a password into its encoded form with its parameters."""
        usual, *_ = _spellings(password)
        return self.lanes.work(lambda: self._argon2.hash(usual))

    def check(self, encoded: str) -> None:
        """Refuse a hash that a sign-in would not verify.

        Raises:
            Malformed: it is of no kind that is read, or costs too much.
        """
        foreign.read(encoded, self._limits)

    def verify(self, encoded: str, password: str) -> bool:
        """Tell whether the password made this hash.

        A wrong one costs one of our own hashes at least, so that an
        account whose hash is cheap or none is not refused faster.
        """
        try:
            opens = foreign.read(encoded, self._limits)
        except Malformed:
            self.verify_nobody(password)
            return False
        for spelling in _spellings(password):
            if self.lanes.work(partial(opens, spelling)):
                return True
        if self._is_cheap(encoded):
            self.verify_nobody(password)
        return False

    def _is_cheap(self, encoded: str) -> bool:
        """Tell whether a hash may cost less than one of ours."""
        try:
            made = extract_parameters(encoded.removeprefix("argon2"))
        except InvalidHashError:
            return True
        ours = self._argon2
        cost = ours.memory_cost * ours.time_cost
        return made.memory_cost * made.time_cost < cost

    def verify_nobody(self, password: str) -> None:
        """Spend the time of one verification for an account there is not.

        Attack: telling accounts by how fast a wrong password is refused.
        """
        self.verify(self._nobody, password)

    def is_outdated(self, encoded: str) -> bool:
        """Tell whether a hash was made with other parameters than today's."""
        try:
            return self._argon2.check_needs_rehash(encoded)
        except InvalidHashError:
            return True

    @cached_property
    def _nobody(self) -> str:
        """A hash with today's parameters that no password opens."""
        return self._argon2.hash(Randomness().token())

    def warm_up(self) -> None:
        """Make the hash for unknown accounts before the first request."""
        self.span = self.lanes.work(self._measured)

    def _measured(self) -> float:
        """Say how many seconds of a processor one of our hashes takes.

        The second one shows what all later ones take: in its lane its
        memory is there already.
        """
        assert self._nobody
        begun = time.thread_time()
        self._argon2.hash(b"")
        return time.thread_time() - begun


def _spellings(password: str) -> list[bytes]:
    """List the bytes that a password may have been hashed as, usual first.

    Ours are in NFC, so that every keyboard types the same; other systems
    took a password as it was typed.
    """
    usual = unicodedata.normalize("NFC", password)
    return [text.encode() for text in dict.fromkeys((usual, password))]
