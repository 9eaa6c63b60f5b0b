"""The API's calls to sign in and out."""

from flask import Blueprint
from werkzeug.wrappers import Response

from vestibule.capabilities.login.forms import NewSession
from vestibule.doors.answers import (
    NewBearerSession,
    OpenedSession,
    WaitingSignIn,
)
from vestibule.doors.api import api_answer, api_call
from vestibule.doors.caller import cookie_token, session_token
from vestibule.doors.devices import device_tokens
from vestibule.doors.hall import auth
from vestibule.doors.second_steps import trusted_tokens
from vestibule.policy import Act

api = Blueprint("login", __name__)


@api.post("/sessions")
@api_call(
    "Sign in",
    Act.SIGN_IN,
    takes=NewSession,
    gives=(OpenedSession, NewBearerSession, WaitingSignIn),
    status=201,
    refuses=("credentials.incorrect", "email.unverified", "rate.wait"),
)
def sign_in(form: NewSession) -> Response:
    """Open a session by e-mail address or username and password.

    The session is a cookie, and its token is told nobody. With
    `"bearer": true` the token is told, and there is no cookie. A session
    whose cookie is replaced is over. Keep the `device` that is told beside
    a token, and send it at the next sign-in: wrong passwords that strangers
    try do not hold up a device that is known.

    Where the account has a second factor, the answer is 202 and no session
    yet; `POST /sessions/second-factor` takes what it says.
    """
    outcome = auth().login.with_password(
        form.name,
        form.password,
        remember=form.remember,
        device=device_tokens(form.device),
        trusted=() if form.bearer else trusted_tokens(),
    )
    if not form.bearer:
        auth().login.out(cookie_token())
    return api_answer(outcome, bearer=form.bearer)


@api.delete("/sessions/current")
@api_call("Sign out", Act.END_SESSION, status=204)
def sign_out() -> Response:
    """End the session of this request, and take its cookie back."""
    return api_answer(auth().login.out(session_token()))
