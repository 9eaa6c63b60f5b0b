"""Refusals: kind of error to status, headers, page and problem document.

One table; capabilities subclass the kinds and never touch it.
Source: RFC 9110 section 15; RFC 9457 (problem details).
"""

import json
import logging
from collections.abc import Mapping
from urllib.parse import quote

from flask import (
    current_app,
    make_response,
    redirect,
    request,
    url_for,
)
from werkzeug.exceptions import BadHost, HTTPException
from werkzeug.wrappers import Response

from vestibule import errors
from vestibule.doors.advice import advice, is_turned_away, limit, way_in
from vestibule.doors.caller import (
    can_be_looked_at,
    here,
    is_api,
    is_bearer,
    is_browser,
    request_id,
    signed_in,
    takes_bearers,
)
from vestibule.doors.hall import hall, settings
from vestibule.doors.rendering import render
from vestibule.doors.visit import visit
from vestibule.doors.words import say
from vestibule.errors import Fault, Reason, Refusal
from vestibule.user import User

STATUS: dict[type[Refusal], int] = {
    errors.Malformed: 422,
    errors.NotProven: 401,
    errors.ProofTooOld: 401,
    errors.NotAllowed: 403,
    errors.NotServed: 403,
    errors.Missing: 404,
    errors.Conflict: 409,
    errors.Expired: 410,
    errors.TooMany: 429,
    errors.Unavailable: 503,
}

# Refusals that HTTP itself makes, in our words.
HTTP_REASONS = {
    400: Reason("http.bad_request", "The request could not be read"),
    404: Reason("http.not_found", "There is no page at this address"),
    405: Reason("http.method", "This address does not work this way"),
    413: Reason("http.too_large", "What you sent is too large"),
    415: Reason("http.media_type", "This kind of content is not read here"),
    500: Reason(
        "http.internal", "Something went wrong on our side. It is noted"
    ),
}

log = logging.getLogger("vestibule")


def status_of(refusal: Refusal) -> int:
    """Find the HTTP status of a refusal by its kind."""
    for kind in type(refusal).__mro__:
        if kind in STATUS:
            if kind is errors.NotAllowed and _reader() is not None:
                return settings().pages.not_allowed_status
            return STATUS[kind]
    return 400


def retry_header(refusal: Refusal) -> dict[str, str]:
    """Say when to come back, where the refusal knows."""
    wait = getattr(refusal, "retry_after", None)
    return {} if wait is None else {"Retry-After": str(wait)}


def answer_refusal(refusal: Refusal) -> Response:
    """Answer with a page or a problem document, as the caller reads."""
    too_old = isinstance(refusal, errors.ProofTooOld)
    if too_old and is_browser() and not is_api():
        return _to_confirm()
    status = status_of(refusal)
    challenge = _step_up() if too_old else _challenge(status)
    headers = {**retry_header(refusal), **challenge}
    work = getattr(refusal, "challenge", None)
    more = {"proof_of_work": work} if work else {}
    return _answer(status, refusal.faults, headers, more)


def _to_confirm() -> Response:
    """Send a browser to confirm who it is, and back to the page it saw."""
    back = here() if can_be_looked_at() else _page_above()
    if request.method not in ("GET", "HEAD"):
        text = say("Nothing is done yet. Confirm, then send the form again")
        visit().note("info", text)
    return redirect(url_for("vestibule.recent_proof.confirm", next=back), 303)


def _page_above() -> str:
    """Say the address of the nearest page above one that only acts.

    Its button is most likely there; the profile, if there is no page.
    """
    adapter = current_app.create_url_adapter(request)
    path = request.path.rpartition("/")[0]
    while path and adapter is not None:
        if adapter.test(path, "GET"):
            return quote(request.root_path + path)
        path = path.rpartition("/")[0]
    return url_for("vestibule.profile.show")


def _step_up() -> dict[str, str]:
    """Say how young a proof must be (RFC 9470, section 3)."""
    if not takes_bearers():
        return {}
    error = 'error="insufficient_user_authentication"'
    age = settings().sessions.proof
    return {"WWW-Authenticate": f"Bearer {error}, max_age={age}"}


def _challenge(status: int) -> dict[str, str]:
    """Say how to prove who one is, where that is missing.

    Source: RFC 9110 section 15.5.2; RFC 6750 section 3.
    """
    if status != 401 or not takes_bearers():
        return {}
    is_dead = is_bearer() and _reader() is None
    error = ' error="invalid_token"' if is_dead else ""
    return {"WWW-Authenticate": f"Bearer{error}"}


