"""Asking for a second factor, and taking it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import NoResultFound

from vestibule.capabilities.second_factors.changing import ChangesFactors
from vestibule.capabilities.second_factors.taking import SecondFactorMissing
from vestibule.capabilities.second_factors.trust import Trusted
from vestibule.capabilities.second_factors.waiting import WaitingSignIns
from vestibule.capability import Exported, SecurityRow, Way, operation
from vestibule.errors import Expired, FactorMissing, Reason
from vestibule.outcomes import Advice, Arrival, SecondFactorNeeded
from vestibule.policy import Act, Actor
from vestibule.user import User

if TYPE_CHECKING:
    from vestibule.auth import Auth

TRUSTED = "trusted"


class SignInOver(Expired):
    """A sign-in waited too long, or somebody has finished it already."""

    reason = Reason(
        "second_factor.over", "This sign-in took too long. Sign in again"
    )


class SecondFactors(ChangesFactors):
    """What a sign-in needs besides its first proof, and who takes it."""

    name = "second_factors"

    def __init__(self, auth: "Auth") -> None:
        super().__init__(auth)
        self._waiting = WaitingSignIns(self.db)

    def rows(self, user: User) -> list[SecurityRow]:
        """Say of each thing that protects an account how it stands."""
        return [
            row
            for one in self.auth.capabilities
            for row in one.security_rows(user)
        ]

    def login_gate(self, arrival: Arrival) -> SecondFactorNeeded | None:
        """Hold a sign-in up until a second factor is shown.

        Source: OWASP ASVS 5.0 6.3.3, 6.3.4.
        """
        if arrival.is_whole:
            return None
        user = arrival.user
        ways = self.ways(user)
        if not ways:
            return None
        stamps = self._stamps(user)
        fresh = self._trusted.turned(user.id, arrival.trusted, stamps)
        if fresh is not None:
            arrival.keeps[TRUSTED] = fresh
            return None
        token, ends_at = self._waiting.begin(arrival, stamps[0])
        self.history.record("login", user.id, SecondFactorMissing.reason.code)
        return SecondFactorNeeded(token, [way.name for way in ways], ends_at)

    def advice(self, arrival: Arrival) -> Advice | None:
        """Lead an administrator who must have a second factor to set it up.

        Source: OWASP ASVS 5.0 6.3.3.
        """
        if not self.is_missing(arrival.user):
            return None
        # The page itself says why it is shown.
        code = FactorMissing.reason.code
        return Advice(code, page="second_factors.show")

    def waits_for(self, token: str) -> tuple[User, list[Way]]:
        """Say whose sign-in waits under a token, and for what.

        Raises:
            SignInOver: none does.
        """
        user, _ = self._found(token)
        ways = self.ways(user)
        if not ways:
            # They were removed meanwhile, so there is nothing to wait for.
            raise SignInOver
        return user, ways

    @operation
    def finish(
        self,
        token: str,
        answer: Any,
        way: str = "",
        *,
        device: Sequence[str] = (),
        trust: bool = False,
    ) -> Any:
        """Finish a sign-in that waits, by its second factor.

        Args:
            token: of the sign-in.
            answer: a code as typed, or what the way takes.
            way: the name of the way; that of a code is seen by the code.
            device: the tokens of earlier sign-ins there, five at most.
            trust: whether this device stands for the factor from now on.

        Returns:
            What ``Login.admit`` returns.

        Raises:
            SignInOver: it took too long, or is finished already.
            NotProven: the answer is wrong.
            TooMany: too many were.

        Source: OWASP ASVS 5.0 6.5.1, 6.6.3; NIST SP 800-63B-4 3.2.2.
        """
        user, waiting = self._found(token)
        known = self.auth.known_devices.recognise(user.id, device)
        shown = self.take(user, answer, way, known)
        # Attack: many at once, each trusting one device more than the most.
        self.db.hold(user.id)
        # Attack: two at once with two codes, for two sessions.
        if not self._waiting.take(token):
            raise SignInOver
        arrival = Arrival(
            user,
            proofs=(waiting.proof, shown),
            is_whole=True,
            remember=waiting.remember,
            is_common=waiting.is_common,
            known=known,
        )
        if trust:
            stamp = self._stamps(user)[0]
            arrival.keeps[TRUSTED] = self._trusted.begin(user.id, stamp)
            self.history.record(
                "second_factor.trust", user.id, actor_id=user.id
            )
        return self.auth.login.admit(arrival)

    @operation
    def require(
        self, user: User, answer: str, known: str | None = None
    ) -> None:
        """Take a second factor of whoever has one, for a fresh proof.

        Raises:
            SecondFactorMissing: there is one, and none was shown.
            NotProven: it is wrong.
            TooMany: it was wrong too often.

        Source: OWASP ASVS 5.0 7.5.1; NIST SP 800-63B-4 6.3.
        """
        if not self.ways(user):
            return
        if not answer:
            raise SecondFactorMissing
        self.take(user, answer, known=known)

    def cancel(self, token: str) -> None:
        """Give up a sign-in that waits."""
        self._waiting.take(token)

    def trusted(self, user: User) -> list[Trusted]:
        """List the devices that stand for a second factor."""
        return self._trusted.of(user.id, self._stamps(user))

    @operation
    def distrust(self, handle: str, *, by: Actor) -> None:
        """Trust one of one's own devices no more.

        Raises:
            NotProven: the actor is nobody.
            NotAllowed: there is no such device of theirs.
        """
        own_id = by.user.id if by.user is not None else None
        is_ended = own_id is not None and self._trusted.end(own_id, handle)
        owner_id = own_id if is_ended else None
        self.auth.policy.require(by, Act.DISTRUST, owner_id)
        self.history.record("second_factor.distrust", owner_id)

    @operation
    def end_all(self, user: User) -> None:
        """Trust no device of an account any more, and end what waits.

        Attack: whoever is signed out, and goes on by what they have begun.
        """
        self.distrust_all(user)
        self._waiting.end_all(user.id)

    def _found(self, token: str) -> tuple[User, Any]:
        """Find a sign-in that waits, unless the account has changed.

        Raises:
            SignInOver: there is none, or no longer.
        """
        waiting = self._waiting.find(token)
        if waiting is None:
            raise SignInOver
        try:
            user = self.db.find_user_by(id=waiting.user_id)
        except NoResultFound as gone:
            raise SignInOver from gone
        if waiting.stamp not in self._stamps(user) or not user.is_active:
            raise SignInOver
        return user, waiting

    def _stamps(self, user: User) -> list[bytes]:
        """Make what changes with the password, by each key of the site."""
        hashes = self.auth.mailed_tokens.keyed_hashes
        return hashes("second_factor", str(user.id), user.hashed_password)

    def export(self, user: User) -> Exported:
        """Tell which devices stand for a second factor."""
        told = [vars(one) for one in self._trusted.of(user.id)]
        for one in told:
            del one["handle"]
        return Exported(told)

    def sweep(self, now: int) -> int:
        """Remove what waited too long, and devices trusted long ago."""
        return self._waiting.sweep(now) + self._trusted.sweep(now)
