"""The shapes of a proof."""

import dataclasses

from vestibule import asked
from vestibule.field import secret
from vestibule.reasons import PASSWORD_MISSING
from vestibule.shape import Shape


@dataclasses.dataclass(frozen=True, kw_only=True)
class Confirmation(Shape):
    """What both the page and the API ask for."""

    password: str = secret(
        "Password", missing=PASSWORD_MISSING, autocomplete="current-password"
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class NewProof(Confirmation):
    """What the API asks for besides."""

    device: str = asked.device()
