"""The threshold: what every request and every answer of ours passes."""

from flask import Blueprint, Flask, request
from werkzeug.exceptions import HTTPException, NotFound
from werkzeug.routing import RequestRedirect
from werkzeug.wrappers import Response

from vestibule.doors import guards, https, refusals
from vestibule.doors.classic import answer_programs
from vestibule.doors.headers import add_headers
from vestibule.doors.shapes import limit_body, take_body
from vestibule.doors.visit import save_visit
from vestibule.errors import Refusal


def protect(place: Flask | Blueprint) -> None:
    """Guard, dress and excuse every answer given in a place."""
    place.before_request(_greet)
    place.before_request(answer_programs)
    place.after_request(_see_off)
    place.register_error_handler(Refusal, refusals.answer_refusal)
    place.register_error_handler(HTTPException, refusals.answer_http_error)
    # A host's handler of one status would come before ours of them all.
    for status in refusals.HTTP_REASONS:
        place.register_error_handler(status, refusals.answer_http_error)
    place.register_error_handler(Exception, refusals.answer_bug)


def _greet() -> Response | None:
    """Refuse whom nobody should serve, and set limits for all others."""
    guards.refuse_when_busy()
    if guards.came_by_http():
        return https.led_or_refused()
    # Routing would lead from "//login" to a whole address made of the Host
    # header, which anybody may have written.
    if isinstance(request.routing_exception, RequestRedirect):
        raise NotFound
    guards.refuse_outsiders()
    guards.refuse_unreadable_queries()
    guards.refuse_foreign_sites()
    limit_body()
    take_body()
    return None


def _see_off(response: Response) -> Response:
    """Give the answer its headers and the browser its visit."""
    save_visit(response)
    return add_headers(response)
