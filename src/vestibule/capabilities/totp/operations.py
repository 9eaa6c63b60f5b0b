"""Setting an authenticator app up, taking its codes, and turning it off."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from vestibule.capabilities.totp.apps import LIFE, App, Apps, Kept
from vestibule.capabilities.totp.steps import address, step_of, written
from vestibule.capability import (
    Capability,
    Exported,
    SecurityRow,
    Way,
    operation,
)
from vestibule.errors import Conflict, Expired, Missing, NotProven, Reason
from vestibule.ground.codes import plain_code
from vestibule.policy import Act, Actor
from vestibule.reasons import EMAIL_UNCONFIRMED, SECOND_FACTOR_INCORRECT
from vestibule.user import User

if TYPE_CHECKING:
    from vestibule.auth import Auth


def _(text: str) -> str:
    """Mark a text as one to be translated where it is shown."""
    return text


APP = _("Authenticator app")


class AppCodeIncorrect(NotProven):
    """The code is none of the app's, or was used before."""

    reason = SECOND_FACTOR_INCORRECT
    field = "code"


class AlreadyOn(Conflict):
    """The account has an app, which a set-up would replace."""

    reason = Reason(
        "totp.on", "An authenticator app is set up already. Turn it off first"
    )


class NotOn(Missing):
    """The account has no app."""

    reason = Reason("totp.off", "No authenticator app is set up")


class SetUpOver(Expired):
    """No set-up was begun, or it is over, or another one has begun."""

    reason = Reason("totp.over", "This set-up is over. Begin again")


class AddressUnproven(Conflict):
    """Nobody has shown to read the mail of the account."""

    reason = EMAIL_UNCONFIRMED


@dataclass(frozen=True)
class SetUp:
    """What an app must know; it counts once a code has shown that it does."""

    key: str = field(repr=False)
    address: str = field(repr=False)
    ends_at: int


