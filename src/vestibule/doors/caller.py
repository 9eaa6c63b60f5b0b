"""The caller: where a request comes from, and who is asking."""

from collections.abc import Callable
from functools import wraps
from ipaddress import ip_address
from typing import ParamSpec, TypeVar, cast

from flask import g, redirect, request, url_for
from werkzeug.local import LocalProxy
from werkzeug.wrappers import Response

from vestibule.doors.hall import auth, hall, settings
from vestibule.errors import NotProven
from vestibule.history import Circumstances, acting_as
from vestibule.user import User

P = ParamSpec("P")
R = TypeVar("R")


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
            ip = ip_address(hop)
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
        door="page" if is_browser() else "json",
        address=client_address(),
        agent="".join(
            c for c in request.headers.get("User-Agent", "") if c.isprintable()
        ),
        request_id=str(auth().randomness.row_id()),
    )


def session_token() -> str | None:
    """Read the session's token from its cookie."""
    return request.cookies.get(hall().session_cookie)


def _load_user() -> User | None:
    """Look up, once a request, who is signed in."""
    if "vestibule_user" not in g:
        # If the database does not answer, the first to ask is refused with
        # 503, and the page that says so is rendered without a user.
        g.vestibule_user = None
        user = auth().get_user_from_session_id(session_token())
        g.vestibule_user = user
        # In a host's own view nothing would forget it again after the
        # request, and the next one in this thread would act as this user.
        if user is not None and "vestibule_under" in g:
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
        """Run the view for somebody who is signed in."""
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
        """Run the view for somebody who is not signed in."""
        if signed_in() is None:
            return view(*args, **kwargs)
        return redirect(url_for("vestibule.profile.show"))

    return guarded
