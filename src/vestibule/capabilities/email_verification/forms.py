"""The shapes of a confirmation."""

import dataclasses

from vestibule import asked
from vestibule.field import LONGEST_SECRET, text
from vestibule.reasons import CODE_MISSING, PASSWORD_MISSING
from vestibule.shape import Shape


def _password(*, optional: bool = False) -> str:
    """Declare the field for the password that the account has."""
    made: str = text(
        "Password",
        longest=LONGEST_SECRET,
        missing=PASSWORD_MISSING,
        optional=optional,
        kind="password",
        autocomplete="current-password",
    )
    return made


def _code() -> str:
    """Declare the field for a code: one, so that it can be pasted.

    Its length is not held against what is typed, which may have spaces.
    """
    made: str = text(
        "Code from the message",
        longest=40,
        missing=CODE_MISSING,
        hint="8 digits",
        is_secret=True,
        autocomplete="one-time-code",
        inputmode="numeric",
    )
    return made


@dataclasses.dataclass(frozen=True, kw_only=True)
class SendAgain(Shape):
    """The button that sends the message again; it has no fields."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Cancelling(Shape):
    """The button that cancels a change of address; it has no fields."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Confirmation(Shape):
    """The button that confirms an address, for whose account it is."""

    link: str = asked.opened_link()


@dataclasses.dataclass(frozen=True, kw_only=True)
class ProvenConfirmation(Confirmation):
    """The same for everybody else, who must know the password."""

    password: str = _password()


@dataclasses.dataclass(frozen=True, kw_only=True)
class TakeOver(Shape):
    """The button that leads on to a new password instead."""

    link: str = asked.opened_link()


@dataclasses.dataclass(frozen=True, kw_only=True)
class EmailCode(Shape):
    """What the page asks for to confirm by the code."""

    code: str = _code()


@dataclasses.dataclass(frozen=True, kw_only=True)
class ConfirmationByToken(Shape):
    """What the API asks for to confirm by the link's token."""

    token: str = asked.mailed_token()
    password: str = _password(optional=True)


@dataclasses.dataclass(frozen=True, kw_only=True)
class ConfirmationByCode(Shape):
    """What the API asks for to confirm by the code.

    Name and password are for whoever is not signed in.
    """

    code: str = _code()
    name: str = text(
        "Email or username",
        longest=1000,
        missing=asked.NAME_MISSING,
        optional=True,
    )
    password: str = _password(optional=True)
