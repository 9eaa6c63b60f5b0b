"""What becomes of an account when a second factor comes or goes."""

from typing import TYPE_CHECKING, Any

from vestibule.capabilities.second_factors import letters
from vestibule.capabilities.second_factors.taking import TakesFactors
from vestibule.capabilities.second_factors.trust import TrustedDevices
from vestibule.capability import Capability, operation
from vestibule.ground import names
from vestibule.ground.letters import Letter
from vestibule.policy import Act, Actor
from vestibule.user import User

if TYPE_CHECKING:
    from vestibule.auth import Auth


class ChangesFactors(TakesFactors, Capability):
    """Second factors that come and go, and those who are told of it."""

    def __init__(self, auth: "Auth") -> None:
        super().__init__(auth)
        self._trusted = TrustedDevices(self.db)

    @operation
    def changed(self, user: User) -> None:
        """Note that a factor of an account came or went.

        No device is trusted any more: what it stood for has changed.
        """
        self.distrust_all(user)

    @operation
    def distrust_all(self, user: User) -> None:
        """Trust no device of an account any more."""
        self._trusted.end_all(user.id)

    @operation
    def added(self, user: User, what: str, *, keep: bytes) -> None:
        """Tell an account, and the history, of one more second factor.

        Args:
            user: whose it is.
            what: what the factor is called, marked as to be translated.
            keep: the fingerprint of the session in which it is added. No
                other is fresh any more. Attack: whoever came in with the
                password alone just before, and removes the factor again.

        Source: OWASP ASVS 5.0 6.3.7, 7.5.1; NIST SP 800-63B-4 4.6.
        """
        self.changed(user)
        self.auth.sessions.make_stale(user.id, keep=keep)
        self.history.record("second_factor.add", user.id)
        link = self.auth.not_me.link_for_factor(user)
        self.tell(user, letters.factor_added(self.auth.desk, user, what, link))

    @operation
    def removed(self, user: User, what: str) -> None:
        """Tell an account, and the history, of one second factor less.

        Args:
            user: whose it was.
            what: what the factor is called, marked as to be translated.

        Source: OWASP ASVS 5.0 6.3.7; NIST SP 800-63B-4 4.6.
        """
        self.changed(user)
        if not self.ways(user):
            self._drop_spare_codes(user)
        self.history.record("second_factor.remove", user.id)
        self.tell(user, letters.factor_removed(self.auth.desk, user, what))

    def tell(self, user: User, letter: Letter) -> None:
        """Write to an owner, but to an unproven address not without end.

        Attack: flooding the mailbox of a stranger, whose address somebody
        has signed up with.
        """
        if user.email_verified_at is None:
            address = names.email_address(user.email).canonical
            if not self.auth.throttle.may_write_along(address):
                return
        self.auth.outbox.put(user.id, letter)

    @property
    def _is_wanted(self) -> bool:
        """Whether administrators must have a second factor."""
        return self.settings.login.second_factor == "admins"

    def short(self, bearer: Any) -> Any:
        """Show somebody without the role that they have no factor for."""
        if not bearer.is_admin or not self._is_wanted:
            return bearer
        user = self.db.find_user_by(id=bearer.id)
        is_short = self.is_missing(user)
        return bearer._replace(is_admin=False) if is_short else bearer

    def _drop_spare_codes(self, user: User) -> None:
        """Remove codes on paper, which count only beside another way."""
        for capability in self.auth.capabilities:
            way = capability.can_prove(user)
            if way is not None and way.is_spare and way.reads:
                capability.drop_proofs(user)

    @operation
    def drop(self, user: User, since: int = 0) -> bool:
        """Remove what an account can show besides its password.

        Args:
            user: whose it is.
            since: what was set up before that moment stays. Attack: whoever
                has found a password adds a factor of their own, with which
                they come back, and keep the owner out.

        Returns:
            Whether there was anything, as the history tells, too.
        """
        is_any_gone = False
        for capability in self.auth.capabilities:
            is_any_gone |= capability.drop_proofs(user, since)
        if not self.ways(user):
            self._drop_spare_codes(user)
        self._trusted.end_all(user.id)
        if is_any_gone:
            self.history.record("second_factor.reset", user.id)
        return is_any_gone

    @operation
    def reset(self, user: User, *, by: Actor) -> None:
        """Remove every second factor of an account, whose owner is told.

        Whoever asks for it must be known to be the owner by other means:
        from then on the password alone opens the account.

        Args:
            user: whose factors they are.
            by: an administrator who has just proven it, or the operator.

        Raises:
            NotProven, NotAllowed, ProofTooOld: not by this actor, or not yet.

        Source: OWASP ASVS 5.0 6.4.4.
        """
        self.auth.policy.require(by, Act.RESET_FACTORS, user.id)
        self.db.hold(user.id)
        for capability in self.auth.capabilities:
            capability.drop_proofs(user)
        self.changed(user)
        self.history.record("second_factor.reset", user.id)
        letter = letters.factors_removed(self.auth.desk, user)
        self.auth.outbox.put(user.id, letter)

    def is_missing(self, user: User) -> bool:
        """Tell whether somebody must have a second factor, and has none."""
        is_wanted = self._is_wanted and user.is_admin
        return is_wanted and not self.ways(user)
