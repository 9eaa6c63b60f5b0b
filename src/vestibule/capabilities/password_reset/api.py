"""The API's calls to reset a forgotten password."""

import dataclasses

from flask import Blueprint
from werkzeug.wrappers import Response

from vestibule.capabilities.password_reset.forms import ResetAsk, ResetByToken
from vestibule.doors.answers import Answer, Text, told
from vestibule.doors.api import api_call
from vestibule.doors.devices import keep_device
from vestibule.doors.hall import auth
from vestibule.policy import Act

api = Blueprint("password_reset", __name__)


@dataclasses.dataclass(frozen=True, kw_only=True)
class PasswordResetAnswer(Answer):
    """The password is set."""

    device: str | None = told(
        Text,
        "The secret by which this device is known at the next sign-in; it "
        "opens nothing. With `bearer` alone; else it is in a cookie",
        nullable=True,
        is_secret=True,
    )


@api.post("/password-reset")
@api_call(
    "Ask for a link to set a new password",
    Act.RESET,
    takes=ResetAsk,
    status=202,
    refuses=("email.format", "reset.no_account", "rate.wait"),
)
def ask(form: ResetAsk) -> None:
    """Mail the link, if the address has an account.

    The answer is the same if it has none, unless the operator allows to
    tell. The token is told nobody but the reader of the mail.
    """
    auth().password_reset.ask(form.email)


@api.put("/password-reset")
@api_call(
    "Set a new password with the token of the link",
    Act.RESET,
    takes=ResetByToken,
    gives=PasswordResetAnswer,
    refuses=(
        "password.characters",
        "password.common",
        "password.personal",
        "password.too_long",
        "password.too_short",
        "reset.invalid",
        "conflict",
        "rate.wait",
    ),
)
def finish(form: ResetByToken) -> Response:
    """Set the password and end all sessions; nobody is signed in by that.

    The token is the end of the mailed link. It works once. All known devices
    are forgotten but this one: a cookie says so at the next sign-in, or, with
    `"bearer": true`, the `device` that is told and sent there. Where the
    account has a second factor, this one is forgotten, too.
    """
    outcome = auth().password_reset.finish(
        form.token, form.new_password, remember=True
    )
    if form.bearer:
        return PasswordResetAnswer(device=outcome.device or None).response()
    response = PasswordResetAnswer(device=None).response()
    if outcome.device:
        keep_device(response, outcome.user_id, outcome.device)
    return response
