"""The shapes of the administration: its searches, and its questions."""

import dataclasses

from vestibule import asked
from vestibule.field import choice, text
from vestibule.ground.names import LONGEST_EMAIL, LONGEST_USERNAME
from vestibule.shape import Shape

# What the filters of a search ask for; an empty one does not matter.
ANSWERS = {
    "": None,
    "active": True,
    "disabled": False,
    "admin": True,
    "other": False,
    "confirmed": True,
    "unconfirmed": False,
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class UserSearch(asked.Search, asked.Leafing):
    """Which accounts to list."""

    search: str = text(
        "Username, email or number",
        longest=LONGEST_EMAIL,
        missing=None,
        kind="search",
        hint="The beginning is enough; a number is written id:7",
    )
    state: str = choice("State", active="Active", disabled="Disabled")
    role: str = choice("Role", admin="Administrators", other="Others")
    address: str = choice(
        "Email", confirmed="Confirmed", unconfirmed="Not confirmed"
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class FeedbackSearch(asked.Search, asked.Leafing):
    """Which feedback to list."""

    search: str = text(
        "Words in the feedback", longest=200, missing=None, kind="search"
    )
    username: str = text(
        "Written by",
        longest=4 * LONGEST_USERNAME,
        missing=None,
        kind="search",
        hint="A whole username",
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class Question(Shape):
    """The question whether to do something, which has no fields."""
