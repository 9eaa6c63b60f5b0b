"""The page where people see and change themselves."""

from collections.abc import Iterator
from os import SEEK_END
from typing import Any

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from vestibule.capabilities.profile.forms import (
    NamedProfileForm,
    PictureRemoval,
    ProfileForm,
)
from vestibule.doors.caller import actor, allowed, current_user, is_browser
from vestibule.doors.hall import auth, settings
from vestibule.doors.host_fields import (
    filled_in,
    host_part,
    with_host_fields,
)
from vestibule.doors.pages import form_for, own_form, page
from vestibule.doors.refusals import said
from vestibule.doors.rendering import picture_name
from vestibule.doors.rooms import Room
from vestibule.doors.shapes import takes
from vestibule.doors.visit import visit
from vestibule.doors.words import say, worded
from vestibule.errors import Fault, ProofTooOld, Reason, Refusal
from vestibule.policy import Act
from vestibule.reasons import picture_fault, picture_faults

pages = Blueprint("profile", __name__, template_folder="templates")
ROOM = Room("profile.show", "Profile")
FORM = "profile"
# Larger than any picture may be: who sends a photo straight from a camera
# is told at the field what is wrong, with all they typed.
LARGEST_FORM = 8 * 1024 * 1024


@pages.get("/profile")
@allowed(Act.SEE_PROFILE)
def show() -> Response:
    """Show the profile, and after an error what was typed."""
    kept = visit().take_kept(FORM)
    faults = tuple(_fault(**found) for found in kept.pop("faults", []))
    form = form_for(_shape(), kept or _present(), faults)
    return page(
        "vestibule/profile/profile.html",
        form=form,
        pending=auth().email_verification.pending(current_user),
        picture=picture_name(current_user),
    )


@pages.post("/profile")
@allowed(Act.CHANGE_PROFILE)
@takes(LARGEST_FORM, "multipart/form-data")
def update() -> Response:
    """Change the profile; either way the page is shown anew."""
    try:
        form = own_form(_shape())
        auth().profile.update(
            current_user,
            form.username,
            form.email,
            form.full_name,
            form.picture,
            by=actor(),
            host_fields=host_part(form),
        )
        visit().note("success", say("Profile updated successfully"))
    except ProofTooOld:
        # Back on the profile, all that was typed is there to be sent.
        if is_browser():
            visit().keep(FORM, _typed())
        raise
    except Refusal as refusal:
        visit().note("error", say("Error while profile updating"))
        visit().keep(FORM, {**_typed(), "faults": _packed(refusal)})
    return redirect(url_for("vestibule.profile.show"))


@pages.post("/profile/picture/delete")
@allowed(Act.CHANGE_PICTURE)
def remove_picture() -> Response:
    """Remove the picture, and show the profile without it."""
    try:
        own_form(PictureRemoval)
        auth().pictures.remove(current_user)
        visit().note("success", say("Your picture was removed"))
    except Refusal as refusal:
        visit().note("error", said(refusal.faults[0]))
    return redirect(url_for("vestibule.profile.show"))


def _shape() -> type[ProfileForm]:
    """Choose the form with or without names, as the operator says."""
    named = settings().pages.name_fields
    return with_host_fields(NamedProfileForm if named else ProfileForm)


def _texts() -> list[str]:
    """List the fields that hold text; no page can fill in a file."""
    looks = _shape().looks()
    return [name for name, look in looks.items() if look.kind != "file"]


def _present() -> dict[str, Any]:
    """Fill the form with what is true now."""
    own = {name: getattr(current_user, name, "") or "" for name in _texts()}
    return {**own, **filled_in(current_user)}


def _typed() -> dict[str, Any]:
    """Keep what was typed, cut to what a cookie carries."""
    return {name: request.form.get(name, "")[:300] for name in _texts()}


def _packed(refusal: Refusal) -> list[dict[str, Any]]:
    """Write a refusal's faults so that a cookie can carry them."""
    faults = [*refusal.faults[:5]]
    if all(fault.field != "picture" for fault in faults):
        faults += _picture_again()
    return [
        {"code": f.reason.code, "field": f.field, "values": worded(f.values)}
        for f in faults
    ]


def _picture_again() -> Iterator[Fault]:
    """Ask for a picture again that came along with other errors.

    No browser keeps a file over an error, and nobody would notice.
    """
    sent = request.files.get("picture")
    if sent:
        size = sent.stream.seek(0, SEEK_END)
        again = picture_fault("again")
        yield next(picture_faults(sent.filename or "", size), again)


def _fault(code: str, field: str, values: dict[str, Any]) -> Fault:
    """Read a fault that a cookie carried."""
    return Fault(Reason.known[code], field, values)
