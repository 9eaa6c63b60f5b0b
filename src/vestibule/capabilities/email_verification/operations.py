"""Confirming an address: the account's own, or the one it changes to."""

from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy import update
from sqlalchemy.exc import NoResultFound

from vestibule.capabilities.email_verification import letters
from vestibule.capability import Capability, Exported, operation
from vestibule.errors import Expired, Missing, NotAllowed, Reason
from vestibule.ground import names
from vestibule.user import EmailTaken, User

PURPOSE = "email_verification"


class EmailLinkInvalid(Expired):
    """The link is wrong, used, replaced by a newer one, or too old."""

    reason = Reason(
        "link.invalid",
        "This link does not work any more. Ask for a new one",
    )


class EmailUnverified(NotAllowed):
    """The password is right, and the address waits to be confirmed."""

    reason = Reason(
        "email.unverified",
        "Confirm your email address first: we have sent you a message "
        "with a link",
    )


@dataclass(frozen=True)
class EmailVerified:
    """The address is the account's own now, and proven to be."""

    email: str


class EmailVerification(Capability):
    """An address is an account's once somebody who reads it says so."""

    name = "email_verification"

    def login_gate(self, user: User) -> None:
        """Hold up a sign-in until the address is confirmed, if it must be.

        A fresh link goes out, so that a lost letter is no dead end.

        Raises:
            EmailUnverified: the address waits to be confirmed.
        """
        if not self.settings.email.verified_required:
            return
        if user.email_verified_at is None:
            self._ask_again(user)
            self.history.record("login", user.id, EmailUnverified.reason.code)
            raise EmailUnverified

    def _ask_again(self, user: User) -> None:
        """Mail a fresh link, apart from the sign-in that is refused."""
        address = names.email_address(user.email).canonical
        if self.auth.throttle.may_write_to(address):
            # Who was deleted meanwhile gets no letter.
            with self.db.apart(), suppress(Missing):
                self.ask(user)

    @operation
    def ask(self, user: User, address: str | None = None) -> None:
        """Mail a link that proves who reads an address.

        Args:
            user: whose account it is for.
            address: the new address; the account's own if left out.

        """
        to = user.email if address is None else address
        token = self.auth.mailed_tokens.issue(user.id, PURPOSE, to)
        self.history.record("email_verification.ask", user.id)
        desk = self.auth.desk
        letter = (
            letters.confirm_address(desk, user, token)
            if _is_own(user, to)
            else letters.confirm_new_address(desk, user, token, to)
        )
        self.auth.outbox.put(user.id, letter)

    @operation
    def send_again(self, user: User) -> str:
        """Mail another link to the address that waits, and say which.

        Raises:
            TooMany: it got many letters already.
        """
        address = self.pending(user) or user.email
        self.auth.throttle.write_to(names.email_address(address).canonical)
        self.ask(user, address)
        return address

    def look(self, token: str) -> str:
        """Say which address a token confirms, without using it up.

        Raises:
            EmailLinkInvalid: none.
        """
        proof = self.auth.mailed_tokens.look(token, PURPOSE)
        if proof is None:
            raise EmailLinkInvalid
        return proof.address

    def pending(self, user: User) -> str | None:
        """Say which new address of an account waits to be confirmed."""
        address = self.auth.mailed_tokens.pending(user.id, PURPOSE)
        if address is None or _is_own(user, address):
            return None
        return address

    def cancel_change(self, user: User) -> None:
        """Forget the new address that waits, and the link mailed there.

        Attack: a change asked for in a stolen session, and confirmed once
        its owner has set a new password and feels safe.
        """
        if self.pending(user) is not None:
            self.auth.mailed_tokens.forget(user.id, PURPOSE)

    def export(self, user: User) -> Exported:
        """Tell an account which new address of its waits."""
        pending = self.pending(user)
        return Exported({"new_address": pending} if pending else None)

    @operation
    def confirm(self, token: str) -> EmailVerified:
        """Make the address that the token was mailed to the account's.

        Raises:
            EmailLinkInvalid: wrong, used, replaced or old token.
            EmailTaken: somebody else got the address meanwhile.

        Source: the address confirmed is the address mailed
        (CVE-2026-32700).
        """
        proof = self.auth.mailed_tokens.look(token, PURPOSE)
        if proof is None or not self.db.hold(proof.user_id):
            raise EmailLinkInvalid
        if self.auth.mailed_tokens.use(token, PURPOSE) is None:
            raise EmailLinkInvalid
        user = self.db.find_user_by(id=proof.user_id)
        if not user.is_active:
            raise EmailLinkInvalid
        if not _is_own(user, proof.address):
            self.change(user, proof.address)
        self.mark(user)
        return EmailVerified(proof.address)

    @operation
    def change(self, user: User, address: str) -> None:
        """Put a new address in place of the old one.

        Raises:
            EmailTaken: it belongs to somebody.
        """
        self.db.update_user(user.id, email=address, email_verified_at=None)
        # Letters to the old address must not open the account any more.
        self.auth.mailed_tokens.forget(user.id)
        self.history.record("email.change", user.id)

    def mark(self, user: User) -> None:
        """Note that the owner has shown to read the account's mail."""
        marked = self.db.write(
            update(User)
            .where(User.id == user.id, User.email_verified_at.is_(None))
            .values(email_verified_at=self.auth.clock.now())
        )
        if marked:
            self.history.record("email_verification.confirm", user.id)

    @operation
    def start_change(self, user: User, address: str) -> bool:
        """Change an address at once, or ask its reader first.

        Returns:
            True when the address waits to be confirmed.

        Raises:
            EmailTaken: it belongs to somebody, and that may be told.
            Malformed: it cannot be an address.
            TooMany: the new address got many letters already.
        """
        name = self.auth.registration.check_email(address)
        if _is_own(user, address):
            # Only the spelling changes; it is the same mailbox.
            self.db.update_user(user.id, email=name.shown)
            return False
        if self.settings.email.change_immediate:
            self.change(user, name.shown)
            return False
        # Attack: a signed-in person who floods a stranger's mailbox.
        self.auth.throttle.write_to(name.canonical)
        self._tell_old_address(user)
        if self._is_taken(name.canonical):
            if not self.settings.email.verified_required:
                raise EmailTaken
            # Attack: telling a taken address by whether the profile says
            # that it waits. The token of this wait is in no letter.
            self.auth.mailed_tokens.issue(user.id, PURPOSE, name.shown)
            return True
        self.ask(user, name.shown)
        return True

    def _is_taken(self, canonical: str) -> bool:
        """Tell whether an address is somebody's at this moment."""
        try:
            self.db.find_user_called(canonical)
        except NoResultFound:
            return False
        return True

    def _tell_old_address(self, user: User) -> None:
        """Tell the old address that a new one is asked for."""
        self.history.record("email.change.ask", user.id)
        letter = letters.address_changing(self.auth.desk, user)
        self.auth.outbox.put(user.id, letter)


def _is_own(user: User, address: str) -> bool:
    """Tell whether an address is the account's own, in any spelling."""
    if address == user.email:
        return True
    wanted = names.email_address(address).canonical
    return wanted == names.email_address(user.email).canonical
