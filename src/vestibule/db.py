"""DB: accounts and the names that lead to them."""

from collections.abc import Collection, Sequence
from functools import cached_property
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    ScalarSelect,
    bindparam,
    delete,
    select,
    update,
)
from sqlalchemy.exc import InvalidRequestError, NoResultFound

from vestibule.ground import names
from vestibule.prepared import Prepared
from vestibule.store import Store
from vestibule.user import (
    EmailTaken,
    Identifier,
    User,
    UsernameTaken,
    found,
)

_COLUMNS = tuple(User.__table__.columns.keys())
# What a column of 64 bits holds.
LARGEST = 2**63


class DB(Store):
    """The database of accounts: the contract's three verbs, and names."""

    def add_user(
        self,
        email: str,
        hashed_password: str,
        username: str | None = None,
        **more: Any,
    ) -> User:
        """Create an account and claim its names.

        Args:
            email: the address, at most 254 characters.
            hashed_password: the encoded hash of the password.
            username: the name; derived from the address if left out.
            more: other columns of the record.

        Raises:
            EmailTaken, UsernameTaken: the name belongs to somebody.
            BadName: the name cannot be one.
            ValueError: a column cannot hold what it is given.
        """
        address = names.email_address(email)
        wanted = None if username is None else names.username(username)
        _refuse_misfits(hashed_password=hashed_password, **more)
        now = self.clock.now()
        with self.unit():
            user = self.add(
                User(
                    email=address.shown,
                    username="" if wanted is None else wanted.shown,
                    hashed_password=hashed_password,
                    password_changed_at=now,
                    created_at=now,
                    **more,
                )
            )
            if not self._claim("email", address.canonical, user.id):
                raise EmailTaken
            user.username = self._claim_username(user, wanted)
        return user

    def _claim(self, kind: str, canonical: str, user_id: int) -> bool:
        """Give a canonical name to an account unless it is taken."""
        return self.insert_new(
            Identifier, kind=kind, canonical=canonical, user_id=user_id
        )

    def _claim_username(self, user: User, wanted: names.Name | None) -> str:
        """Give an account the username it wants, or a free derived one."""
        if wanted is not None:
            if not self._claim("username", wanted.canonical, user.id):
                raise UsernameTaken
            shown = wanted.shown
        else:
            base = shown = names.derived_username(user.email)
            digits = 5
            while shown in names.RESERVED or not self._claim(
                "username", shown, user.id
            ):
                shown = base[: names.LONGEST_USERNAME - digits]
                shown += self.randomness.digits(digits)
                # So that a name which everybody derives stays possible.
                digits = min(digits + 1, 10)
        self.write(
            update(User).where(User.id == user.id).values(username=shown)
        )
        return shown

    def taken_of(self, canonical: Sequence[str]) -> set[str]:
        """Say which of some names, in their compared form, are somebody's."""
        query = select(Identifier.canonical)
        rows = self.read(query.where(Identifier.canonical.in_(canonical)))
        return {row[0] for row in rows}

    def usernames_of(self, numbers: Collection[int]) -> dict[int, str]:
        """Say how accounts are called, in one query; some may be gone."""
        if not numbers:
            return {}
        rows = self.read(
            select(User.id, User.username).where(User.id.in_(numbers))
        )
        return {row.id: row.username for row in rows}

    def find_user_by(self, **wanted: Any) -> User:
        """Find the one account with the given columns.

        An address or username is found in any spelling. A value of
        another type than the column's is nobody's.

        Raises:
            NoResultFound: nobody has them.
            InvalidRequestError: a column that does not exist, or none.
        """
        if not wanted:
            raise InvalidRequestError("no column to find a user by")
        where: list[ColumnElement[bool]] = []
        for column, value in wanted.items():
            if column not in User.__mapper__.columns:
                raise InvalidRequestError(f"users have no {column!r}")
            if column in ("email", "username"):
                name = _canonical(column, value)
                where.append(User.id == _owner(name, kind=column))
            elif _fits(column, value):
                where.append(User.__mapper__.columns[column] == value)
            else:
                raise NoResultFound("no such user")
        return self._user(*where)

    def find_user_called(self, canonical: str) -> User:
        """Find the account that an address or username leads to.

        Raises:
            NoResultFound: nobody has this name.
        """
        row = self._called(canonical)
        if row is None:
            raise NoResultFound("no such user")
        return found(dict(zip(_COLUMNS, row, strict=True)))

    @cached_property
    def _called(self) -> Prepared:
        """The look-up of an account by any of its names, made once."""
        look = select(*User.__table__.columns).where(
            User.id == _owner(bindparam("canonical"))
        )
        return self.prepared(look, "canonical")

    def _user(self, *where: ColumnElement[bool]) -> User:
        """Read the one user that fits, detached from every session."""
        row = self.first(
            select(*User.__table__.columns).where(*where).limit(1)
        )
        if row is None:
            raise NoResultFound("no such user")
        return found(row._mapping)

    def update_user(self, user_id: int, **changes: Any) -> None:
        """Change columns of an account; a new name is claimed first.

        Raises:
            ValueError: an attribute that users do not have, or a value
                that it cannot hold.
            NoResultFound: no account has this number.
            EmailTaken, UsernameTaken: the new name belongs to somebody.
        """
        for column in changes:
            if column not in User.__mapper__.columns or column == "id":
                raise ValueError(f"users have no {column!r} to change")
        if not _fits("id", user_id):
            raise NoResultFound("no such user")
        own = ("email", "username")
        _refuse_misfits(**{k: v for k, v in changes.items() if k not in own})
        with self.unit():
            if not self.hold(user_id):
                raise NoResultFound("no such user")
            if "email" in changes:
                name = names.email_address(changes["email"])
                self._rename("email", name.canonical, user_id)
                changes["email"] = name.shown
            if "username" in changes:
                name = names.username(changes["username"])
                self._rename("username", name.canonical, user_id)
                changes["username"] = name.shown
            if changes:
                statement = update(User).where(User.id == user_id)
                self.write(statement.values(**changes))

    def hold(self, user_id: int) -> bool:
        """Let others who change an account wait; say if it is there.

        Whoever changes more than one row of an account holds it before all
        of them, to the end of the unit of work. So no two wait for each
        other, and nobody misses what another one is adding. Rows that only
        refer to the account can be added meanwhile.
        """
        lock = select(User.id).where(User.id == user_id)
        held = lock.with_for_update(key_share=True)
        return self.write_returning(held) is not None

    def _rename(self, kind: str, canonical: str, user_id: int) -> None:
        """Move an account's identifier to a new canonical name."""
        owner = self.first(
            select(Identifier.user_id).where(
                Identifier.canonical == canonical, Identifier.kind == kind
            )
        )
        if owner is not None and owner[0] == user_id:
            return
        self.write(
            delete(Identifier).where(
                Identifier.user_id == user_id, Identifier.kind == kind
            )
        )
        if not self._claim(kind, canonical, user_id):
            raise EmailTaken if kind == "email" else UsernameTaken


