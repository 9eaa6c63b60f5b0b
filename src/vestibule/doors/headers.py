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

_ALWAYS = (
    ("Content-Security-Policy", _POLICY),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "same-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
)
_BY_HTTPS = (("Strict-Transport-Security", "max-age=31536000"),)
# By what an answer differs that may be about somebody.
_VARY = ("Cookie", "Accept", "Accept-Language")

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


def _sharing(targets: str) -> tuple[str, str]:
    """Let a form lead on to the subdomains that share the sessions.

    Chromium holds where a form was redirected to against this, too.
    """
    name, policy = _ALWAYS[0]
    own = "form-action 'self'"
    return name, policy.replace(own, f"{own} {targets}")


def add_headers(response: Response) -> Response:
    """Add what keeps an answer from being framed, sniffed or cached."""
    number(response)
    headers = response.headers
    there = {name.lower() for name, _ in headers}
    wanted: tuple[tuple[str, str], ...] = _ALWAYS
    targets = hall().form_targets
    if targets:
        wanted = (_sharing(targets), *_ALWAYS[1:])
    if hall().is_https:
        wanted += _BY_HTTPS
    for name, value in wanted:
        if name.lower() not in there:
            headers.add(name, value)
    if request.endpoint not in _FOR_ALL or response.status_code >= 400:
        # Attack: a shared cache that serves one person's page to another.
        headers["Cache-Control"] = "no-store"
        if "vary" in there:
            response.vary.update(_VARY)
        else:
            headers.add("Vary", ", ".join(_VARY))
    return response
