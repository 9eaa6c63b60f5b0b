"""The page to take one's data along."""

from flask import Blueprint
from werkzeug.wrappers import Response

from vestibule.capabilities.export.forms import Taking
from vestibule.doors.answers import download
from vestibule.doors.caller import actor, allowed
from vestibule.doors.hall import auth
from vestibule.doors.pages import form_page
from vestibule.doors.rooms import Room
from vestibule.policy import Act

pages = Blueprint("export", __name__, template_folder="templates")
ROOM = Room("export.take", "Download your data", is_named=True)


@pages.route("/users/<username>/export", methods=["GET", "POST"])
@allowed(Act.EXPORT)
def take(username: str) -> Response:
    """Say what the file holds, and hand it over."""
    owner = auth().policy.account(Act.EXPORT, actor(), username=username)
    return form_page(
        Taking,
        "vestibule/export/take.html",
        lambda _: auth().export.take(owner, by=actor()),
        lambda content: download(content, owner.username),
        owner=owner,
    )
