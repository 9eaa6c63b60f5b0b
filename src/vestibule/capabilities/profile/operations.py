"""Changing one's own username, address and names."""

from dataclasses import dataclass

from vestibule.capability import Capability, operation
from vestibule.errors import Gathered
from vestibule.ground.names import FullName
from vestibule.user import User


@dataclass(frozen=True)
class ProfileUpdated:
    """The profile is changed; ``pending`` is an address not yet proven."""

    pending: str | None = None


class Profile(Capability):
    """What people see and change of themselves."""

    name = "profile"

    @operation
    def update(
        self,
        user: User,
        username: str,
        email: str,
        full_name: FullName | None = None,
    ) -> ProfileUpdated:
        """Change the names and the address of somebody signed in.

        Args:
            user: whose profile it is.
            username: the name from now on.
            email: the address; a new one waits until it is confirmed.
            full_name: first and last name; left as they are if left out.

        Raises:
            EmailTaken, UsernameTaken: it belongs to somebody.
            Malformed: it cannot be an address or name.
        """
        changes: dict[str, str | None] = {}
        if full_name is not None:
            changes["first_name"], changes["last_name"] = full_name
        gathered = Gathered()
        with gathered:
            if username != user.username:
                name = self.auth.registration.check_username(username)
                changes["username"] = name.shown
        with gathered:
            if email != user.email:
                self.auth.registration.check_email(email)
        gathered.tell()
        # The address before the username, as in a registration: two people
        # who want each other's names then wait, and never for each other.
        pending = None
        if email != user.email and self.auth.email_verification.start_change(
            user, email
        ):
            pending = email
        self.db.update_user(user.id, **changes)
        self.history.record("profile.update", user.id)
        return ProfileUpdated(pending)
