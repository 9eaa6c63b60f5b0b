"""Checking, hashing and changing passwords."""

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from unicodedata import normalize

from sqlalchemy import bindparam, select, update

from vestibule.capabilities.passwords import letters, policy
from vestibule.capabilities.passwords.advice import COMMON
from vestibule.capabilities.passwords.foreign import NONE_YET
from vestibule.capabilities.passwords.hasher import Hasher
from vestibule.capability import Capability, operation
from vestibule.errors import Conflict, Malformed, NotProven, Reason
from vestibule.ground import names
from vestibule.outcomes import Advice, Arrival
from vestibule.user import User

if TYPE_CHECKING:
    from vestibule.auth import Auth


_UNCHANGED = (
    select(User.id)
    .where(
        User.id == bindparam("number"),
        User.hashed_password == bindparam("proven"),
        User.is_active,
    )
    .with_for_update(read=True)
)
_UNCHANGED_ALONE = _UNCHANGED.with_for_update(key_share=True)


class OldPasswordIncorrect(NotProven):
    """The old password, asked for a change, is not the account's."""

    reason = Reason(
        "old_password.incorrect", "The old password is not correct"
    )
    field = "old_password"


class PasswordSame(Malformed):
    """The new password is the old one."""

    reason = Reason(
        "password.same",
        "You are already using that password. Enter a different one",
    )
    field = "new_password"


@dataclass(frozen=True)
class PasswordChanged:
    """The password is changed, and other sessions are over."""


