"""The API's calls to confirm an address."""

import dataclasses

from flask import Blueprint

from vestibule.capabilities.email_verification.forms import (
    ConfirmationByCode,
    ConfirmationByToken,
)
from vestibule.doors.answers import Answer, Text, told
from vestibule.doors.api import api_call
from vestibule.doors.caller import actor, current_user, session_token
from vestibule.doors.hall import auth
from vestibule.policy import Act

api = Blueprint("email_verification", __name__)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Address(Answer):
    """The address that a link is about."""

    email: str = told(Text, "The address", format="email")


@api.post("/email-verification")
@api_call(
    "Ask for another message to confirm your address",
    Act.ASK_CONFIRM,
    gives=Address,
    status=202,
    refuses=("rate.wait",),
)
def send_again() -> Address:
    """Mail link and code to your new address, or your own if none waits."""
    return Address(email=auth().email_verification.send_again(current_user))


@api.put("/email-verification")
@api_call(
    "Confirm an address with the token of the link",
    Act.CONFIRM_EMAIL,
    takes=ConfirmationByToken,
    gives=Address,
    refuses=(
        "email.password",
        "email.taken",
        "link.invalid",
        "password.incorrect",
        "rate.wait",
    ),
)
def confirm(form: ConfirmationByToken) -> Address:
    """Confirm the address that the link was mailed to.

    It becomes the address of the account if it was to change, and all
    other sessions end then. The token is the end of the mailed link. It
    works once. Whoever is not signed in to that very account gives its
    password as well: reading the mail does not show whose account it is.
    """
    verified = auth().email_verification.confirm(
        form.token, by=actor(), password=form.password, keep=session_token()
    )
    return Address(email=verified.email)


@api.put("/email-verification/code")
@api_call(
    "Confirm an address with the code of the message",
    Act.CONFIRM_EMAIL,
    takes=ConfirmationByCode,
    gives=Address,
    refuses=(
        "auth.required",
        "code.format",
        "code.incorrect",
        "credentials.incorrect",
        "email.taken",
        "link.invalid",
        "rate.wait",
    ),
)
def confirm_by_code(form: ConfirmationByCode) -> Address:
    """Confirm the address that the code was mailed to.

    The code may be sent with spaces. It has five tries, and works once and
    for an hour at most. Whoever is not signed in gives `name` and
    `password`, which works also while a sign-in waits for the address to
    be confirmed.
    """
    by = actor()
    if form.name or by.user is None:
        by = auth().email_verification.claimant(form.name, form.password)
    verified = auth().email_verification.confirm_by_code(
        form.code, by=by, keep=session_token()
    )
    return Address(email=verified.email)
