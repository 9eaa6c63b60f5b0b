"""The table of feedback."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    String,
    Text,
)
from sqlalchemy.orm import Mapped, mapped_column

from vestibule.records import PREFIX, Record, RowNumber
from vestibule.user import User

LONGEST_TITLE = 100
LONGEST_CONTENT = 10_000


class FeedbackRecord(Record):
    """One piece of feedback, which belongs to an account by its number.

    Attack: a name that is given up and taken by somebody else.
    """

    __tablename__ = PREFIX + "feedback"
    __table_args__ = (
        CheckConstraint(
            f"length(title) BETWEEN 1 AND {LONGEST_TITLE}", "title_length"
        ),
        CheckConstraint(
            f"length(content) BETWEEN 1 AND {LONGEST_CONTENT}",
            "content_length",
        ),
        # The newest of one account first.
        Index(None, "user_id", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(
        RowNumber, Identity(always=False), primary_key=True
    )
    user_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey(User.id, ondelete="CASCADE")
    )
    title: Mapped[str] = mapped_column(String(LONGEST_TITLE))
    content: Mapped[str] = mapped_column(Text)
    # Both once more, as a search compares them: the engines disagree on
    # what is the same letter outside of ASCII.
    folded: Mapped[str] = mapped_column(Text)
    created_at: Mapped[int]
    updated_at: Mapped[int]
