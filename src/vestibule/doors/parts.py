"""Parts: what capabilities add to pages that know nothing of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from vestibule.doors.hall import hall

Values = Mapping[str, Any]


def _nothing() -> Values:
    """Give a part nothing to show but its words."""
    return {}


@dataclass(frozen=True)
class Part:
    """A template that a page shows at its end, by the name of the place.

    ``gather`` gives it what it shows, or None where it does not belong.
    What stands on a page that is printed is the same for everybody.
    """

    place: str
    template: str
    gather: Callable[[], Values | None] = _nothing


@dataclass(frozen=True)
class Shown:
    """A part as a page includes it."""

    template: str
    values: Values


def parts(place: str) -> list[Shown]:
    """List what capabilities show at a place."""
    asked = ((p, p.gather()) for p in hall().parts if p.place == place)
    return [
        Shown(part.template, values)
        for part, values in asked
        if values is not None
    ]
