"""Who is at the door: what a browser brings along to a sign-in."""

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Visitor:
    """Whoever signs in: by what the browser is known, and what it may do.

    ``remember`` says whether the session outlives the browser; ``device``
    are the tokens of earlier sign-ins there, five at most, and ``trusted``
    those that stand for a second factor. ``newcomer`` is the ticket of
    whoever has just signed up there.
    """

    remember: bool = False
    device: Sequence[str] = field(default=(), repr=False)
    trusted: Sequence[str] = field(default=(), repr=False)
    newcomer: str = field(default="", repr=False)


ANYONE = Visitor()
