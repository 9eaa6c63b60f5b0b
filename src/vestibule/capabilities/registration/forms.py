"""The shapes of a registration."""

import dataclasses
from collections.abc import Iterable
from typing import ClassVar

from vestibule.errors import Fault
from vestibule.ground.names import FullName
from vestibule.reasons import (
    EMAIL_MISSING,
    NEW_HINT,
    PASSWORD_MISSING,
    PASSWORDS_DIFFER,
    USERNAME_MISSING,
    email_faults,
    username_faults,
)
from vestibule.shape import Shape, secret, text


@dataclasses.dataclass(frozen=True, kw_only=True)
class SignUp(Shape):
    """What the page asks for; shown in this order."""

    spots: ClassVar[dict[str, str]] = {"password": "password1"}

    username: str = text(
        "Create a username",
        longest=200,
        missing=USERNAME_MISSING,
        hint="3–20 letters, numbers, dots, dashes and underscores",
        autocomplete="username",
    )
    email: str = text(
        "Email address",
        longest=1000,
        missing=EMAIL_MISSING,
        kind="email",
        hint="We use it to confirm your account and to reset your password",
        autocomplete="email",
    )
    password1: str = secret(
        "Create a password",
        missing=PASSWORD_MISSING,
        autocomplete="new-password",
        hint=NEW_HINT,
    )
    password2: str = secret(
        "Enter the password again",
        missing=PASSWORDS_DIFFER,
        autocomplete="new-password",
    )

    def faults(self) -> Iterable[Fault]:
        """Refuse two passwords that differ, and say what else is wrong."""
        if self.password1 != self.password2:
            yield Fault(PASSWORDS_DIFFER, "password2")
            # The operation, which would say so, is not reached.
            yield from username_faults(self.username)
            yield from email_faults(self.email)

    @property
    def full_name(self) -> FullName:
        """The first and last name, where they are asked for."""
        return FullName()


@dataclasses.dataclass(frozen=True, kw_only=True)
class NamedSignUp(SignUp):
    """What the page asks for where names are wanted, too."""

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
class ClassicSignUp(Shape):
    """What the auth-service contract asks for."""

    email: str = text("Email address", longest=1000, missing=EMAIL_MISSING)
    password: str = secret(
        "Password", missing=PASSWORD_MISSING, autocomplete="new-password"
    )