class Totp(Capability):
    """An app that shows codes, as a second factor."""

    name = "totp"

    def __init__(self, auth: "Auth") -> None:
        super().__init__(auth)
        self._apps = Apps(self.db)

    def app(self, user: User) -> App | None:
        """Say how it stands with the app of an account, if one is on."""
        return self._apps.of(user.id)

    @operation
    def begin(self, user: User, *, by: Actor) -> SetUp:
        """Make a new secret, which counts once it is confirmed.

        One that waits already is cancelled.

        Raises:
            NotProven, NotAllowed, ProofTooOld: not by this actor, or not yet,
                or the account is gone or has changed.
            AddressUnproven: the address must be confirmed first.
            AlreadyOn: there is an app.

        Source: OWASP ASVS 5.0 7.5.1; RFC 6238.
        """
        self.auth.policy.require(by, Act.CHANGE_FACTORS, user.id)
        # Attack: a squatter's app, which keeps the address's owner out.
        must_confirm = self.settings.email.verified_required
        if must_confirm and user.email_verified_at is None:
            raise AddressUnproven
        secret = self.auth.randomness.seed()
        self._hold(user)
        if not self._apps.begin(user.id, secret):
            raise AlreadyOn
        return self._set_up(user, secret, self.auth.clock.now())

    def begun(self, user: User, *, by: Actor) -> SetUp:
        """Show once more a set-up that waits to be confirmed.

        Raises:
            NotProven, NotAllowed, ProofTooOld: not by this actor, or not yet.
            AlreadyOn: it was confirmed.
            SetUpOver: none waits.
        """
        self.auth.policy.require(by, Act.CHANGE_FACTORS, user.id)
        kept = self._waiting(user)
        return self._set_up(user, kept.secret, kept.created_at)

    def _set_up(self, user: User, secret: bytes, created_at: int) -> SetUp:
        """Write down what an app must know."""
        return SetUp(
            written(secret),
            address(secret, user.email, self.settings.site.name),
            created_at + LIFE,
        )

    def _hold(self, user: User) -> None:
        """Hold an account, as it was when somebody proved to own it.

        Attack: an app that is under way while the owner takes the account
        back.

        Raises:
            NotProven: it is gone or has changed.
        """
        if not self.auth.passwords.is_current(user, alone=True):
            raise NotProven

    def _waiting(self, user: User) -> Kept:
        """Find the set-up that waits.

        Raises:
            AlreadyOn: it was confirmed.
            SetUpOver: there is none.
        """
        if self.app(user) is not None:
            raise AlreadyOn
        kept = self._apps.kept(user.id)
        now = self.auth.clock.now()
        if kept is None or kept.created_at + LIFE <= now:
            raise SetUpOver
        return kept

    @operation
    def confirm(self, user: User, code: str, *, by: Actor) -> App:
        """Switch an app on, by a code that it shows.

        The code is used up by that.

        Raises:
            NotProven, NotAllowed, ProofTooOld: not by this actor, or not yet,
                or the account is gone or has changed.
            AlreadyOn: it was confirmed.
            SetUpOver: none waits, or another one has begun.
            AppCodeIncorrect: the code is wrong.
        """
        self.auth.policy.require(by, Act.CHANGE_FACTORS, user.id)
        kept = self._waiting(user)
        now = self.auth.clock.now()
        step = step_of(kept.secret, plain_code(code), now)
        if step is None:
            raise AppCodeIncorrect
        self._hold(user)
        if not self._apps.turn_on(user.id, kept, step):
            raise SetUpOver
        self.auth.second_factors.added(user, APP, keep=by.session)
        return App(now, None)

    @operation
    def remove(self, user: User, *, by: Actor) -> None:
        """Turn an app off, and forget its secret.

        Raises:
            NotProven, NotAllowed, ProofTooOld: not by this actor, or not yet.
            NotOn: there is none.
        """
        self.auth.policy.require(by, Act.CHANGE_FACTORS, user.id)
        self.db.hold(user.id)
        if self.app(user) is None:
            raise NotOn
        self._apps.remove(user.id)
        self.auth.second_factors.removed(user, APP)

    def can_prove(self, user: User) -> Way | None:
        """Say that an account can show a code, if its app is on."""
        if self.app(user) is None:
            return None
        label = _("Code from your authenticator app")
        return Way(self.name, label, reads=r"[0-9]{6}", is_digits=True)

    def prove_factor(self, user: User, answer: Any) -> None:
        """Take a code, once.

        Raises:
            AppCodeIncorrect: it is wrong, too old, or used already.

        Source: RFC 6238, 5.2; OWASP ASVS 5.0 6.5.1, 6.5.5.
        """
        kept = self._apps.kept(user.id)
        now = self.auth.clock.now()
        step = None if kept is None else step_of(kept.secret, answer, now)
        if step is None:
            raise AppCodeIncorrect
        self.db.hold(user.id)
        # Attack: a code that somebody has seen, in the minute that it lives.
        if not self._apps.spend(user.id, step):
            raise AppCodeIncorrect

    def security_rows(self, user: User) -> tuple[SecurityRow, ...]:
        """Say whether an app is on."""
        is_on = self.app(user) is not None
        on = _("You are asked for its code when you sign in.")
        off = _("An app on your phone shows a new code every 30 seconds.")
        return (
            SecurityRow(
                APP,
                on if is_on else off,
                "totp.show",
                _("Manage") if is_on else _("Set up"),
                is_on=is_on,
            ),
        )

    def drop_proofs(self, user: User, since: int = 0) -> bool:
        """Remove the app of an account, if it is as new as that."""
        return self._apps.remove(user.id, since)

    def forget(self, user: User) -> None:
        """Remove the app of an account that goes."""
        self._apps.remove(user.id)

    def export(self, user: User) -> Exported:
        """Tell since when an account has an app, and when it was used."""
        return Exported(self._apps.told(user.id))

    def sweep(self, now: int) -> int:
        """Remove set-ups that are over, and close secrets by the newest key.

        Of either a few at once.
        """
        return self._apps.sweep(now) + self._apps.renew()
