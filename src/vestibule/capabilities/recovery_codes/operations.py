"""Making recovery codes, and taking each of them once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, delete, func, insert, select, update

from vestibule.capabilities.recovery_codes import letters
from vestibule.capabilities.recovery_codes.codes import grouped, made, plain
from vestibule.capabilities.recovery_codes.records import RecoveryCode
from vestibule.capability import (
    Capability,
    Exported,
    SecurityRow,
    Way,
    operation,
)
from vestibule.errors import Conflict, Expired, NotProven, Reason
from vestibule.ground.randomness import fingerprint
from vestibule.ground.words import Amount
from vestibule.outcomes import Advice, Arrival
from vestibule.policy import Act, Actor
from vestibule.user import User

if TYPE_CHECKING:
    from vestibule.auth import Auth

# With so many left people are told to make new ones.
FEW = 2

_PRINT = RecoveryCode.fingerprint
_OWNER = bindparam("owner") == RecoveryCode.user_id
_IS_LEFT = RecoveryCode.used_at.is_(None)
_ANY = select(RecoveryCode.user_id).where(_OWNER, _IS_LEFT)
_ALL = select(RecoveryCode.created_at, RecoveryCode.used_at).where(_OWNER)
_PUT = insert(RecoveryCode)
_REMOVE = delete(RecoveryCode).where(
    _OWNER, RecoveryCode.created_at >= bindparam("since")
)
_LOOK = select(_PRINT).where(_OWNER, bindparam("print") == _PRINT)
_THESE = select(func.count()).where(
    _OWNER, _IS_LEFT, _PRINT.in_(bindparam("prints", expanding=True))
)
# Of two at once with one code, the second finds it used.
_USE = (
    update(RecoveryCode)
    .where(_OWNER, bindparam("print") == _PRINT, _IS_LEFT)
    .values(used_at=bindparam("now"))
)


def _(text: str) -> str:
    """Mark a text as one to be translated where it is shown."""
    return text


class RecoveryCodeIncorrect(NotProven):
    """The code is none of the account's."""

    reason = Reason(
        "recovery_codes.incorrect",
        "This is none of your recovery codes. Check every group of it",
    )
    field = "code"


class CodeUsed(NotProven):
    """The code was one of the account's, and works no more."""

    reason = Reason(
        "recovery_codes.used",
        "This recovery code has already been used. Enter another one",
    )
    field = "code"


class NothingToRecover(Conflict):
    """The account has no second factor that codes could stand for."""

    reason = Reason(
        "recovery_codes.no_factor",
        "Set up another second step first; recovery codes stand in for it",
    )


class CodesGone(Expired):
    """These codes are not those of the account, or not any more."""

    reason = Reason(
        "recovery_codes.gone",
        "These codes work no more. Make new ones",
    )


@dataclass(frozen=True)
class Left:
    """How many codes an account has left, and since when."""

    count: int
    created_at: int | None

    @property
    def is_few(self) -> bool:
        """Whether it is time to make new ones."""
        return self.created_at is not None and self.count <= FEW


