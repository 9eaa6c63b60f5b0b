"""The API's calls to see and change oneself."""

import dataclasses
from functools import cache
from typing import Any

from flask import Blueprint, url_for

from vestibule.capabilities.profile.forms import (
    NamedProfileChange,
    ProfileChange,
)
from vestibule.doors.answers import Person, Switch, Text, moment, told
from vestibule.doors.api import api_call
from vestibule.doors.caller import actor, current_user, forget_user
from vestibule.doors.hall import auth, hall, settings
from vestibule.doors.host_fields import (
    filled_in,
    host_part,
    with_host_fields,
)
from vestibule.policy import Act
from vestibule.user import User

api = Blueprint("profile", __name__)
KINDS = {"switch": Switch}


@dataclasses.dataclass(frozen=True, kw_only=True)
class ProfileAnswer(Person):
    """What people see of themselves."""

    email_verified: bool = told(
        Switch, "Whether somebody who reads the address has confirmed it"
    )
    pending_email: str | None = told(
        Text,
        "The new address, while it waits to be confirmed",
        nullable=True,
        format="email",
    )
    first_name: str | None = told(Text, "First name", nullable=True)
    last_name: str | None = told(Text, "Last name", nullable=True)
    picture: str | None = told(
        Text, "Where the picture is", nullable=True, format="uri-reference"
    )
    is_admin: bool = told(Switch, "Whether it is an administrator")
    is_active: bool = told(Switch, "Whether it can be signed in to")
    created_at: int = moment("When the account was created")


def _answer() -> type[Any]:
    """Choose the answer with or without fields of the host."""
    fields: Any = hall().profile_fields
    return ProfileAnswer if fields is None else _joined(fields)


@cache
def _joined(fields: Any) -> type[Any]:
    """Add the fields of a host to the answer."""
    members = [
        (name, object, told(KINDS.get(look.kind, Text), look.label))
        for name, look in fields.looks().items()
    ]
    return dataclasses.make_dataclass(
        f"ProfileAnd{fields.__name__}",
        members,
        bases=(ProfileAnswer,),
        frozen=True,
        kw_only=True,
    )


def profile_of(user: User) -> ProfileAnswer:
    """Tell somebody all that they may see of themselves."""
    told_all: ProfileAnswer = _answer()(
        id=user.id,
        username=user.username,
        email=user.email,
        email_verified=user.email_verified_at is not None,
        pending_email=auth().email_verification.pending(user),
        first_name=user.first_name,
        last_name=user.last_name,
        picture=_picture_of(user),
        is_admin=user.is_admin,
        is_active=user.is_active,
        created_at=user.created_at,
        **filled_in(user),
    )
    return told_all


def _picture_of(user: User) -> str | None:
    """Say where somebody's picture is."""
    found = auth().pictures.of(user)
    if found is None:
        return None
    return url_for("vestibule.pictures.show", name=found.name)


def _shape() -> type[ProfileChange]:
    """Choose the form with or without names, as the operator says."""
    named = settings().pages.name_fields
    return with_host_fields(NamedProfileChange if named else ProfileChange)


def _present() -> dict[str, Any]:
    """Say what the fields hold that are not sent."""
    own = {
        name: getattr(current_user, name, "") or ""
        for name in _shape().looks()
    }
    return {**own, **filled_in(current_user)}


@api.get("/profile")
@api_call("See your profile", Act.SEE_PROFILE, gives=_answer)
def show() -> ProfileAnswer:
    """Tell who you are."""
    return profile_of(current_user)


@api.get("/users/<username>")
@api_call("See an account", Act.SEE_ACCOUNT, gives=_answer)
def account(username: str) -> ProfileAnswer:
    """Tell of an account everything but secrets.

    It is for its owner and administrators to see.
    """
    owner = auth().policy.account(Act.SEE_ACCOUNT, actor(), username=username)
    return profile_of(owner)


@api.patch("/profile")
@api_call(
    "Change your profile",
    Act.CHANGE_PROFILE,
    takes=_shape,
    present=_present,
    gives=_answer,
    refuses=(
        "email.format",
        "email.taken",
        "username.reserved",
        "username.taken",
        "rate.wait",
    ),
)
def update(form: ProfileChange) -> ProfileAnswer:
    """Change the fields that are sent, and no other.

    A new address takes a fresh proof, and waits until it is confirmed by
    the link mailed there.
    """
    auth().profile.update(
        current_user,
        form.username,
        form.email,
        form.full_name,
        by=actor(),
        host_fields=host_part(form),
    )
    forget_user()
    return profile_of(current_user)
