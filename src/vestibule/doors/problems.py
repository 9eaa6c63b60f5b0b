"""Problems: what a call may refuse with, for the OpenAPI document.

Source: RFC 9457 (problem details).
"""

from collections.abc import Iterator
from functools import cache
from http import HTTPStatus
from typing import Any

from marshmallow import Schema, fields

from vestibule.doors.api import Call
from vestibule.doors.caller import PROOF_HEADER
from vestibule.doors.hall import settings
from vestibule.doors.refusals import HTTP_REASONS, STATUS
from vestibule.errors import (
    Malformed,
    Missing,
    NotAllowed,
    NotProven,
    ProofTooOld,
    Reason,
    Refusal,
)

PROBLEM = "application/problem+json"
UNSAFE = {"POST", "PUT", "PATCH", "DELETE"}
# What every call may refuse with, and every one that acts besides.
ALWAYS = ("http.bad_request", "unavailable")
ACTING = ("request.foreign", "http.too_large", "http.media_type")
ASKING = ("field.number", "field.repeated", "field.unknown")
READING = ("json.broken", "field.required", "field.unknown", "field.type")
EVERYWHERE = (*ALWAYS, NotProven.reason.code, *ACTING, *READING)


class FieldProblem(Schema):
    """One thing that is wrong with one field."""

    field = fields.String(
        required=True, metadata={"description": "Name of the field"}
    )
    code = fields.String(
        required=True, metadata={"description": "Permanent code"}
    )
    message = fields.String(
        required=True, metadata={"description": "What is wrong, in words"}
    )


class Problem(Schema):
    """A refusal, as RFC 9457 writes it."""

    type = fields.String(required=True)
    title = fields.String(
        required=True, metadata={"description": "What is wrong, in words"}
    )
    status = fields.Integer(
        required=True, metadata={"description": "The status once more"}
    )
    code = fields.String(
        required=True, metadata={"description": "Permanent code"}
    )
    errors = fields.List(
        fields.Nested(FieldProblem),
        required=True,
        metadata={"description": "What is wrong at which field"},
    )
    request_id = fields.String(
        metadata={"description": "Number to tell support, from 500 on"}
    )
    proof_of_work = fields.Dict(
        metadata={
            "description": "Challenge of ALTCHA, version 2: who solves it "
            f"may try once more at once, with the solution in {PROOF_HEADER}. "
            "Only in some refusals with `rate.wait`"
        }
    )


def refusals(method: str, call: Call) -> dict[int, list[str]]:
    """List the codes that a call can refuse with, by status."""
    codes = [*ALWAYS, *call.refuses]
    if method in UNSAFE:
        codes += ACTING
    if settings().site.loopback_only:
        codes.append("request.not_local")
    if settings().is_https:
        codes.append("request.https_required")
    if call.takes is not None:
        codes += READING
    if not call.act.is_public:
        codes.append(NotProven.reason.code)
    if not call.act.is_for_all:
        codes += [NotAllowed.reason.code, Missing.reason.code]
    if call.act.fresh:
        codes.append(ProofTooOld.reason.code)
    if call.asks is not None:
        codes += ASKING
    codes = list(dict.fromkeys(codes))
    by_status: dict[int, list[str]] = {}
    for code in sorted(codes):
        by_status.setdefault(status_of_code(code), []).append(code)
    return dict(sorted(by_status.items()))


def refusal(status: int, codes: list[str]) -> dict[str, Any]:
    """Describe the problem document of a status."""
    reasons = [Reason.known[code] for code in codes]
    lines = [f"- `{reason.code}`: {reason.text}" for reason in reasons]
    answer: dict[str, Any] = {
        "description": "\n".join([HTTPStatus(status).phrase, "", *lines]),
        "content": {PROBLEM: {"schema": Problem}},
        "x-codes": codes,
    }
    header = {401: "WWW-Authenticate", 429: "Retry-After", 503: "Retry-After"}
    if status in header:
        answer["headers"] = {header[status]: {"schema": {"type": "string"}}}
    return answer


@cache
def status_of_code(code: str) -> int:
    """Find the status of a code, by the refusal that it belongs to."""
    for status, reason in HTTP_REASONS.items():
        if reason.code == code:
            return status
    for refusal in _below(Refusal):
        if "reason" in vars(refusal) and refusal.reason.code == code:
            return next(STATUS[k] for k in refusal.__mro__ if k in STATUS)
    return STATUS[Malformed]


def _below(kind: type[Refusal]) -> Iterator[type[Refusal]]:
    """List a kind of refusal and all that are made from it."""
    yield kind
    for refusal in kind.__subclasses__():
        yield from _below(refusal)
