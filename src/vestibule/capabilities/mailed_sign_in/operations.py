"""Signing in by what is mailed: a code for one browser, or a link."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import NoResultFound

from vestibule.budgets import SIGN_IN_LETTER
from vestibule.capabilities.mailed_sign_in import letters
from vestibule.capabilities.mailed_sign_in.asking import PURPOSE, Asking
from vestibule.capabilities.mailed_sign_in.outcomes import (
    MailedCodeIncorrect,
    MailedLinkInvalid,
)
from vestibule.capabilities.mailed_sign_in.visitor import ANYONE, Visitor
from vestibule.capability import Capability, operation
from vestibule.errors import Fault, Malformed, Missing, Refusal
from vestibule.ground import names
from vestibule.ground.codes import read_code
from vestibule.ground.randomness import fingerprint
from vestibule.mailed_tokens import DIGITS, Proof
from vestibule.outcomes import Arrival
from vestibule.policy import STRANGER
from vestibule.reasons import CODE_FORMAT
from vestibule.user import User

if TYPE_CHECKING:
    from vestibule.auth import Auth

ASK = "mailed_sign_in.ask"


class MailedSignIn(Capability):
    """Signing in by reading one's mail, where the operator allows it."""

    name = PURPOSE

    def __init__(self, auth: "Auth") -> None:
        super().__init__(auth)
        self._asking = Asking(auth)

    @property
    def is_on(self) -> bool:
        """Whether the operator has turned it on."""
        return self.settings.login.mailed_sign_in

    def require_on(self) -> None:
        """Refuse whoever asks for it where it is off.

        Raises:
            Missing: it is.
        """
        if not self.is_on:
            raise Missing

    @operation
    def ask(self, name: str) -> str:
        """Mail a code and a link, without telling whether there is anybody.

        Args:
            name: an address or a username, as typed.

        Returns:
            The ticket of whoever asks: the code works together with it.

        Raises:
            Missing: it is off.
            Malformed: the name can be none.
            TooMany: too many questions from one network address.

        Source: OWASP ASVS 5.0 6.3.8, 6.6.2.
        """
        self.require_on()
        canonical = names.canonical(name)
        if canonical is None or set(name) & names.AT_SIGNS:
            canonical = self.auth.registration.check_email(name).canonical
        self.auth.throttle.count_here(ASK)
        user = self._called(canonical)
        if user is not None:
            canonical = names.email_address(user.email).canonical
        if not self.auth.throttle.may_write_to(canonical, SIGN_IN_LETTER):
            owner_id = None if user is None else user.id
            self.history.record(ASK, owner_id, "rate.wait")
            return self.db.randomness.key()
        try:
            return self._send(user)
        except Missing:
            # Nobody's, or deleted since it was found.
            return self.db.randomness.key()

    def _called(self, canonical: str | None) -> User | None:
        """Find the account by its canonical name, or nobody."""
        try:
            return self.db.find_user_called(canonical or "")
        except NoResultFound:
            return None

    def _send(self, user: User | None) -> str:
        """Mail the letter, or do as much for nobody and undo it.

        Attack: telling by the time, or by a failing outbox, whether there
        is somebody to write to.

        Raises:
            Missing: there is nobody.
        """
        if user is None:
            self.history.record(ASK, None, Missing.reason.code)
            self._asking.write_to_nobody()
            raise Missing
        address = names.email_address(user.email).canonical
        mailed = self.auth.mailed_tokens.issue_with_code(
            user.id, PURPOSE, address, letters.LIFE
        )
        self.history.record(ASK, user.id)
        letter = letters.login_code(self.auth.desk, user, mailed)
        self.auth.outbox.put(user.id, letter)
        return self._asking.ticket(user.id, fingerprint(mailed.token))

    @operation
    def by_code(
        self,
        name: str,
        code: str,
        tickets: Sequence[str],
        visitor: Visitor = ANYONE,
    ) -> Any:
        """Sign somebody in by the code of the newest letter.

        A code has five tries, and only whoever has asked for its letter can
        spend them. It costs the same for everybody and for nobody.

        Args:
            name: whose code it is, as typed before.
            code: as typed.
            tickets: what ``ask`` has returned there, the newest first.
            visitor: who signs in.

        Returns what ``Login.admit`` returns.

        Raises:
            Missing: it is off.
            Malformed: it cannot be a code.
            MailedCodeIncorrect: wrong, used, old, or asked for elsewhere.
            TooMany: too many tries from one network address.

        Source: OWASP ASVS 5.0 6.5.1, 6.5.5, 6.6.2, 6.6.3.
        """
        self.require_on()
        digits = read_code(code, DIGITS)
        if digits is None:
            raise Malformed(Fault(CODE_FORMAT, "code"))
        tokens = self.auth.mailed_tokens
        with self.auth.throttle.attempt_from_here(PURPOSE):
            number = self._asker(name, tickets)
            proof = tokens.try_code(number, PURPOSE, digits)
            if proof is None:
                refusal = MailedCodeIncorrect()
                self.history.record("login", number or None, refusal.code)
                raise refusal
        return self._admit(
            proof,
            lambda: tokens.use_code(proof, PURPOSE, digits),
            MailedCodeIncorrect(),
            visitor,
        )

    def _asker(self, name: str, tickets: Sequence[str]) -> int:
        """Find whose code may be tried here; 0 is nobody's.

        Attack: a stranger who spends the tries of a code, or who types the
        code that its owner has read to them, in another browser.
        """
        user = self._called(names.canonical(name))
        number = 0 if user is None else user.id
        print_ = self.auth.mailed_tokens.print_of(number, PURPOSE)
        return number if self._asking.was_here(number, print_, tickets) else 0

    def look(self, token: str) -> User:
        """Say whom a link signs in, without using it up.

        Raises:
            Missing: it is off.
            MailedLinkInvalid: nobody.
        """
        return self._found(token)[1]

    def _found(self, token: str) -> tuple[Proof, User]:
        """Find what a link proves, and whose it is."""
        self.require_on()
        proof = self.auth.mailed_tokens.look(token, PURPOSE)
        if proof is None:
            raise MailedLinkInvalid
        try:
            user = self.db.find_user_by(id=proof.user_id)
        except NoResultFound as gone:
            # Deleted since the token was found.
            raise MailedLinkInvalid from gone
        if not _is_to(user, proof):
            raise MailedLinkInvalid
        return proof, user

    def is_askers(self, token: str, tickets: Sequence[str]) -> bool:
        """Tell whether a link was asked for where it is opened."""
        proof = self._found(token)[0]
        return self._asking.was_here(
            proof.user_id, fingerprint(token), tickets
        )

    @operation
    def by_link(self, token: str, visitor: Visitor = ANYONE) -> Any:
        """Sign somebody in by the link of the newest letter, anywhere.

        Returns what ``Login.admit`` returns.

        Raises:
            Missing: it is off.
            MailedLinkInvalid: wrong, used, replaced or old token.
            TooMany: too many tries from one network address.
        """
        self.require_on()
        tokens = self.auth.mailed_tokens
        with self.auth.throttle.attempt_from_here(PURPOSE):
            proof = self._found(token)[0]
        return self._admit(
            proof,
            lambda: tokens.use(token, PURPOSE) is not None,
            MailedLinkInvalid(),
            visitor,
        )

    def _admit(
        self,
        proof: Proof,
        use: Callable[[], bool],
        refusal: Refusal,
        visitor: Visitor,
    ) -> Any:
        """Use a proof up, and go on as after a right password."""
        device = visitor.device
        known = self.auth.known_devices.recognise(proof.user_id, device)
        if not self.db.hold(proof.user_id) or not use():
            raise refusal
        user = self.db.find_user_by(id=proof.user_id)
        if not _is_to(user, proof):
            raise refusal
        if user.email_verified_at is None:
            known = self._confirm(user, visitor.newcomer, known)
            user = self.db.find_user_by(id=user.id)
        self.auth.throttle.forgive(SIGN_IN_LETTER, None, proof.address)
        return self.auth.login.admit(
            Arrival(
                user,
                proofs=("email",),
                remember=visitor.remember,
                known=known,
                trusted=visitor.trusted,
            )
        )

    def _confirm(
        self, user: User, newcomer: str, known: str | None
    ) -> str | None:
        """Confirm the address, and end what somebody else may have made.

        Attack: signing up with another's address; its owner signs in by
        mail, and the stranger, whose password still works, shares the
        account. Whoever has just signed up in this browser goes on with it.
        Source: arXiv 2205.10174 (pre-hijacking).

        Returns:
            The token of the device, if it is known still.
        """
        if not self.auth.email_verification.is_ones_own(
            user, STRANGER, newcomer
        ):
            self.auth.passwords.lock(user)
            self.auth.mailed_tokens.forget_all(user.id)
            self.auth.sessions.end_all(user.id)
            self.auth.known_devices.forget_all(user.id)
            self.auth.email_changes.forget(user)
            self.auth.second_factors.drop(user)
            letter = letters.claimed(self.auth.desk, user)
            self.auth.outbox.put(user.id, letter)
            known = None
        self.auth.email_verification.mark(user)
        return known

    def void(self, user_id: int) -> None:
        """Have no letter sign anybody in to an account any more."""
        if self.is_on:
            self.auth.mailed_tokens.forget(user_id, PURPOSE)


def _is_to(user: User, proof: Proof) -> bool:
    """Tell whether a letter went to what is the account's address still."""
    return names.email_address(user.email).canonical == proof.address
