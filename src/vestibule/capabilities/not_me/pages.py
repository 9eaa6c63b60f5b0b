"""The pages that shut out whoever is not the owner of an account."""

from flask import Blueprint, redirect, url_for
from werkzeug.wrappers import Response

from vestibule.capabilities.not_me.forms import Securing, ShuttingOut
from vestibule.doors.caller import (
    actor,
    allowed,
    current_user,
    forget_user,
    session_token,
    signed_in,
)
from vestibule.doors.hall import auth, hall
from vestibule.doors.mailed_links import NEW_PASSWORD, MailedLink
from vestibule.doors.pages import form_page
from vestibule.doors.refusals import said
from vestibule.doors.visit import visit
from vestibule.doors.words import say
from vestibule.errors import Expired
from vestibule.ground.names import masked
from vestibule.policy import Act

pages = Blueprint("not_me", __name__, template_folder="templates")
LINK = MailedLink("not_me", "not_me.secure")


@pages.get("/security/not-me/<token>")
@allowed(Act.SECURE)
def open_link(token: str) -> Response:
    """Open a mailed link, and lead on to an address without its token."""
    return LINK.opened(token, auth().not_me.look, _dead)


@pages.route("/security/not-me", methods=["GET", "POST"])
@allowed(Act.SECURE)
def secure() -> Response:
    """Say what the link that was opened does; only the button does it.

    Attack: mail scanners open every link, so opening must do nothing.
    """
    return LINK.shown(_secure, _dead)


def _secure(token: str) -> Response:
    """Show the button of a good token, and do what it says."""
    user = auth().not_me.look(token)

    def act(form: Securing) -> str:
        """Secure the account, if the form is the one of this link."""
        LINK.check(form.link, token)
        return auth().not_me.secure(token).token

    return form_page(
        Securing,
        "vestibule/not_me/secure.html",
        act,
        _secured,
        address=masked(user.email),
        link=LINK.mark(token),
    )


def _dead(refusal: Expired) -> Response:
    """Say that a link is over, and lead to where there are others."""
    visit().note("warning", said(refusal.faults[0]))
    return redirect(url_for("vestibule.password_reset.ask"))


def _secured(token: str) -> Response:
    """Sign this browser out, whoever it was, and lead on to the password."""
    # The letter has proven what the link of a reset proves.
    response = NEW_PASSWORD.taken(token)
    if signed_in() is not None:
        auth().login.out(session_token())
        hall().see_out(response)
    visit().begin_anew()
    text = say("Everybody is signed out. Now choose a new password")
    visit().note("success", text)
    forget_user()
    return response


@pages.route("/account/not-me", methods=["GET", "POST"])
@allowed(Act.SHUT_OUT)
def shut_out() -> Response:
    """Sign everybody else out, and lead on to a new password."""
    auth().policy.require(actor(), Act.SHUT_OUT, current_user.id)
    return form_page(
        ShuttingOut,
        "vestibule/not_me/shut_out.html",
        lambda _: auth().not_me.shut_out(
            current_user, keep=session_token(), by=actor()
        ),
        lambda _: _shut_out(),
    )


def _shut_out() -> Response:
    """Say what is done, and what is left to do."""
    text = say("Nobody else is signed in any more. Change your password now")
    visit().note("success", text)
    return redirect(url_for("vestibule.passwords.change"))
