"""The table of sessions."""

from sqlalchemy import BigInteger, ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from vestibule.records import PREFIX, Record
from vestibule.user import User


class SessionRecord(Record):
    """One signed-in device.

    ``ends_at`` slides while the session is used, ``idle_for`` seconds
    ahead, and never beyond ``dies_at``. At ``proven_at`` its owner last
    showed to be that.
    """

    __tablename__ = PREFIX + "sessions"

    fingerprint: Mapped[bytes] = mapped_column(
        LargeBinary(32), primary_key=True
    )
    user_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey(User.id, ondelete="CASCADE"), index=True
    )
    created_at: Mapped[int]
    seen_at: Mapped[int]
    idle_for: Mapped[int]
    ends_at: Mapped[int] = mapped_column(index=True)
    dies_at: Mapped[int]
    address: Mapped[str] = mapped_column(String(45))
    agent: Mapped[str] = mapped_column(String(200))
    proven_at: Mapped[int] = mapped_column(server_default="0")
