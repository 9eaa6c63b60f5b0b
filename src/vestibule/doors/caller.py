"""The caller: where a request comes from, and who is asking."""

from collections.abc import Callable
from functools import wraps
from ipaddress import ip_address
from typing import TYPE_CHECKING, ParamSpec, TypeVar, cast
from urllib.parse import urlsplit

from flask import current_app, g, redirect, request, url_for
from werkzeug.local import LocalProxy
from werkzeug.wrappers import Response

from vestibule.auth import Auth
from vestibule.errors import NotAllowed, NotProven, Reason
from vestibule.history import Circumstances, acting_as
from vestibule.settings import Settings
from vestibule.user import User

if TYPE_CHECKING:
    from vestibule.doors.app import Hall

P = ParamSpec("P")
R = TypeVar("R")

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


def hall() -> "Hall":
    """Find the Vestibule that serves this application."""
    return cast("Hall", current_app.extensions["vestibule"])


def auth() -> Auth:
    """Find the operations; the only thing that doors talk to."""
    return hall().auth


def settings() -> Settings:
    """Find the settings of this application's Vestibule."""
    return hall().auth.settings


def is_browser() -> bool:
    """Tell a browser from a program: only a browser names text/html."""
    return any(kind == "text/html" for kind, _ in request.accept_mimetypes)


def client_address() -> str:
    """Say where a request comes from.

    Forwarding headers are believed only from configured proxies, from the
    right to the left, up to the first address that is none (attack: a
    client that names any address it likes).
    """
    peer = request.environ.get("REMOTE_ADDR") or ""
    trusted = settings().site.trusted_proxies
    if not trusted:
        return peer
    named = request.headers.get("X-Forwarded-For", "").split(",")
    for hop in [peer, *(part.strip() for part in reversed(named))]:
        try:
            ip = ip_address(hop)
        except ValueError:
            break
        peer = hop
        if not any(ip in network for network in trusted):
            break
    return peer


def circumstances() -> Circumstances:
    """Gather what the history notes about this request."""
    return Circumstances(
        door="page" if is_browser() else "json",
        address=client_address(),
        agent="".join(
            c for c in request.headers.get("User-Agent", "") if c.isprintable()
        ),
        request_id=str(auth().randomness.row_id()),
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


def session_token() -> str | None:
    """Read the session's token from its cookie."""
    return request.cookies.get(hall().session_cookie)


def _load_user() -> User | None:
    """Look up, once a request, who is signed in."""
    if "vestibule_user" not in g:
        user = auth().get_user_from_session_id(session_token())
        g.vestibule_user = user
        if user is not None:
            acting_as(user.id)
    return cast("User | None", g.vestibule_user)


def forget_user() -> None:
    """Look again at who is signed in, after that changed."""
    g.pop("vestibule_user", None)


current_user: User = cast(User, LocalProxy(_load_user))


def signed_in() -> User | None:
    """Say who is signed in, if anybody."""
    return _load_user()


def login_required(view: Callable[P, R]) -> Callable[P, R | Response]:
    """Let only signed-in people see a view.

    A browser that only looks is sent to the sign-in page and brought back;
    everybody else is told 401.
    """

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R | Response:
        if signed_in() is not None:
            return view(*args, **kwargs)
        looks = request.method in ("GET", "HEAD") and is_browser()
        if looks and settings().pages.anonymous_status == 302:
            here = request.full_path.rstrip("?")
            return redirect(url_for("vestibule.login.sign_in", next=here))
        raise NotProven

    return guarded


def signed_out_only(view: Callable[P, R]) -> Callable[P, R | Response]:
    """Send people who are signed in to their profile instead."""

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R | Response:
        if signed_in() is None:
            return view(*args, **kwargs)
        return redirect(url_for("vestibule.profile.show"))

    return guarded
