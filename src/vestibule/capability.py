"""Capability: one thing an account can do, and the hooks it may answer.

A capability is a folder. It reaches the others only through ``self.auth``,
and is asked, with all the others and in list order, by the hooks below.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import (
    TYPE_CHECKING,
    Any,
    ClassVar,
    Concatenate,
    ParamSpec,
    TypeVar,
)

if TYPE_CHECKING:
    from vestibule.auth import Auth
    from vestibule.outcomes import Advice, Arrival
    from vestibule.user import User

P = ParamSpec("P")
R = TypeVar("R")
Self = TypeVar("Self", bound="Capability")


@dataclass(frozen=True)
class Way:
    """A way to show a second factor, by the name of its capability.

    ``label`` is what a page calls it. It is a code, without spaces and
    dashes, that ``reads`` matches; or it has a page of its own, by its
    endpoint. A spare one, such as codes on paper, counts only beside
    another.
    """

    name: str
    label: str
    reads: str = ""
    page: str = ""
    is_spare: bool = False
    is_digits: bool = False


@dataclass(frozen=True)
class SecurityRow:
    """A line of the page about security: how one thing stands, and where.

    ``state`` and ``action`` may hold names that ``values`` fill in; ``page``
    is the endpoint where it is changed. What ``is_urgent`` should be done
    even where there is a second factor already.
    """

    text: str
    state: str
    page: str
    action: str
    is_on: bool = False
    is_urgent: bool = False
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Exported:
    """What is kept of an account, for its owner to take along.

    ``facts`` is anything JSON can write, and None is nothing; members that
    end in ``_at`` are seconds since 1970. ``files`` are by their names.
    """

    facts: object = None
    files: Mapping[str, bytes] = field(default_factory=dict)


class Capability:
    """The base of all capabilities; every hook has a harmless default."""

    name: ClassVar[str]

    def __init__(self, auth: Auth) -> None:
        self.auth = auth
        self.db = auth.db
        self.settings = auth.settings
        self.history = auth.history

    def login_gate(self, arrival: Arrival) -> Any:
        """Answer with an outcome, or refuse, to hold a sign-in up.

        Asked only after the person has proven to own the account.
        """

    def advice(self, arrival: Arrival) -> Advice | None:
        """Advise somebody who has just come in.

        Every sign-in asks, so what costs a query does not look for all.
        """
        del arrival
        return None

    def can_prove(self, user: User) -> Way | None:
        """Say by what way an account can show a second factor, if any."""
        del user
        return None

    def prove_factor(self, user: User, answer: Any) -> None:
        """Refuse what is not the second factor of an account.

        Raises:
            NotProven: it is not.
        """
        raise NotImplementedError

    def security_rows(self, user: User) -> Sequence[SecurityRow]:
        """Say how it stands with what protects an account."""
        del user
        return ()

    def drop_proofs(self, user: User, since: int = 0) -> bool:
        """Remove what an account can show as a second factor.

        Args:
            user: whose it is.
            since: what was set up before that moment stays.

        Returns:
            Whether there was anything to remove.
        """
        del user, since
        return False

    def forget(self, user: User) -> None:
        """Remove what this capability keeps of an account."""

    def export(self, user: User) -> Exported:
        """Tell an account what this capability keeps of it; no secrets."""
        del user
        return Exported()

    def sweep(self, now: int) -> int:
        """Remove rows whose time is over, a few at once; say how many."""
        del now
        return 0


def operation(
    method: Callable[Concatenate[Self, P], R],
) -> Callable[Concatenate[Self, P], R]:
    """Make a method one unit of work, wholly done or not at all.

    The transaction opens at the first write, so whatever is slow comes
    before it. A refusal undoes the records and keeps the events; a bug
    keeps nothing. An operation inside another is a savepoint.
    """

    @functools.wraps(method)
    def in_one_unit(self: Self, /, *args: P.args, **kwargs: P.kwargs) -> R:
        """Run the method in the unit around, or in a new one."""
        with self.db.unit():
            return method(self, *args, **kwargs)

    return in_one_unit
