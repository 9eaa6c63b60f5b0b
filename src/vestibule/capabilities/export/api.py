"""The API's call to take one's data along."""

from flask import Blueprint
from werkzeug.wrappers import Response

from vestibule.doors.answers import ZIP, download
from vestibule.doors.api import api_call
from vestibule.doors.caller import actor
from vestibule.doors.guards import refuse_foreign_site
from vestibule.doors.hall import auth
from vestibule.policy import Act

api = Blueprint("export", __name__)


@api.get("/users/<username>/export")
@api_call(
    "Download your data",
    Act.EXPORT,
    file=ZIP,
    refuses=("rate.wait", "request.foreign"),
)
def take(username: str) -> Response:
    """Hand over a zip file with all that is kept of you.

    It holds `my-data.json` and your picture; it takes a fresh proof.
    """
    # Attack: another site's link that leaves somebody's data on the disk
    # of whoever follows it.
    refuse_foreign_site()
    owner = auth().policy.account(Act.EXPORT, actor(), username=username)
    content = auth().export.take(owner, by=actor())
    return download(content, owner.username)
