"""Taking a second factor: which ways an account has, and what it shows."""

import re
from typing import TYPE_CHECKING, Any

from vestibule.capabilities.second_factors import letters
from vestibule.capability import Capability, Way
from vestibule.errors import NotProven, Reason
from vestibule.ground.codes import plain_code
from vestibule.reasons import SECOND_FACTOR_INCORRECT
from vestibule.user import User

if TYPE_CHECKING:
    from vestibule.auth import Auth


class SecondFactorMissing(NotProven):
    """The account has a second factor, and only one was shown."""

    reason = Reason(
        "second_factor.missing", "Enter the code of your second factor, too"
    )
    field = "code"


class SecondFactorIncorrect(NotProven):
    """What was shown is no second factor of the account."""

    reason = SECOND_FACTOR_INCORRECT
    field = "code"


class TakesFactors:
    """Asks each capability what it can take, and hands it the answer."""

    auth: "Auth"

    @property
    def _named(self) -> dict[str, Capability]:
        """All capabilities by their names."""
        return {one.name: one for one in self.auth.capabilities}

    def ways(self, user: User) -> list[Way]:
        """List how an account can show a second factor, the best first.

        What is spare counts only beside another way.
        """
        asked = (one.can_prove(user) for one in self.auth.capabilities)
        ways = [way for way in asked if way is not None]
        return [] if all(way.is_spare for way in ways) else ways

    def take(
        self,
        user: User,
        answer: Any,
        way: str = "",
        known: str | None = None,
    ) -> str:
        """Take a second factor, within the budget of the account.

        Args:
            user: whose factor it must be.
            answer: a code as typed, or what the way takes.
            way: the name of the way; that of a code is seen by the code.
            known: the token of the device, if the account knows it.

        Returns:
            The name of the way.

        Raises:
            NotProven: the answer is wrong, or there is no such way.
            TooMany: too many answers were wrong.
        """
        if isinstance(answer, str):
            answer = plain_code(answer)
        with self.auth.throttle.second(user.id, known) as is_last:
            try:
                # Apart, so that what it holds is let go before a letter is
                # written beside it.
                with self.auth.db.unit():
                    return self._prove(user, answer, way)
            except NotProven as refusal:
                self.auth.history.record(
                    "second_factor", user.id, refusal.code
                )
                if is_last:
                    self._warn(user)
                raise

    def _prove(self, user: User, answer: Any, wanted: str) -> str:
        """Hand an answer to the capability that it is for.

        Raises:
            NotProven: it is wrong, or for none that this account has.
        """
        for way in self.ways(user):
            is_code = not wanted and isinstance(answer, str) and way.reads
            if way.name == wanted or (
                is_code and re.fullmatch(way.reads, answer)
            ):
                self._named[way.name].prove_factor(user, answer)
                return way.name
        raise SecondFactorIncorrect

    def _warn(self, user: User) -> None:
        """Tell an owner that somebody has the password and guesses on.

        Source: OWASP ASVS 5.0 6.3.5.
        """
        db = self.auth.db
        with db.apart(), db.unit():
            db.hold(user.id)
            letter = letters.second_step_guessed(self.auth.desk, user)
            self.auth.second_factors.tell(user, letter)
