"""The API's calls to confirm an address."""

import dataclasses

from flask import Blueprint

from vestibule.capabilities.email_verification.forms import ConfirmationByToken
from vestibule.doors.answers import Answer, Text, told
from vestibule.doors.api import api_call
from vestibule.doors.caller import current_user
from vestibule.doors.hall import auth
from vestibule.policy import Act

api = Blueprint("email_verification", __name__)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Address(Answer):
    """The address that a link is about."""

    email: str = told(Text, "The address", format="email")


@api.post("/email-verification")
@api_call(
    "Ask for another link to confirm your address",
    Act.ASK_CONFIRM,
    gives=Address,
    status=202,
    refuses=("rate.wait",),
)
def send_again() -> Address:
    """Mail a link to your new address, or to your own if none waits."""
    return Address(email=auth().email_verification.send_again(current_user))


@api.put("/email-verification")
@api_call(
    "Confirm an address with the token of the link",
    Act.CONFIRM_EMAIL,
    takes=ConfirmationByToken,
    gives=Address,
    refuses=("email.taken", "link.invalid"),
)
def confirm(form: ConfirmationByToken) -> Address:
    """Confirm the address that the link was mailed to.

    It becomes the address of the account if it was to change. The token is
    the end of the mailed link. It works once.
    """
    return Address(email=auth().email_verification.confirm(form.token).email)
