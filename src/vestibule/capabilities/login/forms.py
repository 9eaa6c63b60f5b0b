"""The shapes of a sign-in."""

import dataclasses
from typing import Any

from vestibule.errors import Reason
from vestibule.field import secret, switch, text
from vestibule.reasons import PASSWORD_MISSING
from vestibule.shape import Shape

NAME_MISSING = Reason(
    "email_or_username.required", "Enter your email address or username"
)


def _name(*aliases: str) -> Any:
    """Declare the field for either of the names of an account."""
    return text(
        "Email or username",
        longest=1000,
        missing=NAME_MISSING,
        aliases=aliases,
        autocomplete="username",
        inputmode="email",
    )


def _password() -> Any:
    """Declare the field for the password of an account."""
    return secret(
        "Password", missing=PASSWORD_MISSING, autocomplete="current-password"
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class SignIn(Shape):
    """What the page asks for."""

    email: str = _name("username")
    password: str = _password()
    remember: bool = switch("Remember me for {remember} on this device")


@dataclasses.dataclass(frozen=True, kw_only=True)
class NewSession(Shape):
    """What the API asks for."""

    name: str = _name()
    password: str = _password()
    remember: bool = switch("Remember me for {remember} on this device")
    bearer: bool = switch("Hand the token over in place of a cookie")


@dataclasses.dataclass(frozen=True, kw_only=True)
class ClassicSignIn(Shape):
    """What the auth-service contract asks for."""

    email: str = text("Email address", longest=1000, missing=NAME_MISSING)
    password: str = _password()


@dataclasses.dataclass(frozen=True, kw_only=True)
class SignOut(Shape):
    """The question whether to sign out, which has no fields."""
