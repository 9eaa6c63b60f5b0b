"""The table of known devices."""

from sqlalchemy import BigInteger, ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from vestibule.records import PREFIX, Record
from vestibule.user import User


class KnownDeviceRecord(Record):
    """One device on which somebody has signed in to one account.

    Its token opens nothing. ``ends_at`` is a year after the last sign-in.
    """

    __tablename__ = PREFIX + "known_devices"

    fingerprint: Mapped[bytes] = mapped_column(
        LargeBinary(32), primary_key=True
    )
    user_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey(User.id, ondelete="CASCADE"), index=True
    )
    created_at: Mapped[int]
    seen_at: Mapped[int]
    ends_at: Mapped[int] = mapped_column(index=True)
    address: Mapped[str] = mapped_column(String(45))
    agent: Mapped[str] = mapped_column(String(200))
