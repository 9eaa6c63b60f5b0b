"""The API's call to create an account."""

import dataclasses

from flask import Blueprint

from vestibule.capabilities.registration.forms import NamedNewUser, NewUser
from vestibule.doors.answers import Answer, Switch, Text, told
from vestibule.doors.api import api_call
from vestibule.doors.hall import auth, settings
from vestibule.doors.words import wish
from vestibule.policy import Act

api = Blueprint("registration", __name__)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Created(Answer):
    """What whoever creates an account may know of it."""

    email: str = told(Text, "The address", format="email")
    verification_required: bool = told(
        Switch, "Whether the address must be confirmed before a sign-in"
    )


def _shape() -> type[NewUser]:
    """Choose the form with or without names, as the operator says."""
    return NamedNewUser if settings().pages.name_fields else NewUser


@api.post("/users")
@api_call(
    "Create an account",
    Act.REGISTER,
    takes=_shape,
    gives=Created,
    status=201,
    refuses=(
        "email.format",
        "email.taken",
        "password.characters",
        "password.common",
        "password.personal",
        "password.too_long",
        "password.too_short",
        "username.reserved",
        "username.taken",
        "rate.wait",
    ),
)
def create(form: NewUser) -> Created:
    """Create an account; nobody is signed in by that.

    A username that is left out is made from the address. Where addresses
    must be confirmed, the answer is the same for an address that has an
    account already, and its owner is told by mail.
    """
    made = auth().registration.sign_up(
        form.email,
        form.password,
        form.username or None,
        form.full_name,
        wish(),
    )
    required = settings().email.verified_required
    return Created(email=made.email, verification_required=required)
