"""Keeping passkeys: adding, renaming and removing them."""

from typing import TYPE_CHECKING, Any

from webauthn.registration.verify_registration_response import (
    VerifiedRegistration,
)

from vestibule.capabilities.passkeys.answers import (
    Answer,
    Occasion,
    Unreadable,
)
from vestibule.capabilities.passkeys.ceremonies import LIFE, Ceremonies
from vestibule.capabilities.passkeys.keys import Keys, Passkey
from vestibule.capabilities.passkeys.providers import proposed
from vestibule.capabilities.passkeys.refusals import (
    AddressUnproven,
    PasskeyTaken,
    PasskeyUnusable,
    TooManyPasskeys,
)
from vestibule.capability import Capability, operation
from vestibule.errors import Missing, NotProven
from vestibule.history import circumstances
from vestibule.policy import Act, Actor
from vestibule.user import User

if TYPE_CHECKING:
    from vestibule.auth import Auth

MOST = 20
# So many seconds longer than it lives is a challenge known to be used.
BEYOND = 60


def _(text: str) -> str:
    """Mark a text as one to be translated where it is shown."""
    return text


PASSKEY = _("Passkey")
# What a challenge is good for.
ADD, ADD_QUIETLY = "add", "add_quietly"


class KeptPasskeys(Capability):
    """The passkeys of an account, as their owner keeps them."""

    def __init__(self, auth: "Auth") -> None:
        super().__init__(auth)
        self._keys = Keys(self.db)
        self._ceremonies = Ceremonies(self.db)

    def of(self, user: User) -> list[Passkey]:
        """List the passkeys of an account, the oldest first."""
        return self._keys.of(user.id)

    def may_add(self, by: Actor) -> User:
        """Say to whose account somebody may add a passkey now.

        Raises:
            NotProven: the actor is nobody.
            ProofTooOld: the actor must confirm who they are first.
            AddressUnproven: or that the address is theirs.
        """
        own_id = by.user.id if by.user is not None else None
        self.auth.policy.require(by, Act.CHANGE_FACTORS, own_id)
        if by.user is None:
            raise NotProven
        # Attack: a squatter's passkey, which keeps the address's owner out.
        must_confirm = self.settings.email.verified_required
        if must_confirm and by.user.email_verified_at is None:
            raise AddressUnproven
        return by.user

    def creation_options(
        self, holder: str, *, by: Actor, quiet: bool = False
    ) -> dict[str, Any]:
        """Say what a browser is asked to make.

        Args:
            holder: the token of the session, to which it is bound.
            by: whose it will be.
            quiet: the browser makes it beside a password, unasked.

        Raises:
            TooManyPasskeys: there is no room for one more.
            NotProven, ProofTooOld: as ``may_add``.
        """
        user = self.may_add(by)
        known = self._keys.of(user.id)
        if len(known) >= MOST:
            raise TooManyPasskeys
        handle = self._keys.handle(user.id)
        occasion = _adding(user, holder, quiet=quiet)
        return self._ceremonies.creation(occasion, user, handle, known)

    @operation
    def add(
        self, credential: str, holder: str, *, by: Actor, quiet: bool = False
    ) -> Passkey:
        """Add the passkey that a browser has made.

        Args:
            credential: what the browser has handed over, as JSON.
            holder: the token of the session that asked for it.
            by: whose it will be.
            quiet: the browser has made it beside a password, unasked.

        Raises:
            PasskeyUnusable: it is none, or not what was asked for.
            PasskeyTaken: it was added before.
            TooManyPasskeys: there is no room for one more.
            NotProven, ProofTooOld: as ``may_add``.

        Source: Web Authentication Level 2, 7.1.
        """
        user = self.may_add(by)
        occasion = _adding(user, holder, quiet=quiet)
        try:
            answer = self._ceremonies.read(credential, occasion)
            made = self._ceremonies.made(answer, occasion)
        except Unreadable as refusal:
            raise PasskeyUnusable from refusal
        # Whatever comes of it, nobody answers that again.
        with self.db.apart(), self.db.unit():
            is_first = self.use_up(answer.challenge)
        if not is_first:
            raise PasskeyUnusable
        added = self._insert(user, answer, made, is_quiet=quiet)
        self.history.record("passkeys.add", user.id, actor_id=user.id)
        self.auth.second_factors.added(user, PASSKEY, keep=by.session)
        return added

    def _insert(
        self,
        user: User,
        answer: Answer,
        made: VerifiedRegistration,
        *,
        is_quiet: bool,
    ) -> Passkey:
        """Insert a passkey that was checked, and name it.

        Raises:
            PasskeyTaken: it was added before.
            TooManyPasskeys: there is no room for one more.
        """
        # Attack: many at once, past the most. Each waits for the others. And
        # one that is under way while the owner takes the account back.
        if not self.auth.passwords.is_current(user, alone=True):
            raise NotProven
        known = self._keys.of(user.id)
        if len(known) >= MOST:
            raise TooManyPasskeys
        is_new = self._keys.add(
            user.id,
            credential_id=made.credential_id,
            public_key=made.credential_public_key,
            sign_count=made.sign_count,
            aaguid=made.aaguid,
            transports=answer.transports,
            name=proposed(
                made.aaguid,
                answer.transports,
                circumstances().agent,
                {one.name for one in known},
            ),
            may_be_backed_up=made.credential_device_type == "multi_device",
            is_backed_up=made.credential_backed_up,
            is_verified=made.user_verified,
            is_quiet=is_quiet,
        )
        added = self._keys.find(made.credential_id)
        if not is_new or added is None:
            raise PasskeyTaken
        return added

    def one(self, number: int, *, by: Actor) -> Passkey:
        """Find a passkey of somebody who may change it now.

        Raises:
            NotAllowed: it is not theirs, or is not there.
            NotProven, ProofTooOld: as ``may_add``.
        """
        found = self._keys.one(number)
        owner_id = None if found is None else found.user_id
        self.auth.policy.require(by, Act.CHANGE_PASSKEY, owner_id)
        if found is None:
            raise Missing
        return found

    @operation
    def rename(self, number: int, name: str, *, by: Actor) -> Passkey:
        """Call a passkey something else.

        Raises:
            NotAllowed, NotProven, ProofTooOld: as ``one``.
        """
        found = self.one(number, by=by)
        self._keys.rename(found.user_id, found.id, name)
        self.history.record("passkeys.rename", found.user_id)
        return found

    @operation
    def remove(self, number: int, *, by: Actor) -> Passkey:
        """Remove a passkey, and tell its owner.

        Raises:
            NotAllowed, NotProven, ProofTooOld: as ``one``.
        """
        found = self.one(number, by=by)
        owner = self.db.find_user_by(id=found.user_id)
        self.db.hold(owner.id)
        if not self._keys.remove(owner.id, found.id):
            raise Missing
        self.history.record("passkeys.remove", owner.id)
        self.auth.second_factors.removed(owner, PASSKEY)
        return found

    def use_up(self, challenge: str) -> bool:
        """Use a challenge up; only the first of many at once does.

        Attack: the same answer in the last second of its challenge, which
        was swept in that second, or by a clock that is ahead.
        """
        ends_at = self.db.clock.now() + LIFE + BEYOND
        return self._keys.use(challenge, ends_at)


def _adding(user: User, holder: str, *, quiet: bool) -> Occasion:
    """Make the occasion of a new passkey.

    Where the browser makes it unasked, nobody touches anything.
    """
    purpose = ADD_QUIETLY if quiet else ADD
    return Occasion(purpose, user.id, holder, needs_touch=not quiet)
