"""The shapes of a registration."""

import dataclasses
from collections.abc import Iterable
from typing import ClassVar

from vestibule import asked
from vestibule.errors import Fault
from vestibule.field import secret, text
from vestibule.ground.names import FullName
from vestibule.reasons import (
    EMAIL_MISSING,
    NEW_PASSWORD_MISSING,
    PASSWORDS_DIFFER,
    email_faults,
    username_faults,
)
from vestibule.shape import Shape


@dataclasses.dataclass(frozen=True, kw_only=True)
class SignUp(Shape):
    """What the page asks for; shown in this order."""

    spots: ClassVar[dict[str, str]] = {"password": "password1"}

    username: str = asked.username("Create a username")
    email: str = asked.email(
        hint="We use it to confirm your account and to reset your password"
    )
    password1: str = asked.new_password("Create a password")
    password2: str = asked.password_again("Enter the password again")

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
class NamedSignUp(asked.Named, SignUp):
    """What the page asks for where names are wanted, too."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class NewUser(Shape):
    """What the API asks for."""

    email: str = asked.email()
    password: str = asked.new_password("Password")
    username: str = asked.username("Username", optional=True)

    @property
    def full_name(self) -> FullName:
        """The first and last name, where they are asked for."""
        return FullName()


@dataclasses.dataclass(frozen=True, kw_only=True)
class NamedNewUser(asked.Named, NewUser):
    """What the API asks for where names are wanted, too."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class ClassicSignUp(Shape):
    """What the auth-service contract asks for."""

    email: str = text("Email address", longest=1000, missing=EMAIL_MISSING)
    password: str = secret(
        "Password", missing=NEW_PASSWORD_MISSING, autocomplete="new-password"
    )
