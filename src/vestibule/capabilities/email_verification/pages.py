"""The page behind the link that confirms an address."""

from flask import Blueprint, redirect, url_for
from werkzeug.wrappers import Response

from vestibule.capabilities.email_verification.forms import Confirmation
from vestibule.doors.caller import allowed, current_user, signed_in
from vestibule.doors.hall import auth
from vestibule.doors.pages import form_page
from vestibule.doors.refusals import said
from vestibule.doors.visit import visit
from vestibule.doors.words import say
from vestibule.errors import Expired
from vestibule.policy import Act

pages = Blueprint("email_verification", __name__, template_folder="templates")


@pages.route("/verify-email", methods=["GET", "POST"])
@allowed(Act.ASK_CONFIRM)
def send_again() -> Response:
    """Offer to send the link again, and send it."""
    return form_page(
        Confirmation,
        "vestibule/email_verification/send_again.html",
        lambda _: auth().email_verification.send_again(current_user),
        _sent_again,
        address=auth().email_verification.pending(current_user),
    )


def _sent_again(address: str) -> Response:
    """Say where the message went."""
    text = say("We have sent a message to {email}", email=address)
    visit().note("success", text)
    return redirect(url_for("vestibule.profile.show"))


@pages.route("/verify-email/<token>", methods=["GET", "POST"])
@allowed(Act.CONFIRM_EMAIL)
def confirm(token: str) -> Response:
    """Show a button; only pressing it confirms.

    Attack: mail scanners open every link, so opening must do nothing.
    """
    try:
        address = auth().email_verification.look(token)
        response = form_page(
            Confirmation,
            "vestibule/email_verification/confirm.html",
            lambda _: auth().email_verification.confirm(token),
            lambda _: _confirmed(),
            address=address,
            this_page="",
        )
    except Expired as refusal:
        visit().note("warning", _dead(refusal))
        response = redirect(_next_page())
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def _dead(refusal: Expired) -> str:
    """Say that a link is dead, and where to get another one.

    The page to ask for one is only for whoever is signed in.
    """
    if signed_in() is not None:
        return said(refusal.faults[0])
    return say(
        "This link has been used or is too old. Sign in, and you can ask "
        "for a new one"
    )


def _confirmed() -> Response:
    """Say that the address is confirmed."""
    visit().note("success", say("Your email address is confirmed"))
    return redirect(_next_page())


def _next_page() -> str:
    """Go on to the profile, or to the sign-in page."""
    if signed_in() is not None:
        return url_for("vestibule.profile.show")
    return url_for("vestibule.login.sign_in")
