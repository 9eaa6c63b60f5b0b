"""The API's call to finish a sign-in by its second factor."""

from flask import Blueprint
from werkzeug.wrappers import Response

from vestibule.capabilities.second_factors.forms import NewSecondStep
from vestibule.doors.answers import NewBearerSession, OpenedSession
from vestibule.doors.api import api_answer, api_call
from vestibule.doors.caller import cookie_token
from vestibule.doors.devices import device_tokens
from vestibule.doors.hall import auth
from vestibule.policy import Act

api = Blueprint("second_factors", __name__)


@api.post("/sessions/second-factor")
@api_call(
    "Finish a sign-in by a code",
    Act.VERIFY,
    takes=NewSecondStep,
    gives=(OpenedSession, NewBearerSession),
    status=201,
    refuses=(
        "second_factor.incorrect",
        "second_factor.over",
        "recovery_codes.incorrect",
        "recovery_codes.used",
        "rate.wait",
    ),
)
def finish(form: NewSecondStep) -> Response:
    """Show the second factor of a sign-in that waits.

    `POST /sessions` answers 202 with `waiting` where an account has a second
    factor. The code is that of the authenticator app, or one of the recovery
    codes; spaces and dashes do not count.
    """
    outcome = auth().second_factors.finish(
        form.waiting,
        form.code,
        device=device_tokens(form.device),
        trust=form.trust and not form.bearer,
    )
    if not form.bearer:
        auth().login.out(cookie_token())
    return api_answer(outcome, bearer=form.bearer)
