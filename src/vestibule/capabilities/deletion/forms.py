"""The shape of a deletion."""

import dataclasses

from vestibule.shape import Shape


@dataclasses.dataclass(frozen=True, kw_only=True)
class Farewell(Shape):
    """The question whether to delete an account, which has no fields."""
