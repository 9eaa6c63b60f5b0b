"""The one record that every capability hangs on, and its names."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Identity,
    RowMapping,
    String,
    UniqueConstraint,
    false,
)
from sqlalchemy.orm import (
    Mapped,
    make_transient_to_detached,
    mapped_column,
)

from vestibule.errors import Conflict, Reason
from vestibule.records import PREFIX, Record, RowNumber


class User(Record):
    """An account: who it is, and the hash of how they prove it."""

    __tablename__ = PREFIX + "users"
    __table_args__ = (
        CheckConstraint("length(email) <= 254", "email_length"),
        CheckConstraint("length(username) <= 20", "username_length"),
        # A deleted account's number is never given to somebody else.
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(
        RowNumber, Identity(always=False), primary_key=True
    )
    email: Mapped[str] = mapped_column(String(254))
    username: Mapped[str] = mapped_column(String(20))
    hashed_password: Mapped[str] = mapped_column(String(512))
    first_name: Mapped[str | None] = mapped_column(String(30))
    last_name: Mapped[str | None] = mapped_column(String(30))
    is_admin: Mapped[bool] = mapped_column(
        default=False, server_default=false()
    )
    email_verified_at: Mapped[int | None]
    password_changed_at: Mapped[int]
    created_at: Mapped[int]

    def __repr__(self) -> str:
        """Show the number only: a log must not hold a hash or address."""
        return f"<User {self.id}>"


def found(columns: RowMapping | Mapping[str, Any]) -> User:
    """Make the user of a row, as one that a session has read and let go.

    So a host that hands it to a session of its own changes nothing, and
    does not insert it for a second time.
    """
    user = User(**columns)
    make_transient_to_detached(user)
    return user


class Identifier(Record):
    """A canonical name that leads to one account, whoever asks.

    E-mail addresses and usernames share one key, so that nobody can call
    themselves by another's address. There is no foreign key on purpose:
    distributed engines place this table by ``canonical``.
    """

    __tablename__ = PREFIX + "identifiers"
    __table_args__ = (
        CheckConstraint("kind IN ('email', 'username')", "kind"),
        UniqueConstraint("user_id", "kind"),
    )

    canonical: Mapped[str] = mapped_column(String(320), primary_key=True)
    kind: Mapped[str] = mapped_column(String(10))
    user_id: Mapped[int]


class EmailTaken(Conflict):
    """The address belongs to an account already."""

    reason = Reason(
        "email.taken",
        "There is already an account with this email address. "
        "Sign in or reset your password",
    )
    field = "email"


class UsernameTaken(Conflict):
    """The username belongs to an account already."""

    reason = Reason(
        "username.taken",
        "This username is already in use. Choose another one",
    )
    field = "username"
