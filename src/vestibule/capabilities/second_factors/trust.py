"""Devices that are trusted: for a while they stand for a second factor."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, delete, insert, select, update

from vestibule.capabilities.second_factors.records import TrustedDevice
from vestibule.db import DB
from vestibule.ground.randomness import fingerprint
from vestibule.history import circumstances

LIFE = 30 * 86400
# So many accounts at most are remembered in one browser.
MOST_TOKENS = 5
MOST_DEVICES = 20
SWEEP_AT_ONCE = 200
LONGEST_TOKEN = 128

_PRINT = TrustedDevice.fingerprint
_OWNER = TrustedDevice.user_id == bindparam("owner")
_TURN = (
    update(TrustedDevice)
    .where(
        _OWNER,
        bindparam("print") == _PRINT,
        TrustedDevice.stamp.in_(bindparam("stamps", expanding=True)),
        TrustedDevice.ends_at > bindparam("now"),
    )
    .values(
        fingerprint=bindparam("fresh"),
        seen_at=bindparam("now"),
        address=bindparam("here"),
        agent=bindparam("by"),
    )
)
_NEWEST = (
    select(_PRINT)
    .where(_OWNER)
    .order_by(TrustedDevice.seen_at.desc(), _PRINT)
    .limit(MOST_DEVICES - 1)
)
_MAKE_ROOM = delete(TrustedDevice).where(
    _OWNER, _PRINT.not_in(_NEWEST.scalar_subquery())
)
_LIST = (
    select(
        _PRINT,
        TrustedDevice.created_at,
        TrustedDevice.seen_at,
        TrustedDevice.ends_at,
        TrustedDevice.address,
        TrustedDevice.agent,
    )
    .where(_OWNER, TrustedDevice.ends_at > bindparam("now"))
    .order_by(TrustedDevice.seen_at.desc(), _PRINT)
)
_STANDING = _LIST.where(
    TrustedDevice.stamp.in_(bindparam("stamps", expanding=True))
)
_END_ALL = delete(TrustedDevice).where(_OWNER)


@dataclass(frozen=True)
class Trusted:
    """A device that is trusted; ``handle`` names it and opens nothing."""

    handle: str
    created_at: int
    seen_at: int
    ends_at: int
    address: str
    agent: str


class TrustedDevices:
    """Keeps devices; only the SHA-256 of a token is stored."""

    def __init__(self, db: DB) -> None:
        self.db = db

    def begin(self, user_id: int, stamp: bytes) -> str:
        """Trust the device that asks from now on; give its token."""
        token = self.db.randomness.token()
        now = self.db.clock.now()
        self.db.write(_MAKE_ROOM, owner=user_id)
        here = circumstances()
        self.db.write(
            insert(TrustedDevice),
            fingerprint=fingerprint(token),
            user_id=user_id,
            stamp=stamp,
            created_at=now,
            seen_at=now,
            ends_at=now + LIFE,
            address=here.address[:45],
            agent=here.agent[:200],
        )
        return token

    def turned(
        self, user_id: int, tokens: Sequence[str], stamps: Sequence[bytes]
    ) -> str | None:
        """Take a token of a trusted device, and give the next one for it.

        Of two at once with one token, one gets none. Its days are counted
        from when the factor itself was shown.

        Args:
            user_id: whose sign-in it is.
            tokens: as the browser brings them; five count.
            stamps: of the account as it is now.
        """
        here = circumstances()
        for token in tokens[:MOST_TOKENS]:
            fresh = self.db.randomness.token()
            turned = len(token) <= LONGEST_TOKEN and self.db.write(
                _TURN,
                owner=user_id,
                print=fingerprint(token),
                stamps=[*stamps],
                now=self.db.clock.now(),
                fresh=fingerprint(fresh),
                here=here.address[:45],
                by=here.agent[:200],
            )
            if turned:
                return fresh
        return None

    def of(
        self, user_id: int, stamps: Sequence[bytes] | None = None
    ) -> list[Trusted]:
        """List the devices of an account, the last used first.

        Args:
            user_id: whose they are.
            stamps: of the account as it is now, to leave out what an older
                password has trusted; all that are kept if left out.
        """
        given = {"owner": user_id, "now": self.db.clock.now()}
        rows = (
            self.db.read(_LIST, **given)
            if stamps is None
            else self.db.read(_STANDING, **given, stamps=[*stamps])
        )
        return [Trusted(bytes(row[0]).hex(), *row[1:]) for row in rows]

    def end(self, user_id: int, handle: str) -> bool:
        """Trust the device that a handle names no more."""
        try:
            print_ = bytes.fromhex(handle)
        except ValueError:
            return False
        gone = delete(TrustedDevice).where(_OWNER, _PRINT.in_([print_]))
        return self.db.write(gone, owner=user_id) > 0

    def end_all(self, user_id: int) -> int:
        """Trust no device of an account any more; say how many there were."""
        return self.db.write(_END_ALL, owner=user_id)

    def sweep(self, now: int) -> int:
        """Remove a few whose time is over."""
        over = (
            select(_PRINT)
            .where(TrustedDevice.ends_at <= now)
            .limit(SWEEP_AT_ONCE)
        )
        return self.db.write(delete(TrustedDevice).where(_PRINT.in_(over)))
