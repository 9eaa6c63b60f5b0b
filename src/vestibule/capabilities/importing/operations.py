"""Bringing accounts in, many to a transaction."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from vestibule.capability import Capability
from vestibule.errors import Conflict, Gathered, Malformed, Reason
from vestibule.ground import names
from vestibule.user import EmailTaken, Identifier, User, UsernameTaken

Verdicts: TypeAlias = list[Conflict | None]


class CreatedInFuture(Malformed):
    """The account claims to have been created later than now."""

    reason = Reason("created_at.future", "This moment is still to come")
    field = "created_at"


@dataclass(frozen=True)
class Newcomer:
    """An account that may come in, unless one of its names is taken."""

    email: names.Name
    username: names.Name | None
    columns: dict[str, Any]


class Notes(Protocol):
    """What a rehearsal remembers of the names it would have given."""

    def among(self, wanted: set[str]) -> set[str]:
        """Say which of these names are noted."""

    def note(self, given: Iterable[str]) -> None:
        """Note that these names are given."""


class Importing(Capability):
    """How accounts of another system come in, with their hashes."""

    name = "importing"

    def check(
        self,
        email: str,
        password_hash: str,
        username: str | None = None,
        *,
        full_name: names.FullName = names.NO_NAME,
        is_verified: bool = False,
        created: int | None = None,
    ) -> Newcomer:
        """Check all that can be told without looking who is there.

        Args:
            email: the address.
            password_hash: as the other system kept it; ``!`` for none.
            username: the name; derived from the address if left out.
            full_name: first and last name.
            is_verified: whether the address counts as confirmed.
            created: when the account was created; now if left out.

        Raises:
            Malformed: with all that is wrong.
        """
        now = self.auth.clock.now()
        created = now if created is None else created
        gathered = Gathered()
        with gathered:
            address = self.auth.registration.check_email(email)
        with gathered:
            hashed = self.auth.passwords.check_hash(password_hash)
        with gathered:
            called = None
            if username:
                called = self.auth.registration.check_username(username)
        with gathered:
            if created > now:
                raise CreatedInFuture
        gathered.tell()
        columns = {
            "hashed_password": hashed,
            "first_name": full_name.first,
            "last_name": full_name.last,
            "email_verified_at": now if is_verified else None,
            "password_changed_at": created,
            "created_at": created,
        }
        return Newcomer(address, called, columns)

    def bring(self, newcomers: Sequence[Newcomer]) -> Verdicts:
        """Create accounts in one transaction; nobody is told by mail.

        Returns:
            For each, in their order, why it stayed out, or None.
        """
        try:
            with self.db.unit():
                return self._together(newcomers)
        except IntegrityError:
            # Somebody took one of these names in this very moment, and
            # the database decided who has it.
            return [self._alone(newcomer) for newcomer in newcomers]

    def rehearse(
        self, newcomers: Sequence[Newcomer], notes: Notes
    ) -> Verdicts:
        """Say what ``bring`` would say, and write nothing."""
        judged = self._judge(newcomers, notes)
        for newcomer, username in zip(newcomers, judged, strict=True):
            if isinstance(username, names.Name):
                notes.note({newcomer.email.canonical, username.canonical})
        return [j if isinstance(j, Conflict) else None for j in judged]

    def _together(self, newcomers: Sequence[Newcomer]) -> Verdicts:
        """Create all accounts whose names are free, a table at a time."""
        judged = self._judge(newcomers)
        users: list[User] = []
        claims: list[list[Identifier]] = []
        for newcomer, username in zip(newcomers, judged, strict=True):
            if isinstance(username, names.Name):
                users.append(
                    User(
                        email=newcomer.email.shown,
                        username=username.shown,
                        **newcomer.columns,
                    )
                )
                claims.append(
                    [
                        Identifier(kind="email", canonical=newcomer.email[1]),
                        Identifier(kind="username", canonical=username[1]),
                    ]
                )
        if users:
            self.db.add_all(users)
            for user, claimed in zip(users, claims, strict=True):
                for identifier in claimed:
                    identifier.user_id = user.id
                self.history.record("importing", user.id)
            self.db.add_all([one for pair in claims for one in pair])
        return [j if isinstance(j, Conflict) else None for j in judged]

    def _alone(self, newcomer: Newcomer) -> Conflict | None:
        """Create one account, or say whose name it wants."""
        columns = dict(newcomer.columns)
        wanted = newcomer.username
        try:
            with self.db.unit():
                user = self.db.add_user(
                    newcomer.email.shown,
                    columns.pop("hashed_password"),
                    None if wanted is None else wanted.shown,
                )
                self.db.update_user(user.id, **columns)
                self.history.record("importing", user.id)
        except Conflict as taken:
            return taken
        return None

    def _judge(
        self, newcomers: Sequence[Newcomer], notes: Notes | None = None
    ) -> list[Conflict | names.Name]:
        """Find for each account its username, or why it must stay out."""
        wanted = {newcomer.email.canonical for newcomer in newcomers}
        wanted |= {_first_choice(newcomer) for newcomer in newcomers}
        taken = self._taken(wanted, notes)
        judged: list[Conflict | names.Name] = []
        for newcomer in newcomers:
            try:
                username = self._username(newcomer, taken, notes)
            except Conflict as conflict:
                judged.append(conflict)
                continue
            taken |= {newcomer.email.canonical, username.canonical}
            judged.append(username)
        return judged

    def _username(
        self, newcomer: Newcomer, taken: set[str], notes: Notes | None
    ) -> names.Name:
        """Give an account the username it wants, or a free derived one.

        Raises:
            EmailTaken, UsernameTaken: the name belongs to somebody.
        """
        if newcomer.email.canonical in taken:
            raise EmailTaken
        if newcomer.username is not None:
            if newcomer.username.canonical in taken:
                raise UsernameTaken
            return newcomer.username
        base = shown = _first_choice(newcomer)
        tries = 0
        while shown in names.RESERVED or shown in taken:
            # Of info@… there may be more than five digits can tell apart.
            digits = 5 if tries < 5 else 10
            tries += 1
            kept = base[: names.LONGEST_USERNAME - digits]
            shown = kept + self.auth.randomness.digits(digits)
            taken |= self._taken({shown}, notes)
        return names.Name(shown, shown)

    def _taken(self, wanted: set[str], notes: Notes | None) -> set[str]:
        """Say which canonical names belong to somebody."""
        rows = self.db.read(
            select(Identifier.canonical).where(
                Identifier.canonical.in_(sorted(wanted))
            )
        )
        noted = set() if notes is None else notes.among(wanted)
        return {row[0] for row in rows} | noted


def _first_choice(newcomer: Newcomer) -> str:
    """Say the canonical username that an account is tried with first."""
    if newcomer.username is not None:
        return newcomer.username.canonical
    return names.derived_username(newcomer.email.shown)
