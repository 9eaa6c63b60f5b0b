"""The shapes of a password reset."""

import dataclasses
from collections.abc import Iterable
from typing import ClassVar

from vestibule import asked
from vestibule.errors import Fault, Reason
from vestibule.field import secret, switch, text
from vestibule.reasons import (
    EMAIL_MISSING,
    NEW_PASSWORD_MISSING,
    PASSWORDS_DIFFER,
)
from vestibule.shape import Shape

TOKEN_MISSING = Reason("reset_token.required", "The reset token is missing")


@dataclasses.dataclass(frozen=True, kw_only=True)
class ResetAskCalled(Shape):
    """What the page asks for to send a link."""

    email: str = asked.either_name()


@dataclasses.dataclass(frozen=True, kw_only=True)
class ResetAsk(Shape):
    """What the other doors ask for to send a link."""

    email: str = asked.email(autocomplete="username")


@dataclasses.dataclass(frozen=True, kw_only=True)
class NewPassword(Shape):
    """What the page behind the link asks for."""

    password: str = asked.new_password("New password")
    confirm_password: str = asked.password_again("New password again")
    link: str = asked.opened_link()

    def faults(self) -> Iterable[Fault]:
        """Refuse two passwords that differ."""
        if self.password != self.confirm_password:
            yield Fault(PASSWORDS_DIFFER, "confirm_password")


@dataclasses.dataclass(frozen=True, kw_only=True)
class ResetByToken(Shape):
    """What the API asks for."""

    spots: ClassVar[dict[str, str]] = {"password": "new_password"}

    token: str = asked.mailed_token()
    new_password: str = asked.new_password("New password")
    bearer: bool = switch("Hand the device over in place of a cookie")


@dataclasses.dataclass(frozen=True, kw_only=True)
class ClassicReset(Shape):
    """What the auth-service contract asks for."""

    email: str = text("Email address", longest=1000, missing=EMAIL_MISSING)
    reset_token: str = text(
        "Token", longest=200, missing=TOKEN_MISSING, is_secret=True
    )
    new_password: str = secret(
        "New password",
        missing=NEW_PASSWORD_MISSING,
        autocomplete="new-password",
    )
