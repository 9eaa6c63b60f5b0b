"""Looking at accounts and changing them, for those who run the site."""

import difflib
from typing import TYPE_CHECKING

from sqlalchemy import or_, select
from sqlalchemy.exc import NoResultFound

from vestibule.budgets import RESET_LETTER
from vestibule.capabilities.administration import letters
from vestibule.capabilities.administration.roles import Roles
from vestibule.capabilities.administration.search import (
    AT_ONCE,
    People,
    Search,
    Wanted,
    numbered,
)
from vestibule.capability import Capability, operation
from vestibule.errors import Missing, NotAllowed, Reason
from vestibule.ground import names
from vestibule.ground.words import Phrase
from vestibule.outcomes import Arrival
from vestibule.policy import Act, Actor
from vestibule.user import Identifier, User, found

if TYPE_CHECKING:
    from vestibule.auth import Auth

NEAREST_AMONG = 1000
# What a number of an account cannot exceed, and both engines compare.
LARGEST_NUMBER = 2**63 - 1


class NoSuchUser(Missing):
    """No account has this name, address or number."""

    reason = Reason("user.missing", "There is no user {name!r}{hint}")


class AccountDisabled(NotAllowed):
    """The password is right, and the account is closed for now."""

    reason = Reason(
        "account.disabled",
        "This account is disabled. Ask the people who run this site",
    )


