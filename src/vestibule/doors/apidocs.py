"""The API's document: OpenAPI for programs, a page for people."""

import json
import re
import shlex
from collections.abc import Iterator
from typing import Any

from flask import Blueprint, request
from werkzeug.wrappers import Response

from vestibule.doors.caller import allowed
from vestibule.doors.hall import settings
from vestibule.doors.openapi import JSON, document
from vestibule.doors.pages import page
from vestibule.doors.problems import EVERYWHERE, PROBLEM, status_of_code
from vestibule.doors.words import language
from vestibule.errors import Reason
from vestibule.ground.words import characters, translated
from vestibule.policy import Act

KEEP = 300

apidocs = Blueprint("apidocs", __name__)


@apidocs.get("/api/openapi.json")
@allowed(Act.ENTER)
def openapi() -> Response:
    """Give the document; it tells nothing of whoever asks."""
    text = json.dumps(document(), ensure_ascii=False)
    response = Response(text, mimetype=JSON)
    response.cache_control.public = True
    response.cache_control.max_age = KEEP
    response.add_etag()
    return response.make_conditional(request)


@apidocs.get("/api/docs")
@allowed(Act.ENTER)
def read() -> Response:
    """Show the document as a page."""
    found = document()
    return page(
        "vestibule/api.html",
        about=found["info"]["description"].split("\n\n"),
        chapters=_chapters(found),
        everywhere=EVERYWHERE,
        status_of=status_of_code,
        text_of=_text,
    )


def _chapters(found: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Put the calls into chapters, one for each capability."""
    chapters: dict[str, list[dict[str, Any]]] = {}
    for path, methods in found["paths"].items():
        for method, operation in methods.items():
            call = _call(found, path, method.upper(), operation)
            chapters.setdefault(operation["tags"][0], []).append(call)
    return chapters


def _call(
    found: dict[str, Any], path: str, method: str, operation: dict[str, Any]
) -> dict[str, Any]:
    """Gather what the page shows of a call."""
    body = operation.get("requestBody", {}).get("content", {})
    answers = operation["responses"].items()
    return {
        "id": operation["operationId"],
        "method": method,
        "path": path,
        "summary": operation["summary"],
        "about": operation["description"].split("\n\n"),
        "is_public": "security" not in operation,
        "asks": [*_asked(operation)],
        "takes": [*_members(found, body.get(JSON, {}))],
        "kinds": [kind for kind in body if kind != JSON],
        "gives": [
            (status, [*_members(found, answer.get("content", {}).get(JSON))])
            for status, answer in answers
            if PROBLEM not in answer.get("content", {})
        ],
        "refuses": [
            code
            for _, answer in answers
            for code in answer.get("x-codes", ())
            if code not in EVERYWHERE
        ],
        "curl": _curl(found, path, method, operation),
    }


def _asked(operation: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """List what stands in the address and in the query after it."""
    for found in operation.get("parameters", ()):
        about = {**found["schema"], "description": found.get("description")}
        needed = found.get("required", False)
        yield _member(found["name"], about, needed=needed)


def _text(code: str) -> str:
    """Say the text of a code; what is filled in at times is left out."""
    text = translated(Reason.known[code].text, language())
    return re.sub(r"{\w+}", "…", text)


def _schema(found: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """Follow a reference to a schema."""
    name = schema.get("$ref", "").rpartition("/")[2]
    there: dict[str, Any] = found["components"]["schemas"].get(name, schema)
    return there


def _members(
    found: dict[str, Any], content: dict[str, Any] | None
) -> Iterator[dict[str, Any]]:
    """List the members of a body, each once, and those of its parts."""
    named: dict[str, dict[str, Any]] = {}
    one = (content or {}).get("schema", {})
    for choice in one.get("oneOf", [one]):
        schema = _schema(found, choice)
        for name, member in schema.get("properties", {}).items():
            needed = name in schema.get("required", ())
            named.setdefault(name, _member(name, member, needed=needed))
            for inner in _members(found, {"schema": _part(member)}):
                whole = f"{name}.{inner['name']}"
                named.setdefault(whole, {**inner, "name": whole})
    yield from named.values()


def _part(member: dict[str, Any]) -> dict[str, Any]:
    """Find the schema that a member refers to, with a description or not."""
    part: dict[str, Any] = member.get("allOf", [member])[0]
    return part if "$ref" in part else {}


def _member(
    name: str, member: dict[str, Any], *, needed: bool
) -> dict[str, Any]:
    """Gather what the page shows of one member."""
    kind = member.get("type", "object")
    kinds = kind if isinstance(kind, list) else [kind]
    return {
        "name": name,
        "kind": next(k for k in kinds if k != "null"),
        "format": member.get("format", ""),
        "may_be_null": "null" in kinds,
        "needed": needed,
        "about": member.get("description") or "",
        "length": _length(member),
        "example": member.get("examples", ["…"])[0],
        "choices": member.get("enum", []),
    }


def _length(member: dict[str, Any]) -> str:
    """Say between which lengths a text must be."""
    longest = member.get("maxLength")
    if longest is None:
        return ""
    most = characters(longest).said_in(language())
    return f"{member.get('minLength', 0)}–{most}"


def _curl(
    found: dict[str, Any], path: str, method: str, operation: dict[str, Any]
) -> str:
    """Write a command that makes the call."""
    for found_in in _asked(operation):
        path = path.replace(f"{{{found_in['name']}}}", found_in["example"])
    words = ["curl", f"{settings().base_url}{path}"]
    content = operation.get("requestBody", {}).get("content", {})
    if method not in ("GET", "POST") or (method == "POST" and not content):
        words += ["-X", method]
    if "security" in operation:
        words += ["-H", "Authorization: Bearer TOKEN"]
    if JSON in content:
        fields = [*_members(found, content[JSON])]
        needed = [member for member in fields if member["needed"]]
        shown = needed or fields[:1]
        body = {member["name"]: member["example"] for member in shown}
        words += ["-H", f"Content-Type: {JSON}", "-d", json.dumps(body)]
    elif content:
        kind = next(iter(content))
        words += ["-H", f"Content-Type: {kind}", "--data-binary", "@picture"]
    return " ".join(
        word if "@" in word and " " not in word else shlex.quote(word)
        for word in words
    )
