"""Looking at accounts and changing them, for operators."""

import difflib
import re

from sqlalchemy import or_, select, update
from sqlalchemy.exc import NoResultFound

from vestibule.capability import Capability, operation
from vestibule.errors import Missing, Reason
from vestibule.ground import names
from vestibule.user import Identifier, User, found

NEAREST_AMONG = 1000
# What a number of an account cannot exceed, and both engines compare.
LARGEST_NUMBER = 2**63 - 1


class NoSuchUser(Missing):
    """No account has this name, address or number."""

    reason = Reason("user.missing", "There is no user {name!r}{hint}")


class Administration(Capability):
    """What operators do to accounts."""

    name = "administration"

    def find(self, name: str) -> User:
        """Find an account by username, address, or number as ``id:7``.

        A bare number is a username: anybody may call themselves 100.

        Raises:
            NoSuchUser: with the nearest usernames there are.
        """
        canonical = names.canonical(name)
        number = name.removeprefix("id:")
        try:
            # With 19 digits a number may not fit its column.
            if number != name and re.fullmatch(r"[0-9]{1,18}", number):
                return self.db.find_user_by(id=int(number))
            if canonical is not None:
                return self.db.find_user_called(canonical)
        except NoResultFound:
            pass
        raise NoSuchUser(name=name, hint=self._hint(canonical or name))

    def _hint(self, name: str) -> str:
        """Name up to three usernames that look alike."""
        if len(name) > names.LONGEST_EMAIL or not names.is_writable(name):
            return ""
        rows = self.db.read(
            select(Identifier.canonical)
            .where(Identifier.kind == "username")
            .where(
                or_(
                    Identifier.canonical.startswith(name[:2], autoescape=True),
                    Identifier.canonical.endswith(name[-2:], autoescape=True),
                )
            )
            .limit(NEAREST_AMONG)
        )
        near = difflib.get_close_matches(name, [row[0] for row in rows], 3)
        return f". Did you mean {', '.join(near)}?" if near else ""

    def page(self, after: int = 0, most: int = 100) -> list[User]:
        """List accounts by number, those behind ``after`` first."""
        rows = self.db.read(
            select(*User.__table__.columns)
            .where(User.id > max(0, min(after, LARGEST_NUMBER)))
            .order_by(User.id)
            .limit(most)
        )
        return [found(row._mapping) for row in rows]

    @operation
    def set_admin(self, user: User, *, is_admin: bool) -> None:
        """Make somebody an administrator or an ordinary person.

        Their sessions end, so that no page goes on with the old role.
        Source: OWASP ASVS 5.0 7.4.2, 8.3.2.
        """
        self.db.write(
            update(User).where(User.id == user.id).values(is_admin=is_admin)
        )
        self.auth.sessions.end_all(user.id)
        act = "promote" if is_admin else "demote"
        self.history.record(f"administration.{act}", user.id)

    @operation
    def set_password(self, user: User, password: str) -> None:
        """Set a password without the old one; all sessions end.

        Raises:
            Malformed: it may not be a password.
        """
        hashed = self.auth.passwords.hash_new(user, password)
        self.auth.passwords.set(user, hashed)
        self.auth.sessions.end_all(user.id)
        self.history.record("administration.set_password", user.id)
