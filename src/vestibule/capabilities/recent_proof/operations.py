"""Proving once more who one is, in a session that goes on."""

from collections.abc import Callable, Sequence

from vestibule.capability import Capability, operation
from vestibule.errors import NotProven
from vestibule.outcomes import Renewed
from vestibule.reasons import PASSWORD_INCORRECT
from vestibule.user import User


class PasswordIncorrect(NotProven):
    """The password, asked for once more, is not the account's."""

    reason = PASSWORD_INCORRECT
    field = "password"


class RecentProof(Capability):
    """A proof of a few minutes, which some acts ask for."""

    name = "recent_proof"

    @operation
    def confirm(
        self,
        user: User,
        password: str,
        token: str | None,
        device: Sequence[str] = (),
        code: str = "",
    ) -> Renewed:
        """Take the password once more, and give the session a new token.

        Of whoever has a second factor that is taken, too: one factor alone
        must not reach what changes the other.

        Args:
            user: whose session it is.
            password: as typed.
            token: of the session.
            device: the tokens by which the browser may be known.
            code: of the second factor, as typed, where there is one.

        Raises:
            PasswordIncorrect: it is not this account's.
            NotProven: the code is missing, or wrong.
            TooMany: it was wrong too often.
            NotProven: the session is over.

        Source: OWASP ASVS 5.0 7.2.4, 7.5.1; NIST SP 800-63B-4 6.3.
        """
        known = self.auth.known_devices.recognise(user.id, device)
        with (
            self.auth.passwords.place(),
            self.auth.throttle.guess(user.id, device=known),
        ):
            if not self.auth.passwords.is_right(user, password):
                refusal = PasswordIncorrect()
                self.history.record("recent_proof", user.id, refusal.code)
                raise refusal
        self.auth.second_factors.require(user, code, known)
        # Attack: confirming with the old password during its own reset.
        if not self.auth.passwords.is_current(user):
            raise NotProven
        renewed = self.auth.sessions.renew(token)
        self.history.record("recent_proof", user.id)
        return renewed

    @operation
    def confirm_by(
        self, user: User, token: str | None, prove: Callable[[], None]
    ) -> Renewed:
        """Take what is two factors by itself, and renew the session.

        Args:
            user: whose session it is.
            token: of the session.
            prove: refuses what does not prove that it is this very user.

        Raises:
            NotProven: it does not, or the session is over.
            TooMany: it did not too often.

        Source: OWASP ASVS 5.0 7.2.4, 7.5.1.
        """
        with self.auth.throttle.attempt("recent_proof", user.id):
            try:
                prove()
            except NotProven as refusal:
                self.history.record("recent_proof", user.id, refusal.code)
                raise
        renewed = self.auth.sessions.renew(token)
        self.history.record("recent_proof", user.id)
        return renewed
