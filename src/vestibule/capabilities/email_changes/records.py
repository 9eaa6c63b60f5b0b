"""The table of links that undo a change of address."""

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    Identity,
    LargeBinary,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from vestibule.records import PREFIX, Record, RowNumber
from vestibule.user import User


class EmailUndoRecord(Record):
    """One change of an address, and where the way back was mailed.

    Unlike other mailed tokens, an account has as many as it had changes:
    a thief who changes the address once more takes nothing away from the
    owner. A larger number is a later change.
    """

    __tablename__ = PREFIX + "email_undos"
    __table_args__ = (
        UniqueConstraint("fingerprint"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(
        RowNumber, Identity(always=False), primary_key=True
    )
    user_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey(User.id, ondelete="CASCADE"), index=True
    )
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary(32))
    address: Mapped[str] = mapped_column(String(254))
    ends_at: Mapped[int] = mapped_column(index=True)
