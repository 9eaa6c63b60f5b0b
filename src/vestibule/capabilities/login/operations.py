"""Proving who one is, and being signed in."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.exc import NoResultFound

from vestibule.capabilities.login import letters
from vestibule.capability import Capability, operation
from vestibule.errors import Missing, NotProven, Reason
from vestibule.ground import names
from vestibule.outcomes import Advice, Arrival, LoggedIn, LoggedOut
from vestibule.user import User

# Whom a letter would be for that is written and not sent.
NOBODY = User(id=0, username="nobody", email="nobody@example.com")


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
        self,
        name: str,
        password: str,
        *,
        remember: bool = False,
        device: Sequence[str] = (),
        trusted: Sequence[str] = (),
    ) -> Any:
        """Sign somebody in by e-mail address or username and password.

        Args:
            name: as typed.
            password: as typed.
            remember: whether the session outlives the browser.
            device: the tokens of earlier sign-ins there, five at most.
            trusted: the tokens there that stand for a second factor.

        Returns:
            LoggedIn, or the outcome of the first capability whose gate
            holds the sign-in up.

        Raises:
            CredentialsIncorrect: no such account, or not its password.
            TooMany: too many attempts.

        Source: OWASP ASVS 5.0 6.3.
        """
        user, known = self._prove(name, password, device)
        return self.admit(
            Arrival(
                user,
                proofs=("password",),
                remember=remember,
                is_common=self.auth.passwords.is_common(password),
                known=known,
                trusted=trusted,
            )
        )

    @operation
    def admit(self, arrival: Arrival) -> Any:
        """Let somebody in who has shown a proof, unless a gate holds them.

        Every way of signing in ends here, and all gates are asked.

        Returns:
            LoggedIn, or the outcome of the first capability whose gate
            holds the sign-in up.

        Raises:
            CredentialsIncorrect: the account has changed meanwhile.
        """
        user, known = arrival.user, arrival.known
        for capability in self.auth.capabilities:
            held_up = capability.login_gate(arrival)
            if held_up is not None:
                return held_up
        if not self.auth.passwords.is_current(user, alone=known is None):
            raise CredentialsIncorrect
        token = self.auth.sessions.open(
            user.id, remember=arrival.remember, is_fresh=arrival.is_fresh
        )
        kept = self.auth.known_devices.remember(user.id, known)
        self.history.record("login", user.id, actor_id=user.id)
        # One that was known a moment ago is no news.
        if kept.is_new and known is None:
            self.auth.not_me.tell_of_new_device(user)
        return LoggedIn(
            user,
            token,
            arrival.remember,
            kept.token,
            kept.is_new,
            arrival.keeps,
            self._advice(arrival),
        )

    def _advice(self, arrival: Arrival) -> list[Advice]:
        """Ask every capability what to tell somebody who has come in."""
        told = (one.advice(arrival) for one in self.auth.capabilities)
        return [advice for advice in told if advice is not None]

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
        return self._prove(name, password, ())[0]

    def _prove(
        self, name: str, password: str, device: Sequence[str]
    ) -> tuple[User, str | None]:
        """Find the account, and by which token its device is known."""
        with self.auth.passwords.place():
            canonical = names.canonical(name)
            user = self._called(canonical)
            user_id = None if user is None else user.id
            known = self.auth.known_devices.recognise(user_id, device)
            with self.auth.throttle.guess(
                user_id, canonical or name, known
            ) as is_last:
                is_right = self.auth.passwords.is_right(user, password)
                if not is_right or not user:
                    raise self._wrong(user, is_last=is_last)
        return user, known

    def _wrong(self, user: User | None, *, is_last: bool) -> NotProven:
        """Make the refusal of a wrong password, and note it."""
        refusal = CredentialsIncorrect()
        user_id = None if user is None else user.id
        self.history.record("login", user_id, refusal.code)
        if is_last:
            self.history.record("login.stop", user_id)
            self._tell_of_stop(user)
        return refusal

    def _tell_of_stop(self, user: User | None) -> None:
        """Write to an owner that their account is closed to new devices.

        Where a name is nobody's, as much is done and undone again, so that
        nobody learns by the cost which names there are.
        """
        try:
            with self.db.apart(), self.db.unit():
                letter = letters.closed_to_strangers(
                    self.auth.desk, user or NOBODY
                )
                self.auth.outbox.put(None if user is None else user.id, letter)
                if user is None:
                    raise Missing
        except Missing:
            return

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
