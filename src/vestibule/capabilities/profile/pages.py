"""The page where people see and change themselves."""

from typing import Any

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from vestibule.capabilities.profile.forms import (
    NamedProfileChange,
    ProfileChange,
)
from vestibule.doors.caller import current_user, login_required
from vestibule.doors.hall import auth, settings
from vestibule.doors.pages import form_for, own_form, page
from vestibule.doors.visit import visit
from vestibule.doors.words import say, worded
from vestibule.errors import Fault, Reason, Refusal

pages = Blueprint("profile", __name__, template_folder="templates")
FORM = "profile"


@pages.get("/profile")
@login_required
def show() -> Response:
    """Show the profile, and after an error what was typed."""
    kept = visit().take_kept(FORM)
    faults = tuple(_fault(**found) for found in kept.pop("faults", []))
    form = form_for(_shape(), kept or _present(), faults)
    pending = auth().email_verification.pending(current_user)
    return page("vestibule/profile/profile.html", form=form, pending=pending)


@pages.post("/profile")
@login_required
def update() -> Response:
    """Change the profile; either way the page is shown anew."""
    try:
        form = own_form(_shape())
        auth().profile.update(
            current_user, form.username, form.email, form.full_name
        )
        visit().note("success", say("Profile updated successfully"))
    except Refusal as refusal:
        visit().note("error", say("Error while profile updating"))
        visit().keep(FORM, {**_typed(), "faults": _packed(refusal)})
    return redirect(url_for("vestibule.profile.show"))


def _shape() -> type[ProfileChange]:
    """Choose the form with or without names, as the operator says."""
    return (
        NamedProfileChange if settings().pages.name_fields else (ProfileChange)
    )


def _present() -> dict[str, Any]:
    """Fill the form with what is true now."""
    return {
        name: getattr(current_user, name) or "" for name in _shape().looks()
    }


def _typed() -> dict[str, Any]:
    """Keep what was typed, cut to what a cookie carries."""
    return {
        name: request.form.get(name, "")[:300] for name in _shape().looks()
    }


def _packed(refusal: Refusal) -> list[dict[str, Any]]:
    """Write a refusal's faults so that a cookie can carry them."""
    return [
        {"code": f.reason.code, "field": f.field, "values": worded(f.values)}
        for f in refusal.faults[:5]
    ]


def _fault(code: str, field: str, values: dict[str, Any]) -> Fault:
    """Read a fault that a cookie carried."""
    return Fault(Reason.known[code], field, values)
