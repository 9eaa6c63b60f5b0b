"""The one record that every capability hangs on, and its names."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Identity,
    Index,
    RowMapping,
    String,
    UniqueConstraint,
    false,
    text,
    true,
)
from sqlalchemy.orm import (
    Mapped,
    make_transient_to_detached,
    mapped_column,
)

from vestibule.errors import Conflict, Reason
from vestibule.ground.words import Phrase
from vestibule.records import PREFIX, Record, RowNumber

# The looks of pages there are to choose from.
THEMES = ("light", "dark")

# Compared by code points and in no language's order: so the key also finds
# names by their beginning, and no update of the system reorders it.
_PLAIN = String(320).with_variant(String(320, "C"), "postgresql")


def _rare(name: str, sqlite: str, postgresql: str = "") -> Index:
    """Index the numbers of those accounts that something is true of."""
    return Index(
        f"ix_vestibule_users_{name}",
        "id",
        sqlite_where=text(sqlite),
        postgresql_where=text(postgresql or sqlite),
    )


class User(Record):
    """An account: who it is, and the hash of how they prove it."""

    __tablename__ = PREFIX + "users"
    __table_args__ = (
        CheckConstraint("length(email) <= 254", "email_length"),
        CheckConstraint("length(username) <= 20", "username_length"),
        CheckConstraint("theme IN ('light', 'dark')", "theme"),
        # What the keeper of the administration refers to.
        Index(
            "ix_vestibule_users_role",
            "id",
            "is_admin",
            "is_active",
            unique=True,
        ),
        # Whatever is rare among accounts is found without reading all.
        _rare("disabled", "is_active = 0", "NOT is_active"),
        _rare("admins", "is_admin = 1", "is_admin"),
        _rare("confirmed", "email_verified_at IS NOT NULL"),
        _rare("unconfirmed", "email_verified_at IS NULL"),
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
    is_active: Mapped[bool] = mapped_column(
        default=True, server_default=true()
    )
    # What its owner has chosen; None is what their browser or system says.
    language: Mapped[str | None] = mapped_column(String(8))
    theme: Mapped[str | None] = mapped_column(
        String(5), info={"among": ("light", "dark")}
    )

    # Kept in no row: whether the site wants a second factor of this
    # administrator, who has come in without one.
    is_short = False

    @property
    def acts_as_admin(self) -> bool:
        """Whether they may do now what is for administrators only.

        ``is_admin`` is the role. Where administrators must have a second
        factor, who has the role and no factor can do nothing with it.
        """
        return self.is_admin and not self.is_short

    def __repr__(self) -> str:
        """Show the number only: a log must not hold a hash or address."""
        return f"<User {self.id}>"


def found(columns: RowMapping | Mapping[str, Any]) -> User:
    """Make the user of a row, as one that a session has read and let go.

    So a host that hands it to a session of its own changes nothing, and
    does not insert it for a second time.
    """
    # Without the events of a user that is made by hand, which cost more
    # than to find the row.
    user: User = User.__mapper__.class_manager.new_instance()
    vars(user).update(columns)
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

    canonical: Mapped[str] = mapped_column(_PLAIN, primary_key=True)
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
        "username.taken", "This username is already in use. {advice}"
    )
    field = "username"

    def __init__(self, free: Sequence[str] = ()) -> None:
        """Refuse a username, and advise what to do.

        Args:
            free: three others that can be had, or none.
        """
        advice = Phrase("Choose another one")
        if len(free) == 3:
            advice = Phrase(
                "Try {first}, {second} or {third}",
                dict(zip(("first", "second", "third"), free, strict=True)),
            )
        super().__init__(advice=advice)
