"""The tables of sign-ins that wait, and of devices that are trusted."""

from sqlalchemy import BigInteger, ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from vestibule.records import PREFIX, Record
from vestibule.user import User


class WaitingSignIn(Record):
    """A sign-in that has shown one factor and waits for another.

    ``stamp`` is a keyed hash of the password's hash: a new password ends
    what the old one began. ``is_common`` says that everybody tries that
    password first, so that its owner is told once they are in.
    """

    __tablename__ = PREFIX + "waiting_sign_ins"

    fingerprint: Mapped[bytes] = mapped_column(
        LargeBinary(32), primary_key=True
    )
    user_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey(User.id, ondelete="CASCADE"), index=True
    )
    proof: Mapped[str] = mapped_column(String(20))
    stamp: Mapped[bytes] = mapped_column(LargeBinary(32))
    remember: Mapped[bool]
    is_common: Mapped[bool]
    ends_at: Mapped[int] = mapped_column(index=True)


class TrustedDevice(Record):
    """A device that stands for the second factor of one account.

    Its token changes whenever it does. ``stamp`` is as above, so that a
    new password ends the trust.
    """

    __tablename__ = PREFIX + "trusted_devices"

    fingerprint: Mapped[bytes] = mapped_column(
        LargeBinary(32), primary_key=True
    )
    user_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey(User.id, ondelete="CASCADE"), index=True
    )
    stamp: Mapped[bytes] = mapped_column(LargeBinary(32))
    created_at: Mapped[int]
    seen_at: Mapped[int]
    ends_at: Mapped[int] = mapped_column(index=True)
    address: Mapped[str] = mapped_column(String(45))
    agent: Mapped[str] = mapped_column(String(200))
