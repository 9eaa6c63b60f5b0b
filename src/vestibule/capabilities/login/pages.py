"""The pages to sign in and out."""

from typing import Any

from flask import Blueprint, request, url_for
from werkzeug.wrappers import Response

from vestibule.capabilities.login.forms import SignIn, SignOut
from vestibule.doors.caller import (
    allowed,
    session_token,
    signed_in,
    signed_out_only,
)
from vestibule.doors.destinations import checked
from vestibule.doors.devices import device_tokens
from vestibule.doors.guards import is_foreign
from vestibule.doors.hall import auth, settings
from vestibule.doors.mailed_links import newcomer, welcome
from vestibule.doors.pages import form_page
from vestibule.doors.passage import page_answer
from vestibule.doors.second_steps import trusted_tokens, waiting_token
from vestibule.doors.words import say
from vestibule.errors import NotAllowed
from vestibule.outcomes import LoggedOut
from vestibule.policy import Act

pages = Blueprint("login", __name__, template_folder="templates")


@pages.route("/login", methods=["GET", "POST"])
@allowed(Act.SIGN_IN)
@signed_out_only
def sign_in() -> Response:
    """Show the form and sign somebody in."""
    return form_page(
        SignIn,
        "vestibule/login/login.html",
        _sign_in,
        sorry=say("Invalid credentials. Try again"),
        leads_on=checked(request.args.get("next"), settings()) is not None,
        takes_code=_takes_code,
    )


def _takes_code() -> bool:
    """Tell, after the form was taken, whether a code is waited for here."""
    is_sent = settings().sends_mail or settings().email.verified_required
    return is_sent and bool(newcomer()[0])


def _sign_in(form: SignIn) -> Any:
    """Sign in, or remember whose address must be confirmed first."""
    try:
        return auth().login.with_password(
            form.email,
            form.password,
            remember=form.remember,
            device=device_tokens(),
            trusted=trusted_tokens(),
        )
    except NotAllowed as refusal:
        ticket = getattr(refusal, "ticket", "")
        if ticket:
            welcome(form.email, ticket)
        raise


@pages.route("/logout", methods=["GET", "POST"])
@allowed(Act.SIGN_OUT)
def sign_out() -> Response:
    """Ask whether to sign out, and do it.

    Attack: a link or a picture of another site that signs people out,
    where a mere look does; whoever comes from there is asked.
    """
    is_done = settings().pages.logout_on_get and not is_foreign()
    if request.method == "GET" and is_done:
        response = page_answer(_out())
        response.headers["Location"] = url_for("vestibule.home")
        return response
    return form_page(
        SignOut,
        "vestibule/login/logout.html",
        lambda _: _out(),
    )


def _out() -> LoggedOut:
    """End the session, and a sign-in that waits for its second step.

    Whose it was is known to what answers.
    """
    signed_in()
    auth().second_factors.cancel(waiting_token())
    return auth().login.out(session_token())
