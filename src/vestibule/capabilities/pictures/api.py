"""The API's calls to set and remove one's picture."""

import dataclasses

from flask import Blueprint, url_for

from vestibule.doors.answers import Answer, Text, told
from vestibule.doors.api import api_call
from vestibule.doors.caller import current_user
from vestibule.doors.hall import auth
from vestibule.doors.shapes import takes
from vestibule.ground.pictures import LARGEST_FILE
from vestibule.policy import Act

api = Blueprint("pictures", __name__)
MEDIA = ("image/png", "image/jpeg", "image/svg+xml")


@dataclasses.dataclass(frozen=True, kw_only=True)
class PictureAnswer(Answer):
    """Where a picture is."""

    picture: str = told(
        Text,
        "Where the picture is, for people who are signed in",
        format="uri-reference",
    )


@api.put("/profile/picture")
@takes(LARGEST_FILE, *MEDIA)
@api_call(
    "Set your picture",
    Act.CHANGE_PICTURE,
    media=MEDIA,
    gives=PictureAnswer,
    refuses=(
        "picture.blank",
        "picture.kind",
        "picture.pixels",
        "picture.unreadable",
        "rate.wait",
    ),
)
def replace(content: bytes) -> PictureAnswer:
    """Put the picture in the body in place of the one there was.

    It is drawn anew, so that nothing but what it shows is kept. What it is
    of is read from the file alone.
    """
    prepared = auth().pictures.prepare(content, user=current_user)
    picture = auth().pictures.replace(current_user, prepared)
    address = url_for("vestibule.pictures.show", name=picture.name)
    return PictureAnswer(picture=address)


@api.delete("/profile/picture")
@api_call("Remove your picture", Act.CHANGE_PICTURE, status=204)
def remove() -> None:
    """Take your picture away, if you have one."""
    auth().pictures.remove(current_user)
