"""The shapes of the page of devices."""

import dataclasses

from vestibule.shape import Shape


@dataclasses.dataclass(frozen=True, kw_only=True)
class SigningOut(Shape):
    """The button that signs a device out, or all others; no fields."""
