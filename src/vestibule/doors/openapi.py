"""The OpenAPI document, made from the declarations of the API's calls.

Source: OpenAPI 3.1.0.
"""

import inspect
import re
from collections.abc import Iterator, Sequence
from http import HTTPStatus
from importlib.metadata import version
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from flask import current_app, url_for

from vestibule.doors.answers import Answer
from vestibule.doors.api import Call
from vestibule.doors.caller import PROOF_HEADER
from vestibule.doors.hall import hall, settings
from vestibule.doors.problems import refusal, refusals
from vestibule.errors import TooMany
from vestibule.ground.words import characters, lasting

JSON = "application/json"
EXAMPLES = {
    "handle": "5f1d3c0e9a7b48626c0d2e4f8a1b3c5d",
    "content": "The door is heavy, and I like that.",
    "email": "anna@example.com",
    "first_name": "Anna",
    "last_name": "Karenina",
    "name": "anna@example.com",
    "number": "7",
    "new_password": "four other random words",
    "old_password": "three random words",
    "password": "three random words",
    "title": "A heavy door",
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
        named = [_named(word) for word in re.findall(r"<(\w+)>", path)]
        operation["parameters"] = [*named, *_asked(call), *_worked(call)]
        spec.path(
            re.sub(r"<(\w+)>", r"{\1}", path),
            operations={method.lower(): operation},
        )
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
        "responses": _successes(call),
    }
    if not call.act.is_public:
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
    for status, codes in refusals(method, call).items():
        operation["responses"][str(status)] = refusal(status, codes)
    return operation


def _named(word: str) -> dict[str, Any]:
    """Describe a name in an address."""
    return {
        "name": word,
        "in": "path",
        "required": True,
        "schema": {"type": "string", "examples": [EXAMPLES[word]]},
    }


def _asked(call: Call) -> list[dict[str, Any]]:
    """Describe what the query after an address may hold."""
    if call.asks is None:
        return []
    return [{"in": "query", "schema": call.asks.schema()}]


def _worked(call: Call) -> list[dict[str, Any]]:
    """Describe what buys one more attempt, where attempts are counted."""
    if TooMany.reason.code not in call.refuses:
        return []
    text = (
        "Solution of the challenge that a refusal with `rate.wait` carried in "
        "`proof_of_work`, as Base64 of the JSON that ALTCHA calls a payload"
    )
    header = {"name": PROOF_HEADER, "in": "header", "description": text}
    return [{**header, "schema": {"type": "string"}}]


def _taken(call: Call) -> Any:
    """Give the schema of what a call takes."""
    schema = call.shape().schema()
    return schema(partial=True) if call.present else schema


def _successes(call: Call) -> dict[str, Any]:
    """Describe the answers of a call that worked, by their status."""
    answers: dict[int, list[type[Answer]]] = {call.status: []}
    for answer in call.answers():
        status = answer.status or call.status
        answers.setdefault(status, []).append(answer)
    return {
        str(status): _success(call, status, some)
        for status, some in answers.items()
    }


def _success(
    call: Call, status: int, answers: Sequence[type[Answer]]
) -> dict[str, Any]:
    """Describe the answers of one status."""
    told: dict[str, Any] = {"description": HTTPStatus(status).phrase}
    schemas = [answer.schema() for answer in answers]
    if call.file:
        told["content"] = {call.file: {"schema": {}}}
    if len(schemas) == 1:
        told["content"] = {JSON: {"schema": schemas[0]}}
    elif schemas:
        told["content"] = {JSON: {"schema": {"oneOf": schemas}}}
    return told
