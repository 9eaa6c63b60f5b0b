"""Keys: passkeys as they are kept, and the challenges that were answered."""

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import bindparam, delete, func, or_, select, update

from vestibule.capabilities.passkeys.records import (
    PasskeyHandle,
    PasskeyRecord,
    UsedChallenge,
)
from vestibule.db import DB
from vestibule.ground.randomness import fingerprint

SWEEP_AT_ONCE = 200

_OWNER = PasskeyRecord.user_id == bindparam("owner")
_ONE = PasskeyRecord.id == bindparam("number")
_ALL = (
    PasskeyRecord.id,
    PasskeyRecord.user_id,
    PasskeyRecord.credential_id,
    PasskeyRecord.public_key,
    PasskeyRecord.sign_count,
    PasskeyRecord.aaguid,
    PasskeyRecord.transports,
    PasskeyRecord.name,
    PasskeyRecord.may_be_backed_up,
    PasskeyRecord.is_backed_up,
    PasskeyRecord.is_verified,
    PasskeyRecord.is_quiet,
    PasskeyRecord.created_at,
    PasskeyRecord.used_at,
)
_LIST = select(*_ALL).where(_OWNER).order_by(PasskeyRecord.id)
_FIND = select(*_ALL).where(
    PasskeyRecord.credential_id == bindparam("credential")
)
_BY_NUMBER = select(*_ALL).where(_ONE)
_COUNT = select(func.count()).where(_OWNER)
# By what the row is still, so that of two at once the greater count stays.
_TURN = (
    update(PasskeyRecord)
    .where(
        _ONE,
        or_(
            PasskeyRecord.sign_count < bindparam("counted"),
            (PasskeyRecord.sign_count == 0) & (bindparam("counted") == 0),
        ),
    )
    .values(
        sign_count=bindparam("counted"),
        is_backed_up=bindparam("backed_up"),
        is_verified=or_(PasskeyRecord.is_verified, bindparam("verified")),
        used_at=bindparam("now"),
    )
)
_RENAME = update(PasskeyRecord).where(_ONE, _OWNER)
_REMOVE = delete(PasskeyRecord).where(_ONE, _OWNER)
_REMOVE_ALL = delete(PasskeyRecord).where(
    _OWNER, PasskeyRecord.created_at >= bindparam("since")
)
_KNOWN_BY = select(PasskeyHandle.handle, PasskeyHandle.declined_at).where(
    PasskeyHandle.user_id == bindparam("owner")
)
_STANDING = select(
    _COUNT.scalar_subquery(),
    select(PasskeyHandle.declined_at)
    .where(PasskeyHandle.user_id == bindparam("owner"))
    .scalar_subquery(),
)
_DECLINE = (
    update(PasskeyHandle)
    .where(PasskeyHandle.user_id == bindparam("owner"))
    .values(declined_at=bindparam("now"))
)
_FORGET = delete(PasskeyHandle).where(
    PasskeyHandle.user_id == bindparam("owner")
)


@dataclass(frozen=True)
class Passkey:
    """A passkey of an account."""

    id: int
    user_id: int
    credential_id: bytes
    public_key: bytes = field(repr=False)
    sign_count: int
    aaguid: str
    transports: str
    name: str
    may_be_backed_up: bool
    is_backed_up: bool
    is_verified: bool
    is_quiet: bool
    created_at: int
    used_at: int | None