def answer_http_error(error: HTTPException) -> Response:
    """Answer a refusal of HTTP itself: 404, 405, 413 and the like."""
    status = error.code or 500
    usual = HTTP_REASONS[500 if status >= 500 else 400]
    reason = HTTP_REASONS.get(status, usual)
    headers = {
        name: value
        for name, value in error.get_headers()
        if name in ("Allow", "Retry-After")
    }
    return _answer(status, (Fault(reason),), headers)


def answer_bug(error: Exception) -> Response:
    """Answer an error nobody foresaw, without telling anything of it."""
    log.error("unhandled error, request %s", request_id(), exc_info=error)
    return _answer(500, (Fault(HTTP_REASONS[500]),), {})


def _answer(
    status: int,
    faults: tuple[Fault, ...],
    headers: dict[str, str],
    more: Mapping[str, object] | None = None,
) -> Response:
    """Build the page or the problem document, which may say more."""
    # Under a host that can be none no address can be built, so no page.
    no_page = is_api() or isinstance(request.routing_exception, BadHost)
    page = None if no_page or not is_browser() else _page(status, faults[0])
    response = page or problem(status, faults, more)
    response.headers.update(headers)
    number(response)
    return response


def _page(status: int, fault: Fault) -> Response | None:
    """Show what happened, unless a host's own frame cannot be shown."""
    try:
        return _shown(status, fault)
    except Exception as error:
        # Mostly it is the same frame whose error was noted in full before.
        noted = None if status == 500 else error
        told = (status, request_id(), error)
        text = "no page could be shown for a %s, request %s: %r"
        log.error(text, *told, exc_info=noted)
        return None


def _shown(status: int, fault: Fault) -> Response:
    """Show what happened, what to do next, and where to go on."""
    is_broken = status >= 500
    # Whatever is broken must not break the page that says so.
    me = None if is_broken else _reader()
    code = fault.reason.code
    said_of_it = advice(status, code, is_signed_in=me is not None)
    heading, text = say(said_of_it.heading), said(fault)
    # The heading would say the same in fewer words.
    if fault.reason is errors.NotAllowed.reason:
        heading, text = text, ""
    elif is_turned_away(status):
        text = ""
    return make_response(
        render(
            "vestibule/refusals/refusal.html",
            status=status,
            heading=heading,
            text=text,
            limit=limit() if status == 413 else "",
            step=said_of_it.step and say(said_of_it.step),
            way_in=way_in() if status == 401 and me is None else "",
            is_broken=is_broken,
            request_id=request_id() if is_numbered(status) else "",
            # What nobody may see, or is not there, is not repeated.
            this_page=url_for("vestibule.home"),
            me=me,
        ),
        status,
    )


def is_numbered(status: int) -> bool:
    """Tell whether an answer is our fault, and that of one request.

    What the gate refuses with goes to many.
    """
    return status >= 500 and not is_turned_away(status)


def number(response: Response) -> None:
    """Number an answer that is our fault, once, and note it in the log.

    The log has the error itself of what is a bug, and needs no more.
    """
    status = response.status_code
    if "X-Request-ID" in response.headers or not is_numbered(status):
        return
    response.headers["X-Request-ID"] = request_id()
    if status == 503:
        hall().outages.note(request_id())
    elif status != 500:
        log.warning("answered with %s, request %s", status, request_id())


def _reader() -> User | None:
    """Say who reads a refusal; nobody, if the database does not answer."""
    try:
        return signed_in()
    except errors.Unavailable:
        return None


def problem(
    status: int,
    faults: tuple[Fault, ...],
    more: Mapping[str, object] | None = None,
) -> Response:
    """Build an RFC 9457 problem document, perhaps with further members."""
    body: dict[str, object] = {
        "type": "about:blank",
        "title": said(faults[0]),
        "status": status,
        "code": faults[0].reason.code,
        "errors": [
            {"field": f.field, "code": f.reason.code, "message": said(f)}
            for f in faults
            if f.field
        ],
    }
    if is_numbered(status):
        body["request_id"] = request_id()
    body |= more or {}
    return Response(
        json.dumps(body, ensure_ascii=False),
        status,
        mimetype="application/problem+json",
    )


def said(fault: Fault) -> str:
    """Say a fault in the reader's language."""
    return say(fault.reason.text, **fault.values)