def _owner(
    canonical: str | BindParameter[str] | None, kind: str | None = None
) -> ScalarSelect[int]:
    """Express in SQL whom a canonical name leads to."""
    owner = select(Identifier.user_id).where(Identifier.canonical == canonical)
    if kind is not None:
        owner = owner.where(Identifier.kind == kind)
    return owner.scalar_subquery()


def _fits(column: str, value: object) -> bool:
    """Tell whether a column can hold a value, alike on both engines.

    SQLite alone would take a text for a number, and a longer text.
    """
    what = User.__mapper__.columns[column]
    kind = what.type.python_type
    if value is None:
        return bool(what.nullable)
    # To Python a bool is a number, to PostgreSQL it is none.
    if (kind is bool) != isinstance(value, bool):
        return False
    if isinstance(value, str) and kind is str:
        longest: int = getattr(what.type, "length", 0)
        if value not in what.info.get("among", [value]):
            return False
        return len(value) <= longest and names.is_writable(value)
    if isinstance(value, int) and kind in (int, bool):
        return -LARGEST <= value < LARGEST
    return False


def _refuse_misfits(**values: object) -> None:
    """Refuse values that their columns cannot hold.

    The number is the database's to give, and it gives none twice.

    Raises:
        ValueError: with the name of the first column.
    """
    own = {*User.__mapper__.columns.keys()} - {"id"}
    for column, value in values.items():
        if column not in own or not _fits(column, value):
            raise ValueError(f"users cannot have this {column!r}")


def _canonical(column: str, value: object) -> str | None:
    """Bring a value to find a user by into its compared form."""
    if not isinstance(value, str):
        return None
    read = names.email_address if column == "email" else names.username
    try:
        return read(value).canonical
    except names.BadName:
        return None
