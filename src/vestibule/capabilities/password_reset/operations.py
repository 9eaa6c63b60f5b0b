"""Asking for a reset link, and setting a new password with it."""

from contextlib import suppress
from dataclasses import dataclass, field

from sqlalchemy.exc import NoResultFound

from vestibule.budgets import RESET_LETTER
from vestibule.capabilities.password_reset import letters
from vestibule.capability import Capability, operation
from vestibule.errors import Expired, Missing, Reason
from vestibule.ground import names
from vestibule.user import User

PURPOSE = "password_reset"


class ResetTokenInvalid(Expired, ValueError):
    """The reset token is wrong, used, replaced by a newer one, or old."""

    reason = Reason("reset.invalid", "That is an invalid or expired token")


class NoSuchAccount(Missing):
    """Nobody has this address; told only where the operator allows it."""

    reason = Reason(
        "reset.no_account",
        "There is no account with that email. Try to register.",
    )
    field = "email"


@dataclass(frozen=True)
class ResetAsked:
    """If the address has an account, a letter is on its way.

    ``token`` is there only where the operator hands it to whoever asks.
    """

    email: str
    token: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class PasswordWasReset:
    """The new password is set; nobody is signed in by that.

    ``device`` is the token by which the device where it was done is known
    from now on, if it is; it opens nothing.
    """

    email: str
    user_id: int
    device: str = field(default="", repr=False)


class _TakenBack(Exception):
    """What was written shall not stay."""


