"""Changing one's own username, address and names."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy.exc import NoResultFound

from vestibule.budgets import LETTER, NAME_LETTER
from vestibule.capabilities.profile import letters
from vestibule.capability import Capability, Exported, operation
from vestibule.errors import Gathered, Missing, NotProven
from vestibule.ground import names
from vestibule.ground.names import FullName
from vestibule.policy import Act, Actor
from vestibule.uploads import Upload
from vestibule.user import User

_TOLD = (
    "id",
    "username",
    "email",
    "first_name",
    "last_name",
    "is_admin",
    "is_active",
    "email_verified_at",
    "password_changed_at",
    "created_at",
    "language",
    "theme",
)


@dataclass(frozen=True)
class ProfileUpdated:
    """The profile is changed; ``pending`` is an address not yet proven."""

    pending: str | None = None


def _renamed(user: User, full_name: FullName | None) -> dict[str, str | None]:
    """Say which columns become others by a first and last name."""
    if full_name is None:
        return {}
    wanted = {"first_name": full_name.first, "last_name": full_name.last}
    return {k: v for k, v in wanted.items() if v != getattr(user, k)}


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
        picture: Upload | None = None,
        *,
        by: Actor,
        host_fields: Mapping[str, object] | None = None,
    ) -> ProfileUpdated:
        """Change names, address and picture of somebody signed in.

        Args:
            user: whose profile it is.
            username: the name from now on.
            email: the address; a new one waits until it is confirmed.
            full_name: first and last name; left as they are if left out.
            picture: a file; the picture stays as it is if left out.
            by: who changes it; a new address takes a fresh proof.
            host_fields: what the host asks for besides; stays as it is if
                left out.

        Raises:
            EmailTaken, UsernameTaken: it belongs to somebody.
            Malformed: it cannot be an address, name or picture.
            NotAllowed, ProofTooOld: not by this actor, or not yet.
            NotProven: the account is gone.
            Unavailable: the picture cannot be drawn or stored now.
        """
        if email != user.email:
            self.auth.policy.require(by, Act.CHANGE_EMAIL, user.id)
        changes = _renamed(user, full_name)
        gathered = Gathered()
        with gathered:
            if username != user.username:
                name = self.auth.registration.check_username(username)
                changes["username"] = name.shown
        with gathered:
            if email != user.email:
                self.auth.registration.check_email(email)
        prepared = None
        with gathered:
            if picture is not None:
                prepared = self.auth.pictures.prepare(
                    picture.content, picture.name, user
                )
        gathered.tell()
        with self.auth.pictures.stored(prepared):
            pending = self._write(user, email, changes)
            if changes.get("username"):
                self._tell(user, str(changes["username"]), by)
            if host_fields is not None:
                self.auth.host_fields.keep(user, host_fields)
            if prepared is not None:
                self.auth.pictures.lead_to(user, prepared.picture)
        return ProfileUpdated(pending)

    def export(self, user: User) -> Exported:
        """Tell an account who it is, and never its hash."""
        return Exported({name: getattr(user, name) for name in _TOLD})

    def _tell(self, user: User, username: str, by: Actor) -> None:
        """Write to an account that it goes by another name now.

        Attack: flooding the mailbox of a stranger, by an account that was
        made with that address; or that of the owner, at a stolen session.

        Source: OWASP ASVS 5.0 6.3.7.
        """
        address = names.email_address(user.email).canonical
        act = LETTER if user.email_verified_at is None else NAME_LETTER
        if self.auth.throttle.may_write_along(address, act):
            is_own = by.user is not None and by.user.id == user.id
            letter = letters.username_changed(
                self.auth.desk, user, username, by_operator=not is_own
            )
            self.auth.outbox.put(user.id, letter)

    def _write(
        self, user: User, email: str, changes: dict[str, str | None]
    ) -> str | None:
        """Write what changes; say which address is pending."""
        # The address before the username, as in a registration: two people
        # who want each other's names then wait, and never for each other.
        pending = None
        start_change = self.auth.email_changes.start
        try:
            if email != user.email and start_change(user, email):
                pending = email
            with self.auth.registration.advising(changes.get("username")):
                self.db.update_user(user.id, **changes)
        except (Missing, NoResultFound) as error:
            # Deleted since this request was let in.
            raise NotProven from error
        self.history.record("profile.update", user.id)
        return pending
