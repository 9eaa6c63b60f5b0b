"""The API's call to delete an account."""

from flask import Blueprint
from werkzeug.wrappers import Response

from vestibule.doors.answers import nothing
from vestibule.doors.api import api_call
from vestibule.doors.caller import (
    actor,
    current_user,
    forget_user,
    is_bearer,
)
from vestibule.doors.hall import auth, hall
from vestibule.policy import Act

api = Blueprint("deletion", __name__)


@api.delete("/users/<username>")
@api_call("Delete an account", Act.DELETE, status=204, refuses=("last_admin",))
def delete(username: str) -> Response:
    """Delete an account with everything that is kept of it, for good.

    It is for its owner and administrators to do, with a fresh proof.
    """
    owner = auth().policy.account(Act.DELETE, actor(), username=username)
    is_own = owner.id == current_user.id
    auth().deletion.delete(owner, by=actor())
    response = nothing()
    if is_own and not is_bearer():
        hall().see_out(response)
    forget_user()
    return response
