"""Secrets that must be read again, encrypted while they lie in a table.

Each has the key of its purpose, made of the secret key of the site, and
belongs to one row: moved to another, it does not open. What a former key of
the site has closed is opened, and only the newest closes.
Source: OWASP ASVS 5.0 11.3.2, 11.3.4, 13.3.1; NIST SP 800-38D.
"""

from typing import Any

from vestibule.ground.keys import Keys
from vestibule.ground.randomness import Randomness
from vestibule.ground.signing import keyed_hash

MARK = 8
_NONCE = 12


class AtRest:
    """Closes and opens secrets of one purpose.

    What is closed begins with the mark of its key, which says no more than
    which of them it was.
    """

    def __init__(
        self, keys: Keys, purpose: str, randomness: Randomness
    ) -> None:
        self.purpose = purpose
        self.randomness = randomness
        self._keys = {self._mark(key): key for key in keys.all}

    def _mark(self, secret_key: str) -> bytes:
        """Name a key of the site without telling of it."""
        return keyed_hash(secret_key, f"{self.purpose}.mark")[:MARK]

    @property
    def old_marks(self) -> list[bytes]:
        """The marks of the keys that only open."""
        return [*self._keys][1:]

    def close(self, secret: bytes, row: str) -> bytes:
        """Encrypt a secret for one row.

        Args:
            secret: what nobody may read in the table.
            row: what names the row, and will not change.
        """
        mark = next(iter(self._keys))
        nonce = self.randomness.nonce()
        cipher = self._cipher(mark)
        closed: bytes = cipher.encrypt(nonce, secret, row.encode())
        return mark + nonce + closed

    def open(self, closed: bytes, row: str) -> bytes | None:
        """Decrypt what was closed for a row; None if it was not."""
        from cryptography.exceptions import InvalidTag

        mark, rest = closed[:MARK], closed[MARK:]
        if mark not in self._keys:
            return None
        nonce, rest = rest[:_NONCE], rest[_NONCE:]
        try:
            opened: bytes = self._cipher(mark).decrypt(
                nonce, rest, row.encode()
            )
        except (InvalidTag, ValueError):
            # Somebody edited the row, or took it from another.
            return None
        return opened

    def _cipher(self, mark: bytes) -> Any:
        """Give AES-256-GCM, imported where it is needed."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        return AESGCM(keyed_hash(self._keys[mark], f"{self.purpose}.key"))
