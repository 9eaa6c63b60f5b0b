"""The hasher: argon2id in a bounded lane of its own.

Source: RFC 9106; OWASP Password Storage Cheat Sheet (19 MiB, t=2, p=1).
"""

import os
import threading
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import TypeVar

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from vestibule.errors import Unavailable
from vestibule.ground.randomness import Randomness
from vestibule.sections import PasswordSettings

R = TypeVar("R")

# As many hashes at once as there are cores: more would only take memory.
LANES = max(1, os.cpu_count() or 1)
WAITING = 32


class Hasher:
    """Hashes and verifies passwords, a bounded number at a time."""

    def __init__(
        self, settings: PasswordSettings, is_writing: Callable[[], bool]
    ) -> None:
        self._argon2 = PasswordHasher(
            time_cost=settings.hash_passes,
            memory_cost=settings.hash_memory,
            parallelism=1,
            type=Type.ID,
        )
        self._is_writing = is_writing
        self._places = threading.BoundedSemaphore(LANES + WAITING)
        # It starts its threads only when there is something to hash.
        self._lanes = ThreadPoolExecutor(LANES, thread_name_prefix="hash-lane")
        # How many hashes were made; itself counted without a gap.
        self.count = 0
        self._counting = threading.Lock()

    def hash(self, password: str) -> str:
        """Hash a password into its encoded form with its parameters."""
        return self._in_lane(lambda: self._argon2.hash(_prepared(password)))

    def verify(self, encoded: str, password: str) -> bool:
        """Tell whether the password made this hash."""
        return self._in_lane(lambda: self._matches(encoded, password))

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
        assert self._nobody

    def _matches(self, encoded: str, password: str) -> bool:
        """Verify in the lane; a hash of another kind matches nothing."""
        try:
            return self._argon2.verify(encoded, _prepared(password))
        except (VerificationError, InvalidHashError):
            return False

    def _in_lane(self, work: Callable[[], R]) -> R:
        """Wait for a lane and work in it.

        Raises:
            Unavailable: too many are waiting already.
        """
        if self._is_writing():
            raise RuntimeError("a hash must not hold a transaction open")
        if not self._places.acquire(blocking=False):
            raise Unavailable
        try:
            with self._counting:
                self.count += 1
            return self._lanes.submit(work).result()
        finally:
            self._places.release()


def _prepared(password: str) -> bytes:
    """Bring a password to NFC, so that every keyboard types the same."""
    return unicodedata.normalize("NFC", password).encode("utf-8")
