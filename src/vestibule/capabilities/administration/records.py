"""The table of the one administrator who must not go."""

from sqlalchemy import CheckConstraint, ForeignKeyConstraint
from sqlalchemy.orm import Mapped, mapped_column

from vestibule.records import PREFIX, Record
from vestibule.user import User


class Keeper(Record):
    """The keeper of the keys: an administrator, and an active one.

    There is one row. It refers to an account by its number, role and
    state together, so that the database itself refuses to demote, disable
    or delete that account, whoever asks and at how many places at once.
    Another administrator must become the keeper first; where there is no
    other, nobody can.
    """

    __tablename__ = PREFIX + "keeper"
    __table_args__ = (
        CheckConstraint("id = 1", "one"),
        CheckConstraint("is_admin AND is_active", "fit"),
        ForeignKeyConstraint(
            ["user_id", "is_admin", "is_active"],
            [User.id, User.is_admin, User.is_active],
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    user_id: Mapped[int]
    is_admin: Mapped[bool]
    is_active: Mapped[bool]
