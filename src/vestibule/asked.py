"""What several forms ask for, declared once: names, passwords, pages.

Pages and the API call some fields differently; the rules are the same.
"""

import dataclasses
from typing import Any

from vestibule.errors import Reason
from vestibule.field import number, secret, text
from vestibule.ground import names
from vestibule.ground.names import FullName
from vestibule.reasons import (
    EMAIL_MISSING,
    NEW_HINT,
    NEW_PASSWORD_MISSING,
    PASSWORDS_DIFFER,
    USERNAME_MISSING,
)
from vestibule.shape import Shape

TOKEN_MISSING = Reason(
    "token.required", "The token from the message is missing"
)

NAME_MISSING = Reason(
    "email_or_username.required", "Enter your email address or username"
)

# What no row's number exceeds, on either engine.
LARGEST_NUMBER = 2**63 - 1


def username(label: str, *, optional: bool = False) -> Any:
    """Declare a field for a username."""
    return text(
        label,
        longest=200,
        missing=USERNAME_MISSING,
        optional=optional,
        hint="3–20 letters, numbers, dots, dashes and underscores",
        autocomplete="username",
        limits={
            "minLength": names.SHORTEST_USERNAME,
            "maxLength": names.LONGEST_USERNAME,
        },
    )


def email(*, hint: str = "", autocomplete: str = "email") -> Any:
    """Declare a field for an address."""
    return text(
        "Email address",
        longest=1000,
        missing=EMAIL_MISSING,
        kind="email",
        hint=hint,
        autocomplete=autocomplete,
        limits={"maxLength": names.LONGEST_EMAIL},
    )


def either_name(*aliases: str, autocomplete: str = "username") -> Any:
    """Declare a field for either of the names of an account.

    Args:
        aliases: other names the wire may use.
        autocomplete: what a browser may fill in besides.
    """
    return text(
        "Email or username",
        longest=1000,
        missing=NAME_MISSING,
        aliases=aliases,
        autocomplete=autocomplete,
        inputmode="email",
    )


def new_password(
    label: str, missing: Reason = NEW_PASSWORD_MISSING, hint: str = NEW_HINT
) -> Any:
    """Declare a field for a password that is to be."""
    return secret(
        label, missing=missing, autocomplete="new-password", hint=hint
    )


def password_again(label: str) -> Any:
    """Declare a field for the same password once more."""
    return new_password(label, PASSWORDS_DIFFER, hint="")


def mailed_token() -> Any:
    """Declare a field for the secret at the end of a mailed link."""
    return text("Token", longest=200, missing=TOKEN_MISSING, is_secret=True)


def device() -> Any:
    """Declare the field by which a program says where it is known."""
    return text(
        "The device that was told here before",
        longest=100,
        missing=None,
        is_secret=True,
    )


def opened_link() -> Any:
    """Declare the hidden field that says for which link a form was shown."""
    return text("Link", longest=20, missing=None)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Named(Shape):
    """A first and a last name, where the operator asks for them."""

    first_name: str = text(
        "First name (optional)",
        longest=30,
        missing=None,
        autocomplete="given-name",
    )
    last_name: str = text(
        "Last name (optional)",
        longest=30,
        missing=None,
        autocomplete="family-name",
    )

    @property
    def full_name(self) -> FullName:
        """The first and last name; empty ones are none."""
        return FullName(
            self.first_name.strip() or None, self.last_name.strip() or None
        )


@dataclasses.dataclass(frozen=True, kw_only=True)
class Leafing(Shape):
    """Which part of a long list, the newest first."""

    before: int = number(
        "Where the part before ended, as its `next` said",
        least=1,
        most=LARGEST_NUMBER,
        default=LARGEST_NUMBER,
    )

    @property
    def is_first(self) -> bool:
        """Whether it is the newest part."""
        return self.before == LARGEST_NUMBER


@dataclasses.dataclass(frozen=True, kw_only=True)
class Search(Shape):
    """What is looked for in a list that has several parts."""

    @property
    def chosen(self) -> dict[str, str]:
        """What was asked for, as the address of another page has it."""
        return {
            name: value
            for name in self.looks()
            if name != "before" and (value := getattr(self, name))
        }
