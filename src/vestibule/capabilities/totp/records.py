"""The table of authenticator apps."""

from sqlalchemy import BigInteger, ForeignKey, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from vestibule.records import PREFIX, Record
from vestibule.user import User


class AuthenticatorApp(Record):
    """The app of an account; ``secret`` is encrypted.

    It counts once it is confirmed by a code. Of ``last_step`` and all steps
    before it no code is taken any more.
    """

    __tablename__ = PREFIX + "totp"

    user_id: Mapped[int] = mapped_column(
        BigInteger,
        ForeignKey(User.id, ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    )
    secret: Mapped[bytes] = mapped_column(LargeBinary(100))
    created_at: Mapped[int]
    confirmed_at: Mapped[int | None]
    used_at: Mapped[int | None]
    last_step: Mapped[int]
