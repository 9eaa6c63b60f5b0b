"""Host fields: what a host adds to the profile of its people.

A host declares them as it would any shape, hands the shape to Vestibule,
and gets them back typed::

    @dataclass(frozen=True, kw_only=True)
    class Member(ProfileFields):
        city: str = text("City", longest=80, missing=None)

    Vestibule(app, profile_fields=Member)
    Member.of(current_user).city
"""

import dataclasses
from collections.abc import Iterable, Mapping
from functools import cache
from itertools import chain
from typing import Any, ClassVar, TypeVar

from vestibule.doors.hall import auth, hall
from vestibule.errors import Fault
from vestibule.shape import Shape
from vestibule.user import User

F = TypeVar("F", bound="ProfileFields")

# Longer texts would not fit the column with all their escapes.
MOST_TEXT = 20_000


# What the profile and its API call something of their own.
RESERVED = {
    "created_at",
    "csrf_token",
    "proof_of_work",
    "email",
    "email_verified",
    "first_name",
    "full_name",
    "id",
    "is_admin",
    "last_name",
    "password",
    "pending_email",
    "picture",
    "username",
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class ProfileFields(Shape):
    """The base of what a host adds to the profile."""

    # The host's texts in other languages: {"ru": {"City": "Город"}}.
    words: ClassVar[Mapping[str, Mapping[str, str]]] = {}

    @classmethod
    def of(cls: type[F], user: User) -> F:
        """Read what somebody has filled in; the rest is empty."""
        return auth().host_fields.read(user, cls)


def check_fields(fields: type[ProfileFields]) -> None:
    """Refuse at the start what could not work later.

    Raises:
        TypeError: it is no dataclass of fields, a name is taken, or a
            field is of a kind that is not kept.
        ValueError: the texts together are longer than is kept, or a
            label would be filled in like one of ours.
    """
    what: Any = fields
    if not (isinstance(what, type) and issubclass(what, ProfileFields)):
        raise TypeError("profile_fields is a class made from ProfileFields")
    if "__dataclass_fields__" not in vars(fields):
        raise TypeError(
            f"{fields.__name__} lacks @dataclass(frozen=True, kw_only=True)"
        )
    taken = RESERVED.union(dir(ProfileFields))
    for field in dataclasses.fields(fields):
        name, look = field.name, field.metadata.get("look")
        if look is None:
            raise TypeError(f"declare {name!r} by text(…) or switch(…)")
        if name in taken:
            raise TypeError(f"{name!r} is a name of the profile's own")
        if look.kind in ("file", "password"):
            raise TypeError(f"{name!r}: a {look.kind} is not kept")
        if set("{}") & set(look.label + look.hint):
            raise ValueError(f"{name!r}: no braces in label and hint")
    if fields.longest() > MOST_TEXT:
        raise ValueError(
            f"{fields.__name__} holds more than {MOST_TEXT} characters"
        )


def with_host_fields(base: type[Shape]) -> type[Any]:
    """Give a shape of ours the fields of this application's host."""
    fields: Any = hall().profile_fields
    ours: Any = base
    return ours if fields is None else _joined(ours, fields)


@cache
def _joined(base: Any, fields: Any) -> type[Shape]:
    """Make one shape of two; ours come first on the page."""

    def faults(shape: Any) -> Iterable[Fault]:
        """Say what is wrong between the fields of either."""
        return chain(base.faults(shape), fields.faults(shape))

    return dataclasses.make_dataclass(
        f"{base.__name__}And{fields.__name__}",
        [],
        bases=(fields, base),
        namespace={
            "faults": faults,
            "spots": {**fields.spots, **base.spots},
        },
        frozen=True,
        kw_only=True,
    )


def filled_in(user: User) -> dict[str, Any]:
    """List what somebody has filled in of the host's fields."""
    fields = hall().profile_fields
    return {} if fields is None else dataclasses.asdict(fields.of(user))


def host_part(shape: Shape) -> dict[str, Any] | None:
    """Take the host's fields out of a joined shape; None without any."""
    fields = hall().profile_fields
    if fields is None:
        return None
    return {name: getattr(shape, name) for name in fields.looks()}
