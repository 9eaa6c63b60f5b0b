"""The pages to ask for a reset link and to use it."""

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from vestibule.capabilities.password_reset.forms import (
    NewPassword,
    ResetAskCalled,
)
from vestibule.doors.caller import allowed, signed_out_only
from vestibule.doors.hall import auth, settings
from vestibule.doors.pages import form_page
from vestibule.doors.refusals import said
from vestibule.doors.visit import visit
from vestibule.doors.words import say
from vestibule.errors import Expired
from vestibule.ground.names import masked
from vestibule.ground.words import waiting
from vestibule.policy import Act

pages = Blueprint("password_reset", __name__, template_folder="templates")


@pages.route("/password_reset", methods=["GET", "POST"])
@allowed(Act.RESET)
@signed_out_only
def ask() -> Response:
    """Ask for a link, or open the form of one that has ``?token=``."""
    token = request.args.get("token")
    if token is not None:
        return _finish(token)
    return form_page(
        ResetAskCalled,
        "vestibule/password_reset/ask.html",
        _ask,
        _asked,
    )


@pages.route("/password_reset/<token>", methods=["GET", "POST"])
@allowed(Act.RESET)
@signed_out_only
def finish(token: str) -> Response:
    """Open the form behind a mailed link, and set the new password."""
    return _finish(token)


def _finish(token: str) -> Response:
    """Show the form of a good token; looking at it never uses it up."""
    try:
        user = auth().password_reset.look(token)
        response = form_page(
            NewPassword,
            "vestibule/password_reset/finish.html",
            lambda form: auth().password_reset.finish(token, form.password),
            lambda _: _finished(),
            owner_of_link=user,
            address=masked(user.email),
            this_page="",
        )
    except Expired as refusal:
        visit().note("warning", said(refusal.faults[0]))
        response = redirect(url_for("vestibule.password_reset.ask"))
    # Attack: the address with the token in it leaks to whatever the page
    # links to.
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def _ask(form: ResetAskCalled) -> str:
    """Ask for a link, and say for whom as it was typed."""
    auth().password_reset.ask_called(form.email)
    return form.email


def _asked(name: str) -> Response:
    """Give the same answer whether there is an account or not."""
    visit().note(
        "info",
        say("Password reset token was sent to your email. Check inbox:)"),
    )
    visit().note(
        "info",
        say(
            "If there is an account for {email}, we have sent a message with "
            "a link. It works for {time}. If it does not arrive, check your "
            "spam folder",
            email=name,
            time=waiting(settings().email.link_life),
        ),
    )
    return redirect(url_for("vestibule.login.sign_in"))


def _finished() -> Response:
    """Send people to sign in with their new password."""
    visit().note("success", say("Your password was set. Try to login."))
    return redirect(url_for("vestibule.login.sign_in"))
