"""The API's call to change one's password."""

from flask import Blueprint

from vestibule.capabilities.passwords.forms import NewPassword
from vestibule.doors.api import api_call
from vestibule.doors.caller import current_user, session_token
from vestibule.doors.devices import device_tokens
from vestibule.doors.hall import auth
from vestibule.policy import Act

api = Blueprint("passwords", __name__)


@api.put("/password")
@api_call(
    "Change your password",
    Act.CHANGE_PASSWORD,
    takes=NewPassword,
    status=204,
    refuses=(
        "old_password.incorrect",
        "password.characters",
        "password.common",
        "password.personal",
        "password.same",
        "password.too_long",
        "password.too_short",
        "conflict",
        "rate.wait",
    ),
)
def change(form: NewPassword) -> None:
    """Set a new password; your other sessions end.

    A program sends the `device` that it keeps: it stays known, and no other
    one does, and wrong passwords that strangers try do not hold it up.
    """
    auth().passwords.change(
        current_user,
        form.old_password,
        form.new_password,
        keep=session_token(),
        device=device_tokens(form.device),
    )