class Keys:
    """Keeps passkeys, the handles of their owners, and used challenges."""

    def __init__(self, db: DB) -> None:
        self.db = db

    def of(self, user_id: int) -> list[Passkey]:
        """List the passkeys of an account, the oldest first."""
        return [_passkey(row) for row in self.db.read(_LIST, owner=user_id)]

    def count(self, user_id: int) -> int:
        """Say how many there are."""
        return int(self.db.read(_COUNT, owner=user_id)[0][0])

    def standing(self, user_id: int) -> tuple[int, int | None]:
        """Say how many there are, and when another one was declined."""
        count, declined_at = self.db.read(_STANDING, owner=user_id)[0]
        return int(count), declined_at

    def find(self, credential_id: bytes) -> Passkey | None:
        """Find a passkey by what its device calls it, whosever it is."""
        row = self.db.first(_FIND, credential=credential_id)
        return None if row is None else _passkey(row)

    def one(self, number: int) -> Passkey | None:
        """Find a passkey by its number, whosever it is."""
        row = self.db.first(_BY_NUMBER, number=number)
        return None if row is None else _passkey(row)

    def add(self, user_id: int, **values: Any) -> bool:
        """Add a passkey unless somebody has it; say whether it was new."""
        return self.db.insert_new(
            PasskeyRecord,
            user_id=user_id,
            created_at=self.db.clock.now(),
            used_at=None,
            **values,
        )

    def turn(
        self, number: int, counted: int, *, backed_up: bool, verified: bool
    ) -> bool:
        """Note that a passkey was used, unless its count went back."""
        changed = self.db.write(
            _TURN,
            number=number,
            counted=counted,
            backed_up=backed_up,
            verified=verified,
            now=self.db.clock.now(),
        )
        return changed > 0

    def rename(self, user_id: int, number: int, name: str) -> None:
        """Call a passkey something else."""
        values = _RENAME.values(name=name)
        self.db.write(values, owner=user_id, number=number)

    def remove(self, user_id: int, number: int) -> bool:
        """Remove a passkey; say whether it was there."""
        return self.db.write(_REMOVE, owner=user_id, number=number) > 0

    def remove_all(self, user_id: int, since: int = 0) -> int:
        """Remove the passkeys of an account that are as new as that."""
        return self.db.write(_REMOVE_ALL, owner=user_id, since=since)

    def forget(self, user_id: int) -> None:
        """Remove all that is kept of an account."""
        self.remove_all(user_id)
        self.db.write(_FORGET, owner=user_id)

    def known_by(self, user_id: int) -> tuple[bytes, int | None] | None:
        """Give an account's handle, and when it declined, if it has one."""
        row = self.db.first(_KNOWN_BY, owner=user_id)
        return None if row is None else (bytes(row[0]), row[1])

    def handle(self, user_id: int) -> bytes:
        """Give the handle that devices know an account by; make it once."""
        known = self.known_by(user_id)
        if known is None:
            self.db.insert_new(
                PasskeyHandle,
                user_id=user_id,
                handle=self._chance(),
                declined_at=None,
            )
            known = self.known_by(user_id)
        return b"" if known is None else known[0]

    def _chance(self) -> bytes:
        """Make 64 bytes that say nothing."""
        keys = (self.db.randomness.key(), self.db.randomness.key())
        return bytes.fromhex("".join(keys))

    def decline(self, user_id: int) -> None:
        """Note that somebody wants to be asked no more for a while."""
        self.handle(user_id)
        self.db.write(_DECLINE, owner=user_id, now=self.db.clock.now())

    def use(self, challenge: str, ends_at: int) -> bool:
        """Use a challenge up; only the first of many at once does."""
        return self.db.insert_new(
            UsedChallenge, fingerprint=fingerprint(challenge), ends_at=ends_at
        )

    def sweep(self, now: int) -> int:
        """Remove a few challenges that nobody could answer any more."""
        over = (
            select(UsedChallenge.fingerprint)
            .where(UsedChallenge.ends_at <= now)
            .limit(SWEEP_AT_ONCE)
        )
        gone = delete(UsedChallenge).where(UsedChallenge.fingerprint.in_(over))
        return self.db.write(gone)


def _passkey(row: Any) -> Passkey:
    """Make a passkey of a row."""
    number, owner, credential, public, *rest = row
    return Passkey(number, owner, bytes(credential), bytes(public), *rest)
