"""The pages to ask for a reset link and to use it."""

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from vestibule.capabilities.password_reset.forms import (
    NewPassword,
    ResetAskCalled,
)
from vestibule.doors.caller import (
    allowed,
    is_browser,
    signed_in,
    signed_out_only,
)
from vestibule.doors.devices import keep_device
from vestibule.doors.hall import auth, settings
from vestibule.doors.mailed_links import NEW_PASSWORD
from vestibule.doors.pages import form_page
from vestibule.doors.refusals import said
from vestibule.doors.visit import visit
from vestibule.doors.words import say
from vestibule.errors import Expired
from vestibule.ground.names import masked
from vestibule.ground.words import waiting
from vestibule.policy import Act

pages = Blueprint("password_reset", __name__, template_folder="templates")


@pages.before_request
def _tell_signed_in() -> None:
    """Say to whoever is signed in why they find themselves elsewhere."""
    if is_browser() and signed_in() is not None:
        text = say(
            "You are signed in here. To set a new password by mail, sign "
            "out first, then open the link again. If you know your "
            "password, change it under “Password”"
        )
        visit().note("info", text)


@pages.route("/password_reset", methods=["GET", "POST"])
@allowed(Act.RESET)
@signed_out_only
def ask() -> Response:
    """Ask for a link, or open one that has ``?token=``."""
    token = request.args.get("token")
    if token is not None:
        return NEW_PASSWORD.opened(token, auth().password_reset.look, _dead)
    return form_page(
        ResetAskCalled,
        "vestibule/password_reset/ask.html",
        _ask,
        _asked,
    )


@pages.route("/password_reset/<token>", methods=["GET", "POST"])
@allowed(Act.RESET)
@signed_out_only
def open_link(token: str) -> Response:
    """Open a mailed link, and lead on to an address without its token."""
    return NEW_PASSWORD.opened(token, auth().password_reset.look, _dead)


@pages.route("/password_reset/new", methods=["GET", "POST"])
@allowed(Act.RESET)
@signed_out_only
def finish() -> Response:
    """Show the form of the link that was opened, and set the password."""
    return NEW_PASSWORD.shown(_finish, _dead)


def _finish(token: str) -> Response:
    """Show the form of a good token; looking at it never uses it up."""
    user = auth().password_reset.look(token)

    def act(form: NewPassword) -> tuple[int, str]:
        """Set the password, if the form is the one of this link."""
        NEW_PASSWORD.check(form.link, token)
        done = auth().password_reset.finish(
            token, form.password, remember=True
        )
        return done.user_id, done.device

    return form_page(
        NewPassword,
        "vestibule/password_reset/finish.html",
        act,
        lambda known: _finished(*known),
        owner_of_link=user,
        address=masked(user.email),
        link=NEW_PASSWORD.mark(token),
    )


def _dead(refusal: Expired) -> Response:
    """Say that a link is over, and lead to where there are new ones."""
    visit().note("warning", said(refusal.faults[0]))
    text = say("If you asked more than once, use the newest message")
    visit().note("info", text)
    return redirect(url_for("vestibule.password_reset.ask"))


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


def _finished(owner: int, device: str) -> Response:
    """Send people to sign in with their new password, mostly known here."""
    visit().note("success", say("Your password was set. Try to login."))
    response = redirect(url_for("vestibule.login.sign_in"))
    if device:
        keep_device(response, owner, device)
    return response
