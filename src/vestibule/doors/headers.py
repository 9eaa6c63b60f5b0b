"""The headers that every answer of Vestibule carries.

No library writes them: which answers may be kept, and where forms lead, it
could not know, and what is left are these few lines.

Source: OWASP Secure Headers Project; ASVS 5.0 3.4.
"""

from flask import request
from werkzeug.wrappers import Response

from vestibule.doors.hall import Hall, hall
from vestibule.doors.refusals import number

_POLICY = (
    # blob: is the preview of a picture that somebody is about to send.
    # The worker computes a proof of work, proof.js; passkeys.js fetches
    # what a browser is asked.
    "default-src 'none'; script-src 'self'; worker-src 'self'; "
    "style-src 'self'; img-src 'self' blob:; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)

# Of what is no page: whoever opens it by itself has nothing that acts.
INERT = (
    "default-src 'none'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
SHUT_IN = f"{INERT}; sandbox"

# Not Permissions-Policy: nothing of others runs in our pages, and a host
# whose frame is around them may want what it would take away.
_ALWAYS = (
    ("Content-Security-Policy", _POLICY),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "same-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
)
# By VESTIBULE_HSTS. Only the operator knows whether every subdomain speaks
# https; one that does not could be reached by nobody any more.
_BY_HTTPS = {
    "host": (("Strict-Transport-Security", "max-age=31536000"),),
    "subdomains": (
        (
            "Strict-Transport-Security",
            "max-age=31536000; includeSubDomains",
        ),
    ),
}
# By what an answer differs that may be about somebody.
_VARY = ("Cookie", "Authorization", "Accept", "Accept-Language")

# The same for whoever asks.
_FOR_ALL = {
    "vestibule.static",
    "vestibule.apidocs.openapi",
    "vestibule.brand.file",
    "vestibule.manifest.show",
    "vestibule.wellknown.icon",
    "vestibule.wellknown.passkeys",
    "vestibule.wellknown.related",
    "vestibule.wellknown.robots",
    "vestibule.wellknown.security",
}


def of_no_page(own: Hall) -> tuple[tuple[str, str], ...]:
    """List the headers of an answer that is made without Flask."""
    more = _BY_HTTPS[own.hsts] if own.is_https else ()
    return (("Content-Security-Policy", INERT), *_ALWAYS[1:], *more)


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
    own = hall()
    if own.form_targets:
        wanted = (_sharing(own.form_targets), *_ALWAYS[1:])
    if own.is_https:
        wanted += _BY_HTTPS[own.hsts]
    for name, value in wanted:
        if name.lower() not in there:
            headers.add(name, value)
    is_for_all = request.endpoint in _FOR_ALL and "cache-control" in there
    if not is_for_all or response.status_code >= 400:
        # Attack: a shared cache that serves one person's page to another.
        headers["Cache-Control"] = "no-store"
        if "vary" in there:
            response.vary.update(_VARY)
        else:
            headers.add("Vary", ", ".join(_VARY))
    return response
