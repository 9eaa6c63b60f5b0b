"""The apps of accounts as they are kept: their secrets are encrypted."""

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import bindparam, delete, func, select, update

from vestibule.capabilities.totp.records import AuthenticatorApp
from vestibule.db import DB
from vestibule.engine import insert_new
from vestibule.ground.sealed_at_rest import MARK, AtRest

# To find one's phone, and an app for it.
LIFE = 3600
AT_ONCE = 500

_SECRET = AuthenticatorApp.secret
_OWNER = bindparam("owner") == AuthenticatorApp.user_id
_IS_ON = AuthenticatorApp.confirmed_at.is_not(None)
_IS_BEGUN = AuthenticatorApp.confirmed_at.is_(None)
_STATE: Any = select(
    AuthenticatorApp.confirmed_at, AuthenticatorApp.used_at
).where(_OWNER, _IS_ON)
_TOLD = select(
    AuthenticatorApp.created_at,
    AuthenticatorApp.confirmed_at,
    AuthenticatorApp.used_at,
).where(_OWNER)
_LOOK = select(_SECRET, AuthenticatorApp.created_at).where(_OWNER)
# Of two at once with one code, the second finds its step spent.
_SPEND = (
    update(AuthenticatorApp)
    .where(_OWNER, _IS_ON, AuthenticatorApp.last_step < bindparam("step"))
    .values(last_step=bindparam("step"), used_at=bindparam("now"))
)
_TURN_ON = (
    update(AuthenticatorApp)
    .where(_OWNER, _IS_BEGUN, bindparam("closed") == _SECRET)
    .values(confirmed_at=bindparam("now"), last_step=bindparam("step"))
)
_RENEW = (
    update(AuthenticatorApp)
    .where(_OWNER, bindparam("closed") == _SECRET)
    .values(secret=bindparam("fresh"))
)
# An app counts from when it was switched on.
_BEGAN = func.coalesce(
    AuthenticatorApp.confirmed_at, AuthenticatorApp.created_at
)
_REMOVE = (
    delete(AuthenticatorApp)
    .where(_OWNER, bindparam("since") <= _BEGAN)
    .returning(AuthenticatorApp.confirmed_at)
)


@dataclass(frozen=True)
class App:
    """An app that is on: since when, and when a code of it was used."""

    confirmed_at: int
    used_at: int | None


@dataclass(frozen=True)
class Kept:
    """A secret, the same as it is kept, and since when."""

    secret: bytes = field(repr=False)
    closed: bytes = field(repr=False)
    created_at: int


class Apps:
    """Keeps one app for each account at most."""

    def __init__(self, db: DB) -> None:
        self.db = db
        self._state = db.prepared(_STATE, "owner")

    @property
    def _at_rest(self) -> AtRest:
        """What closes and opens secrets, by the keys of the site."""
        # Opened by Python alone, the settings may not have read the key.
        keys = self.db.settings.with_saved_secret().keys
        return AtRest(keys, "totp", self.db.randomness)

    def of(self, user_id: int) -> App | None:
        """Say how it stands with the app of an account, if one is on."""
        row = self._state(user_id)
        return None if row is None else App(*row)

    def told(self, user_id: int) -> dict[str, Any] | None:
        """Tell what is kept of an app that is on or waits; no secrets."""
        row = self.db.first(_TOLD, owner=user_id)
        return None if row is None else dict(row._mapping)

    def begin(self, user_id: int, secret: bytes) -> bool:
        """Keep a secret that waits, unless an app is on already."""
        fresh: dict[str, Any] = {
            "secret": self._at_rest.close(secret, str(user_id)),
            "created_at": self.db.clock.now(),
            "last_step": 0,
        }
        begun = insert_new(self.db.engine, AuthenticatorApp).values(
            user_id=user_id, **fresh
        )
        row = self.db.write_returning(
            begun.on_conflict_do_update(
                index_elements=[AuthenticatorApp.user_id],
                set_=fresh,
                where=_IS_BEGUN,
            ).returning(AuthenticatorApp.user_id)
        )
        return row is not None

    def kept(self, user_id: int) -> Kept | None:
        """Read the secret of an account, whether it waits or is on."""
        row = self.db.first(_LOOK, owner=user_id)
        if row is None:
            return None
        closed = bytes(row.secret)
        secret = self._at_rest.open(closed, str(user_id))
        return None if secret is None else Kept(secret, closed, row.created_at)

    def turn_on(self, user_id: int, kept: Kept, step: int) -> bool:
        """Let a secret count, if it is the one that waits still."""
        now = self.db.clock.now()
        values = {"owner": user_id, "closed": kept.closed}
        return self.db.write(_TURN_ON, **values, step=step, now=now) > 0

    def spend(self, user_id: int, step: int) -> bool:
        """Use up a step and all before it; of two at once, one does.

        Source: RFC 6238, 5.2; OWASP ASVS 5.0 6.5.1.
        """
        now = self.db.clock.now()
        return self.db.write(_SPEND, owner=user_id, step=step, now=now) > 0

    def remove(self, user_id: int, since: int = 0) -> bool:
        """Forget an account's app, or a set-up that waits.

        Args:
            user_id: whose it is.
            since: what is older than that stays.

        Returns:
            Whether an app was on, and is not any more.
        """
        row = self.db.write_returning(_REMOVE, owner=user_id, since=since)
        return row is not None and row[0] is not None

    def sweep(self, now: int) -> int:
        """Remove a few set-ups that nobody has finished."""
        over = (
            select(AuthenticatorApp.user_id)
            .where(_IS_BEGUN, AuthenticatorApp.created_at <= now - LIFE)
            .limit(AT_ONCE)
        )
        mine = AuthenticatorApp.user_id.in_(over)
        return self.db.write(delete(AuthenticatorApp).where(mine, _IS_BEGUN))

    def renew(self) -> int:
        """Close a few secrets by the newest key; say how many.

        Until none is left that a former key has closed.
        Source: OWASP ASVS 5.0 11.2.2, 13.3.4.
        """
        at_rest = self._at_rest
        if not at_rest.old_marks:
            return 0
        mark = func.substr(_SECRET, 1, MARK, type_=_SECRET.type)
        old = (
            select(AuthenticatorApp.user_id, _SECRET)
            .where(mark.in_(at_rest.old_marks))
            .limit(AT_ONCE)
        )
        return sum(
            self._renewed(at_rest, user_id, bytes(closed))
            for user_id, closed in self.db.read(old)
        )

    def _renewed(self, at_rest: AtRest, user_id: int, closed: bytes) -> int:
        """Close one secret anew, unless it has changed meanwhile."""
        secret = at_rest.open(closed, str(user_id))
        if secret is None:
            return 0
        fresh = at_rest.close(secret, str(user_id))
        return self.db.write(_RENEW, owner=user_id, closed=closed, fresh=fresh)