class Passwords(Capability):
    """Everything about passwords except forgetting one."""

    name = "passwords"

    def __init__(self, auth: "Auth") -> None:
        super().__init__(auth)
        self.hasher = Hasher(
            self.settings.passwords,
            lambda: self.db.is_writing,
            self.settings.site.workers,
        )

    def place(self) -> AbstractContextManager[None]:
        """Keep a place in the lanes, which an attempt needs before it counts.

        Raises:
            Unavailable: all are taken; nothing was counted or written.
        """
        return self.hasher.lanes.place()

    def check(self, password: str, own_names: Iterable[str]) -> None:
        """Refuse what may not become a password.

        Raises:
            Malformed: too short, too long, unwritable, common or personal.
        """
        policy.check(
            password,
            self.settings.passwords.minimum_length,
            blocklist=self.settings.passwords.blocklist,
            own_names=[*own_names, self.settings.site.name],
        )

    def hash_new(self, user: User, password: str) -> str:
        """Check and hash a password that an account is to have."""
        own = (user.username, user.email, user.first_name, user.last_name)
        self.check(password, [name for name in own if name])
        return self.hasher.hash(password)

    def check_hash(self, encoded: str) -> str:
        """Read a hash that another system made; give what is kept of it.

        What begins with an exclamation mark stands for no password: its
        owner sets one by mail.

        Raises:
            Malformed: no sign-in would verify it.
        """
        if encoded.startswith(NONE_YET):
            return NONE_YET
        self.hasher.check(encoded)
        return encoded

    def is_right(self, user: User | None, password: str) -> bool:
        """Verify a password; without an account it takes as long.

        A hash made with other parameters is replaced on success.
        """
        if not policy.is_hashable(password):
            # Shape, not truth: refused alike for every account.
            return False
        if user is None:
            self.hasher.verify_nobody(password)
            return False
        if not self.hasher.verify(user.hashed_password, password):
            return False
        if self.hasher.is_outdated(user.hashed_password):
            return self._upgrade(user, password)
        return True

    def is_common(self, password: str) -> bool:
        """Tell whether a password that opens an account should be changed.

        One may have been set before it became common, or elsewhere.

        Source: NIST SP 800-63B-4 3.1.1.2; OWASP ASVS 5.0 6.2.12.
        """
        if not self.settings.passwords.blocklist:
            return False
        return policy.is_common(normalize("NFC", password))

    def advice(self, arrival: Arrival) -> Advice | None:
        """Advise somebody to change a password that everybody tries first."""
        return COMMON if arrival.is_common else None

    def _upgrade(self, user: User, password: str) -> bool:
        """Replace a hash made with old parameters, and commit that alone.

        What follows may count or hash again, which no open transaction
        may wait for. When somebody was faster, their hash decides.
        """
        hashed = self.hasher.hash(password)
        try:
            with self.db.apart(), self.db.unit():
                self._swap(user, hashed)
                self.history.record("password.rehash", user.id)
        except Conflict:
            fresh = select(User.hashed_password).where(User.id == user.id)
            row = self.db.first(fresh)
            if row is None or not self.hasher.verify(row[0], password):
                return False
            user.hashed_password = row[0]
        return True

    def is_current(self, user: User, *, alone: bool = False) -> bool:
        """Tell whether the password that was proven is the account's still.

        The account's row stays locked to the end of the unit of work, so
        that a new password set now waits, and ends what is opened here.
        Attack: signing in with the old password during its own reset, or
        while the account is being disabled.

        Args:
            user: whose password was proven.
            alone: whether more of the account is changed afterwards, for
                which others who sign in wait, too; see ``DB.hold``.
        """
        look = _UNCHANGED_ALONE if alone else _UNCHANGED
        row = self.db.write_returning(
            look, number=user.id, proven=user.hashed_password
        )
        return row is not None

    def _swap(self, user: User, hashed: str, **more: int) -> None:
        """Set a hash where the old one still stands.

        Raises:
            Conflict: somebody changed the password meanwhile.
        """
        changed = self.db.write(
            update(User)
            .where(
                User.id == user.id,
                User.hashed_password == user.hashed_password,
            )
            .values(hashed_password=hashed, **more)
        )
        if not changed:
            raise Conflict
        user.hashed_password = hashed

    @operation
    def change(
        self,
        user: User,
        old: str,
        new: str,
        keep: str | None = None,
        device: Sequence[str] = (),
    ) -> PasswordChanged:
        """Change the password of somebody who knows the old one.

        Args:
            user: whose it is.
            old: the password until now.
            new: the password from now on.
            keep: the token of the session that stays; all others end.
            device: the tokens of the one browser that stays known.

        Raises:
            OldPasswordIncorrect: ``old`` is wrong.
            TooMany: it was wrong too often.
            Malformed: ``new`` may not be a password.

        Source: OWASP ASVS 5.0 6.2.3, 7.4.3.
        """
        with self.place():
            known = self.auth.known_devices.recognise(user.id, device)
            with self.auth.throttle.guess(user.id, device=known):
                self._prove_old(user, old)
            if normalize("NFC", new) == normalize("NFC", old):
                raise PasswordSame
            hashed = self.hash_new(user, new)
        self.set(user, hashed)
        self.auth.sessions.end_all(user.id, keep=keep)
        self.auth.known_devices.forget_all(user.id, keep=device)
        self.history.record("password.change", user.id)
        return PasswordChanged()

    def _prove_old(self, user: User, old: str) -> None:
        """Refuse a wrong old password, and note it.

        Raises:
            OldPasswordIncorrect: it is wrong.
        """
        if not self.is_right(user, old):
            refusal = OldPasswordIncorrect()
            self.history.record("password.change", user.id, refusal.code)
            raise refusal

    def lock(self, user: User) -> None:
        """Have no password open an account until its owner sets one.

        A sign-in that is under way with the old one opens nothing either,
        and each later one takes as long as for everybody.
        """
        statement = update(User).where(User.id == user.id)
        self.db.write(statement.values(hashed_password=NONE_YET))
        user.hashed_password = NONE_YET

    @operation
    def set(
        self,
        user: User,
        hashed: str,
        *,
        by_operator: bool = False,
        is_proven: bool = False,
        is_bare: bool = False,
    ) -> None:
        """Put a checked and hashed password in place and tell the owner.

        Where nobody has confirmed the address, that letter is one of the
        few it may get (attack: flooding the mailbox of a stranger).

        Args:
            user: whose it is.
            hashed: the hash of it.
            by_operator: those who run the site set it, as the letter says.
            is_proven: whoever sets it has just read the account's mail.
            is_bare: second factors went with the old one; told likewise.

        Raises:
            Conflict: somebody else changed it in the same moment.
        """
        now = self.auth.clock.now()
        self._swap(user, hashed, password_changed_at=now)
        self.auth.mailed_tokens.forget(user.id, "password_reset")
        self.auth.email_verification.cancel_change(user)
        if not (is_proven or user.email_verified_at is not None):
            address = names.email_address(user.email).canonical
            if not self.auth.throttle.may_write_along(address):
                return
        letter = letters.password_changed(
            self.auth.desk, user, by_operator=by_operator, is_bare=is_bare
        )
        self.auth.outbox.put(user.id, letter)
