"""The table of the fields that a host defines."""

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column

from vestibule.records import PREFIX, Record
from vestibule.user import User

MOST = 60_000


class HostFieldsRecord(Record):
    """What one account has filled in, as one JSON object."""

    __tablename__ = PREFIX + "host_fields"
    __table_args__ = (CheckConstraint(f"length(filled) <= {MOST}", "length"),)

    user_id: Mapped[int] = mapped_column(
        BigInteger,
        ForeignKey(User.id, ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    )
    filled: Mapped[str] = mapped_column(Text)
