"""The caller: where a request comes from, and who is asking."""

import re
from collections.abc import Callable
from functools import wraps
from ipaddress import ip_address
from typing import Any, ParamSpec, TypeVar, cast
from urllib.parse import urlsplit

from flask import (
    after_this_request,
    current_app,
    g,
    redirect,
    request,
    url_for,
)
from werkzeug.local import LocalProxy
from werkzeug.urls import iri_to_uri
from werkzeug.wrappers import Response

from vestibule.doors.hall import auth, hall, settings
from vestibule.errors import NotProven
from vestibule.history import Circumstances, acting_as, under
from vestibule.policy import STRANGER, Act, Actor
from vestibule.user import User

P = ParamSpec("P")
R = TypeVar("R")

# RFC 6750 section 2.1; the name of a scheme has no case (RFC 9110, 11.1).
_BEARER = re.compile(r"bearer +([A-Za-z0-9._~+/-]+=*)", re.IGNORECASE)
# Several headers of one name arrive as one, with commas between.
_CLAIMS_BEARER = re.compile(r"(^|,)\s*bearer(\s|,|$)", re.IGNORECASE)
# Pages and the classic routes know the cookie alone.
_TAKE_BEARERS = {"vestibule.api", "vestibule.pictures"}


def is_browser() -> bool:
    """Tell a browser from a program: only a browser names text/html."""
    return any(
        quality > 0 and kind.partition(";")[0].strip().lower() == "text/html"
        for kind, quality in request.accept_mimetypes
    )


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
            # What follows a % is a name of whoever wrote it, of any length.
            ip = ip_address(hop.partition("%")[0])
        except ValueError:
            break
        # A server on both protocols sees IPv4 as ::ffff:192.0.2.1.
        ip = getattr(ip, "ipv4_mapped", None) or ip
        peer = str(ip)
        if not any(ip in network for network in trusted):
            break
    return peer


def circumstances() -> Circumstances:
    """Gather what the history notes about this request."""
    return Circumstances(
        door=_door(),
        address=client_address(),
        agent="".join(
            c for c in request.headers.get("User-Agent", "") if c.isprintable()
        ),
        request_id=str(auth().randomness.row_id()),
    )


def come_in() -> None:
    """Act under the circumstances of this request until it is over."""
    here = circumstances()
    g.vestibule_request_id = here.request_id
    g.vestibule_under = under(here)
    g.vestibule_under.__enter__()


def _door() -> str:
    """Name the door through which a request comes."""
    if is_api():
        return "api"
    return "page" if is_browser() else "json"


def session_token() -> str | None:
    """Read the session's token: that of the bearer, or of the cookie.

    Who comes as a bearer is never taken for the owner of the cookie, be
    the token dead or no token at all.
    """
    if is_bearer():
        found = _BEARER.fullmatch(request.headers["Authorization"])
        return found[1] if found else None
    return request.cookies.get(hall().session_cookie)


def is_bearer() -> bool:
    """Tell whether the caller comes with a bearer token, good or bad."""
    claim = request.headers.get("Authorization", "")
    return takes_bearers() and bool(_CLAIMS_BEARER.search(claim))


def takes_bearers() -> bool:
    """Tell whether tokens open this place: the API, and a host's views."""
    within = {*request.blueprints}
    return "vestibule" not in within or not within.isdisjoint(_TAKE_BEARERS)


def is_api() -> bool:
    """Tell whether the API answers here, which speaks nothing but JSON."""
    if request.url_rule is None:
        root = settings().site.url_prefix
        return request.path.startswith(f"{root}/api/")
    return "vestibule.api" in request.blueprints


def actor() -> Actor:
    """Look up, once a request, who acts."""
    if "vestibule_actor" not in g:
        # If the database does not answer, the first to ask is refused with
        # 503, and the page that says so is rendered without a user.
        g.vestibule_actor = STRANGER
        found = auth().sessions.actor(session_token())
        g.vestibule_actor = found
        # A body that is streamed comes after the request, and ends it for
        # a second time.
        if found.user is not None and "vestibule_under" not in g:
            come_in()
        if found.user is not None:
            acting_as(found.user.id)
    return cast("Actor", g.vestibule_actor)


def forget_user() -> None:
    """Look again at who is signed in, after that changed."""
    g.pop("vestibule_actor", None)


def signed_in() -> User | None:
    """Say who is signed in, if anybody."""
    return actor().user


current_user: User = cast(User, LocalProxy(signed_in))


def allowed(act: Act) -> Callable[[Callable[P, R]], Callable[P, R | Response]]:
    """Let only those reach one of our views who may do its act at all.

    Whether they may do it to the one thing that is meant, the operation
    decides. An application with a view that has no act does not start.
    """

    def declare(view: Callable[P, R]) -> Callable[P, R | Response]:
        """Make the view that asks first."""

        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R | Response:
            """Run the view for whom the policy admits."""
            # Nobody is looked up where everybody may.
            if not act.is_public:
                if signed_in() is None and leads_to_sign_in():
                    return to_sign_in()
                auth().policy.admit(actor(), act)
            return view(*args, **kwargs)

        vars(guarded)["vestibule_act"] = act
        return guarded

    return declare


def login_required(view: Callable[P, R]) -> Callable[P, R | Response]:
    """Let only signed-in people see a view.

    A browser that only looks is sent to the sign-in page and brought back;
    everybody else is told 401. As a ``before_request`` of a blueprint it
    guards all its views. No cache keeps the answer, whatever it is.
    """

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R | Response:
        """Run the view for somebody who is signed in."""
        after_this_request(_keep_private)
        if signed_in() is not None:
            run: Any = current_app.ensure_sync(view)
            return cast("R", run(*args, **kwargs))
        if leads_to_sign_in():
            return to_sign_in()
        raise NotProven

    return guarded


def leads_to_sign_in() -> bool:
    """Tell whether a stranger is shown the sign-in page, and not 401."""
    looks = request.method in ("GET", "HEAD") and is_browser()
    return looks and settings().pages.anonymous_status == 302


def to_sign_in() -> Response:
    """Send a browser to the sign-in page, and back here afterwards."""
    return redirect(url_for("vestibule.login.sign_in", next=here()))


def can_be_looked_at() -> bool:
    """Tell whether a page stands at this address, whatever was sent there."""
    if request.method in ("GET", "HEAD"):
        return True
    adapter = current_app.create_url_adapter(request)
    return adapter is not None and "GET" in adapter.allowed_methods()


def _keep_private(response: Response) -> Response:
    """Keep caches away from what only one person may see.

    A view may know better, as for a file whose address nobody guesses.
    """
    response.headers.setdefault("Cache-Control", "no-store")
    response.vary.add("Cookie")
    return response


def here() -> str:
    """Say the address of this request as the browser knows it."""
    address = urlsplit(iri_to_uri(request.url))
    return address._replace(scheme="", netloc="").geturl()


def signed_out_only(view: Callable[P, R]) -> Callable[P, R | Response]:
    """Send people who are signed in to their profile instead."""

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R | Response:
        """Run the view for somebody who is not signed in."""
        if signed_in() is None:
            return view(*args, **kwargs)
        return redirect(url_for("vestibule.profile.show"))

    return guarded
