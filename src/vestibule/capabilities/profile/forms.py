"""The shapes of a profile."""

import dataclasses

from vestibule import asked
from vestibule.ground import pictures
from vestibule.ground.names import FullName
from vestibule.shape import Shape
from vestibule.uploads import Upload, file


@dataclasses.dataclass(frozen=True, kw_only=True)
class ProfileChange(Shape):
    """What people can change of themselves."""

    username: str = asked.username("Username")
    email: str = asked.email()

    @property
    def full_name(self) -> FullName | None:
        """The first and last name, where they are asked for."""
        return None


@dataclasses.dataclass(frozen=True, kw_only=True)
class NamedProfileChange(asked.Named, ProfileChange):
    """What people can change where names are asked for."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class ProfileForm(ProfileChange):
    """What the page asks for besides: a picture, sent as a file."""

    picture: Upload | None = file(
        "New picture (optional)",
        endings=pictures.ENDINGS,
        largest=pictures.LARGEST_FILE,
        hint="JPG, PNG or SVG, 2 MB or smaller",
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class NamedProfileForm(ProfileForm, NamedProfileChange):
    """What the page asks for where names are asked for."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class PictureRemoval(Shape):
    """The button that removes the picture; it has no fields."""
