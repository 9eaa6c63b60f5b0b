"""The shapes of an undo."""

import dataclasses

from vestibule import asked
from vestibule.shape import Shape


@dataclasses.dataclass(frozen=True, kw_only=True)
class Undoing(Shape):
    """The button that undoes a change."""

    link: str = asked.opened_link()


@dataclasses.dataclass(frozen=True, kw_only=True)
class UndoingByToken(Shape):
    """What the API asks for to undo a change."""

    token: str = asked.mailed_token()
