"""The shape of a confirmation."""

import dataclasses

from vestibule.shape import Shape


@dataclasses.dataclass(frozen=True, kw_only=True)
class Confirmation(Shape):
    """The button that confirms an address; it has no fields."""
