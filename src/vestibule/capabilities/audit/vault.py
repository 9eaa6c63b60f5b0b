"""Where somebody was, kept so that it goes with their account.

The chain never changes, so what must be erasable in it is encrypted under a
random key of the person it belongs to. The key lies in a table of its own
and goes with the account; what it opened is then noise for ever.
"""

import hashlib
import json
from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select, type_coerce
from sqlalchemy.types import NullType

from vestibule.capabilities.audit.records import PersonKey
from vestibule.db import DB
from vestibule.ground.chain import as_bytes
from vestibule.user import User

_NONCE = 12
_KEY = 32
_KEYS = select(
    PersonKey.person_id, type_coerce(PersonKey.key, NullType).label("key")
).where(PersonKey.person_id.in_(bindparam("people", expanding=True)))
# In one order, so that no two wait for each other; nobody can be deleted
# between this look and the end of the transaction.
_STILL_HERE = (
    select(User.id)
    .where(User.id.in_(bindparam("people", expanding=True)))
    .order_by(User.id)
    .with_for_update(read=True, key_share=True)
)


class Vault:
    """Closes and opens details by the keys of people."""

    def __init__(self, db: DB) -> None:
        self.db = db

    def keys(self, people: Collection[int]) -> dict[int, bytes]:
        """Read the keys of people; whose account is gone has none."""
        if not people:
            return {}
        rows = self.db.read(_KEYS, people=sorted(people))
        return {row.person_id: _key(row.key) for row in rows}

    def make_keys(self, people: set[int]) -> None:
        """Make the keys that are missing, for whoever is still here."""
        missing = people - self.keys(people).keys()
        if not missing:
            return
        with self.db.unit():
            here = self.db.write_all(_STILL_HERE, people=sorted(missing))
            for row in here:
                key = bytes.fromhex(self.db.randomness.key())
                self.db.insert_new(PersonKey, person_id=row.id, key=key)

    def close(
        self,
        event: UUID,
        person_id: int | None,
        details: list[str],
        keys: dict[int, bytes],
    ) -> bytes:
        """Encrypt details; those of people who are gone are left out.

        Args:
            event: which they belong to and no other; they open only there.
            person_id: whose they are; nobody's are kept as they are.
            details: network address and user agent.
            keys: of people.
        """
        if not any(details):
            return b""
        plain = json.dumps(details, ensure_ascii=False).encode()
        if person_id is None:
            return plain
        if person_id not in keys:
            return b""
        nonce = self.db.randomness.nonce()
        cipher = _cipher(keys[person_id])
        return nonce + bytes(cipher.encrypt(nonce, plain, event.bytes))

    @staticmethod
    def open(
        event: UUID,
        person_id: int | None,
        closed: bytes,
        keys: dict[int, bytes],
    ) -> list[str]:
        """Decrypt details; what cannot be read any more is empty."""
        from cryptography.exceptions import InvalidTag

        if not closed or (person_id is not None and person_id not in keys):
            return ["", ""]
        try:
            if person_id is not None:
                nonce, rest = closed[:_NONCE], closed[_NONCE:]
                cipher = _cipher(keys[person_id])
                closed = cipher.decrypt(nonce, rest, event.bytes)
            address, agent = json.loads(closed)
        except (InvalidTag, ValueError, TypeError, RecursionError):
            # Somebody edited the row; the audit tells where.
            return ["", ""]
        return [str(address), str(agent)]


def _key(value: Any) -> bytes:
    """Read a key; what a hand put there instead opens nothing."""
    key = as_bytes(value)
    return key if len(key) == _KEY else hashlib.sha256(key).digest()


def _cipher(key: bytes) -> Any:
    """Give AES-256-GCM (SP 800-38D), imported where it is needed."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    return AESGCM(key)
