"""The table of what recovery codes are compared with."""

from sqlalchemy import BigInteger, ForeignKey, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from vestibule.records import PREFIX, Record
from vestibule.user import User


class RecoveryCode(Record):
    """One code of an account; it is kept as a keyed hash alone."""

    __tablename__ = PREFIX + "recovery_codes"

    user_id: Mapped[int] = mapped_column(
        BigInteger,
        ForeignKey(User.id, ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    )
    fingerprint: Mapped[bytes] = mapped_column(
        LargeBinary(32), primary_key=True
    )
    created_at: Mapped[int]
    used_at: Mapped[int | None]
