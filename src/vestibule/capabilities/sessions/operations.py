"""Opening, finding and sliding sessions."""

from typing import TYPE_CHECKING, Any

from sqlalchemy import case, delete, func, insert, select, update

from vestibule.capabilities.sessions.devices import MOST_LOOKED_AT
from vestibule.capabilities.sessions.ending import EndsSessions
from vestibule.capabilities.sessions.looks import (
    TERM,
    USER,
    USER_NAMES,
    Bearer,
    Term,
    look_up,
)
from vestibule.capabilities.sessions.records import SessionRecord
from vestibule.capabilities.sessions.sliding import TOUCH_EVERY, Slides
from vestibule.capability import Exported, operation
from vestibule.errors import NotProven
from vestibule.ground.randomness import fingerprint
from vestibule.history import circumstances
from vestibule.outcomes import Renewed
from vestibule.policy import STRANGER, Actor
from vestibule.prepared import FoundRow, Prepared
from vestibule.user import User, found

if TYPE_CHECKING:
    from vestibule.auth import Auth

LONGEST_TOKEN = 128
SWEEP_AT_ONCE = 200


def _slid(now: int) -> dict[str, Any]:
    """Say what becomes of a session that is used now."""
    later, dies_at = now + SessionRecord.idle_for, SessionRecord.dies_at
    ends_at = case((later < dies_at, later), else_=dies_at)
    return {"seen_at": now, "ends_at": ends_at}


_OPEN = insert(SessionRecord)


class Sessions(EndsSessions):
    """Who is signed in: many sessions an account, rows on the server."""

    name = "sessions"

    def __init__(self, auth: "Auth") -> None:
        super().__init__(auth)
        asked = ("fingerprint", "now")
        whole = look_up(SessionRecord.proven_at, *USER)
        self._actor = self.db.prepared(whole, *asked)
        columns = User.__table__.columns
        brief = look_up(*(columns[name] for name in Bearer._fields[1:]))
        self._bearer = self.db.prepared(brief, *asked)
        self._term = self.db.prepared(TERM, *asked)
        self.slides = Slides(self._touch)
        self.db.finishing.append(self.slides.settle)

    def open(
        self, user_id: int, *, remember: bool = False, is_fresh: bool = True
    ) -> str:
        """Open a session for somebody who has proven who they are.

        It ``is_fresh`` unless anything was taken on trust.

        Returns:
            Its token, 43 characters of 256 random bits, which is stored
            nowhere: the row keeps the SHA-256 of it.

        Source: OWASP ASVS 5.0 7.2.2–7.2.4, 7.3.
        """
        life, now = self.settings.sessions, self.auth.clock.now()
        token = self.auth.randomness.token()
        dies_at = now + (life.remember if remember else life.absolute)
        idle = life.remember if remember else life.idle
        here = circumstances()
        self.db.write(
            _OPEN,
            fingerprint=fingerprint(token),
            user_id=user_id,
            created_at=now,
            seen_at=now,
            proven_at=now if is_fresh else 0,
            idle_for=idle,
            ends_at=min(now + idle, dies_at),
            dies_at=dies_at,
            address=here.address[:45],
            agent=here.agent[:200],
        )
        return token

    def owner(self, token: str | None) -> User | None:
        """Say whose session a token opens at this moment."""
        return self.actor(token).user

    def actor(self, token: str | None) -> Actor:
        """Say who acts by a token at this moment, and since when for sure.

        A session in use slides on; that is written at most once a minute,
        and not before this answers.
        """
        row = self._found(self._actor, token)
        if row is None:
            return STRANGER
        _, proven_at, *values = row
        user = found(dict(zip(USER_NAMES, values, strict=True)))
        user.is_short = self.auth.second_factors.is_missing(user)
        return Actor(user, proven_at, session=fingerprint(token or ""))

    def bearer(self, token: str | None) -> Bearer | None:
        """Say in few words whose session a token opens at this moment."""
        row = self._found(self._bearer, token)
        short = self.auth.second_factors.short
        return None if row is None else short(Bearer._make(row))

    def _found(self, look: Prepared, token: str | None) -> FoundRow | None:
        """Find when a session was seen last and what is wanted of its owner.

        It then slides on.
        """
        if not isinstance(token, str) or not 0 < len(token) <= LONGEST_TOKEN:
            return None
        now = self.auth.clock.now()
        print_ = fingerprint(token)
        row = look(print_, now)
        if row is not None and row[0] <= now - TOUCH_EVERY:
            self.slides.ask(print_, now)
        return row

    @operation
    def renew(self, token: str | None) -> Renewed:
        """Put a new token in place of one whose owner has proven anew.

        Raises:
            NotProven: the session is over.

        Source: OWASP ASVS 5.0 7.2.4.
        """
        now, fresh = self.auth.clock.now(), self.auth.randomness.token()
        row = self.db.write_returning(
            update(SessionRecord)
            .where(
                SessionRecord.fingerprint == fingerprint(token or ""),
                SessionRecord.ends_at > now,
            )
            .values(
                fingerprint=fingerprint(fresh),
                proven_at=now,
                # A slide that waits to be written would miss the new token.
                **_slid(now),
            )
            .returning(SessionRecord.idle_for, SessionRecord.dies_at)
        )
        if row is None:
            raise NotProven
        idle_for, dies_at = row
        # Only a remembered session may lie unused for so long.
        is_remembered = idle_for > self.settings.sessions.idle
        return Renewed(fresh, dies_at - now if is_remembered else None)

    def term(self, token: str) -> Term:
        """Say when a session that is used now began and when it ends.

        Raises:
            NotProven: it is over.
        """
        now = self.auth.clock.now()
        row = self._term(fingerprint(token), now)
        if row is None:
            raise NotProven
        created_at, seen_at, idle_for, ends_at, dies_at = row
        if seen_at <= now - TOUCH_EVERY:
            # It slides on, which is written beside this request.
            ends_at = min(now + idle_for, dies_at)
        return Term(created_at, ends_at, dies_at)

    def _touch(self, print_: bytes, now: int) -> None:
        """Slide a session on, unless a parallel request has done it."""
        self.db.write(
            update(SessionRecord)
            .where(
                SessionRecord.fingerprint == print_,
                SessionRecord.seen_at <= now - TOUCH_EVERY,
            )
            .values(**_slid(now))
        )

    def forget(self, user: User) -> None:
        """Remove the sessions of an account that goes."""
        self.end_all(user.id)

    def export(self, user: User) -> Exported:
        """Tell where somebody is signed in."""
        found = self._devices.of(user.id, most=MOST_LOOKED_AT)
        return Exported([device.facts for device in found])

    def number(self) -> int:
        """Say how many sessions open an account at this moment."""
        is_open = SessionRecord.ends_at > self.auth.clock.now()
        row = self.db.first(select(func.count()).where(is_open))
        return int(row[0]) if row else 0

    def sweep(self, now: int) -> int:
        """Remove a few sessions that are over."""
        over = (
            select(SessionRecord.fingerprint)
            .where(SessionRecord.ends_at <= now)
            .limit(SWEEP_AT_ONCE)
        )
        return self.db.write(
            delete(SessionRecord).where(SessionRecord.fingerprint.in_(over))
        )
