"""The shapes of a sign-in."""

import dataclasses
from typing import Any

from vestibule import asked
from vestibule.field import secret, switch, text
from vestibule.reasons import PASSWORD_MISSING
from vestibule.shape import Shape


def _password() -> Any:
    """Declare the field for the password of an account."""
    return secret(
        "Password", missing=PASSWORD_MISSING, autocomplete="current-password"
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class SignIn(Shape):
    """What the page asks for."""

    email: str = asked.either_name(
        "username", autocomplete="username webauthn"
    )
    password: str = _password()
    remember: bool = switch("Remember me for {remember} on this device")


@dataclasses.dataclass(frozen=True, kw_only=True)
class NewSession(Shape):
    """What the API asks for."""

    name: str = asked.either_name()
    password: str = _password()
    remember: bool = switch("Remember me for {remember} on this device")
    bearer: bool = switch("Hand the token over in place of a cookie")
    device: str = asked.device()


@dataclasses.dataclass(frozen=True, kw_only=True)
class ClassicSignIn(Shape):
    """What the auth-service contract asks for."""

    email: str = text(
        "Email address", longest=1000, missing=asked.NAME_MISSING
    )
    password: str = _password()


@dataclasses.dataclass(frozen=True, kw_only=True)
class SignOut(Shape):
    """The question whether to sign out, which has no fields."""
