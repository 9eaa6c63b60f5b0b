"""Single-use secrets that travel by mail, kept only as fingerprints.

A token is bound to an account, a purpose and the address it was mailed
to. There is one row for an account and a purpose, so that only the newest
token exists; using it deletes the row, so that it works once.
Source: OWASP Forgot Password Cheat Sheet; ASVS 5.0 6.4.3, 6.5.1.
"""

from dataclasses import dataclass

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    LargeBinary,
    String,
    UniqueConstraint,
    bindparam,
    delete,
    select,
)
from sqlalchemy.orm import Mapped, mapped_column

from vestibule.db import DB
from vestibule.engine import insert_new
from vestibule.errors import Missing
from vestibule.ground.randomness import fingerprint
from vestibule.records import PREFIX, Record
from vestibule.user import User


class MailedToken(Record):
    """The one live token of an account for a purpose."""

    __tablename__ = PREFIX + "mailed_tokens"
    __table_args__ = (UniqueConstraint("fingerprint"),)

    user_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey(User.id, ondelete="CASCADE"), primary_key=True
    )
    purpose: Mapped[str] = mapped_column(String(30), primary_key=True)
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary(32))
    address: Mapped[str] = mapped_column(String(254))
    ends_at: Mapped[int] = mapped_column(index=True)


_PENDING = select(MailedToken.address).where(
    MailedToken.user_id == bindparam("user_id"),
    MailedToken.purpose == bindparam("purpose"),
    MailedToken.ends_at > bindparam("now"),
)


@dataclass(frozen=True)
class Proof:
    """What a good token proves: this account's owner reads this address."""

    user_id: int
    address: str


class MailedTokens:
    """Makes, looks at and uses up mailed tokens."""

    def __init__(self, db: DB) -> None:
        self.db = db

    def issue(self, user_id: int, purpose: str, address: str) -> str:
        """Make a token and forget any older one of the same purpose.

        Returns:
            The secret for the mail: 43 characters, nowhere stored.

        Raises:
            Missing: the account is gone.
        """
        if not self.db.hold(user_id):
            raise Missing
        token = self.db.randomness.token()
        ends_at = self.db.clock.now() + self.db.settings.email.link_life
        fresh = {
            "fingerprint": fingerprint(token),
            "address": address,
            "ends_at": ends_at,
        }
        row = insert_new(self.db.engine, MailedToken).values(
            user_id=user_id, purpose=purpose, **fresh
        )
        self.db.write(
            row.on_conflict_do_update(
                index_elements=[MailedToken.user_id, MailedToken.purpose],
                set_=fresh,
            )
        )
        return token

    def look(self, token: str, purpose: str) -> Proof | None:
        """Say what a token proves, without using it up."""
        row = self.db.first(
            select(MailedToken.user_id, MailedToken.address).where(
                MailedToken.fingerprint == fingerprint(token),
                MailedToken.purpose == purpose,
                MailedToken.ends_at > self.db.clock.now(),
            )
        )
        return Proof(row[0], row[1]) if row else None

    def use(self, token: str, purpose: str) -> Proof | None:
        """Use a token up; of two at once exactly one gets the proof."""
        row = self.db.write_returning(
            delete(MailedToken)
            .where(
                MailedToken.fingerprint == fingerprint(token),
                MailedToken.purpose == purpose,
                MailedToken.ends_at > self.db.clock.now(),
            )
            .returning(MailedToken.user_id, MailedToken.address)
        )
        return Proof(row[0], row[1]) if row else None

    def pending(self, user_id: int, purpose: str) -> str | None:
        """Say which address a live token of an account was mailed to."""
        now = self.db.clock.now()
        wanted = {"user_id": user_id, "purpose": purpose, "now": now}
        row = self.db.first(_PENDING, **wanted)
        return row[0] if row else None

    def forget(self, user_id: int, *purposes: str) -> None:
        """Remove an account's tokens, all or those of some purposes."""
        statement = delete(MailedToken).where(MailedToken.user_id == user_id)
        if purposes:
            statement = statement.where(MailedToken.purpose.in_(purposes))
        self.db.write(statement)

    def sweep(self, now: int) -> int:
        """Remove tokens whose time is over; say how many."""
        return self.db.write(
            delete(MailedToken).where(MailedToken.ends_at <= now)
        )
