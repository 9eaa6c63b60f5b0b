"""The shape of an export."""

import dataclasses

from vestibule.shape import Shape


@dataclasses.dataclass(frozen=True, kw_only=True)
class Taking(Shape):
    """The button to take one's data along, which has no fields."""
