"""The shapes of feedback."""

import dataclasses

from vestibule import asked
from vestibule.errors import Reason
from vestibule.field import number, prose
from vestibule.shape import Shape

LONGEST_TITLE = 100
LONGEST_CONTENT = 10_000
# Forms and JSON may write one character as 12 bytes; half as much again is
# told at its field what is wrong.
LARGEST_WORDS = 12 * LONGEST_CONTENT * 3 // 2

TITLE_MISSING = Reason("feedback.title.required", "Enter a title")
TITLE_TOO_LONG = Reason(
    "feedback.title.too_long",
    f"Title must be {LONGEST_TITLE} characters or fewer",
)
CONTENT_MISSING = Reason("feedback.content.required", "Enter your feedback")
CONTENT_TOO_LONG = Reason(
    "feedback.content.too_long",
    f"Feedback must be {LONGEST_CONTENT:,} characters or fewer",
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Words(Shape):
    """What somebody has to say; the pages and the API ask for the same."""

    title: str = prose(
        "Title",
        longest=LONGEST_TITLE,
        missing=TITLE_MISSING,
        too_long=TITLE_TOO_LONG,
        hint=f"At most {LONGEST_TITLE} characters",
    )
    content: str = prose(
        "Your feedback",
        longest=LONGEST_CONTENT,
        missing=CONTENT_MISSING,
        too_long=CONTENT_TOO_LONG,
        lines=8,
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class Removal(Shape):
    """The question whether to delete feedback, which has no fields."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Part(asked.Leafing):
    """Which part of somebody's feedback, and how much of it."""

    most: int = number("How many at most", least=1, most=100, default=20)
