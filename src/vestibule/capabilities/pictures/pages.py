"""The address of a picture."""

from flask import Blueprint, make_response
from werkzeug.wrappers import Response

from vestibule.doors.caller import allowed
from vestibule.doors.hall import auth
from vestibule.policy import Act

pages = Blueprint("pictures", __name__)

# Attack: a file that a browser takes for a page of ours, with scripts.
_POLICY = "default-src 'none'; sandbox"


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
    response.headers["Content-Security-Policy"] = _POLICY
    # As with every private answer, no cache: whoever uses this computer
    # after the sign-out finds no faces in it.
    response.headers["Cache-Control"] = "no-store"
    return response
