"""The API's call to prove once more who one is."""

from flask import Blueprint
from werkzeug.wrappers import Response

from vestibule.capabilities.recent_proof.forms import NewProof
from vestibule.doors.answers import BearerSession, Session
from vestibule.doors.api import api_answer, api_call
from vestibule.doors.caller import current_user, is_bearer, session_token
from vestibule.doors.devices import device_tokens
from vestibule.doors.hall import auth
from vestibule.policy import Act

api = Blueprint("recent_proof", __name__)


@api.post("/sessions/current/proof")
@api_call(
    "Confirm that it is you",
    Act.PROVE,
    takes=NewProof,
    gives=(Session, BearerSession),
    refuses=(
        "password.incorrect",
        "second_factor.missing",
        "second_factor.incorrect",
        "recovery_codes.incorrect",
        "recovery_codes.used",
        "rate.wait",
    ),
)
def confirm(form: NewProof) -> Response:
    """Prove by the password that it is still you.

    An account with a second factor sends its code along.

    Calls that refuse with `proof.too_old` work for a few minutes then. The
    session goes on under a new token, and the old one is dead: a cookie is
    replaced, a bearer is told the new token. Wrong passwords that strangers
    try do not hold up a program that sends the `device` that it keeps.
    """
    outcome = auth().recent_proof.confirm(
        current_user,
        form.password,
        session_token(),
        device_tokens(form.device),
        form.code,
    )
    return api_answer(outcome, bearer=is_bearer())
