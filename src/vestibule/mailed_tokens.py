"""Single-use secrets that travel by mail, kept only as fingerprints.

A token is bound to an account, a purpose and the address it was mailed
to. There is one row for an account and a purpose, so that only the newest
token exists; using it deletes the row, so that it works once.

A letter may carry a code of eight digits besides, for whoever reads it on
another device. It stands in the same row, so that using one uses up the
other.
Source: OWASP Forgot Password Cheat Sheet; ASVS 5.0 6.4.3, 6.5.1; NIST SP
800-63B-4 4.2.1.2.
"""

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    LargeBinary,
    String,
    UniqueConstraint,
    bindparam,
    delete,
    select,
    update,
)
from sqlalchemy.orm import Mapped, mapped_column

from vestibule.db import DB
from vestibule.engine import insert_new
from vestibule.errors import Missing
from vestibule.ground.randomness import fingerprint
from vestibule.ground.signing import is_one_of, keyed_hash
from vestibule.records import PREFIX, Record
from vestibule.user import User

DIGITS = 8
# With five tries, one in twenty million codes is guessed.
MOST_TRIES = 5
LONGEST_LIFE_OF_CODE = 3600
# Of letters that all count: ten places, which outlast a new password.
LASTING = tuple(f"not_me.factor.{place}" for place in range(10))


class MailedToken(Record):
    """The one live token of an account for a purpose, and its code."""

    __tablename__ = PREFIX + "mailed_tokens"
    __table_args__ = (
        UniqueConstraint("fingerprint"),
        CheckConstraint("code_tries BETWEEN 0 AND 5", "code_tries"),
    )

    user_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey(User.id, ondelete="CASCADE"), primary_key=True
    )
    purpose: Mapped[str] = mapped_column(String(30), primary_key=True)
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary(32))
    address: Mapped[str] = mapped_column(String(254))
    ends_at: Mapped[int] = mapped_column(index=True)
    code: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    code_ends_at: Mapped[int | None]
    code_tries: Mapped[int] = mapped_column(default=0, server_default="0")


_PROOF = (MailedToken.user_id, MailedToken.address, MailedToken.ends_at)
_LIVE = (
    MailedToken.user_id == bindparam("user_id"),
    MailedToken.purpose == bindparam("purpose"),
    MailedToken.ends_at > bindparam("now"),
)
_SENT = select(MailedToken.address).where(*_LIVE)
_PRINT = select(MailedToken.fingerprint).where(*_LIVE)


@dataclass(frozen=True)
class Proof:
    """What a good token proves: this account's owner reads this address."""

    user_id: int
    address: str
    ends_at: int = field(default=0, compare=False)  # a link's alone


@dataclass(frozen=True)
class Mailed:
    """The two secrets of one letter: for its link, and to be typed."""

    token: str = field(repr=False)
    code: str = field(repr=False)


