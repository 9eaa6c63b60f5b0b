"""Guards: which requests nobody should serve, whoever sends them."""

from ipaddress import ip_address
from urllib.parse import urlsplit

from flask import request

from vestibule.doors.hall import settings
from vestibule.errors import NotAllowed, Reason

LOOPBACK_HOSTS = {"localhost", "127.0.0.1", "::1", "0.0.0.0"}  # noqa: S104
_FORWARDED = (
    "Forwarded",
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Real-IP",
    "X-Forwarded-Proto",
    "Via",
)


class ForeignOrigin(NotAllowed):
    """Another site tried to act here in the name of its visitor."""

    reason = Reason("request.foreign", "This request came from another site")


class NotFromHere(NotAllowed):
    """The preset serves this machine alone."""

    reason = Reason(
        "request.not_local", "This site answers only to its own machine"
    )


def refuse_outsiders() -> None:
    """Where only this machine is served, refuse everybody else.

    Attack: DNS rebinding (the Host header), and a proxy in front that
    makes the whole world look local (forwarding headers).
    """
    if not settings().site.loopback_only:
        return
    peer = request.environ.get("REMOTE_ADDR") or ""
    try:
        is_here = ip_address(peer).is_loopback
        host = urlsplit(f"//{request.headers.get('Host', '')}").hostname
    except ValueError:
        raise NotFromHere from None
    is_forwarded = any(name in request.headers for name in _FORWARDED)
    if not is_here or is_forwarded or host not in LOOPBACK_HOSTS:
        raise NotFromHere


def refuse_foreign_sites() -> None:
    """Refuse an act that another site's page started.

    A request with neither header comes from no browser and passes.
    Source: OWASP CSRF Prevention Cheat Sheet, Fetch Metadata.
    """
    if request.method in ("GET", "HEAD", "OPTIONS"):
        return
    site = request.headers.get("Sec-Fetch-Site")
    if site not in (None, "same-origin", "none"):
        raise ForeignOrigin
    origin = request.headers.get("Origin")
    # Pages that hide their address send "null"; then only the browser's
    # own word that the site is the same counts.
    if origin == "null" and site == "same-origin":
        return
    if origin is not None and origin not in _own_origins():
        raise ForeignOrigin


def _own_origins() -> set[str]:
    """List the origins that our own pages have."""
    own = urlsplit(settings().base_url)
    origins = {f"{own.scheme}://{own.netloc}"}
    # Without a public address the one in the browser's bar must do.
    if not settings().site.base_url:
        origins.add(f"{request.scheme}://{request.host}")
    return origins
