"""The page behind the link that undoes a change of address."""

from flask import Blueprint, redirect, url_for
from werkzeug.wrappers import Response

from vestibule.capabilities.email_changes.forms import Undoing
from vestibule.doors.caller import (
    allowed,
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

pages = Blueprint("email_changes", __name__, template_folder="templates")
LINK = MailedLink("undo", "email_changes.undo")


@pages.route("/verify-email/undo/<token>", methods=["GET", "POST"])
@allowed(Act.UNDO_EMAIL)
def open_link(token: str) -> Response:
    """Open a mailed link, and lead on to an address without its token."""
    return LINK.opened(token, auth().email_changes.look, _dead)


@pages.route("/verify-email/undo", methods=["GET", "POST"])
@allowed(Act.UNDO_EMAIL)
def undo() -> Response:
    """Say what the link that was opened does; only the button does it.

    Attack: mail scanners open every link, so opening must do nothing.
    """
    return LINK.shown(_undo, _dead)


def _undo(token: str) -> Response:
    """Show the button of a good token, and do what it says."""
    found = auth().email_changes.look(token)

    def act(form: Undoing) -> str:
        """Undo the change, if the form is the one of this link."""
        LINK.check(form.link, token)
        return auth().email_changes.undo(token).token

    return form_page(
        Undoing,
        "vestibule/email_changes/undo.html",
        act,
        _undone,
        address=masked(found.address),
        account=found.user.username,
        link=LINK.mark(token),
    )


def _undone(token: str) -> Response:
    """Sign this browser out, whoever it was, and lead on to the password."""
    response = NEW_PASSWORD.taken(token)
    if signed_in() is not None:
        auth().login.out(session_token())
        hall().see_out(response)
    visit().begin_anew()
    text = say("The change is undone. Now choose a new password")
    visit().note("success", text)
    forget_user()
    return response


def _dead(refusal: Expired) -> Response:
    """Say that a link is over, and lead to where help begins."""
    visit().note("warning", said(refusal.faults[0]))
    return redirect(url_for("vestibule.password_reset.ask"))
