"""The shapes of preferences."""

import dataclasses

from vestibule.field import choice, text
from vestibule.ground.words import OWN_NAMES
from vestibule.shape import Shape


@dataclasses.dataclass(frozen=True, kw_only=True)
class Choices(Shape):
    """What both the page and the API ask for; nothing chosen is empty."""

    language: str | None = choice(
        "Language", empty="Same as the browser", nullable=True, **OWN_NAMES
    )
    theme: str | None = choice(
        "Theme",
        empty="Same as the system",
        nullable=True,
        light="Light",
        dark="Dark",
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class Tongue(Shape):
    """What the switch sends that stands on every page."""

    language: str = choice("Language", empty=None, nullable=False, **OWN_NAMES)
    next: str = text("Where to go back to", longest=2000, missing=None)
