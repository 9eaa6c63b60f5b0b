"""Rooms: the pages of the account area, each named by its capability."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from vestibule.doors.caller import here
from vestibule.doors.hall import hall
from vestibule.doors.links import linker
from vestibule.doors.words import sayer
from vestibule.user import User


@dataclass(frozen=True)
class Room:
    """A page that somebody signed in finds in the list at the side.

    Its address holds their name where ``is_named``.
    """

    endpoint: str
    text: str
    is_named: bool = False
    is_danger: bool = False


@dataclass(frozen=True)
class Way:
    """A room as the page shows it."""

    address: str
    text: str
    is_here: bool
    is_danger: bool


def ways(user: User | None) -> list[Way]:
    """List the rooms for somebody signed in, and which they are in."""
    if user is None:
        return []
    found, path = [], urlsplit(here()).path
    link, say = linker(), sayer()
    for room in hall().rooms:
        named: dict[str, Any] = (
            {"username": user.username} if room.is_named else {}
        )
        address = link(f"vestibule.{room.endpoint}", **named)
        is_here = path == address
        found.append(Way(address, say(room.text), is_here, room.is_danger))
    return found
