"""Guards: which requests nobody should serve, whoever sends them."""

from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from flask import request
from werkzeug.exceptions import BadRequest

from vestibule.doors.hall import hall, settings
from vestibule.doors.whence import is_by_http
from vestibule.errors import NotServed, Reason, Unavailable
from vestibule.ground.base_url import origin_of

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

LOOPBACK_HOSTS = {"localhost", "127.0.0.1", "::1", "0.0.0.0"}  # noqa: S104
_FORWARDED = (
    "HTTP_FORWARDED",
    "HTTP_X_FORWARDED_FOR",
    "HTTP_X_FORWARDED_HOST",
    "HTTP_X_REAL_IP",
    "HTTP_X_FORWARDED_PROTO",
    "HTTP_VIA",
)


# Marks a request that the gate asks to be refused, for the words of it.
BUSY = "vestibule.busy"


class ForeignOrigin(NotServed):
    """Another site tried to act here in the name of its visitor."""

    reason = Reason("request.foreign", "This request came from another site")


class NotFromHere(NotServed):
    """The preset serves this machine alone."""

    reason = Reason(
        "request.not_local", "This site answers only to its own machine"
    )


class ByHttp(NotServed):
    """Somebody came without encryption to a site that is to have it."""

    reason = Reason(
        "request.https_required", "This site is to be reached by https alone"
    )


def came_by_http() -> bool:
    """Tell whether this request came by http, and should not have."""
    own = hall()
    if not own.is_https:
        return False
    return is_by_http(request.environ, own.auth.settings.site.trusted_proxies)


def refuse_when_busy() -> None:
    """Refuse what the gate has sent to be refused.

    Raises:
        Unavailable: it has.
    """
    if BUSY in request.environ:
        raise Unavailable


def is_from_here() -> bool:
    """Tell whether this request comes from this machine and means to."""
    return is_local(request.environ)


def is_local(environ: "WSGIEnvironment") -> bool:
    """Tell whether a request comes from this machine and means to.

    Attack: DNS rebinding (the Host header), and a proxy in front that
    makes the whole world look local (forwarding headers).
    """
    peer = environ.get("REMOTE_ADDR") or ""
    try:
        is_here = ip_address(peer).is_loopback
        host = urlsplit(f"//{environ.get('HTTP_HOST', '')}").hostname
    except ValueError:
        return False
    is_forwarded = any(name in environ for name in _FORWARDED)
    return is_here and not is_forwarded and host in LOOPBACK_HOSTS


def refuse_outsiders() -> None:
    """Where only this machine is served, refuse everybody else."""
    if settings().site.loopback_only and not is_from_here():
        raise NotFromHere


def refuse_unreadable_queries() -> None:
    """Refuse a query whose bytes are no text, before anybody reads it.

    Not every server does; reading one would be a bug in each handler.
    Source: RFC 3986, section 2.5.
    """
    try:
        request.query_string.decode()
    except UnicodeDecodeError as error:
        raise BadRequest from error


def refuse_foreign_sites() -> None:
    """Refuse an act that another site's page started.

    A request with neither header comes from no browser and passes.
    Source: OWASP CSRF Prevention Cheat Sheet, Fetch Metadata.
    """
    if request.method not in ("GET", "HEAD", "OPTIONS"):
        refuse_foreign_site()


def refuse_foreign_site() -> None:
    """Refuse whatever another site's page has started.

    Raises:
        ForeignOrigin: it has.
    """
    if is_foreign():
        raise ForeignOrigin


def is_foreign() -> bool:
    """Tell whether another site's page has started this request.

    A neighbour on another subdomain is another site, also where it shares
    the sessions: it may know who is signed in, not act for them.
    """
    site = request.headers.get("Sec-Fetch-Site")
    if site not in (None, "same-origin", "none"):
        return True
    origin = request.headers.get("Origin")
    # Pages that hide their address send "null"; then only the browser's
    # own word that the site is the same counts.
    if origin == "null" and site == "same-origin":
        return False
    return origin is not None and origin not in _own_origins()


def _own_origins() -> set[str]:
    """List the origins that our own pages have."""
    origins = {origin_of(settings().base_url)}
    # Without a public address the one in the browser's bar must do.
    if not settings().site.base_url:
        origins.add(f"{request.scheme}://{request.host}")
    return origins
