"""Https: what becomes of a request that came without it.

Programs and forms are refused: an answer, or a redirect that is followed
silently, would hide that a password or token has gone over the net for
everybody to read. Only a browser that looks is led on.
Source: OWASP ASVS 5.0 4.1.2.
"""

from urllib.parse import quote, urlsplit

from flask import redirect, request
from werkzeug.wrappers import Response

from vestibule.doors.caller import is_api, is_browser
from vestibule.doors.guards import ByHttp
from vestibule.doors.hall import settings
from vestibule.doors.stay import stay
from vestibule.policy import STRANGER

_LOOKS = ("GET", "HEAD")
# What stands in a path or query as it is (RFC 3986, section 3.4).
_AS_IT_IS = "/?:@!$&'()*+,;=~%"


def led_or_refused() -> Response:
    """Lead a browser that looks to the same page by https.

    Raises:
        ByHttp: it is a program, or something is sent.
    """
    # Attack: a token that was read on the way finds out whose it is.
    stay().actor = STRANGER
    if request.method not in _LOOKS or is_api() or not is_browser():
        raise ByHttp
    # The method stays, and no cache keeps the answer.
    return redirect(_by_https(), 308)


def _by_https() -> str:
    """Say the address of this request as it should have been."""
    place = settings()
    prefix, path = place.site.url_prefix, request.path
    if path == prefix or path.startswith(f"{prefix}/"):
        root, path = place.site_root, path.removeprefix(prefix)
    else:
        # What stands at the root of the host, as in /.well-known/.
        root = urlsplit(place.base_url)._replace(path="").geturl()
    query = quote(request.query_string, safe=_AS_IT_IS)
    return f"{root}{quote(path)}" + (f"?{query}" if query else "")
