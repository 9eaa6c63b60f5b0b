"""The page that asks for the password once more."""

from flask import Blueprint
from werkzeug.wrappers import Response

from vestibule.capabilities.recent_proof.forms import Confirmation
from vestibule.doors.caller import allowed, current_user, session_token
from vestibule.doors.devices import device_tokens
from vestibule.doors.hall import auth, settings
from vestibule.doors.pages import form_page
from vestibule.ground.words import waiting
from vestibule.policy import Act

pages = Blueprint("recent_proof", __name__, template_folder="templates")


@pages.route("/confirm", methods=["GET", "POST"])
@allowed(Act.PROVE)
def confirm() -> Response:
    """Ask for the password, and lead back to where it was needed."""
    return form_page(
        Confirmation,
        "vestibule/recent_proof/confirm.html",
        lambda form: auth().recent_proof.confirm(
            current_user,
            form.password,
            session_token(),
            device_tokens(),
            form.code,
        ),
        ways=auth().second_factors.ways(current_user),
        life=waiting(settings().sessions.proof),
    )
