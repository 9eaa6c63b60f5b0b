"""Checks of those who run the site."""

from collections.abc import Iterator

from sqlalchemy import ColumnElement, func, or_, select

from vestibule.capabilities.passkeys.records import PasskeyRecord
from vestibule.capabilities.totp.records import AuthenticatorApp
from vestibule.doctor.checks import check
from vestibule.doctor.finding import ERROR, NOTICE, WARNING, Trouble
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


@check(
    "administrators.second_factor",
    WARNING,
    NOTICE,
    fine="Every administrator has a second factor.",
    why="Whoever learns or guesses the password of an administrator may do "
    "with every account what they may.",
    fix="vestibule user list --admins\n"
    "# Each of them signs in and sets one up at /account/security.\n"
    "VESTIBULE_SECOND_FACTOR=admins",
)
def all_have_a_second_factor(installation: Installation) -> Iterator[Trouble]:
    """Count those who have none that counts; where it is asked, it waits."""
    app, key = AuthenticatorApp, PasskeyRecord
    apps = select(app.user_id).where(app.confirmed_at.is_not(None))
    # What a browser made by itself counts only beside another.
    keys = select(key.user_id).where(~key.is_quiet)
    has_one = or_(User.id.in_(apps), User.id.in_(keys))
    found = _count(installation, User.is_active.expression, ~has_one)
    if found:
        wanted = installation.settings.login.second_factor == "admins"
        yield Trouble(
            NOTICE if wanted else WARNING,
            f"Administrators without a second factor: {found}.",
        )


@check(
    "administrators.second_factor_required",
    NOTICE,
    fine="Administrators act as such only with a second factor.",
    why="The next administrator, or one who removes the factor, is protected "
    "by a password alone, and nobody hears of it.",
    fix="VESTIBULE_SECOND_FACTOR=admins",
)
def a_second_factor_is_required(
    installation: Installation,
) -> Iterator[Trouble]:
    """Look at the setting, in a site for others."""
    wanted = installation.settings.login.second_factor == "admins"
    if installation.deploy and not wanted:
        yield Trouble(
            NOTICE, "Administrators need no second factor to act as such."
        )
