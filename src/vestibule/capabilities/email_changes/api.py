"""The API's call to undo a change of address."""

import dataclasses

from flask import Blueprint

from vestibule.capabilities.email_changes.forms import UndoingByToken
from vestibule.doors.answers import Answer, Text, told
from vestibule.doors.api import api_call
from vestibule.doors.hall import auth
from vestibule.policy import Act

api = Blueprint("email_changes", __name__)


@dataclasses.dataclass(frozen=True, kw_only=True)
class OldAddress(Answer):
    """The address that the account has again."""

    email: str = told(Text, "The address", format="email")


@api.put("/email-verification/undo")
@api_call(
    "Undo a change of address with the token of the old address's link",
    Act.UNDO_EMAIL,
    takes=UndoingByToken,
    gives=OldAddress,
    refuses=("email.taken", "rate.wait", "undo.invalid"),
)
def undo(form: UndoingByToken) -> OldAddress:
    """Give an account back to the reader of its old address.

    All sessions end, and no password opens the account until its owner has
    set a new one: the link for that goes to the old address.
    """
    return OldAddress(email=auth().email_changes.undo(form.token).email)
