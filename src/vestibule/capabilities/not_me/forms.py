"""The shapes of shutting somebody out."""

import dataclasses

from vestibule import asked
from vestibule.shape import Shape


@dataclasses.dataclass(frozen=True, kw_only=True)
class Securing(Shape):
    """The button that secures the account behind a link."""

    link: str = asked.opened_link()


@dataclasses.dataclass(frozen=True, kw_only=True)
class ShuttingOut(Shape):
    """The button that signs a stranger out; it has no fields."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class SecuringByToken(Shape):
    """What the API asks for to secure an account."""

    token: str = asked.mailed_token()
