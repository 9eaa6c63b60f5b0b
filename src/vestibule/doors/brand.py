"""The files of the operator's brand, where there is one."""

from typing import Any

from flask import Blueprint, abort
from werkzeug.wrappers import Response

from vestibule.doors.caller import allowed
from vestibule.doors.files import answer, found_at
from vestibule.doors.hall import hall
from vestibule.doors.headers import SHUT_IN
from vestibule.ground.brand import FILES
from vestibule.policy import Act

brand = Blueprint("brand", __name__)

# Attack: a logo, made by somebody else, that is opened by itself and then
# acts as a page of ours.
_POLICY = f"{SHUT_IN}; style-src 'unsafe-inline'"


@allowed(Act.ENTER)
def file(name: str) -> Response:
    """Send one of the few files that a brand has."""
    found = hall().brand.path(name)
    kept = found_at(found) if found else None
    if kept is None:
        abort(404)
    response = answer(kept)
    response.headers["Content-Security-Policy"] = _POLICY
    return response


for _name in FILES:
    brand.add_url_rule(
        f"/brand/{_name}", "file", file, defaults={"name": _name}
    )


@brand.url_defaults
def _add_mark(_: str, values: dict[str, Any]) -> None:
    """Put the mark of a file into its address."""
    found = hall().brand.path(values.get("name", ""))
    kept = found_at(found) if found else None
    if kept is not None:
        values.setdefault("v", kept.mark)
