"""The caller: where a request comes from, and who is asking."""

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar, cast
from urllib.parse import urlsplit

from flask import (
    after_this_request,
    current_app,
    redirect,
    request,
    url_for,
)
from werkzeug.local import LocalProxy
from werkzeug.urls import iri_to_uri
from werkzeug.wrappers import Response

from vestibule.doors import whence
from vestibule.doors.credentials import bearer_claim, bearer_token
from vestibule.doors.hall import auth, hall, settings
from vestibule.doors.request_ids import number_of
from vestibule.doors.stay import stay
from vestibule.errors import NotProven
from vestibule.history import Circumstances, under
from vestibule.policy import STRANGER, Act, Actor
from vestibule.user import User

P = ParamSpec("P")
R = TypeVar("R")

# What programs send the solution of a proof of work in.
PROOF_HEADER = "Vestibule-Proof"
# Pages and the classic routes know the cookie alone.
_TAKE_BEARERS = {"vestibule.api", "vestibule.pictures"}


def is_browser() -> bool:
    """Tell a browser from a program: only a browser names text/html."""
    accepted = request.headers.get("Accept", "").lower()
    # As browsers begin, and as programs write; the rest is read with care.
    if accepted.startswith("text/html,"):
        return True
    return "text/html" in accepted and any(
        quality > 0 and kind.partition(";")[0].strip().lower() == "text/html"
        for kind, quality in request.accept_mimetypes
    )


def client_address() -> str:
    """Say where a request comes from."""
    trusted = settings().site.trusted_proxies
    return whence.client_address(request.environ, trusted)


def circumstances() -> Circumstances:
    """Gather what the history notes about this request."""
    known = stay()
    told = known.circumstances
    if told is None or told.actor_id != known.actor_id:
        agent = request.headers.get("User-Agent", "")
        told = known.circumstances = Circumstances(
            door=_door(),
            address=client_address(),
            agent="".join(c for c in agent if c.isprintable()),
            request_id=request_id(),
            actor_id=known.actor_id,
            solution=known.solution or request.headers.get(PROOF_HEADER, ""),
        )
    return told


def bring(solution: str) -> None:
    """Take the solution of a proof of work that a form brought along."""
    stay().solution = solution
    stay().circumstances = None


def request_id() -> str:
    """Say the number under which this request is in the history."""
    known = stay()
    if not known.request_id:
        known.request_id = number_of(
            request.environ,
            settings().site.trusted_proxies,
            auth().randomness,
        )
    return known.request_id


def come_in() -> None:
    """Act under the circumstances of this request until it is over.

    Most requests note nothing, so they are gathered when asked for.
    """
    known = stay()
    known.under = under(circumstances)
    known.under.__enter__()


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
        return bearer_token(request.environ["HTTP_AUTHORIZATION"])
    return cookie_token()


def cookie_token() -> str | None:
    """Read the token of the cookie, whoever the request comes as."""
    cookies = request.environ.get("HTTP_COOKIE")
    return hall().session_reader.read(cookies) if cookies else None


def is_bearer() -> bool:
    """Tell whether the caller comes with a bearer token, good or bad."""
    return bearer_claim(request.environ) is not None and takes_bearers()


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
    known = stay()
    if known.actor is None:
        # If the database does not answer, the first to ask is refused with
        # 503, and the page that says so is rendered without a user.
        known.actor = STRANGER
        # Our own answers say so in any case.
        if "vestibule" not in request.blueprints:
            after_this_request(_vary)
        known.actor = auth().sessions.actor(session_token())
        if known.actor.user is not None:
            known.actor_id = known.actor.user.id
            # A body that is streamed comes after the request, and ends it
            # for a second time.
            if known.under is None:
                come_in()
    return known.actor


def forget_user() -> None:
    """Look again at who is signed in, after that changed."""
    known = stay()
    known.actor, known.language = None, ""


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
    return response


def _vary(response: Response) -> Response:
    """Say to caches by what an answer differs that knows who asks.

    Attack: a host's page for everybody that greets whoever is signed in,
    and a shared cache that greets the next one with the same name.
    Source: CVE-2023-30861, of Flask's own session.
    """
    response.vary.update(("Cookie", "Authorization"))
    return response


def here() -> str:
    """Say the address of this request as the browser knows it."""
    known = stay()
    if not known.here:
        address = urlsplit(iri_to_uri(request.url))
        known.here = address._replace(scheme="", netloc="").geturl()
    return known.here


def signed_out_only(view: Callable[P, R]) -> Callable[P, R | Response]:
    """Send people who are signed in to their profile instead."""

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R | Response:
        """Run the view for somebody who is not signed in."""
        if signed_in() is None:
            return view(*args, **kwargs)
        return redirect(url_for("vestibule.profile.show"))

    return guarded
