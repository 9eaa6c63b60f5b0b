"""The pages where people set an authenticator app up, and turn it off."""

from flask import Blueprint, redirect, url_for
from werkzeug.wrappers import Response

from vestibule.capabilities.totp.forms import AppCode, Question
from vestibule.doors.caller import actor, allowed, current_user
from vestibule.doors.hall import auth
from vestibule.doors.pages import form_page
from vestibule.doors.qr import drawn
from vestibule.doors.recovery_sheet import first_codes
from vestibule.doors.refusals import said
from vestibule.doors.visit import visit
from vestibule.doors.words import ago, say
from vestibule.errors import Conflict, Expired, Refusal
from vestibule.policy import Act

pages = Blueprint("totp", __name__, template_folder="templates")


@pages.route("/account/2fa", methods=["GET", "POST"])
@allowed(Act.CHANGE_FACTORS)
def show() -> Response:
    """Say how it stands with the app, or begin to set one up."""
    app = auth().totp.app(current_user)
    if app is None:
        # Before anything is read and pressed in vain.
        _ask_for_proof()
    return form_page(
        Question,
        "vestibule/totp/app.html",
        lambda _: auth().totp.begin(current_user, by=actor()),
        lambda _: _to("totp.confirm"),
        app=app,
        ago=ago,
    )


@pages.route("/account/2fa/confirm", methods=["GET", "POST"])
@allowed(Act.CHANGE_FACTORS)
def confirm() -> Response:
    """Show the secret of a set-up, and take the first code of the app."""
    try:
        found = auth().totp.begun(current_user, by=actor())
        return form_page(
            AppCode,
            "vestibule/totp/confirm.html",
            lambda form: auth().totp.confirm(
                current_user, form.code, by=actor()
            ),
            lambda _: first_codes(say("Your authenticator app is on")),
            set_up=found,
            picture=drawn(found.address),
        )
    except (Conflict, Expired) as refusal:
        return _no_more(refusal)


@pages.route("/account/2fa/remove", methods=["GET", "POST"])
@allowed(Act.CHANGE_FACTORS)
def remove() -> Response:
    """Ask whether to turn the app off, and do it."""
    _ask_for_proof()
    if auth().totp.app(current_user) is None:
        return _to("totp.show")
    return form_page(
        Question,
        "vestibule/totp/remove.html",
        lambda _: auth().totp.remove(current_user, by=actor()),
        lambda _: _removed(),
    )


def _ask_for_proof() -> None:
    """Lead first to where one proves once more who one is."""
    by = actor()
    auth().policy.require(by, Act.CHANGE_FACTORS, current_user.id)


def _removed() -> Response:
    """Say so, and show what is left."""
    visit().note("success", say("Your authenticator app is off"))
    return _to("second_factors.show")


def _no_more(refusal: Refusal) -> Response:
    """Say why there is nothing to confirm, where one can begin."""
    visit().note("info", said(refusal.faults[0]))
    return _to("totp.show")


def _to(endpoint: str) -> Response:
    """Lead on to another page."""
    return redirect(url_for(f"vestibule.{endpoint}"), 303)
