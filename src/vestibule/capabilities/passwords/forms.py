"""The shape of a password change."""

import dataclasses
from collections.abc import Iterable
from typing import ClassVar

from vestibule import asked
from vestibule.errors import Fault, Reason
from vestibule.field import secret
from vestibule.reasons import PASSWORDS_DIFFER
from vestibule.shape import Shape

OLD_MISSING = Reason("old_password.required", "Enter your old password")


@dataclasses.dataclass(frozen=True, kw_only=True)
class OldAndNew(Shape):
    """What both the page and the API ask for."""

    spots: ClassVar[dict[str, str]] = {"password": "new_password"}

    old_password: str = secret(
        "Old password", missing=OLD_MISSING, autocomplete="current-password"
    )
    new_password: str = asked.new_password("New Password")


@dataclasses.dataclass(frozen=True, kw_only=True)
class NewPassword(OldAndNew):
    """What the API asks for."""

    device: str = asked.device()


@dataclasses.dataclass(frozen=True, kw_only=True)
class PasswordChange(OldAndNew):
    """What the page asks for."""

    new_password2: str = asked.password_again("New Password (Again)")

    def faults(self) -> Iterable[Fault]:
        """Refuse two new passwords that differ."""
        if self.new_password != self.new_password2:
            yield Fault(PASSWORDS_DIFFER, "new_password2")
