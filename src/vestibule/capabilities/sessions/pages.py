"""The pages where people see where they are signed in, and end that."""

from typing import Any

from flask import Blueprint, redirect, url_for
from werkzeug.wrappers import Response

from vestibule.capabilities.sessions.forms import SigningOut
from vestibule.doors.caller import (
    actor,
    allowed,
    current_user,
    forget_user,
    session_token,
    signed_in,
)
from vestibule.doors.hall import auth
from vestibule.doors.pages import form_for, form_page, page
from vestibule.doors.passage import page_answer
from vestibule.doors.rooms import Room
from vestibule.doors.visit import visit
from vestibule.doors.words import ago, device_name, say
from vestibule.errors import NotAllowed, Reason
from vestibule.ground.clock import written
from vestibule.outcomes import LoggedOut
from vestibule.policy import Act

pages = Blueprint("sessions", __name__, template_folder="templates")
ROOM = Room("sessions.show", "Devices")
DEVICES = "vestibule/sessions/devices.html"


class NotSignedInThere(NotAllowed):
    """No session of one's own is called so, or none any more."""

    reason = Reason("session.missing", "You are not signed in there any more")


@pages.get("/account/sessions")
@allowed(Act.SEE_SESSION)
def show() -> Response:
    """Show on which devices somebody is signed in."""
    return page(DEVICES, form=form_for(SigningOut, {}), **_devices())


@pages.post("/account/sessions/<handle>/end")
@allowed(Act.END_DEVICE)
def end(handle: str) -> Response:
    """Sign one device out, or show again what there is."""
    return form_page(
        SigningOut,
        DEVICES,
        lambda _: _end(handle),
        lambda _: _ended(say("The device is signed out")),
        **_devices(),
    )


def _end(handle: str) -> None:
    """End a session, and refuse what is none in words that help."""
    try:
        auth().sessions.end_device(handle, by=actor())
    except NotAllowed as refusal:
        raise NotSignedInThere from refusal


def _devices() -> dict[str, Any]:
    """Gather what the page shows."""
    return {
        "devices": auth().sessions.devices(current_user, session_token()),
        "elsewhere": auth().sessions.elsewhere(current_user),
        "device_name": device_name,
        "ago": ago,
        "written": written,
    }


@pages.route("/account/sessions/others", methods=["GET", "POST"])
@allowed(Act.END_OTHERS)
def end_others() -> Response:
    """Ask whether to sign out everywhere else, and do it."""
    # Before the question, so that nobody confirms in the middle of it.
    auth().policy.require(actor(), Act.END_OTHERS, current_user.id)
    return form_page(
        SigningOut,
        "vestibule/sessions/others.html",
        lambda _: auth().sessions.end_others(
            current_user, session_token(), by=actor()
        ),
        lambda _: _ended(say("You are signed out everywhere else")),
        elsewhere=auth().sessions.elsewhere(current_user),
    )


def _ended(notice: str) -> Response:
    """Say what is done, to whoever is still signed in here."""
    forget_user()
    if signed_in() is None:
        return page_answer(LoggedOut())
    visit().note("success", notice)
    return _to_devices()


def _to_devices() -> Response:
    """Lead to the list of devices."""
    return redirect(url_for("vestibule.sessions.show"))
