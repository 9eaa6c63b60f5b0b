"""Values that travel through a browser and must come back unchanged."""

import hashlib
import hmac
import re
from collections.abc import Iterable
from typing import Any

from itsdangerous import BadData, TimestampSigner, URLSafeTimedSerializer
from itsdangerous.encoding import base64_encode

from vestibule.ground.clock import Clock
from vestibule.ground.keys import Keys

# Of a signature only the one spelling is read that we have written. Source:
# RFC 4648, 3.3 and 3.5: what a lenient reader leaves out, or takes for zero.
_SPELT = re.compile(r"[A-Za-z0-9_.-]+\.[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]")
# The most characters of what only grows when it is compressed.
SHORT = 120


def keyed_hash(secret_key: str, purpose: str, *parts: str) -> bytes:
    """Hash texts with a key of one purpose alone, into 32 bytes.

    For what is too short for a plain hash: without the secret key nobody
    can try all of it out, not even with the whole database in hand.
    Source: RFC 2104; NIST SP 800-63B-4 3.1.1.2.

    Raises:
        ValueError: the key is empty, so that everybody has it.
    """
    if not secret_key:
        raise ValueError("nothing is signed without a secret key")
    base = secret_key.encode()
    key = hmac.digest(base, f"vestibule.{purpose}".encode(), hashlib.sha256)
    # No part can end where another begins.
    text = "\0".join(f"{len(part)}:{part}" for part in parts)
    return hmac.digest(key, text.encode("utf-8", "replace"), hashlib.sha256)


def is_one_of(given: bytes, hashes: Iterable[bytes]) -> bool:
    """Tell whether a hash is among some, in the same time for each."""
    found = [hmac.compare_digest(given, one) for one in hashes]
    return any(found)


class _Sealing(URLSafeTimedSerializer):
    """What itsdangerous does, without trying to compress what is short."""

    def dump_payload(self, obj: Any) -> bytes:
        """Write a value into URL-safe text."""
        text = self.serializer.dumps(obj).encode()
        if len(text) > SHORT:
            return super().dump_payload(obj)
        return base64_encode(text)


class Seal:
    """Signs small values for one purpose and reads them back.

    The purpose is part of the key, so that a value signed for one use is
    worthless in another. What an old key of the site has signed is read,
    and only its newest key signs.
    """

    def __init__(self, keys: Keys, purpose: str, clock: Clock) -> None:
        if not all(keys.all):
            raise ValueError("nothing is signed without a secret key")

        class ClockSigner(TimestampSigner):
            """A timestamp signer that reads the given clock."""

            def get_timestamp(self) -> int:
                """Say the moment that goes into the signature."""
                return clock.now()

        # It signs with the last of a list, and verifies with all.
        self._serializer = _Sealing(
            list(reversed(keys.all)),
            salt=f"vestibule.{purpose}",
            signer=ClockSigner,
            # Its own choice is SHA-1. Source: OWASP ASVS 5.0 11.4.1.
            signer_kwargs={
                "digest_method": hashlib.sha256,
                "key_derivation": "hmac",
            },
        )

    def close(self, value: Any) -> str:
        """Sign a value made of JSON types into URL-safe text."""
        text = self._serializer.dumps(value)
        return text if isinstance(text, str) else text.decode("ascii")

    def open(self, text: str, max_age: int) -> Any:
        """Read a value signed at most ``max_age`` seconds ago.

        Returns:
            The value, or None when the text is forged, broken or too old.
        """
        if not _SPELT.fullmatch(text):
            return None
        try:
            return self._serializer.loads(text, max_age=max_age)
        except (BadData, UnicodeError):
            return None
