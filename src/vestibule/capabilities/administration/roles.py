"""Roles and states of accounts, and who must not lose theirs.

The database keeps the invariant, by the foreign key of ``Keeper``; what
stands here passes the keys on in time, and says a refusal in words.
Source: OWASP ASVS 5.0 2.3.4; attack: two administrators who demote each
other in the same moment.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import delete, literal, select, update
from sqlalchemy.exc import IntegrityError

from vestibule.capabilities.administration.records import Keeper
from vestibule.db import DB
from vestibule.engine import insert_new
from vestibule.errors import Conflict, Reason
from vestibule.user import User


class LastAdmin(Conflict):
    """Nobody would be left to look after the accounts."""

    reason = Reason(
        "last_admin",
        "There must be at least one administrator. Make somebody else one "
        "first",
    )


class StillReferred(Conflict):
    """A host's own table refers to the account and does not let it go."""

    reason = Reason(
        "account.referred",
        "Something else on this site still needs this account. Ask the "
        "people who run it",
    )


class Roles:
    """Writes roles and states, and passes the keys on before."""

    def __init__(self, db: DB) -> None:
        self.db = db

    def is_active(self, user: User) -> bool | None:
        """Say whether an account is open at this moment, if it is there."""
        row = self.db.first(select(User.is_active).where(User.id == user.id))
        return None if row is None else bool(row[0])

    def write(self, user: User, **changes: bool) -> bool:
        """Change the role or state of an account; say if it was there.

        Args:
            user: whose it is.
            changes: ``is_admin`` or ``is_active``.

        Raises:
            LastAdmin: it is the last active administrator.
        """
        if not all(changes.values()):
            self.pass_on(user)
        with _by_the_key():
            changed = self.db.write(
                update(User).where(User.id == user.id).values(**changes)
            )
        self._appoint()
        return changed > 0

    def remove(self, user: User) -> None:
        """Delete the row of an account, which has passed the keys on.

        Raises:
            Conflict: it got them in this very moment.
            StillReferred: a table of the host refers to it.
        """
        try:
            with _by_the_key():
                self.db.write(delete(User).where(User.id == user.id))
        except IntegrityError as error:
            raise StillReferred from error

    def pass_on(self, user: User) -> None:
        """Have another administrator keep the keys before one goes.

        The row stays locked to the end of the unit of work, and is locked
        before any account, so that losses of roles come one by one.

        Raises:
            LastAdmin: there is no other active administrator.
            Conflict: the other one lost the role in this very moment.
        """
        is_admin = select(User.is_admin).where(User.id == user.id)
        row = self.db.write_returning(is_admin)
        if row is None or not row[0]:
            return
        self._appoint()
        keeper = select(Keeper.user_id).with_for_update()
        row = self.db.write_returning(keeper)
        if row is None or row[0] != user.id:
            return
        # A statement of its own: only now it sees what others committed
        # while this one waited for the row.
        other = self.db.first(
            select(User.id)
            .where(User.is_admin, User.is_active, User.id != user.id)
            .order_by(User.id)
            .limit(1)
        )
        if other is None:
            raise LastAdmin
        with _by_the_key():
            self.db.write(update(Keeper).values(user_id=other[0]))

    def _appoint(self) -> None:
        """Make the first administrator the keeper, if there is none yet.

        There is none before the first promotion.
        """
        if self.db.first(select(Keeper.id)) is not None:
            return
        first = (
            select(literal(1), User.id, User.is_admin, User.is_active)
            .where(User.is_admin, User.is_active)
            .order_by(User.id)
            .limit(1)
        )
        columns = ["id", "user_id", "is_admin", "is_active"]
        new = insert_new(self.db.engine, Keeper).from_select(columns, first)
        self.db.write(new.on_conflict_do_nothing())


@contextmanager
def _by_the_key() -> Iterator[None]:
    """Say in words that the database refused by the key of the keeper.

    Raises:
        Conflict: an account that is to be the keeper got the role, or
            lost it, meanwhile.
    """
    try:
        yield
    except IntegrityError as error:
        # A host's own table may refer to accounts as well.
        if Keeper.__tablename__ not in str(error.orig):
            raise
        raise Conflict from error
