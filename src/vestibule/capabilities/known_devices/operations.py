"""Knowing again where somebody has signed in before."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    bindparam,
    case,
    delete,
    func,
    insert,
    literal_column,
    select,
    update,
)

from vestibule.capabilities.known_devices.records import KnownDeviceRecord
from vestibule.capability import Capability, Exported, operation
from vestibule.ground.randomness import fingerprint
from vestibule.history import circumstances
from vestibule.user import User

if TYPE_CHECKING:
    from vestibule.auth import Auth

# So many accounts at most are remembered in one browser.
MOST_TOKENS = 5
# So many devices of one account; the one that was used longest ago goes.
MOST_DEVICES = 20
LIFE = 365 * 86400
SWEEP_AT_ONCE = 200

_PRINT = KnownDeviceRecord.fingerprint
_OWNER = KnownDeviceRecord.user_id == bindparam("owner")
_PLACES = [f"print_{place}" for place in range(MOST_TOKENS)]


def _which() -> ColumnElement[int]:
    """Express in SQL which of the fingerprints a row has: 1 to 5, or 0."""
    steps = [
        (bindparam(name, type_=_PRINT.type) == _PRINT, _fixed(number))
        for number, name in enumerate(_PLACES, 1)
    ]
    return case(*steps, else_=_fixed(0))


def _fixed(number: int) -> ColumnElement[int]:
    """Write a number into the statement itself."""
    return literal_column(str(number), BigInteger)


_RECOGNISE = select(func.max(_which())).where(
    _OWNER, KnownDeviceRecord.ends_at > bindparam("now")
)
_COUNT = select(func.count()).where(_OWNER)
_INSERT = insert(KnownDeviceRecord)
_KEEP = (
    update(KnownDeviceRecord)
    .where(_OWNER, bindparam("print") == _PRINT)
    .values(
        seen_at=bindparam("now"),
        ends_at=bindparam("until"),
        address=bindparam("here"),
        agent=bindparam("by"),
    )
)
_NEWEST = (
    select(_PRINT)
    .where(_OWNER)
    .order_by(KnownDeviceRecord.seen_at.desc(), _PRINT)
    .limit(MOST_DEVICES - 1)
)
_MAKE_ROOM = delete(KnownDeviceRecord).where(
    _OWNER, _PRINT.not_in(_NEWEST.scalar_subquery())
)


@dataclass(frozen=True)
class Remembered:
    """A device that is known from now on, by its token.

    ``is_new`` says that it was not known before, though others were.
    """

    token: str = field(repr=False)
    is_new: bool


class KnownDevices(Capability):
    """The devices of an account, known by a token that opens nothing.

    Where somebody has signed in before, attempts have a budget of their
    own, which no stranger can spend.
    """

    name = "known_devices"

    def __init__(self, auth: "Auth") -> None:
        super().__init__(auth)
        names = (*_PLACES, "owner", "now")
        self._recognise = self.db.prepared(_RECOGNISE, *names)

    def recognise(
        self, user_id: int | None, tokens: Sequence[str]
    ) -> str | None:
        """Say which of a browser's tokens is known for an account.

        It costs one query for every account, and for none, so that it
        tells nobody which there are; and nothing without a token. Attack:
        planting the cookie of one's own account in another's browser: it
        is known for the account it was made for, and for no other.

        Args:
            user_id: of the account, if there is one.
            tokens: as the browser brings them; five count.
        """
        tokens = tokens[:MOST_TOKENS]
        if not tokens:
            return None
        prints = [fingerprint(token) for token in tokens]
        prints += [b""] * (MOST_TOKENS - len(prints))
        now = self.auth.clock.now()
        row = self._recognise(*prints, user_id or 0, now)
        number = (row[0] if row else 0) or 0
        return tokens[number - 1] if number else None

    @operation
    def remember(self, user_id: int, known: str | None) -> Remembered:
        """Know a device from now on, after a sign-in has succeeded there.

        Args:
            user_id: whose device it is.
            known: its token, where ``recognise`` has found one.
        """
        if known is not None and self._is_kept(user_id, known):
            return Remembered(known, is_new=False)
        row = self.db.first(_COUNT, owner=user_id)
        count = row[0] if row else 0
        if count >= MOST_DEVICES:
            self.db.write(_MAKE_ROOM, owner=user_id)
        token = self.auth.randomness.token()
        now = self.auth.clock.now()
        here = circumstances()
        self.db.write(
            _INSERT,
            fingerprint=fingerprint(token),
            user_id=user_id,
            created_at=now,
            seen_at=now,
            ends_at=now + LIFE,
            address=here.address[:45],
            agent=here.agent[:200],
        )
        return Remembered(token, is_new=count > 0)

    def _is_kept(self, user_id: int, token: str) -> bool:
        """Keep a device for another year, unless it was just forgotten."""
        now = self.auth.clock.now()
        here = circumstances()
        kept = self.db.write(
            _KEEP,
            owner=user_id,
            print=fingerprint(token),
            now=now,
            until=now + LIFE,
            here=here.address[:45],
            by=here.agent[:200],
        )
        return kept > 0

    @operation
    def forget_all(self, user_id: int, keep: Sequence[str] = ()) -> int:
        """Know no device of an account any more; say how many were known.

        Args:
            user_id: whose devices they were.
            keep: tokens of the one browser that stays known.
        """
        statement = delete(KnownDeviceRecord).where(
            KnownDeviceRecord.user_id == user_id
        )
        prints = [fingerprint(token) for token in keep[:MOST_TOKENS]]
        if prints:
            statement = statement.where(_PRINT.not_in(prints))
        return self.db.write(statement)

    def forget(self, user: User) -> None:
        """Remove the devices of an account that goes."""
        self.forget_all(user.id)

    def export(self, user: User) -> Exported:
        """Tell on which devices somebody has signed in."""
        record = KnownDeviceRecord
        told = ("created_at", "seen_at", "ends_at", "address", "agent")
        rows = self.db.read(
            select(*(getattr(record, name) for name in told))
            .where(record.user_id == user.id)
            .order_by(record.seen_at.desc())
        )
        return Exported([dict(row._mapping) for row in rows])

    def sweep(self, now: int) -> int:
        """Remove a few devices that nobody has used for a year."""
        over = (
            select(_PRINT)
            .where(KnownDeviceRecord.ends_at <= now)
            .limit(SWEEP_AT_ONCE)
        )
        return self.db.write(delete(KnownDeviceRecord).where(_PRINT.in_(over)))
