"""The stay: what is kept of one request, from its arrival to its end."""

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, cast

from flask import g

from vestibule.history import Circumstances
from vestibule.policy import Actor

if TYPE_CHECKING:
    from vestibule.doors.visit import Visit


class Stay:
    """What is found out about a request, at most once and when asked for."""

    def __init__(self) -> None:
        self.under: AbstractContextManager[None] | None = None
        self.circumstances: Circumstances | None = None
        self.request_id = ""
        # Of a proof of work, where a form brings it.
        self.solution = ""
        self.actor: Actor | None = None
        # Whoever was found last, also after the actor was forgotten.
        self.actor_id: int | None = None
        self.visit: Visit | None = None
        # Who became a newcomer just now, and the ticket.
        self.newcomer: tuple[str, str] | None = None
        self.here = ""
        self.language = ""
        # Set once nobody could find out who reads.
        self.is_unread = False
        # The names of people's pictures by the numbers of their accounts.
        self.pictures: dict[int, str] = {}


def stay() -> Stay:
    """Find what is kept of this request, or begin to keep something."""
    found = g.get("vestibule_stay")
    if found is None:
        found = g.vestibule_stay = Stay()
    return cast("Stay", found)


def forget_stay() -> Stay | None:
    """Keep nothing any more, and give what was kept.

    Requests inside one application context, as in many a host's tests,
    share ``g``.
    """
    return cast("Stay | None", g.pop("vestibule_stay", None))
