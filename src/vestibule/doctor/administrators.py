"""Checks of those who run the site.

Accounts have no second factor yet; once they have, a check of the factors
of administrators belongs here.
"""

from collections.abc import Iterator

from sqlalchemy import ColumnElement, func, select

from vestibule.doctor.checks import check
from vestibule.doctor.finding import ERROR, WARNING, Trouble
from vestibule.doctor.installation import Installation
from vestibule.user import User


def _count(installation: Installation, *where: ColumnElement[bool]) -> int:
    """Count the administrators of whom something is true.

    Raises:
        Skip: the tables are not there.
    """
    installation.database.needs_tables()
    found = installation.database.value(
        select(func.count()).select_from(User).where(User.is_admin, *where)
    )
    return int(found or 0)


@check(
    "administrators.there",
    ERROR,
    WARNING,
    fine="There is an administrator who can sign in.",
    why="Without one nobody can help those who cannot sign in, or disable "
    "an account that is misused, but on this machine.",
    fix="vestibule user promote NAME",
)
def somebody_is_there(installation: Installation) -> Iterator[Trouble]:
    """Count those who are active."""
    if _count(installation, User.is_active.expression):
        return
    state = ERROR if installation.deploy else WARNING
    yield Trouble(state, "There is no administrator who can sign in.")


@check(
    "administrators.disabled",
    WARNING,
    fine="No disabled account is an administrator.",
    why="Whoever enables it again hands out the rights as well, perhaps "
    "without thinking of them.",
    fix="vestibule user list --admins --disabled\nvestibule user demote NAME",
)
def none_is_disabled(installation: Installation) -> Iterator[Trouble]:
    """Count those who are disabled."""
    found = _count(installation, ~User.is_active)
    if found:
        yield Trouble(WARNING, f"Disabled administrators: {found}.")


@check(
    "administrators.confirmed",
    WARNING,
    fine="Every administrator has confirmed their address.",
    why="Whoever reads mail at a mistyped address resets the password and "
    "is an administrator.",
    fix="vestibule user list --admins",
)
def all_are_confirmed(installation: Installation) -> Iterator[Trouble]:
    """Count those whose address nobody has confirmed."""
    found = _count(installation, User.email_verified_at.is_(None))
    if found:
        yield Trouble(
            WARNING, f"Administrators with an unconfirmed address: {found}."
        )
