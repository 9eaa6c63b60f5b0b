"""The shape of a password change."""

import dataclasses
from collections.abc import Iterable
from typing import ClassVar

from vestibule.errors import Fault, Reason
from vestibule.shape import Shape, secret

OLD_MISSING = Reason("old_password.required", "Enter your old password")
NEW_MISSING = Reason("new_password.required", "Enter a new password")
MISMATCH = Reason(
    "new_password2.mismatch", "Enter the new password in both fields"
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class PasswordChange(Shape):
    """What the page asks for."""

    spots: ClassVar[dict[str, str]] = {"password": "new_password"}

    old_password: str = secret(
        "Old password", missing=OLD_MISSING, autocomplete="current-password"
    )
    new_password: str = secret(
        "New Password",
        missing=NEW_MISSING,
        autocomplete="new-password",
        hint="password-rule",
    )
    new_password2: str = secret(
        "New Password (Again)",
        missing=MISMATCH,
        autocomplete="new-password",
    )

    def faults(self) -> Iterable[Fault]:
        """Refuse two new passwords that differ."""
        if self.new_password != self.new_password2:
            yield Fault(MISMATCH, "new_password2")