class PasswordReset(Capability):
    """A new password for whoever reads the account's mail."""

    name = "password_reset"

    @operation
    def ask(self, email: str) -> ResetAsked:
        """Send a reset link, without telling whether there is an account.

        Raises:
            Malformed: the address cannot be one.
            NoSuchAccount: only with the setting REVEAL_ACCOUNTS.
            TooMany: too many requests from one network address.
        """
        return self._ask(self.auth.registration.check_email(email))

    @operation
    def ask_called(self, name: str) -> ResetAsked:
        """Send a reset link to an account by its address or its username.

        The link goes to the account's address, which is told nobody.

        Raises:
            Malformed: it can be neither.
            NoSuchAccount: only with the setting REVEAL_ACCOUNTS.
            TooMany: too many requests from one network address.
        """
        canonical = names.canonical(name)
        if canonical is None or set(name) & names.AT_SIGNS:
            return self.ask(name)
        return self._ask(names.Name(name, canonical))

    def _ask(self, name: names.Name) -> ResetAsked:
        """Send the link, at the same cost and with the same answer for all.

        Letters are counted for the account's address, by whichever name it
        was asked for, and for a name of nobody's under that name.
        """
        self.auth.throttle.count_here("password_reset.ask")
        try:
            user = self.db.find_user_called(name.canonical)
        except NoResultFound:
            may_write = self._may_write_to(name.canonical)
            return self._nobodys(name, as_letter=may_write)
        address = names.email_address(user.email).canonical
        if not self._may_write_to(address):
            self.history.record("password_reset.ask", user.id, "rate.wait")
            return ResetAsked(name.shown)
        try:
            token = self.send(user)
        except Missing:
            # Deleted since it was found.
            return self._nobodys(name)
        handed = token if self.settings.email.reset_token_in_answer else None
        return ResetAsked(name.shown, handed)

    def _may_write_to(self, canonical: str) -> bool:
        """Count what may become a letter with a link for its reader."""
        return self.auth.throttle.may_write_to(canonical, RESET_LETTER)

    def _nobodys(
        self, name: names.Name, *, as_letter: bool = False
    ) -> ResetAsked:
        """Answer as for any address, where that may not be told.

        Args:
            name: what was typed.
            as_letter: it shall take as long as to write a letter.

        Raises:
            NoSuchAccount: only with the setting REVEAL_ACCOUNTS.
        """
        self.history.record("password_reset.ask", None, "reset.no_account")
        if self.settings.email.reveal_accounts:
            raise NoSuchAccount
        if as_letter:
            self._write_to_nobody()
        return ResetAsked(name.shown)

    def _write_to_nobody(self) -> None:
        """Write a letter like any other, and take it back.

        Attack: telling by the time, or by a failing outbox, whether there
        is somebody to write to.
        """
        nobody = User(id=0, email="nobody@localhost", username="nobody")
        letter = letters.reset(
            self.auth.desk, nobody, self.db.randomness.token()
        )
        self.db.hold(nobody.id)
        with suppress(_TakenBack), self.db.unit():
            self.auth.outbox.put(None, letter)
            raise _TakenBack

    @operation
    def send(self, user: User, *, by_operator: bool = False) -> str:
        """Mail an account's owner a link, and give its token.

        Args:
            user: whose account it is.
            by_operator: those who run the site ask for it, as the letter
                then says.
        """
        token = self.issue(user)
        letter = letters.reset(
            self.auth.desk, user, token, by_operator=by_operator
        )
        self.auth.outbox.put(user.id, letter)
        return token

    @operation
    def issue(self, user: User) -> str:
        """Make the newest token of an account; older ones stop working."""
        address = names.email_address(user.email).canonical
        token = self.auth.mailed_tokens.issue(user.id, PURPOSE, address)
        self.history.record("password_reset.ask", user.id)
        return token

    @operation
    def take_over(self, token: str) -> str:
        """Give whoever holds a confirmation letter the way to a new password.

        They read the mail of an account whose password they do not know:
        somebody else chose it, or they forgot it. The letter proves as
        much as that of a reset. It is used up when the password is set,
        with all that is left of whoever had the account.

        Raises:
            Expired: the letter is void, or it is about a new address:
                that one's reader is not the account's owner yet.
        """
        with self.auth.throttle.attempt_from_here(PURPOSE):
            awaited = self.auth.email_verification.look(token)
            if awaited.is_new or awaited.user.email_verified_at is not None:
                raise ResetTokenInvalid
        return self.issue(awaited.user)

    def look(self, token: str) -> User:
        """Say whose password a token may set, without using it up.

        Raises:
            ResetTokenInvalid: nobody's.
        """
        proof = self.auth.mailed_tokens.look(token, PURPOSE)
        if proof is None:
            raise ResetTokenInvalid
        try:
            user = self.db.find_user_by(id=proof.user_id)
        except NoResultFound as error:
            # Deleted since the token was found.
            raise ResetTokenInvalid from error
        # A letter to an address that is no longer the account's is void.
        if names.email_address(user.email).canonical != proof.address:
            raise ResetTokenInvalid
        return user

    @operation
    def finish(
        self,
        token: str,
        password: str,
        email: str | None = None,
        *,
        remember: bool = False,
    ) -> PasswordWasReset:
        """Set a new password by a mailed token, which is used up.

        All sessions and other mailed tokens of the account end, but those
        about new second factors, and the owner is told. Nobody is signed in.

        Args:
            token: from the mail.
            password: the new one.
            email: when given, it must be the account's address.
            remember: know the device where it is done from now on, unless
                the account has a second factor.

        Raises:
            ResetTokenInvalid: wrong, used, replaced or old token.
            Malformed: the password may not be one.

        Source: NIST SP 800-63B-4 3.2.2; OWASP ASVS 5.0 6.3.1, 6.4.
        """
        with self.auth.throttle.attempt_from_here(PURPOSE):
            user = self.look(token)
            if email is not None and not _is_address_of(user, email):
                raise ResetTokenInvalid
        hashed = self.auth.passwords.hash_new(user, password)
        self.db.hold(user.id)
        if self.auth.mailed_tokens.use(token, PURPOSE) is None:
            raise ResetTokenInvalid
        self.auth.mailed_tokens.forget(user.id)
        is_bare = self._end_what_is_not_theirs(user)
        self.auth.passwords.set(user, hashed, is_proven=True, is_bare=is_bare)
        self.auth.sessions.end_all(user.id)
        self.auth.known_devices.forget_all(user.id)
        self.auth.email_verification.mark(user)
        # Whoever was told to wait or reset need not wait any more.
        self.auth.throttle.forgive("login", user.id)
        self.history.record("password_reset.finish", user.id)
        device = self._device(user) if remember else ""
        return PasswordWasReset(user.email, user.id, device)

    def _end_what_is_not_theirs(self, user: User) -> bool:
        """End what others may have made where nobody confirmed the address.

        Returns:
            Whether a second factor was among it, so that its owner is told.
        """
        if user.email_verified_at is not None:
            return False
        # Attack: an address that somebody else gave this account, who takes
        # it back once its reader uses it.
        self.auth.email_changes.forget(user)
        self.auth.mailed_tokens.forget_all(user.id)
        # Attack: somebody who signs up with another's address, sets a second
        # factor up, and keeps its owner out for good.
        return self.auth.second_factors.drop(user)

    def _device(self, user: User) -> str:
        """Know the device where a password was set, by a new token.

        Attack: guessing on, so that the account is closed to unknown devices
        again before its owner can sign in with the new password.
        """
        # Attack: reading the mailbox, and resetting on and on, for the guesses
        # at the second factor that each known device has to itself.
        if self.auth.second_factors.ways(user):
            return ""
        return self.auth.known_devices.remember(user.id, None).token


def _is_address_of(user: User, email: str) -> bool:
    """Tell whether a text is the account's address in any spelling."""
    try:
        wanted = names.email_address(email).canonical
    except names.BadName:
        return False
    return wanted == names.email_address(user.email).canonical
