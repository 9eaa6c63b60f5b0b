"""The shapes of setting an app up."""

import dataclasses

from vestibule.field import text
from vestibule.reasons import SECOND_CODE_MISSING
from vestibule.shape import Shape


@dataclasses.dataclass(frozen=True, kw_only=True)
class AppCode(Shape):
    """The code that an app shows."""

    code: str = text(
        "Code that the app shows",
        longest=100,
        missing=SECOND_CODE_MISSING,
        autocomplete="one-time-code",
        inputmode="numeric",
        hint="Six digits",
        is_secret=True,
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class Question(Shape):
    """A button alone."""