class RecoveryCodes(Capability):
    """Ten codes that stand in for a second factor, each of them once."""

    name = "recovery_codes"

    def __init__(self, auth: "Auth") -> None:
        super().__init__(auth)
        self._any = self.db.prepared(_ANY, "owner")

    def left(self, user: User) -> Left:
        """Say how many codes an account has left."""
        rows = self.db.read(_ALL, owner=user.id)
        unused = [row for row in rows if row.used_at is None]
        return Left(len(unused), rows[0].created_at if rows else None)

    @operation
    def make(self, user: User, *, by: Actor) -> list[str]:
        """Make ten new codes; those from before work no more.

        They are told here and never again. The owner is written to.

        Raises:
            NotProven, NotAllowed, ProofTooOld: not by this actor, or not yet,
                or the account is gone or has changed.
            NothingToRecover: there is no other second factor.

        Source: OWASP ASVS 5.0 6.5.2, 6.5.3, 7.5.1; NIST SP 800-63B-4
        4.2.1.1, 6.3.
        """
        self.auth.policy.require(by, Act.CHANGE_FACTORS, user.id)
        codes = made(self.auth.randomness)
        now = self.auth.clock.now()
        # Attack: some that are under way while the owner takes the account
        # back, or while the factor that they stand in for goes.
        if not self.auth.passwords.is_current(user, alone=True):
            raise NotProven
        # Codes that wait already count for nothing without another way.
        if not self.auth.second_factors.ways(user):
            raise NothingToRecover
        self.drop_proofs(user)
        rows = [
            {
                "user_id": user.id,
                "fingerprint": fingerprint(code),
                "created_at": now,
                "used_at": None,
            }
            for code in codes
        ]
        self.db.write_each(_PUT, rows)
        self.history.record("recovery_codes.make", user.id)
        letter = letters.recovery_codes_made(self.auth.desk, user)
        self.auth.second_factors.tell(user, letter)
        return [grouped(code) for code in codes]

    @operation
    def make_first(self, user: User, *, by: Actor) -> list[str]:
        """Make codes for whoever has none; nothing, where there are some.

        Raises:
            NotProven, NotAllowed, ProofTooOld, NothingToRecover: as ``make``.
        """
        return [] if self.left(user).count else self.make(user, by=by)

    def check(self, user: User, codes: Sequence[str], *, by: Actor) -> None:
        """Refuse codes that are not all of an account, to be written down.

        Raises:
            NotProven, NotAllowed, ProofTooOld: not by this actor, or not yet.
            CodesGone: they are not, or not any more.
        """
        self.auth.policy.require(by, Act.CHANGE_FACTORS, user.id)
        prints = {fingerprint(plain(code)) for code in codes}
        row = self.db.first(_THESE, owner=user.id, prints=[*prints])
        if row is None or not prints or row[0] != len(prints):
            raise CodesGone

    def can_prove(self, user: User) -> Way | None:
        """Say that an account can show a code, if there is one left."""
        if self._any(user.id) is None:
            return None
        label = _("Recovery code")
        return Way(self.name, label, reads=r"[0-9a-z]{25}", is_spare=True)

    def prove_factor(self, user: User, answer: Any) -> None:
        """Take a code, once, and tell the owner how many are left.

        Raises:
            RecoveryCodeIncorrect: it is none of the account's.
            CodeUsed: it was used already.

        Source: OWASP ASVS 5.0 6.5.1, 6.3.7; NIST SP 800-63B-4 4.2.1.1, 4.2.3.
        """
        code = {"owner": user.id, "print": fingerprint(plain(answer))}
        if self.db.first(_LOOK, **code) is None:
            raise RecoveryCodeIncorrect
        self.db.hold(user.id)
        if not self.db.write(_USE, **code, now=self.auth.clock.now()):
            raise CodeUsed
        self.history.record("recovery_codes.use", user.id)
        left = self.left(user).count
        letter = letters.recovery_code_used(self.auth.desk, user, left)
        self.auth.second_factors.tell(user, letter)

    def advice(self, arrival: Arrival) -> Advice | None:
        """Advise whoever has shown a second factor to make new codes.

        Others are not looked up: a sign-in by password alone costs nothing.
        """
        if len(arrival.proofs) < 2 or not self.left(arrival.user).is_few:
            return None
        text = _(
            "You have few recovery codes left. Make new ones on the page "
            "“Security”"
        )
        return Advice("recovery_codes.few", text)

    def security_rows(self, user: User) -> tuple[SecurityRow, ...]:
        """Say how many codes are left, to whoever can have some."""
        left = self.left(user)
        if left.created_at is None and not self.auth.second_factors.ways(user):
            return ()
        values = {"codes": Amount(left.count, "{count} code", "{count} codes")}
        state = _("You have {codes} left.")
        if left.created_at is None:
            state = _(
                "They let you in when your phone is lost. Make some now."
            )
        elif left.is_few:
            state = _("You have only {codes} left. Make new ones.")
        return (
            SecurityRow(
                _("Recovery codes"),
                state,
                "recovery_codes.show",
                _("Manage"),
                is_on=left.count > FEW,
                is_urgent=left.count <= FEW,
                values=values,
            ),
        )

    def drop_proofs(self, user: User, since: int = 0) -> bool:
        """Remove the codes of an account, if they are as new as that."""
        return self.db.write(_REMOVE, owner=user.id, since=since) > 0

    def forget(self, user: User) -> None:
        """Remove the codes of an account that goes."""
        self.drop_proofs(user)

    def export(self, user: User) -> Exported:
        """Tell since when an account has codes, and when each was used."""
        rows = self.db.read(_ALL, owner=user.id)
        return Exported([dict(row._mapping) for row in rows])
