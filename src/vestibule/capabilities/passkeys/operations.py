"""Adding passkeys, and signing in by them."""

from collections.abc import Sequence
from typing import Any

from vestibule.capabilities.passkeys.answers import Occasion
from vestibule.capabilities.passkeys.keeping import PASSKEY
from vestibule.capabilities.passkeys.refusals import PasskeyIncorrect
from vestibule.capabilities.passkeys.showing import Shown, ShownPasskeys
from vestibule.capability import Exported, SecurityRow, Way, operation
from vestibule.ground.words import Amount
from vestibule.outcomes import Arrival, Renewed
from vestibule.user import User

DECLINED = 90 * 86400
# What a device and this site know each other by, which tells people nothing.
UNTOLD = ("id", "user_id", "credential_id", "public_key", "sign_count")
# What a challenge is good for.
SIGN_IN, SECOND, CONFIRM = "sign_in", "second", "confirm"


def _(text: str) -> str:
    """Mark a text as one to be translated where it is shown."""
    return text


class Passkeys(ShownPasskeys):
    """Passkeys of accounts: kept, shown, and told of."""

    name = "passkeys"

    # -- showing them

    def sign_in_options(self, holder: str = "") -> dict[str, Any]:
        """Say what a browser is asked where somebody signs in."""
        return self._ceremonies.request(_signing_in(holder))

    @operation
    def sign_in(
        self,
        credential: str,
        holder: str = "",
        *,
        remember: bool = False,
        device: Sequence[str] = (),
    ) -> Any:
        """Sign somebody in by a passkey alone, which is two factors.

        Args:
            credential: what the browser has handed over, as JSON.
            holder: what the browser had when it asked for the options.
            remember: whether the session outlives the browser.
            device: the tokens of earlier sign-ins there, five at most.

        Returns:
            What ``Login.admit`` returns.

        Raises:
            PasskeyIncorrect: it proves nothing.
            PasskeyUnverified: the device has not checked its owner.
            PasskeyUnknown: it belongs to no account.
            PasskeyCopied: it has counted backwards.
            TooMany: too many were tried from there.

        Source: Web Authentication Level 2, 7.2; NIST SP 800-63B-4 3.1.7.
        """
        with self.auth.throttle.attempt_from_here("passkey"):
            user = self._take(Shown(credential, _signing_in(holder)))
        known = self.auth.known_devices.recognise(user.id, device)
        return self.auth.login.admit(
            Arrival(
                user,
                proofs=("passkey",),
                is_whole=True,
                remember=remember,
                known=known,
            )
        )

    def second_options(self, token: str) -> dict[str, Any]:
        """Say what a browser is asked for a sign-in that waits.

        Raises:
            Expired: none waits under this token.
        """
        user, _ = self.auth.second_factors.waits_for(token)
        occasion = Occasion(SECOND, user.id, token)
        return self._ceremonies.request(occasion, self._keys.of(user.id))

    def finish(
        self,
        token: str,
        credential: str,
        *,
        device: Sequence[str] = (),
        trust: bool = False,
    ) -> Any:
        """Finish a sign-in that waits; see ``SecondFactors.finish``."""
        user, _ = self.auth.second_factors.waits_for(token)
        shown = Shown(credential, Occasion(SECOND, user.id, token))
        return self.auth.second_factors.finish(
            token, shown, self.name, device=device, trust=trust
        )

    def confirm_options(self, user: User, holder: str) -> dict[str, Any]:
        """Say what a browser is asked to confirm that it is still them."""
        occasion = Occasion(CONFIRM, user.id, holder, is_sure=True)
        return self._ceremonies.request(occasion, self._keys.of(user.id))

    def confirm(self, user: User, credential: str, holder: str) -> Renewed:
        """Prove once more who one is; see ``RecentProof.confirm_by``."""
        occasion = Occasion(CONFIRM, user.id, holder, is_sure=True)
        shown = Shown(credential, occasion)
        return self.auth.recent_proof.confirm_by(
            user, holder, lambda: self.prove_factor(user, shown)
        )

    def can_prove(self, user: User) -> Way | None:
        """Offer passkeys as a second step; quiet ones only beside others."""
        known = self._keys.of(user.id)
        if not known:
            return None
        return Way(
            self.name,
            PASSKEY,
            page="passkeys.verify",
            is_spare=all(one.is_quiet for one in known),
        )

    def prove_factor(self, user: User, answer: Any) -> None:
        """Refuse what is no passkey of this very account.

        Raises:
            PasskeyIncorrect: it proves nothing.
            PasskeyUnknown: it is somebody else's, or nobody's.
            PasskeyCopied: it has counted backwards.
        """
        if not isinstance(answer, Shown):
            raise PasskeyIncorrect
        if answer.occasion.user_id != user.id:
            raise PasskeyIncorrect
        self._take(answer)

    # -- offering and telling of them

    def decline(self, user: User) -> None:
        """Note that somebody wants to be offered no passkey for a while."""
        self._keys.decline(user.id)

    def is_offered(self, user: User) -> bool:
        """Tell whether somebody without a passkey may be offered one."""
        count, declined_at = self._keys.standing(user.id)
        if count:
            return False
        now = self.db.clock.now()
        return declined_at is None or declined_at + DECLINED <= now

    def signal(self, user: User) -> dict[str, Any] | None:
        """Say what a browser may tell whoever keeps passkeys of somebody.

        There is nothing to tell of who never had one.
        Source: Web Authentication Level 3, 5.1.10.
        """
        known_by = self._keys.known_by(user.id)
        if known_by is None:
            return None
        known = self._keys.of(user.id)
        return self._ceremonies.signal(user, known_by[0], known)

    def security_rows(self, user: User) -> Sequence[SecurityRow]:
        """Say how many passkeys there are."""
        count = self._keys.count(user.id)
        off = _("Sign in with your face, fingerprint or device PIN.")
        return (
            SecurityRow(
                _("Passkeys"),
                _("You have {amount}.") if count else off,
                "passkeys.show",
                _("Manage") if count else _("Set up"),
                is_on=bool(count),
                values={
                    "amount": Amount(
                        count, "{count} passkey", "{count} passkeys"
                    )
                },
            ),
        )

    def drop_proofs(self, user: User, since: int = 0) -> bool:
        """Remove all passkeys that are as new as that."""
        return self._keys.remove_all(user.id, since) > 0

    def forget(self, user: User) -> None:
        """Remove what is kept of an account."""
        self._keys.forget(user.id)

    def export(self, user: User) -> Exported:
        """Tell which passkeys there are, without their keys."""
        count, declined_at = self._keys.standing(user.id)
        if not count and declined_at is None:
            return Exported()
        told = [vars(one) for one in self._keys.of(user.id)]
        for one in told:
            for secret in UNTOLD:
                del one[secret]
        return Exported({"declined_at": declined_at, "passkeys": told})

    def sweep(self, now: int) -> int:
        """Remove challenges that nobody could answer any more."""
        return self._keys.sweep(now)


def _signing_in(holder: str) -> Occasion:
    """Make the occasion of a sign-in by a passkey alone."""
    return Occasion(SIGN_IN, None, holder, is_sure=True)