class MailedTokens:
    """Makes, looks at and uses up mailed tokens."""

    def __init__(self, db: DB) -> None:
        self.db = db

    def issue(
        self,
        user_id: int,
        purpose: str,
        address: str,
        life: int | None = None,
    ) -> str:
        """Make a token and forget any older one of the same purpose.

        Args:
            user_id: whose account it is for.
            purpose: what it can be used for, and for nothing else.
            address: where it is mailed.
            life: in seconds; that of all mailed links if left out.

        Returns:
            The secret for the mail: 43 characters, nowhere stored.

        Raises:
            Missing: the account is gone.
        """
        return self._put(user_id, purpose, address, life=life)

    def issue_with_code(
        self,
        user_id: int,
        purpose: str,
        address: str,
        life: int | None = None,
    ) -> Mailed:
        """Make a token, and a code of eight digits that stands for it.

        The code lives as long as the token, but an hour at most. What is
        given is as for ``issue``, and so is what is raised.
        """
        now = self.db.clock.now()
        life = self.db.settings.email.link_life if life is None else life
        code = self.db.randomness.digits(DIGITS)
        token = self._put(
            user_id,
            purpose,
            address,
            life=life,
            code=self._hashes(user_id, purpose, address, code)[0],
            code_ends_at=now + min(life, LONGEST_LIFE_OF_CODE),
        )
        return Mailed(token, code)

    def _put(
        self,
        user_id: int,
        purpose: str,
        address: str,
        *,
        life: int | None = None,
        code: bytes | None = None,
        code_ends_at: int | None = None,
    ) -> str:
        """Put a new token in the one row of an account and purpose."""
        if not self.db.hold(user_id):
            raise Missing
        token = self.db.randomness.token()
        life = self.db.settings.email.link_life if life is None else life
        fresh: dict[str, Any] = {
            "fingerprint": fingerprint(token),
            "address": address,
            "ends_at": self.db.clock.now() + life,
            "code": code,
            "code_ends_at": code_ends_at,
            "code_tries": 0,
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

    def keyed_hashes(self, purpose: str, *parts: str) -> list[bytes]:
        """Hash what is too short for a plain hash, with the site's keys.

        Returns:
            One hash for each key: the first is to be kept, and what was
            kept may be any of them.
        """
        keys = self.db.settings.keys
        return [keyed_hash(key, purpose, *parts) for key in keys.all]

    def _hashes(
        self, user_id: int, purpose: str, address: str, code: str
    ) -> list[bytes]:
        """Hash a code as it is kept, for one account, purpose and address.

        With a key: all codes there are can be tried in a second.
        """
        bound = (str(user_id), purpose, address, code)
        return self.keyed_hashes("mailed_code", *bound)

    def try_code(self, user_id: int, purpose: str, code: str) -> Proof | None:
        """Spend one of a code's tries, and say what it proves if right.

        Counted in a transaction of its own before the code is compared, so
        that no number of guesses at once gets more tries. The link of the
        same letter goes on working.

        Args:
            user_id: whose code it is; nobody's costs the same.
            purpose: what it can be used for.
            code: as typed, nothing but digits.
        """
        if self.db.is_writing:
            raise RuntimeError("tries are counted before any transaction")
        spent = (
            update(MailedToken)
            .where(
                MailedToken.user_id == user_id,
                MailedToken.purpose == purpose,
                MailedToken.code_ends_at > self.db.clock.now(),
                MailedToken.code_tries < MOST_TRIES,
            )
            .values(code_tries=MailedToken.code_tries + 1)
            .returning(MailedToken.code, MailedToken.address)
        )
        with self.db.apart():
            row = self.db.write_returning(spent)
        kept, address = row or (b"", "")
        right = is_one_of(kept, self._hashes(user_id, purpose, address, code))
        return Proof(user_id, address) if right else None

    def use_code(self, proof: Proof, purpose: str, code: str) -> bool:
        """Use up what a right code proves; of two at once one may."""
        hashes = self._hashes(proof.user_id, purpose, proof.address, code)
        used = delete(MailedToken).where(
            MailedToken.user_id == proof.user_id,
            MailedToken.purpose == purpose,
            MailedToken.code.in_(hashes),
            MailedToken.code_ends_at > self.db.clock.now(),
        )
        return self.db.write(used) == 1

    def look(self, token: str, *purposes: str) -> Proof | None:
        """Say what a token of these purposes proves, and let it be."""
        row = self.db.first(
            select(*_PROOF).where(
                MailedToken.fingerprint == fingerprint(token),
                MailedToken.purpose.in_(purposes),
                MailedToken.ends_at > self.db.clock.now(),
            )
        )
        return Proof(*row) if row else None

    def use(self, token: str, *purposes: str) -> Proof | None:
        """Use a token up; of two at once exactly one gets the proof."""
        row = self.db.write_returning(
            delete(MailedToken)
            .where(
                MailedToken.fingerprint == fingerprint(token),
                MailedToken.purpose.in_(purposes),
                MailedToken.ends_at > self.db.clock.now(),
            )
            .returning(*_PROOF)
        )
        return Proof(*row) if row else None

    def print_of(self, user_id: int, purpose: str) -> bytes:
        """Give the fingerprint of an account's live token; empty if none.

        It names the letter that works, and opens nothing.
        """
        now = self.db.clock.now()
        row = self.db.first(_PRINT, user_id=user_id, purpose=purpose, now=now)
        return row[0] if row else b""

    def pending(self, user_id: int, purpose: str) -> str | None:
        """Say which address a live token of an account was mailed to."""
        now = self.db.clock.now()
        row = self.db.first(_SENT, user_id=user_id, purpose=purpose, now=now)
        return row[0] if row else None

    def forget(self, user_id: int, *purposes: str) -> None:
        """Remove an account's tokens: of some purposes, or all but lasting."""
        one = MailedToken.purpose
        named = one.in_(purposes) if purposes else one.not_in(LASTING)
        mine = MailedToken.user_id == user_id
        self.db.write(delete(MailedToken).where(mine, named))

    def forget_all(self, user_id: int) -> None:
        """Remove an account's tokens, the lasting ones among them."""
        mine = MailedToken.user_id == user_id
        self.db.write(delete(MailedToken).where(mine))

    def sweep(self, now: int) -> int:
        """Remove tokens whose time is over; say how many."""
        return self.db.write(
            delete(MailedToken).where(MailedToken.ends_at <= now)
        )
