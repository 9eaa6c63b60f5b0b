"""The shapes of making recovery codes, and of taking them along."""

import dataclasses

from vestibule.errors import Reason
from vestibule.field import text
from vestibule.shape import Shape

CODES_MISSING = Reason("recovery_codes.required", "Say which codes")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Question(Shape):
    """A button alone."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Shown(Shape):
    """The codes that a page has shown, which nobody keeps but its reader."""

    codes: str = text(
        "Codes", longest=400, missing=CODES_MISSING, is_secret=True
    )
