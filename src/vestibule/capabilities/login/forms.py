"""The shapes of a sign-in."""

import dataclasses

from vestibule.errors import Reason
from vestibule.reasons import PASSWORD_MISSING
from vestibule.shape import Shape, secret, switch, text

NAME_MISSING = Reason(
    "email_or_username.required", "Enter your email address or username"
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class SignIn(Shape):
    """What the page asks for."""

    email: str = text(
        "Email or username",
        longest=1000,
        missing=NAME_MISSING,
        aliases=("username",),
        autocomplete="username",
        inputmode="email",
    )
    password: str = secret(
        "Password",
        missing=PASSWORD_MISSING,
        autocomplete="current-password",
    )
    remember: bool = switch("Remember me for {remember} on this device")


@dataclasses.dataclass(frozen=True, kw_only=True)
class ClassicSignIn(Shape):
    """What the auth-service contract asks for."""

    email: str = text("Email address", longest=1000, missing=NAME_MISSING)
    password: str = secret(
        "Password", missing=PASSWORD_MISSING, autocomplete="current-password"
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class SignOut(Shape):
    """The question whether to sign out, which has no fields."""
