"""The classic door: the auth-service contract's routes and statuses.

Form-encoded or JSON in, JSON out, over the same operations as the pages.
"""

import json
from base64 import b64encode
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from flask import Blueprint, request, url_for
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from vestibule.capabilities.login.forms import ClassicSignIn
from vestibule.capabilities.password_reset.forms import ClassicReset, ResetAsk
from vestibule.capabilities.registration.forms import ClassicSignUp
from vestibule.doors.caller import (
    allowed,
    is_browser,
    session_token,
    signed_in,
)
from vestibule.doors.devices import device_tokens, keep_device
from vestibule.doors.hall import auth, hall
from vestibule.doors.refusals import HTTP_REASONS, retry_header, said
from vestibule.doors.shapes import read_any
from vestibule.doors.words import wish
from vestibule.errors import (
    Conflict,
    Expired,
    Fault,
    Malformed,
    Missing,
    NotAllowed,
    NotProven,
    NotServed,
    Reason,
    Refusal,
    TooMany,
    Unavailable,
)
from vestibule.outcomes import LoggedIn
from vestibule.policy import Act
from vestibule.shape import Shape

S = TypeVar("S", bound=Shape)
SECOND_STEP = Reason(
    "second_factor.elsewhere",
    "This account has a second step. Sign in on the page, or by the API",
)
Statuses = Mapping[type[Refusal], int]

classic = Blueprint("classic", __name__)

ALWAYS: Statuses = {Malformed: 400, TooMany: 429, Unavailable: 503}
SIGN_UP: Statuses = {**ALWAYS, Conflict: 400}
SIGN_IN: Statuses = {**ALWAYS, NotProven: 401, NotAllowed: 401}
RESET: Statuses = {**ALWAYS, Malformed: 403, Expired: 403, Missing: 403}


def answer(status: int, **body: str) -> Response:
    """Write a JSON object byte for byte as the contract has it."""
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return Response(text, status, mimetype="application/json")


def json_call(
    shape: type[S],
    act: Callable[[S], Any],
    reply: Callable[[Any], Response],
    statuses: Statuses,
) -> Response:
    """Read a shape, act, and answer with the outcome or the refusal."""
    try:
        return reply(act(read_any(shape)))
    except Refusal as refusal:
        return _refused(refusal, statuses)
    except HTTPException as error:
        return _unread(error, statuses)


def _refused(refusal: Refusal, statuses: Statuses) -> Response:
    """Say a refusal as the contract does: a status and a message."""
    status = next(
        (statuses[k] for k in type(refusal).__mro__ if k in statuses), 400
    )
    message = said(refusal.faults[0])
    if refusal.code == "email.taken":
        message = "email already registered"
    response = answer(status, message=message)
    response.headers.update(retry_header(refusal))
    work = getattr(refusal, "challenge", None)
    if work:
        # The contract says what the body is, to the byte.
        packed = b64encode(json.dumps(work).encode()).decode()
        response.headers["Vestibule-Challenge"] = packed
    return response


def _unread(error: HTTPException, statuses: Statuses) -> Response:
    """Answer that HTTP itself refuses what came: too large, no JSON."""
    status = 413 if error.code == 413 else statuses[Malformed]
    reason = HTTP_REASONS.get(error.code or 400, HTTP_REASONS[400])
    return answer(status, message=said(Fault(reason)))


def _unread_here(error: HTTPException) -> Response:
    """Answer a body that was refused before it was read."""
    return _unread(error, ALWAYS)


# Each by itself, too, or the handlers of the hall around would come first.
classic.register_error_handler(HTTPException, _unread_here)
for _status in HTTP_REASONS:
    classic.register_error_handler(_status, _unread_here)


@classic.errorhandler(Refusal)
def _(refusal: Refusal) -> Response:
    """Answer a refusal outside of any shape, as of a foreign site."""
    return _refused(refusal, {**ALWAYS, NotServed: 403})


@classic.post("/users")
@allowed(Act.REGISTER)
def users() -> Response:
    """Create an account from an address and a password."""
    return json_call(
        ClassicSignUp,
        lambda form: auth().registration.sign_up(
            form.email, form.password, language=wish()
        ),
        lambda o: answer(200, email=o.email, message="user created"),
        SIGN_UP,
    )


@classic.post("/sessions")
@allowed(Act.SIGN_IN)
def sessions() -> Response:
    """Sign in and hand out the session's cookie."""
    return json_call(
        ClassicSignIn,
        lambda form: auth().login.with_password(
            form.email, form.password, device=device_tokens()
        ),
        _logged_in,
        SIGN_IN,
    )


def _logged_in(outcome: Any) -> Response:
    """Answer a sign-in; only a complete one gets the cookie."""
    if not isinstance(outcome, LoggedIn):
        return answer(401, message=said(Fault(SECOND_STEP)))
    # A session whose cookie is replaced would lie about, open, for hours.
    auth().login.out(session_token())
    response = answer(200, email=outcome.user.email, message="logged in")
    hall().set_cookie(response, hall().session_cookie, outcome.token)
    keep_device(response, outcome.user.id, outcome.device)
    return response


@classic.delete("/sessions")
@allowed(Act.SIGN_OUT)
def end_session() -> Response:
    """Sign out and lead to the entrance."""
    if signed_in() is None:
        return answer(403, message=str(NotProven()))
    auth().login.out(session_token())
    home = url_for("vestibule.home")
    response = Response(status=302, headers={"Location": home})
    hall().see_out(response)
    return response


@classic.post("/reset_password")
@allowed(Act.RESET)
def ask_reset() -> Response:
    """Ask for a reset token."""
    return json_call(
        ResetAsk,
        lambda form: auth().password_reset.ask(form.email),
        _reset_asked,
        RESET,
    )


def _reset_asked(outcome: Any) -> Response:
    """Hand the token over only where the operator says so."""
    if outcome.token is not None:
        return answer(200, email=outcome.email, reset_token=outcome.token)
    return answer(
        200,
        message="If there is an account, a message with a link is on its way",
    )


@classic.put("/reset_password")
@allowed(Act.RESET)
def finish_reset() -> Response:
    """Set a new password with a reset token."""
    return json_call(
        ClassicReset,
        lambda form: auth().password_reset.finish(
            form.reset_token, form.new_password, form.email
        ),
        lambda o: answer(200, email=o.email, message="Password updated"),
        RESET,
    )


def welcome() -> Response:
    """Welcome a program at the entrance."""
    return answer(200, message="Bienvenue")


def profile() -> Response:
    """Say to a program who is signed in."""
    user = signed_in()
    if user is None:
        return answer(403, message=str(NotProven()))
    return answer(200, email=user.email)


# Addresses that the pages have as well; a program gets these instead.
_SHARED = {
    "vestibule.home": welcome,
    "vestibule.profile.show": profile,
}


def answer_programs() -> Response | None:
    """Answer a program at an address that shows a page to a browser."""
    if request.method not in ("GET", "HEAD") or is_browser():
        return None
    shared = _SHARED.get(request.endpoint or "")
    try:
        return None if shared is None else shared()
    except Refusal as refusal:
        return _refused(refusal, ALWAYS)
