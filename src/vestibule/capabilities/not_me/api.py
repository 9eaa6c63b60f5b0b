"""The API's calls that shut out whoever is not the owner."""

import dataclasses

from flask import Blueprint

from vestibule.capabilities.not_me.forms import SecuringByToken
from vestibule.doors.answers import Answer, Text, told
from vestibule.doors.api import api_call
from vestibule.doors.caller import actor, current_user, session_token
from vestibule.doors.hall import auth
from vestibule.policy import Act

api = Blueprint("not_me", __name__)


@dataclasses.dataclass(frozen=True, kw_only=True)
class SecuredAnswer(Answer):
    """The account is secured, and wants a new password."""

    reset_token: str = told(
        Text, "Sets the new password at `/password-reset`", is_secret=True
    )


@api.put("/not-me")
@api_call(
    "Secure an account with the token of a letter",
    Act.SECURE,
    takes=SecuringByToken,
    gives=SecuredAnswer,
    refuses=("not_me.invalid", "rate.wait"),
)
def secure(form: SecuringByToken) -> SecuredAnswer:
    """Sign everybody out, and have the old password work no more.

    The token is the end of the link in the letter about a new device. It
    works once.
    """
    return SecuredAnswer(reset_token=auth().not_me.secure(form.token).token)


@api.post("/not-me")
@api_call("Sign out a stranger", Act.SHUT_OUT, status=204)
def shut_out() -> None:
    """End your other sessions, and cancel a change of your address.

    Change your password then.
    """
    auth().not_me.shut_out(current_user, keep=session_token(), by=actor())
