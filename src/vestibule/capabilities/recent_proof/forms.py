"""The shapes of a proof."""

import dataclasses

from vestibule import asked
from vestibule.field import secret, text
from vestibule.reasons import PASSWORD_MISSING
from vestibule.shape import Shape


@dataclasses.dataclass(frozen=True, kw_only=True)
class Confirmation(Shape):
    """What both the page and the API ask for."""

    password: str = secret(
        "Password", missing=PASSWORD_MISSING, autocomplete="current-password"
    )

    code: str = text(
        "Code of your second step",
        longest=100,
        missing=None,
        autocomplete="one-time-code",
        hint="From your authenticator app, or a recovery code",
        is_secret=True,
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class NewProof(Confirmation):
    """What the API asks for besides."""

    device: str = asked.device()
