"""The shapes of a profile."""

import dataclasses

from vestibule.ground.names import FullName
from vestibule.reasons import EMAIL_MISSING, USERNAME_MISSING
from vestibule.shape import Shape, text


@dataclasses.dataclass(frozen=True, kw_only=True)
class ProfileChange(Shape):
    """What people can change of themselves."""

    username: str = text(
        "Username",
        longest=200,
        missing=USERNAME_MISSING,
        hint="3–20 letters, numbers, dots, dashes and underscores",
        autocomplete="username",
    )
    email: str = text(
        "Email address",
        longest=1000,
        missing=EMAIL_MISSING,
        kind="email",
        autocomplete="email",
    )

    @property
    def full_name(self) -> FullName | None:
        """The first and last name, where they are asked for."""
        return None


@dataclasses.dataclass(frozen=True, kw_only=True)
class NamedProfileChange(ProfileChange):
    """What people can change where names are asked for."""

    first_name: str = text(
        "First name (optional)",
        longest=30,
        missing=None,
        autocomplete="given-name",
    )
    last_name: str = text(
        "Last name (optional)",
        longest=30,
        missing=None,
        autocomplete="family-name",
    )

    @property
    def full_name(self) -> FullName | None:
        """The first and last name; empty ones are none."""
        return FullName(
            self.first_name.strip() or None, self.last_name.strip() or None
        )
