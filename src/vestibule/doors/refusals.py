"""Refusals: kind of error to status, headers, page and problem document.

One table; capabilities subclass the kinds and never touch it.
Source: RFC 9110 section 15; RFC 9457 (problem details).
"""

import json
import logging

from flask import g, make_response, request
from werkzeug.exceptions import BadHost, HTTPException
from werkzeug.wrappers import Response

from vestibule import errors
from vestibule.doors.caller import (
    is_api,
    is_bearer,
    is_browser,
    signed_in,
    takes_bearers,
)
from vestibule.doors.hall import settings
from vestibule.doors.rendering import render
from vestibule.doors.words import say
from vestibule.errors import Fault, Reason, Refusal
from vestibule.user import User

STATUS: dict[type[Refusal], int] = {
    errors.Malformed: 422,
    errors.NotProven: 401,
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
    status = status_of(refusal)
    headers = {**retry_header(refusal), **_challenge(status)}
    return _answer(status, refusal.faults, headers)


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
    reason = HTTP_REASONS.get(status, HTTP_REASONS[400])
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


def request_id() -> str:
    """Say the number under which this request is in the history."""
    return str(g.get("vestibule_request_id", ""))


def _answer(
    status: int, faults: tuple[Fault, ...], headers: dict[str, str]
) -> Response:
    """Build the page or the problem document."""
    # Under a host that can be none no address can be built, so no page.
    no_page = is_api() or isinstance(request.routing_exception, BadHost)
    if is_browser() and not no_page:
        response: Response = make_response(
            render(
                "vestibule/refusals/refusal.html",
                status=status,
                text=said(faults[0]),
                request_id=request_id() if status >= 500 else "",
                # Whatever is broken must not break the page that says so.
                me=None if status >= 500 else _reader(),
            ),
            status,
        )
    else:
        response = problem(status, faults)
    response.headers.update(headers)
    return response


def _reader() -> User | None:
    """Say who reads a refusal; nobody, if the database does not answer."""
    try:
        return signed_in()
    except errors.Unavailable:
        return None


def problem(status: int, faults: tuple[Fault, ...]) -> Response:
    """Build an RFC 9457 problem document."""
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
    if status >= 500:
        body["request_id"] = request_id()
    return Response(
        json.dumps(body, ensure_ascii=False),
        status,
        mimetype="application/problem+json",
    )


def said(fault: Fault) -> str:
    """Say a fault in the reader's language."""
    return say(fault.reason.text, **fault.values)
