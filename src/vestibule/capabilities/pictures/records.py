"""The table of pictures."""

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from vestibule.records import PREFIX, Record
from vestibule.user import User


class PictureRecord(Record):
    """A picture, whose file is called ``name``: somebody's or nobody's yet.

    A row is there before its file and goes after it, so that no file is
    ever forgotten. An account has one picture at most.
    """

    __tablename__ = PREFIX + "pictures"
    __table_args__ = (
        CheckConstraint(
            "media_type IN ('image/png', 'image/jpeg')", "media_type"
        ),
    )

    name: Mapped[str] = mapped_column(String(60), primary_key=True)
    user_id: Mapped[int | None] = mapped_column(
        BigInteger, ForeignKey(User.id, ondelete="SET NULL"), unique=True
    )
    media_type: Mapped[str] = mapped_column(String(20))
    width: Mapped[int]
    height: Mapped[int]
    size: Mapped[int]
    created_at: Mapped[int]
