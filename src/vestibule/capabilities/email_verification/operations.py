"""Confirming an address: the account's own, or the one it changes to.

Whoever confirms shows two things: that they read the mail, by the letter's
link or code, and that the account is theirs, by its session or password.
Attack: somebody signs up with another's address; its owner opens the link,
and the stranger, whose password still works, shares a confirmed account.
Source: OWASP ASVS 5.0 6.3.7, 6.4.3; arXiv 2205.10174 (pre-hijacking).
"""

from collections.abc import Callable
from contextlib import suppress

from sqlalchemy import update
from sqlalchemy.exc import NoResultFound

from vestibule.capabilities.email_verification import letters
from vestibule.capabilities.email_verification.outcomes import (
    AccountUnproven,
    Awaited,
    CodeIncorrect,
    EmailLinkInvalid,
    EmailUnverified,
    EmailVerified,
    PasswordNotTheirs,
)
from vestibule.capability import Capability, Exported, operation
from vestibule.errors import Fault, Malformed, Missing, NotProven
from vestibule.ground import names
from vestibule.ground.codes import read_code
from vestibule.ground.signing import is_one_of
from vestibule.mailed_tokens import DIGITS, Proof
from vestibule.outcomes import Arrival
from vestibule.policy import STRANGER, Actor
from vestibule.reasons import CODE_FORMAT
from vestibule.user import User

PURPOSE = "email_verification"
CODE = "email_verification.code"
CONFIRM = "email_verification.confirm"