class Administration(Capability):
    """What administrators and operators do to accounts."""

    name = "administration"

    def __init__(self, auth: "Auth") -> None:
        super().__init__(auth)
        self.roles = Roles(self.db)
        self._search = Search(self.db)

    def find(self, name: str) -> User:
        """Find an account by username, address, or number as ``id:7``.

        A bare number is a username: anybody may call themselves 100.

        Raises:
            NoSuchUser: with the nearest usernames there are.
        """
        canonical, number = names.canonical(name), numbered(name)
        try:
            if number is not None:
                return self.db.find_user_by(id=number)
            if canonical is not None:
                return self.db.find_user_called(canonical)
        except NoResultFound:
            pass
        raise NoSuchUser(name=name, hint=self._hint(canonical or name))

    def _hint(self, name: str) -> Phrase | str:
        """Name up to three usernames that look alike."""
        if len(name) > names.LONGEST_EMAIL or not names.is_writable(name):
            return ""
        rows = self.db.read(
            select(Identifier.canonical)
            .where(Identifier.kind == "username")
            .where(
                or_(
                    Identifier.canonical.startswith(name[:2], autoescape=True),
                    Identifier.canonical.endswith(name[-2:], autoescape=True),
                )
            )
            .limit(NEAREST_AMONG)
        )
        near = difflib.get_close_matches(name, [row[0] for row in rows], 3)
        if not near:
            return ""
        return Phrase(". Did you mean {names}?", {"names": ", ".join(near)})

    def page(self, after: int = 0, most: int = 100) -> list[User]:
        """List accounts by number, those behind ``after`` first."""
        rows = self.db.read(
            select(*User.__table__.columns)
            .where(User.id > max(0, min(after, LARGEST_NUMBER)))
            .order_by(User.id)
            .limit(most)
        )
        return [found(row._mapping) for row in rows]

    def search(
        self,
        text: str = "",
        *,
        by: Actor,
        before: int | None = None,
        after: int | None = None,
        most: int = AT_ONCE,
        is_active: bool | None = None,
        is_admin: bool | None = None,
        is_confirmed: bool | None = None,
    ) -> People:
        """Search in all accounts, the newest first.

        Args:
            text: the beginning of a username or address, or ``id:7``;
                everybody if empty.
            by: who searches.
            before: the number that the last page named as ``more``.
            after: the same, for who wants the oldest first.
            most: how many at most.
            is_active: only accounts that are active, or only others.
            is_admin: only administrators, or only others.
            is_confirmed: only those with a confirmed address, or others.

        Raises:
            NotAllowed: the actor is no administrator.
        """
        self.auth.policy.require(by, Act.LIST_USERS, None)
        wanted = Wanted(text, is_active, is_admin, is_confirmed)
        return self._search.page(wanted, before, after, most)

    def login_gate(self, arrival: Arrival) -> None:
        """Let nobody in whose account is disabled.

        Raises:
            AccountDisabled: it is; told only after the right password.
        """
        user = arrival.user
        if not user.is_active:
            self.history.record("login", user.id, AccountDisabled.reason.code)
            raise AccountDisabled

    @operation
    def set_admin(self, user: User, *, is_admin: bool, by: Actor) -> None:
        """Make somebody an administrator or an ordinary person.

        Their sessions end, so that no page goes on with the old role.

        Raises:
            NotAllowed, ProofTooOld: not by this actor, or not yet.
            LastAdmin: nobody else is an active administrator.
            Missing: the account is gone.

        Source: OWASP ASVS 5.0 7.4.2, 8.3.2.
        """
        act = Act.PROMOTE if is_admin else Act.DEMOTE
        self.auth.policy.require(by, act, user.id)
        if not self.roles.write(user, is_admin=is_admin):
            raise Missing
        self._end_all(user)
        word = "promote" if is_admin else "demote"
        self.history.record(f"administration.{word}", user.id)

    @operation
    def set_active(self, user: User, *, is_active: bool, by: Actor) -> None:
        """Disable an account, or open it again; nothing of it is lost.

        A disabled account has no sessions, and nobody can sign in to it.
        Its owner is told by mail.

        Raises:
            NotAllowed, ProofTooOld: not by this actor, or not yet.
            LastAdmin: nobody else is an active administrator.
            Missing: the account is gone.

        Source: OWASP ASVS 5.0 7.4.2.
        """
        act = Act.ENABLE if is_active else Act.DISABLE
        self.auth.policy.require(by, act, user.id)
        was_active = self.roles.is_active(user)
        if not self.roles.write(user, is_active=is_active):
            raise Missing
        self._end_all(user)
        if not is_active:
            self.auth.known_devices.forget_all(user.id)
        word = "enable" if is_active else "disable"
        self.history.record(f"administration.{word}", user.id)
        # Nobody is told for a second time.
        if was_active != is_active:
            told = (
                letters.sign_in_opened if is_active else letters.sign_in_closed
            )
            self.auth.outbox.put(user.id, told(self.auth.desk, user))

    @operation
    def end_sessions(self, user: User, *, by: Actor) -> int:
        """Sign somebody out everywhere; say how many sessions ended.

        Links that were mailed are void as well.

        Raises:
            NotAllowed, ProofTooOld: not by this actor, or not yet.

        Source: OWASP ASVS 5.0 7.4.5.
        """
        self.auth.policy.require(by, Act.END_SESSIONS, user.id)
        self.db.hold(user.id)
        return self._end_all(user)

    def _end_all(self, user: User) -> int:
        """End what a thief may have opened or begun; say how many sessions.

        Attack: a change of the address asked for in a stolen session, and
        confirmed once the account is open again or has a better role.
        """
        self.auth.mailed_tokens.forget(user.id)
        self.auth.second_factors.end_all(user)
        return self.auth.sessions.end_all(user.id)

    @operation
    def send_reset(self, user: User, *, by: Actor) -> None:
        """Mail somebody a link to set a new password.

        Nobody but the owner of the address gets to see it.

        Raises:
            NotAllowed, ProofTooOld: not by this actor, or not yet.
            TooMany: the address got many letters already.

        Source: OWASP ASVS 5.0 6.4.6.
        """
        self.auth.policy.require(by, Act.SEND_RESET, user.id)
        address = names.email_address(user.email).canonical
        self.auth.throttle.write_to(address, RESET_LETTER)
        self.auth.password_reset.send(user, by_operator=True)
        self.history.record("administration.send_reset", user.id)

    @operation
    def set_password(self, user: User, password: str) -> None:
        """Set a password without the old one; all sessions end.

        Raises:
            Malformed: it may not be a password.
        """
        hashed = self.auth.passwords.hash_new(user, password)
        self.auth.passwords.set(user, hashed, by_operator=True)
        self.auth.sessions.end_all(user.id)
        self.auth.known_devices.forget_all(user.id)
        # Whoever waits for too many tries signs in with the new one now.
        self.auth.throttle.forgive("login", user.id)
        self.history.record("administration.set_password", user.id)
