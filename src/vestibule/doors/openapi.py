"""The OpenAPI document, made from the declarations of the API's calls.

Source: OpenAPI 3.1.0; the problem documents are those of RFC 9457.
"""

import inspect
from collections.abc import Iterator
from functools import cache
from http import HTTPStatus
from importlib.metadata import version
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from flask import current_app, url_for
from marshmallow import Schema, fields

from vestibule.doors.api import Call
from vestibule.doors.hall import hall, settings
from vestibule.doors.refusals import HTTP_REASONS, STATUS
from vestibule.errors import Malformed, NotProven, Reason, Refusal
from vestibule.ground.words import characters, lasting

JSON = "application/json"
PROBLEM = "application/problem+json"
UNSAFE = {"POST", "PUT", "PATCH", "DELETE"}
# What every call may refuse with, and every one that acts besides.
ALWAYS = ("http.bad_request", "unavailable")
ACTING = ("request.foreign", "http.too_large", "http.media_type")
READING = ("json.broken", "field.required", "field.unknown", "field.type")
EVERYWHERE = (*ALWAYS, NotProven.reason.code, *ACTING, *READING)
EXAMPLES = {
    "email": "anna@example.com",
    "first_name": "Anna",
    "last_name": "Karenina",
    "name": "anna@example.com",
    "new_password": "four other random words",
    "old_password": "three random words",
    "password": "three random words",
    "token": "TOKEN",
    "username": "anna",
}
ABOUT = """\
Everything an account can do, for programs. Bodies are JSON objects, in UTF-8
and of the type `application/json`; a member that is not listed is refused.
Moments are written as RFC 3339 has it, in UTC.

Refusals are problem documents (RFC 9457). Their `code` never changes; look
at it, and not at the text, which is in the language of the reader.
"""


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


def document() -> dict[str, Any]:
    """Give this application's document, as this request reaches it."""
    place = hall()
    if place.document is None:
        place.document = _document()
    # Below the prefix of a mount and of a server (SCRIPT_NAME).
    root = url_for("vestibule.home").rstrip("/") or "/"
    return {**place.document, "servers": [{"url": root}]}


def calls() -> Iterator[tuple[str, str, str, Call]]:
    """List the calls: path, method, name and declaration."""
    rules = current_app.url_map
    (home,) = rules.iter_rules("vestibule.home")
    prefix = home.rule.rstrip("/")
    # Views stand in the order in which capabilities were mounted.
    for endpoint, view in current_app.view_functions.items():
        call: Call | None = getattr(view, "call", None)
        if call is None:
            continue
        for rule in rules.iter_rules(endpoint):
            path = rule.rule.removeprefix(prefix)
            name = endpoint.removeprefix("vestibule.api.")
            for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
                yield path, method, name, call


def _document() -> dict[str, Any]:
    """Write the document, but for where the server is."""
    plugin = MarshmallowPlugin(schema_name_resolver=_name)
    spec = APISpec(
        title=f"{settings().site.name} accounts",
        version=version("vestibule"),
        openapi_version="3.1.0",
        plugins=[plugin],
        info={"description": ABOUT},
    )
    converter: Any = plugin.converter
    converter.add_attribute_function(_from_look)
    _add_security(spec)
    for path, method, name, call in calls():
        operation = _operation(method, name, call)
        spec.path(path, operations={method.lower(): operation})
    return dict(spec.to_dict())


def _name(schema: Any) -> str:
    """Name a schema in the document after its shape or answer."""
    kind = schema if isinstance(schema, type) else type(schema)
    return kind.__name__.removesuffix("Schema").removesuffix("Answer")


def _from_look(_: Any, field: Any, **__: Any) -> dict[str, Any]:
    """Describe a field by how a page would show it."""
    look = field.metadata.get("look")
    if look is None:
        return {}
    texts = [text for text in (look.label, look.hint) if text]
    amounts = {
        "least": characters(settings().passwords.minimum_length),
        "remember": lasting(settings().sessions.remember),
    }
    found: dict[str, Any] = {"description": ". ".join(texts).format(**amounts)}
    if look.kind in ("email", "password"):
        found["format"] = look.kind
    if look.autocomplete == "new-password":
        found["minLength"] = settings().passwords.minimum_length
    if field.name in EXAMPLES:
        found["examples"] = [EXAMPLES[field.name]]
    return found


def _add_security(spec: APISpec) -> None:
    """Say how a session can be shown."""
    add = spec.components.security_scheme
    add(
        "bearer",
        {
            "type": "http",
            "scheme": "bearer",
            "description": "The token of a session; a cookie is then ignored",
        },
    )
    add(
        "cookie",
        {
            "type": "apiKey",
            "in": "cookie",
            "name": hall().session_cookie,
            "description": "What a sign-in without `bearer` sets",
        },
    )


def _operation(method: str, name: str, call: Call) -> dict[str, Any]:
    """Write one call."""
    summary, _, about = inspect.cleandoc(call.about).partition("\n\n")
    operation: dict[str, Any] = {
        "operationId": name.replace(".", "_"),
        "tags": [name.partition(".")[0].replace("_", " ")],
        "summary": call.summary,
        "description": "\n\n".join(filter(None, (summary, about))),
        "responses": {str(call.status): _success(call)},
    }
    if not call.is_public:
        operation["security"] = [{"bearer": []}, {"cookie": []}]
    if call.takes is not None:
        operation["requestBody"] = {
            "required": True,
            "content": {JSON: {"schema": _taken(call)}},
        }
    if call.media:
        operation["requestBody"] = {
            "required": True,
            "content": {kind: {"schema": {}} for kind in call.media},
        }
    for status, codes in _refusals(method, call).items():
        operation["responses"][str(status)] = _refusal(status, codes)
    return operation


def _taken(call: Call) -> Any:
    """Give the schema of what a call takes."""
    schema = call.shape().schema()
    return schema(partial=True) if call.present else schema


def _success(call: Call) -> dict[str, Any]:
    """Describe the answer of a call that worked."""
    told: dict[str, Any] = {"description": HTTPStatus(call.status).phrase}
    schemas = [answer.schema() for answer in call.answers()]
    if len(schemas) == 1:
        told["content"] = {JSON: {"schema": schemas[0]}}
    elif schemas:
        told["content"] = {JSON: {"schema": {"oneOf": schemas}}}
    return told


def _refusals(method: str, call: Call) -> dict[int, list[str]]:
    """List the codes that a call can refuse with, by status."""
    codes = [*ALWAYS, *call.refuses]
    if method in UNSAFE:
        codes += ACTING
    if settings().site.loopback_only:
        codes.append("request.not_local")
    if call.takes is not None:
        codes += READING
    if not call.is_public:
        codes.append(NotProven.reason.code)
    by_status: dict[int, list[str]] = {}
    for code in sorted(codes):
        by_status.setdefault(status_of_code(code), []).append(code)
    return dict(sorted(by_status.items()))


def _refusal(status: int, codes: list[str]) -> dict[str, Any]:
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
