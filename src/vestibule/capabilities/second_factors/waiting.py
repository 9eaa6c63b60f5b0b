"""Sign-ins that wait for a second factor: begun, found again, and taken."""

from dataclasses import dataclass

from sqlalchemy import bindparam, delete, insert, select

from vestibule.capabilities.second_factors.records import WaitingSignIn
from vestibule.db import DB
from vestibule.ground.randomness import fingerprint
from vestibule.outcomes import Arrival

# Ten minutes to find one's phone.
LIFE = 600
SWEEP_AT_ONCE = 200
LONGEST_TOKEN = 128

_PRINT = WaitingSignIn.fingerprint
_BEGIN = insert(WaitingSignIn)
_FIND = select(
    WaitingSignIn.user_id,
    WaitingSignIn.proof,
    WaitingSignIn.stamp,
    WaitingSignIn.remember,
    WaitingSignIn.is_common,
).where(
    bindparam("print") == _PRINT,
    WaitingSignIn.ends_at > bindparam("now"),
)
_TAKE = (
    delete(WaitingSignIn)
    .where(bindparam("print") == _PRINT)
    .returning(WaitingSignIn.user_id)
)


@dataclass(frozen=True)
class Waiting:
    """A sign-in that waits: whose, what it has shown, and its stamp.

    ``is_common`` says that everybody tries its password first.
    """

    user_id: int
    proof: str
    stamp: bytes
    remember: bool
    is_common: bool


class WaitingSignIns:
    """Keeps sign-ins that wait; only the SHA-256 of a token is stored."""

    def __init__(self, db: DB) -> None:
        self.db = db

    def begin(self, arrival: Arrival, stamp: bytes) -> tuple[str, int]:
        """Let a sign-in wait; give its token, and until when."""
        token = self.db.randomness.token()
        ends_at = self.db.clock.now() + LIFE
        self.db.write(
            _BEGIN,
            fingerprint=fingerprint(token),
            user_id=arrival.user.id,
            proof=arrival.proofs[0],
            stamp=stamp,
            remember=arrival.remember,
            is_common=arrival.is_common,
            ends_at=ends_at,
        )
        return token, ends_at

    def find(self, token: str) -> Waiting | None:
        """Find a sign-in by its token, if it waits still."""
        if not 0 < len(token) <= LONGEST_TOKEN:
            return None
        now = self.db.clock.now()
        row = self.db.first(_FIND, print=fingerprint(token), now=now)
        return None if row is None else Waiting(*row)

    def take(self, token: str) -> bool:
        """Take a sign-in away; only the first of many at once does."""
        if not 0 < len(token) <= LONGEST_TOKEN:
            return False
        row = self.db.write_returning(_TAKE, print=fingerprint(token))
        return row is not None

    def end_all(self, user_id: int) -> None:
        """Have no sign-in to an account wait any more."""
        mine = WaitingSignIn.user_id == user_id
        self.db.write(delete(WaitingSignIn).where(mine))

    def sweep(self, now: int) -> int:
        """Remove a few whose time is over."""
        over = (
            select(_PRINT)
            .where(WaitingSignIn.ends_at <= now)
            .limit(SWEEP_AT_ONCE)
        )
        return self.db.write(delete(WaitingSignIn).where(_PRINT.in_(over)))
