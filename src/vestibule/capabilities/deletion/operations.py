"""Removing an account with everything that is kept of it."""

from sqlalchemy import delete

from vestibule.capability import Capability, operation
from vestibule.user import Identifier, User


class Deletion(Capability):
    """An account goes, and everything of it goes along."""

    name = "deletion"

    @operation
    def delete(self, user: User) -> None:
        """Remove an account: every capability forgets, in one transaction.

        Its number is never given again, and nothing refers to its names,
        so a later account of the same name inherits nothing.
        """
        for capability in self.auth.capabilities:
            capability.forget(user)
        self.auth.mailed_tokens.forget(user.id)
        self.auth.outbox.forget(user.id)
        self.db.write(delete(Identifier).where(Identifier.user_id == user.id))
        self.db.write(delete(User).where(User.id == user.id))
        self.history.record("deletion", user.id)
