"""The shapes of a password reset."""

import dataclasses
from collections.abc import Iterable
from typing import ClassVar

from vestibule.errors import Fault, Reason
from vestibule.shape import Shape, secret, text

EMAIL_MISSING = Reason("reset.email_required", "Enter your email address")
PASSWORD_MISSING = Reason("reset.password_required", "Enter a new password")
TOKEN_MISSING = Reason("reset.token_required", "The reset token is missing")
MISMATCH = Reason(
    "confirm_password.mismatch", "Enter the same password in both fields"
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class ResetAsk(Shape):
    """What both doors ask for to send a link."""

    email: str = text(
        "Email address",
        longest=1000,
        missing=EMAIL_MISSING,
        kind="email",
        autocomplete="username",
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class NewPassword(Shape):
    """What the page behind the link asks for."""

    spots: ClassVar[dict[str, str]] = {}

    password: str = secret(
        "New password",
        missing=PASSWORD_MISSING,
        autocomplete="new-password",
        hint="password-rule",
    )
    confirm_password: str = secret(
        "New password again",
        missing=MISMATCH,
        autocomplete="new-password",
    )

    def faults(self) -> Iterable[Fault]:
        """Refuse two passwords that differ."""
        if self.password != self.confirm_password:
            yield Fault(MISMATCH, "confirm_password")


@dataclasses.dataclass(frozen=True, kw_only=True)
class ClassicReset(Shape):
    """What the auth-service contract asks for."""

    email: str = text("Email address", longest=1000, missing=EMAIL_MISSING)
    reset_token: str = text("Token", longest=200, missing=TOKEN_MISSING)
    new_password: str = secret(
        "New password", missing=PASSWORD_MISSING, autocomplete="new-password"
    )
