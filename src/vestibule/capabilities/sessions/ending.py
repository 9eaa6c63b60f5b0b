"""Ending sessions, having them ask for a proof, and listing them."""

from typing import TYPE_CHECKING

from sqlalchemy import delete, update

from vestibule.capabilities.sessions.devices import Device, Devices
from vestibule.capabilities.sessions.records import SessionRecord
from vestibule.capability import Capability, operation
from vestibule.ground.randomness import fingerprint
from vestibule.policy import Act, Actor
from vestibule.user import User

if TYPE_CHECKING:
    from vestibule.auth import Auth


class EndsSessions(Capability):
    """Sessions that end, and the devices they are on."""

    def __init__(self, auth: "Auth") -> None:
        super().__init__(auth)
        self._devices = Devices(self.db)

    @operation
    def end(self, token: str) -> None:
        """End the one session that a token opens; others go on."""
        row = self.db.write_returning(
            delete(SessionRecord)
            .where(SessionRecord.fingerprint == fingerprint(token))
            .returning(SessionRecord.user_id)
        )
        if row is not None:
            self.history.record("session.end", row[0], actor_id=row[0])

    @operation
    def make_stale(self, user_id: int, keep: bytes) -> None:
        """Have all sessions of an account ask for a proof, but one.

        Args:
            user_id: whose they are.
            keep: the fingerprint of the one whose proof stays fresh.
        """
        self.db.write(
            update(SessionRecord)
            .where(
                SessionRecord.user_id == user_id,
                SessionRecord.fingerprint != keep,
            )
            .values(proven_at=0)
        )

    @operation
    def end_all(self, user_id: int, keep: str | None = None) -> int:
        """End the sessions of an account, perhaps but one; say how many.

        No letter opens a new one either.
        """
        self.auth.mailed_sign_in.void(user_id)
        statement = delete(SessionRecord).where(
            SessionRecord.user_id == user_id
        )
        if keep is not None:
            statement = statement.where(
                SessionRecord.fingerprint != fingerprint(keep)
            )
        ended = self.db.write(statement)
        if ended:
            self.history.record("session.end_all", user_id)
        return ended

    @operation
    def end_others(self, user: User, keep: str | None, *, by: Actor) -> int:
        """End the sessions of somebody but the one at hand; say how many.

        Args:
            user: whose sessions they are.
            keep: the token of the session that stays.
            by: who acts, with a fresh proof. Attack: whoever has taken a
                session over, and would shut the owner out.

        Raises:
            NotAllowed, ProofTooOld: not by this actor, or not yet.

        Source: OWASP ASVS 5.0 7.4.3, 7.5.2.
        """
        self.auth.policy.require(by, Act.END_OTHERS, user.id)
        return self.end_all(user.id, keep=keep)

    def devices(self, user: User, token: str | None = None) -> list[Device]:
        """List where somebody is signed in, the last used first.

        Args:
            user: whose devices they are.
            token: of the session that asks, which comes before all.
        """
        return self._devices.of(user.id, token)

    def elsewhere(self, user: User) -> int:
        """Say in how many places but one somebody is signed in."""
        return max(0, self._devices.count(user.id) - 1)

    @operation
    def end_device(self, handle: str, *, by: Actor) -> None:
        """End the one session of one's own that a handle names.

        Handles are looked up among the actor's own alone, so that one of
        somebody else is refused like one that there is not.

        Raises:
            NotProven: the actor is nobody.
            NotAllowed: the actor has no such session.
            ProofTooOld: the actor must confirm who they are first.

        Source: OWASP ASVS 5.0 7.4.4, 7.5.2.
        """
        own_id = by.user.id if by.user is not None else None
        is_ended = own_id is not None and self._devices.end(own_id, handle)
        owner_id = own_id if is_ended else None
        self.auth.policy.require(by, Act.END_DEVICE, owner_id)
        self.history.record("session.end", owner_id)
