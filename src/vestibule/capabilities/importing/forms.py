"""The shape of one row of an import."""

import dataclasses
import difflib
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from vestibule.errors import Fault, Malformed, Reason
from vestibule.field import UNWRITABLE, switch, text
from vestibule.ground.names import FullName, is_writable
from vestibule.ground.words import Phrase
from vestibule.reasons import EMAIL_MISSING
from vestibule.shape import Shape

LONGEST_HASH = 512
# Short enough that no hash is taken for a name, and told to everybody.
_COLUMN = re.compile(r"[A-Za-z][A-Za-z_;, .-]{0,30}")
HASH_MISSING = Reason(
    "password_hash.required",
    "Give the hash of the password, or ! for an account without one",
)
CREATED_FORMAT = Reason(
    "created_at.format",
    "Write a moment with its time zone, like 2024-05-31T09:30:00Z",
)
COLUMN_UNKNOWN = Reason("import.column", "There is no column {name!r}{hint}")
COLUMN_ODD = Reason(
    "import.column_odd",
    "This is no name of a column. The first line must name them",
)
COLUMN_MISSING = Reason(
    "import.column_missing", "The column {name} is missing"
)
COLUMN_TWICE = Reason("import.column_twice", "The column {name} comes twice")
NO_PASSWORDS = Reason(
    "import.no_passwords",
    "Passwords are never imported, only their hashes: password_hash",
)
NO_RIGHTS = Reason(
    "import.no_rights",
    "Rights are never imported. Leave {name} out, and promote people "
    "afterwards: vestibule user promote NAME",
)
REFUSED = {
    **dict.fromkeys(("password", "plain_password", "pass"), NO_PASSWORDS),
    **dict.fromkeys(
        ("admin", "is_admin", "is_staff", "is_superuser", "role", "roles"),
        NO_RIGHTS,
    ),
}
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
RFC_3339 = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)",
    re.ASCII,
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Row(Shape):
    """One account as a file brings it; its fields are the columns."""

    email: str = text("Email address", longest=1000, missing=EMAIL_MISSING)
    password_hash: str = text(
        "Password hash",
        longest=LONGEST_HASH,
        missing=HASH_MISSING,
        kind="password",
    )
    username: str = text("Username", longest=200, missing=None)
    first_name: str = text("First name", longest=30, missing=None)
    last_name: str = text("Last name", longest=30, missing=None)
    email_verified: bool = switch("Email address is confirmed")
    created_at: str = text("Created at", longest=40, missing=None)

    def faults(self) -> Iterable[Fault]:
        """Refuse what is no moment."""
        try:
            self.created  # noqa: B018 - to see whether it can be read
        except ValueError:
            yield Fault(CREATED_FORMAT, "created_at")

    @property
    def full_name(self) -> FullName:
        """The first and last name; empty ones are none."""
        return FullName(
            self.first_name.strip() or None, self.last_name.strip() or None
        )

    @property
    def created(self) -> int | None:
        """The moment the account was created, if the row tells it.

        Raises:
            ValueError: it is no moment, or before 1970.
        """
        if not self.created_at:
            return None
        if not RFC_3339.fullmatch(self.created_at):
            raise ValueError("not as RFC 3339 writes it")
        moment = datetime.fromisoformat(self.created_at.upper())
        seconds = (moment - EPOCH) // timedelta(seconds=1)
        if seconds < 0:
            raise ValueError("before all clocks")
        return seconds


COLUMNS = tuple(field.name for field in dataclasses.fields(Row))


def check_columns(names: Sequence[str]) -> None:
    """Refuse columns that an import does not have.

    Raises:
        Malformed: with a fault for each.
    """
    found = [_fault(name) for name in names if name not in COLUMNS]
    if found:
        raise Malformed(*found)


def check_header(names: Sequence[str]) -> None:
    """Refuse a header with wrong, missing or repeated columns.

    Raises:
        Malformed: with all that is wrong.
    """
    check_columns(names)
    found = [
        Fault(COLUMN_TWICE, name, {"name": name})
        for name in dict.fromkeys(names)
        if names.count(name) > 1
    ]
    found += [
        Fault(COLUMN_MISSING, name, {"name": name})
        for name in ("email", "password_hash")
        if name not in names
    ]
    if found:
        raise Malformed(*found)


def _fault(name: str) -> Fault:
    """Say why a column is refused, with the nearest that there is."""
    refused = REFUSED.get(name.strip().casefold())
    if refused is not None:
        return Fault(refused, "", {"name": name.strip()})
    if not is_writable(name):
        return Fault(UNWRITABLE)
    if not _COLUMN.fullmatch(name.strip()):
        # Attack: where the first line is missing, this is a hash.
        return Fault(COLUMN_ODD)
    shown = name[:40]
    near = difflib.get_close_matches(shown.strip().casefold(), COLUMNS, 1)
    hint = Phrase(". There are: {names}", {"names": ", ".join(COLUMNS)})
    if near:
        hint = Phrase(". Did you mean {names}?", {"names": near[0]})
    return Fault(COLUMN_UNKNOWN, "", {"name": shown, "hint": hint})
