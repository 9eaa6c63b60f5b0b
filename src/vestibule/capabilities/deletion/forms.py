"""The shape of a deletion."""

import dataclasses

from vestibule.field import text
from vestibule.shape import Shape


@dataclasses.dataclass(frozen=True, kw_only=True)
class Farewell(Shape):
    """The question whether to delete an account, and the page's answer.

    ``account`` is the number of the account that the page has shown.
    """

    account: str = text("Account", longest=20, missing=None)
