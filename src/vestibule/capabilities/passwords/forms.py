"""The shape of a password change."""

import dataclasses
from collections.abc import Iterable
from typing import ClassVar

from vestibule.errors import Fault, Reason
from vestibule.reasons import (
    NEW_HINT,
    NEW_PASSWORD_MISSING,
    PASSWORDS_DIFFER,
)
from vestibule.shape import Shape, secret

OLD_MISSING = Reason("old_password.required", "Enter your old password")


@dataclasses.dataclass(frozen=True, kw_only=True)
class PasswordChange(Shape):
    """What the page asks for."""

    spots: ClassVar[dict[str, str]] = {"password": "new_password"}

    old_password: str = secret(
        "Old password", missing=OLD_MISSING, autocomplete="current-password"
    )
    new_password: str = secret(
        "New Password",
        missing=NEW_PASSWORD_MISSING,
        autocomplete="new-password",
        hint=NEW_HINT,
    )
    new_password2: str = secret(
        "New Password (Again)",
        missing=PASSWORDS_DIFFER,
        autocomplete="new-password",
    )

    def faults(self) -> Iterable[Fault]:
        """Refuse two new passwords that differ."""
        if self.new_password != self.new_password2:
            yield Fault(PASSWORDS_DIFFER, "new_password2")
