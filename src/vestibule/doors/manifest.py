"""What a device shows of the site among its applications.

Source: W3C, Web Application Manifest.
"""

import json

from flask import Blueprint, request, url_for
from werkzeug.wrappers import Response

from vestibule.doors.caller import allowed
from vestibule.doors.files import cached
from vestibule.doors.hall import hall, settings
from vestibule.policy import Act

manifest = Blueprint("manifest", __name__)

_ICONS = (
    ("mark.svg", "any", "image/svg+xml", "any"),
    ("icon-192.png", "192x192", "image/png", "any"),
    ("icon-512.png", "512x512", "image/png", "any"),
    ("icon-maskable-512.png", "512x512", "image/png", "maskable"),
)


@manifest.get("/manifest.webmanifest")
@allowed(Act.ENTER)
def show() -> Response:
    """Name the site, its colours and its icons."""
    wall = hall().brand.colour("bg")
    entrance = url_for("vestibule.home")
    told = {
        "name": settings().site.name,
        "lang": settings().brand.language,
        "start_url": entrance,
        "scope": entrance,
        # Who types a password should see the address.
        "display": "minimal-ui",
        "background_color": wall,
        "theme_color": wall,
        "icons": [
            {
                "src": url_for("vestibule.static", filename=name),
                "sizes": sizes,
                "type": kind,
                "purpose": purpose,
            }
            for name, sizes, kind, purpose in _ICONS
        ],
    }
    text = json.dumps(told, ensure_ascii=False, indent=1)
    response = Response(text, mimetype="application/manifest+json")
    response.add_etag()
    return cached(response).make_conditional(request)
