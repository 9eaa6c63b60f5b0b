"""Where somebody is signed in, as the owner may see and end it."""

import hashlib
from dataclasses import dataclass, field

from sqlalchemy import delete, func, select

from vestibule.capabilities.sessions.records import SessionRecord
from vestibule.db import DB
from vestibule.ground import devices
from vestibule.ground.randomness import fingerprint

# Whoever has more is not shown them, but can end all others at once.
MOST_SHOWN = 50
MOST_LOOKED_AT = 10_000


@dataclass(frozen=True)
class Device:
    """A session as its owner may see it; by nothing here can it be used.

    ``ends_at`` is when it ends if nobody uses it, ``dies_at`` when it does
    in any case, in seconds since 1970. ``handle`` names it to its owner.
    """

    created_at: int
    seen_at: int
    ends_at: int
    dies_at: int
    address: str
    agent: str
    handle: str = field(default="", repr=False)
    is_current: bool = False

    @property
    def name(self) -> devices.Device:
        """Its browser and system, as far as we know them."""
        return devices.device(self.agent)

    @property
    def facts(self) -> dict[str, int | str]:
        """What an owner takes along of it."""
        return {name: getattr(self, name) for name in _FACTS}


_FACTS = ("created_at", "seen_at", "ends_at", "dies_at", "address", "agent")


def handle(print_: bytes) -> str:
    """Name a session so that the name opens nothing and tells nothing.

    It is hashed from what the table keeps of the token, which is itself a
    hash of 256 random bits: there is no way back to either. Nothing is
    looked up by it but the sessions of whoever asks.
    """
    return hashlib.sha256(b"handle of " + print_).hexdigest()[:32]


class Devices:
    """Reads and ends the sessions of one account."""

    def __init__(self, db: DB) -> None:
        self._db = db

    def of(
        self, user_id: int, token: str | None = None, most: int = MOST_SHOWN
    ) -> list[Device]:
        """List where somebody is signed in, the last used first.

        Args:
            user_id: whose account it is.
            token: of the session that asks, which comes before all.
            most: how many at most.
        """
        own = fingerprint(token) if token else b""
        record = SessionRecord.__table__.columns
        is_other = record["fingerprint"] != own
        rows = self._db.read(
            select(record["fingerprint"], *(record[n] for n in _FACTS))
            .where(
                record["user_id"] == user_id,
                record["ends_at"] > self._db.clock.now(),
            )
            .order_by(is_other, record["seen_at"].desc())
            .limit(most)
        )
        return [
            Device(
                **dict(zip(_FACTS, row[1:], strict=True)),
                handle=handle(row[0]),
                is_current=row[0] == own,
            )
            for row in rows
        ]

    def count(self, user_id: int) -> int:
        """Say in how many places somebody is signed in."""
        statement = select(func.count()).where(
            SessionRecord.user_id == user_id,
            SessionRecord.ends_at > self._db.clock.now(),
        )
        row = self._db.first(statement)
        return int(row[0]) if row else 0

    def end(self, user_id: int, wanted: str) -> bool:
        """End the one session of an account that a handle names, if any."""
        mine = self._db.read(
            select(SessionRecord.fingerprint)
            .where(SessionRecord.user_id == user_id)
            .limit(MOST_LOOKED_AT)
        )
        for (print_,) in mine:
            if handle(print_) == wanted:
                # Renewed meanwhile, it goes by another name.
                return bool(
                    self._db.write(
                        delete(SessionRecord).where(
                            SessionRecord.fingerprint == print_
                        )
                    )
                )
        return False
