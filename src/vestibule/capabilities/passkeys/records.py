"""The tables of passkeys, of the handles of owners, and of challenges."""

from sqlalchemy import BigInteger, ForeignKey, Identity, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from vestibule.records import PREFIX, Record, RowNumber
from vestibule.user import User


class PasskeyRecord(Record):
    """A passkey: what its device is known by, and its public key.

    ``is_verified`` says that the device has checked its owner once at
    least. ``is_quiet`` is one that the browser made beside a password, so
    that nobody may count on its owner knowing of it.
    """

    __tablename__ = PREFIX + "passkeys"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(
        RowNumber, Identity(always=False), primary_key=True
    )
    user_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey(User.id, ondelete="CASCADE"), index=True
    )
    credential_id: Mapped[bytes] = mapped_column(
        LargeBinary(1023), unique=True
    )
    public_key: Mapped[bytes] = mapped_column(LargeBinary(2000))
    sign_count: Mapped[int]
    aaguid: Mapped[str] = mapped_column(String(36))
    transports: Mapped[str] = mapped_column(String(100))
    name: Mapped[str] = mapped_column(String(60))
    may_be_backed_up: Mapped[bool]
    is_backed_up: Mapped[bool]
    is_verified: Mapped[bool]
    is_quiet: Mapped[bool]
    created_at: Mapped[int]
    used_at: Mapped[int | None]


class PasskeyHandle(Record):
    """What devices know an account by, and when an offer was declined.

    It is chance alone: a device tells it to whoever holds the device.
    Source: Web Authentication Level 2, 14.6.1.
    """

    __tablename__ = PREFIX + "passkey_handles"

    user_id: Mapped[int] = mapped_column(
        BigInteger,
        ForeignKey(User.id, ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    )
    handle: Mapped[bytes] = mapped_column(LargeBinary(64), unique=True)
    declined_at: Mapped[int | None]


class UsedChallenge(Record):
    """A challenge that was answered, so that nobody answers it again."""

    __tablename__ = PREFIX + "used_challenges"

    fingerprint: Mapped[bytes] = mapped_column(
        LargeBinary(32), primary_key=True
    )
    ends_at: Mapped[int] = mapped_column(index=True)
