"""Removing an account with everything that is kept of it."""

from sqlalchemy import delete

from vestibule.capability import Capability, operation
from vestibule.policy import Act, Actor
from vestibule.user import Identifier, User


class Deletion(Capability):
    """An account goes, and everything of it goes along."""

    name = "deletion"

    @operation
    def delete(self, user: User, *, by: Actor) -> None:
        """Remove an account: every capability forgets, in one transaction.

        Its number is never given again, and nothing refers to its names,
        so a later account of the same name inherits nothing.

        Args:
            user: whose account it is; one that is gone stays gone.
            by: who wants it gone.

        Raises:
            NotAllowed, ProofTooOld: not by this actor, or not yet.
            LastAdmin: nobody else is an active administrator.
        """
        self.auth.policy.require(by, Act.DELETE, user.id)
        # Before anything of the account is locked: see Roles.pass_on.
        self.auth.administration.roles.pass_on(user)
        self.db.hold(user.id)
        for capability in self.auth.capabilities:
            capability.forget(user)
        self.auth.mailed_tokens.forget_all(user.id)
        self.auth.outbox.forget(user.id)
        self.db.write(delete(Identifier).where(Identifier.user_id == user.id))
        self.auth.administration.roles.remove(user)
        self.history.record("deletion", user.id)
