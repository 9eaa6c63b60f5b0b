"""The shape of a confirmation."""

import dataclasses

from vestibule import asked
from vestibule.shape import Shape


@dataclasses.dataclass(frozen=True, kw_only=True)
class Confirmation(Shape):
    """The button that confirms an address; it has no fields."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class ConfirmationByToken(Shape):
    """What the API asks for to confirm an address."""

    token: str = asked.mailed_token()
