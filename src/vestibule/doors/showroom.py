"""The showroom: in development, every part of the pages in all its states.

The forms in it are read by the same code as everybody's, so what it shows
is what people get.
"""

import dataclasses

from flask import Blueprint, abort
from werkzeug.wrappers import Response

from vestibule import asked
from vestibule.doors.caller import allowed
from vestibule.doors.guards import is_from_here
from vestibule.doors.hall import settings
from vestibule.doors.pages import Form, form_for, page
from vestibule.errors import Fault, Malformed
from vestibule.field import MISSING, TOO_LONG, choice, prose, secret, switch
from vestibule.ground import pictures
from vestibule.policy import Act
from vestibule.reasons import (
    NEW_HINT,
    NEW_PASSWORD_MISSING,
    PICTURE_FAULTS,
    email_faults,
    username_faults,
)
from vestibule.shape import Shape
from vestibule.uploads import Upload, file

showroom = Blueprint("showroom", __name__)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Sample(Shape):
    """A form with a field of each kind."""

    username: str = asked.username("Username")
    email: str = asked.email()
    password: str = secret(
        "New password",
        missing=NEW_PASSWORD_MISSING,
        autocomplete="new-password",
        hint=NEW_HINT,
    )
    state: str = choice("State", active="Active", disabled="Disabled")
    title: str = prose(
        "Title",
        longest=100,
        missing=MISSING,
        too_long=TOO_LONG,
        hint="At most 100 characters",
    )
    content: str = prose(
        "Your feedback",
        longest=1000,
        missing=MISSING,
        too_long=TOO_LONG,
        lines=4,
    )
    picture: Upload | None = file(
        "New picture (optional)",
        endings=pictures.ENDINGS,
        largest=pictures.LARGEST_FILE,
        hint="JPG, PNG or SVG, 2 MB or smaller",
    )
    remember: bool = switch("Remember me for {remember} on this device")


@showroom.before_request
def _only_here() -> None:
    """Show it in development, and to this machine, only."""
    if not settings().site.development or not is_from_here():
        abort(404)


@showroom.get("/dev/components")
@allowed(Act.ENTER)
def show() -> Response:
    """Show every part in all its states."""
    return page(
        "vestibule/components.html",
        clean=form_for(Sample, {"username": "anna"}),
    )


@showroom.get("/dev/components/wrong")
@allowed(Act.ENTER)
def wrong() -> Response:
    """Show a form in which everything is wrong."""
    return page("vestibule/components_wrong.html", form=_wrong())


def _wrong() -> Form:
    """Send the sample with a mistake in every field, and read it."""
    typed = {
        "username": "a b",
        "email": "nowhere",
        "password": "",
        "state": "asleep",
        "title": "x" * 101,
        "content": "",
        "remember": "true",
    }
    faults = [
        *username_faults(typed["username"]),
        *email_faults(typed["email"]),
        Fault(PICTURE_FAULTS["kind"], "picture"),
    ]
    try:
        Sample.read(typed.items())
    except Malformed as refusal:
        faults += refusal.faults
    return form_for(Sample, typed, tuple(faults))
