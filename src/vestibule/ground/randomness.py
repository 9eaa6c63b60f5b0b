"""The one source of chance: secrets, row ids and spare digits."""

import hashlib
import secrets

from uuid_utils.compat import UUID, uuid7


class Randomness:
    """Unpredictable values from the operating system's generator."""

    def token(self) -> str:
        """Make a secret of 256 bits as 43 base64url characters.

        Source: OWASP ASVS 5.0 7.2.3 asks for 128 bits or more.
        """
        return secrets.token_urlsafe(32)

    def key(self) -> str:
        """Make a key of 256 bits as 64 hexadecimal digits."""
        return secrets.token_hex(32)

    def nonce(self) -> bytes:
        """Make the 96 bits that AES-GCM uses once (SP 800-38D 8.2.2)."""
        return secrets.token_bytes(12)

    def seed(self) -> bytes:
        """Make the 160 bits that an authenticator app counts with.

        Source: RFC 4226, section 4, R6.
        """
        return secrets.token_bytes(20)

    def letters(self, alphabet: str, length: int) -> str:
        """Make a string of ``length`` characters, each as likely."""
        return "".join(secrets.choice(alphabet) for _ in range(length))

    def row_id(self) -> UUID:
        """Make a UUIDv7 (RFC 9562 5.7), which sorts by its time."""
        return uuid7()

    def digits(self, length: int) -> str:
        """Make a string of ``length`` decimal digits."""
        return "".join(secrets.choice("0123456789") for _ in range(length))


def fingerprint(token: str) -> bytes:
    """Hash a token into the 32 bytes that tables may keep of it.

    A token has 256 random bits, so one round of SHA-256 without salt is
    enough: nobody can try them all.
    """
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()
