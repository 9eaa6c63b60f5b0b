"""The headers that every answer of Vestibule carries.

Source: OWASP Secure Headers Project; ASVS 5.0 3.4.
"""

from flask import request
from werkzeug.wrappers import Response

from vestibule.doors.hall import hall
from vestibule.doors.refusals import number

_POLICY = (
    # blob: is the preview of a picture that somebody is about to send.
    "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' blob:; font-src 'self'; manifest-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

# The same for whoever asks.
_FOR_ALL = {
    "vestibule.static",
    "vestibule.apidocs.openapi",
    "vestibule.brand.file",
    "vestibule.manifest.show",
    "vestibule.wellknown.icon",
    "vestibule.wellknown.robots",
    "vestibule.wellknown.security",
}


def add_headers(response: Response) -> Response:
    """Add what keeps an answer from being framed, sniffed or cached."""
    number(response)
    add = response.headers.setdefault
    add("Content-Security-Policy", _POLICY)
    add("X-Content-Type-Options", "nosniff")
    add("Referrer-Policy", "same-origin")
    add("Cross-Origin-Opener-Policy", "same-origin")
    add("Cross-Origin-Resource-Policy", "same-origin")
    if hall().auth.settings.is_https:
        add("Strict-Transport-Security", "max-age=31536000")
    if request.endpoint not in _FOR_ALL or response.status_code >= 400:
        # Attack: a shared cache that serves one person's page to another.
        response.headers["Cache-Control"] = "no-store"
        response.vary.update(("Cookie", "Accept", "Accept-Language"))
    return response
