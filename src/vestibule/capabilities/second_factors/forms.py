"""The shapes of a second step."""

import dataclasses

from vestibule import asked
from vestibule.errors import Reason
from vestibule.field import switch, text
from vestibule.reasons import SECOND_CODE_MISSING
from vestibule.shape import Shape

WAITING_MISSING = Reason("waiting.required", "Say which sign-in this is for")


@dataclasses.dataclass(frozen=True, kw_only=True)
class SecondStep(Shape):
    """What the page asks for."""

    code: str = text(
        "Code",
        longest=100,
        missing=SECOND_CODE_MISSING,
        autocomplete="one-time-code",
        is_secret=True,
    )
    trust: bool = switch("Trust this device for 30 days")


@dataclasses.dataclass(frozen=True, kw_only=True)
class NewSecondStep(Shape):
    """What the API asks for."""

    waiting: str = text(
        "What the sign-in has handed over",
        longest=128,
        missing=WAITING_MISSING,
        is_secret=True,
    )
    code: str = text(
        "A code of the authenticator app, or a recovery code",
        longest=100,
        missing=SECOND_CODE_MISSING,
        is_secret=True,
    )
    trust: bool = switch("Trust the browser for 30 days; cookies only")
    bearer: bool = switch("Hand the token over in place of a cookie")
    device: str = asked.device()


@dataclasses.dataclass(frozen=True, kw_only=True)
class Question(Shape):
    """A button alone: the step is given up, or a device trusted no more."""
