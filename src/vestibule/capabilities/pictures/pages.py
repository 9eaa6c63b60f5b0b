"""The address of a picture."""

from flask import Blueprint, make_response
from werkzeug.wrappers import Response

from vestibule.doors.caller import allowed
from vestibule.doors.hall import auth
from vestibule.doors.headers import SHUT_IN
from vestibule.policy import Act

pages = Blueprint("pictures", __name__)


@pages.get("/pictures/<name>")
@allowed(Act.SEE_PICTURE)
def show(name: str) -> Response:
    """Show a picture to anybody who is signed in."""
    picture, content = auth().pictures.open(name)
    response = make_response(content)
    response.content_type = picture.media_type
    kind = picture.name.rpartition(".")[2]
    response.headers["Content-Disposition"] = (
        f"inline; filename=picture.{kind}"
    )
    # Attack: a file that a browser takes for a page of ours, with scripts.
    response.headers["Content-Security-Policy"] = SHUT_IN
    # As with every private answer, no cache: whoever uses this computer
    # after the sign-out finds no faces in it.
    response.headers["Cache-Control"] = "no-store"
    return response
