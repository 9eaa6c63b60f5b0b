"""The shapes of a password reset."""

import dataclasses
from collections.abc import Iterable

from vestibule.errors import Fault, Reason
from vestibule.reasons import (
    EMAIL_MISSING,
    NEW_HINT,
    NEW_PASSWORD_MISSING,
    PASSWORDS_DIFFER,
)
from vestibule.shape import Shape, secret, text

TOKEN_MISSING = Reason("reset_token.required", "The reset token is missing")


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

    password: str = secret(
        "New password",
        missing=NEW_PASSWORD_MISSING,
        autocomplete="new-password",
        hint=NEW_HINT,
    )
    confirm_password: str = secret(
        "New password again",
        missing=PASSWORDS_DIFFER,
        autocomplete="new-password",
    )

    def faults(self) -> Iterable[Fault]:
        """Refuse two passwords that differ."""
        if self.password != self.confirm_password:
            yield Fault(PASSWORDS_DIFFER, "confirm_password")


@dataclasses.dataclass(frozen=True, kw_only=True)
class ClassicReset(Shape):
    """What the auth-service contract asks for."""

    email: str = text("Email address", longest=1000, missing=EMAIL_MISSING)
    reset_token: str = text("Token", longest=200, missing=TOKEN_MISSING)
    new_password: str = secret(
        "New password",
        missing=NEW_PASSWORD_MISSING,
        autocomplete="new-password",
    )
