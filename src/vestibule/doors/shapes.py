"""From the wire to a shape: forms and JSON, strictly read."""

import json
from typing import Any, NoReturn, TypeVar

from flask import request
from werkzeug.exceptions import RequestEntityTooLarge, UnsupportedMediaType

from vestibule.doors.rendering import FORM_FIELD
from vestibule.errors import Fault, Malformed, Reason
from vestibule.shape import Shape

S = TypeVar("S", bound=Shape)
MOST_FIELDS = 100
NOT_JSON = Reason("json.broken", "The body is not a JSON object")
FILE = Reason("field.file", "This field takes no file")


class _Pairs(list[tuple[str, object]]):
    """The members of a JSON object in their order, names perhaps twice."""


def form_pairs() -> list[tuple[str, object]]:
    """List what a form sent, but the form's own secret.

    Raises:
        Malformed: it sent files.
        RequestEntityTooLarge: more fields than any form has (attack: a
            small body that costs a huge page of errors).
    """
    # A part of a multipart body may have no name at all.
    files = [Fault(FILE, (name or "")[:40]) for name in request.files]
    if files:
        raise Malformed(*files)
    pairs = list(request.form.items(multi=True))
    if len(pairs) > MOST_FIELDS:
        raise RequestEntityTooLarge
    return [(name or "", value) for name, value in pairs if name != FORM_FIELD]


def read_form(shape: type[S]) -> S:
    """Read a shape from the body of a form."""
    return shape.read(form_pairs())


def read_any(shape: type[S]) -> S:
    """Read a shape from a JSON object or a form, as its type says.

    Raises:
        UnsupportedMediaType: the body is neither.
    """
    if request.mimetype == "application/json":
        return shape.read(_json_pairs())
    if request.mimetype in (
        "application/x-www-form-urlencoded",
        "multipart/form-data",
    ) or not request.get_data(cache=True):
        return read_form(shape)
    raise UnsupportedMediaType


def _json_pairs() -> list[tuple[str, object]]:
    """Read the body as one JSON object, keeping repeated names."""
    try:
        body: Any = json.loads(
            request.get_data().decode("utf-8"),
            object_pairs_hook=_Pairs,
            parse_constant=_no_constant,
        )
    except (ValueError, RecursionError) as error:
        raise Malformed(Fault(NOT_JSON)) from error
    if not isinstance(body, _Pairs):
        raise Malformed(Fault(NOT_JSON))
    if len(body) > MOST_FIELDS:
        raise RequestEntityTooLarge
    return list(body)


def _no_constant(name: str) -> NoReturn:
    """Refuse NaN and Infinity, which are not JSON (RFC 8259)."""
    raise ValueError(name)