class EmailVerification(Capability):
    """An address is an account's once somebody who reads it says so."""

    name = "email_verification"

    def login_gate(self, arrival: Arrival) -> None:
        """Hold up a sign-in until the address is confirmed, if it must be.

        A fresh link goes out, so that a lost letter is no dead end.

        Raises:
            EmailUnverified: the address waits to be confirmed.
        """
        user = arrival.user
        if not self.settings.email.verified_required:
            return
        if user.email_verified_at is None:
            self._ask_again(user)
            self.history.record("login", user.id, EmailUnverified.reason.code)
            raise EmailUnverified(self.ticket(user))

    def _ask_again(self, user: User) -> None:
        """Mail a fresh link, apart from the sign-in that is refused."""
        to = names.email_address(user.email).canonical
        if self.auth.throttle.may_write_to(to):
            # Who was deleted meanwhile gets no letter.
            with self.db.apart(), suppress(Missing):
                self.ask(user)

    @operation
    def ask(self, user: User, address: str | None = None) -> None:
        """Mail a link and a code that prove who reads an address.

        Args:
            user: whose account it is for.
            address: the new address; the account's own if left out.
        """
        to = user.email if address is None else address
        mailed = self.auth.mailed_tokens.issue_with_code(user.id, PURPOSE, to)
        self.history.record("email_verification.ask", user.id)
        desk = self.auth.desk
        letter = letters.confirm_address(desk, user, mailed)
        if not names.same_mailbox(user.email, to):
            letter = letters.confirm_new_address(desk, user, mailed, to)
        self.auth.outbox.put(user.id, letter)

    @operation
    def send_again(self, user: User) -> str:
        """Mail another letter to the address that waits, and say which.

        Raises:
            TooMany: it got many letters already.
        """
        new = self.pending(user)
        name = names.email_address(new or user.email)
        self.auth.throttle.write_to(name.canonical)
        if new is None:
            self.ask(user)
        else:
            self.auth.email_changes.ask_reader(user, name)
        return new or user.email

    def look(self, token: str) -> Awaited:
        """Say what a token confirms, without using it up.

        Raises:
            EmailLinkInvalid: nothing.
        """
        proof = self.auth.mailed_tokens.look(token, PURPOSE)
        if proof is None:
            raise EmailLinkInvalid
        return self._awaited(proof)

    def _awaited(self, proof: Proof) -> Awaited:
        """Find the account that a proof is for."""
        try:
            user = self.db.find_user_by(id=proof.user_id)
        except NoResultFound as error:
            # Deleted since the proof was found.
            raise EmailLinkInvalid from error
        is_own = names.same_mailbox(user.email, proof.address)
        return Awaited(user, proof.address, not is_own)

    def ticket(self, user: User | None) -> str:
        """Make what shows later that somebody has the account's password.

        It dies with the password; without an account it is by chance.
        """
        nobodys = self.db.randomness.key()
        return nobodys if user is None else self._tickets(user)[0].decode()

    def _tickets(self, user: User) -> list[bytes]:
        """Make the tickets of an account, the one that is given first."""
        hashes = self.auth.mailed_tokens.keyed_hashes
        made = hashes("ticket", str(user.id), user.hashed_password)
        return [one.hex().encode() for one in made]

    def is_ones_own(self, user: User, by: Actor, ticket: str = "") -> bool:
        """Tell whether an account is the actor's, or the ticket's."""
        if by.is_operator or (by.user is not None and by.user.id == user.id):
            return True
        return is_one_of(ticket.encode(errors="replace"), self._tickets(user))

    def pending(self, user: User) -> str | None:
        """Say which new address of an account waits to be confirmed."""
        address = self.auth.mailed_tokens.pending(user.id, PURPOSE)
        if address is None or names.same_mailbox(user.email, address):
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
    def confirm(
        self,
        token: str,
        *,
        by: Actor = STRANGER,
        password: str = "",
        ticket: str = "",
        keep: str | None = None,
    ) -> EmailVerified:
        """Make the address that the token was mailed to the account's.

        Args:
            token: from the mailed link.
            by: who confirms; the account's owner needs to show no more.
            password: the account's, from anybody else.
            ticket: of ``ticket``, instead of the password.
            keep: the token of the session that goes on, where the address
                changes; all others end.

        Raises:
            EmailLinkInvalid: wrong, used, replaced or old token.
            AccountUnproven, PasswordNotTheirs: none, or a wrong one.
            EmailTaken: somebody else got the address meanwhile.
            TooMany: the password was wrong too often.

        Source: the address confirmed is the address mailed
        (CVE-2026-32700).
        """
        awaited = self.look(token)
        if not self.is_ones_own(awaited.user, by, ticket):
            self._prove(awaited.user, password)
        use = self.auth.mailed_tokens.use
        return self._finish(awaited, lambda: bool(use(token, PURPOSE)), keep)

    def _prove(self, user: User, password: str) -> None:
        """Take the password of an account, as at its sign-in."""
        if not password:
            raise AccountUnproven
        try:
            self.auth.login.prove(user.username, password)
        except NotProven as error:
            raise PasswordNotTheirs from error

    @operation
    def confirm_by_code(
        self,
        code: str,
        *,
        by: Actor = STRANGER,
        email: str = "",
        ticket: str = "",
        keep: str | None = None,
    ) -> EmailVerified:
        """Make the address that the code was mailed to the account's.

        A code has five tries. Whoever has neither session nor ticket of the
        account spends none, and is answered as for a wrong code.

        Args:
            code: as typed.
            by: who types it.
            email: whose code it is, where nobody is signed in.
            ticket: of ``ticket``, for that account.
            keep: as for ``confirm``.

        Raises:
            Malformed: it cannot be a code.
            CodeIncorrect: wrong, used, replaced or old code.
            EmailTaken: somebody else got the address meanwhile.
            TooMany: too many tries.

        Source: NIST SP 800-63B-4 4.2.1.2, 3.2.2.
        """
        digits = read_code(code, DIGITS)
        if digits is None:
            raise Malformed(Fault(CODE_FORMAT, "code"))
        user = self._typist(by, email, ticket)
        name, number = names.canonical(email) or email, user.id if user else 0
        with self.auth.throttle.attempt(CODE, number or None, name):
            tokens = self.auth.mailed_tokens
            proof = tokens.try_code(number, PURPOSE, digits)
            if proof is None:
                refusal = CodeIncorrect()
                self.history.record(CONFIRM, number or None, refusal.code)
                raise refusal
        return self._finish(
            self._awaited(proof),
            lambda: tokens.use_code(proof, PURPOSE, digits),
            keep,
        )

    def claimant(self, name: str, password: str) -> Actor:
        """Say who somebody is by their password; NotProven if nobody."""
        if not (name and password):
            raise NotProven
        return Actor(self.auth.login.prove(name, password))

    def _typist(self, by: Actor, email: str, ticket: str) -> User | None:
        """Find whose code somebody may try; it costs the same for nobody."""
        if by.user is not None:
            return by.user
        try:
            user = self.db.find_user_called(names.canonical(email) or "")
        except NoResultFound:
            return None
        return user if self.is_ones_own(user, by, ticket) else None

    def _finish(
        self, awaited: Awaited, use: Callable[[], bool], keep: str | None
    ) -> EmailVerified:
        """Use a proof up, and make its address the account's."""
        if not self.db.hold(awaited.user.id) or not use():
            raise EmailLinkInvalid
        user = self.db.find_user_by(id=awaited.user.id)
        if not user.is_active:
            raise EmailLinkInvalid
        if not names.same_mailbox(user.email, awaited.address):
            self.auth.email_changes.make(user, awaited.address)
            # Attack: a thief's session, where the owner moves away from a
            # mailbox that the thief can read.
            self.auth.sessions.end_all(user.id, keep=keep)
        self.mark(user)
        return EmailVerified(awaited.address)

    def mark(self, user: User) -> None:
        """Note that the owner has shown to read the account's mail."""
        marked = self.db.write(
            update(User)
            .where(User.id == user.id, User.email_verified_at.is_(None))
            .values(email_verified_at=self.auth.clock.now())
        )
        if marked:
            self.history.record("email_verification.confirm", user.id)
