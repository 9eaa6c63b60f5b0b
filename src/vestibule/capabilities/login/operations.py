"""Proving who one is, and being signed in."""

from typing import Any

from sqlalchemy.exc import NoResultFound

from vestibule.capability import Capability, operation
from vestibule.errors import NotProven, Reason
from vestibule.ground import names
from vestibule.outcomes import LoggedIn, LoggedOut
from vestibule.user import User


class CredentialsIncorrect(NotProven):
    """The name or the password is wrong; which one is not said."""

    reason = Reason(
        "credentials.incorrect",
        "Incorrect email, username or password. "
        "Check them, or reset your password",
    )


class Login(Capability):
    """Signing in by name and password, and signing out."""

    name = "login"

    @operation
    def with_password(
        self, name: str, password: str, *, remember: bool = False
    ) -> Any:
        """Sign somebody in by e-mail address or username and password.

        Returns:
            LoggedIn, or the outcome of the first capability whose gate
            holds the sign-in up.

        Raises:
            CredentialsIncorrect: no such account, or not its password.
            TooMany: too many attempts.

        Source: OWASP ASVS 5.0 6.3.
        """
        user = self.prove(name, password)
        for capability in self.auth.capabilities:
            held_up = capability.login_gate(user)
            if held_up is not None:
                return held_up
        if not self.auth.passwords.is_current(user):
            raise CredentialsIncorrect
        token = self.auth.sessions.open(user.id, remember=remember)
        self.history.record("login", user.id, actor_id=user.id)
        return LoggedIn(user, token, remember)

    @operation
    def prove(self, name: str, password: str) -> User:
        """Find the account that a name and password open.

        Every account state costs the same: one look-up, one counted
        attempt, one hash. Whoever gets no place for that hash has cost
        nothing.

        Raises:
            CredentialsIncorrect: there is none.
            TooMany: too many attempts.
            Unavailable: too many are being checked already.
        """
        with self.auth.passwords.place():
            return self._proven(name, password)

    def _proven(self, name: str, password: str) -> User:
        """Find the account that a name and password open, from a place."""
        canonical = names.canonical(name)
        user = self._called(canonical)
        user_id = None if user is None else user.id
        with self.auth.throttle.attempt("login", user_id, canonical or name):
            if not self.auth.passwords.is_right(user, password) or not user:
                refusal = CredentialsIncorrect()
                self.history.record("login", user_id, refusal.code)
                raise refusal
        return user

    def _called(self, canonical: str | None) -> User | None:
        """Find the account by its canonical name, or nobody."""
        try:
            return self.db.find_user_called(canonical or "")
        except NoResultFound:
            return None

    def out(self, token: str | None) -> LoggedOut:
        """Sign out: end the session of this token, if there is one."""
        if token:
            self.auth.sessions.end(token)
        return LoggedOut()
