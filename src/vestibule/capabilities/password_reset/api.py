"""The API's calls to reset a forgotten password."""

from flask import Blueprint

from vestibule.capabilities.password_reset.forms import ResetAsk, ResetByToken
from vestibule.doors.api import api_call
from vestibule.doors.hall import auth
from vestibule.policy import Act

api = Blueprint("password_reset", __name__)


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
    status=204,
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
def finish(form: ResetByToken) -> None:
    """Set the password and end all sessions; nobody is signed in by that.

    The token is the end of the mailed link. It works once.
    """
    auth().password_reset.finish(form.token, form.new_password)
