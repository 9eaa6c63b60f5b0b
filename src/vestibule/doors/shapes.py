"""From the wire to a shape: forms and JSON, strictly read."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NoReturn, TypeVar

from flask import current_app, request
from werkzeug.exceptions import RequestEntityTooLarge, UnsupportedMediaType

from vestibule.doors.caller import forget_user, signed_in
from vestibule.doors.rendering import FORM_FIELD, PROOF_FIELD
from vestibule.errors import Fault, Malformed, Reason
from vestibule.shape import Shape
from vestibule.uploads import Upload, files_of

S = TypeVar("S", bound=Shape)
View = TypeVar("View", bound=Callable[..., Any])
LARGEST_BODY = 64 * 1024
# Of one text in a form with files; Werkzeug reads such forms in pieces of
# 64 KiB, which must fit as well.
LARGEST_TEXT = 4 * LARGEST_BODY
MOST_FIELDS = 100
LARGEST_NUMBER = 2**63
NOT_JSON = Reason("json.broken", "The body is not a JSON object")
FILE = Reason("field.file", "This field takes no file")


class _Pairs(list[tuple[str, object]]):
    """The members of a JSON object in their order, names perhaps twice."""


def takes(largest: int, *types: str) -> Callable[[View], View]:
    """Let a view take a larger body than others.

    Args:
        largest: the most bytes.
        types: of which media types; any other body stays small.
    """

    def marked(view: View) -> View:
        """Write the limit on a view."""
        vars(view)["vestibule_takes"] = largest, types
        return view

    return marked


def limit_body() -> None:
    """Set how much of a request is read, before anybody reads it.

    Only people who are signed in may send much.

    Raises:
        RequestEntityTooLarge: it says itself that it is larger.
    """
    request.max_content_length = LARGEST_BODY
    request.max_form_parts = MOST_FIELDS
    if not request.environ.get("CONTENT_LENGTH") and is_bodiless():
        return
    view: object = current_app.view_functions.get(request.endpoint or "")
    largest, types = getattr(view, "vestibule_takes", (0, ()))
    if types and request.mimetype in types and signed_in() is not None:
        request.max_content_length = largest
        request.max_form_memory_size = LARGEST_TEXT
    if (request.content_length or 0) > request.max_content_length:
        raise RequestEntityTooLarge


def take_body() -> None:
    """Read the whole body before anybody asks who has sent it.

    Attack: a request that is held back in the middle, to keep the rights
    that it began with.
    """
    if not is_bodiless():
        request.get_data()
        forget_user()


def is_bodiless() -> bool:
    """Tell whether a request of this method has no body that counts."""
    return request.method in ("GET", "HEAD", "OPTIONS")


def form_pairs(largest: Mapping[str, int]) -> list[tuple[str, object]]:
    """List what a form sent, but what every form may have.

    Args:
        largest: the fields that take files, each with its most bytes.

    Raises:
        Malformed: it sent files in other fields.
        RequestEntityTooLarge: more fields than any form has (attack: a
            small body that costs a huge page of errors).
    """
    # A part of a multipart body may have no name at all.
    foreign = [
        Fault(FILE, (name or "")[:40])
        for name in request.files
        if name not in largest
    ]
    if foreign:
        raise Malformed(*foreign)
    pairs = list(request.form.items(multi=True))
    if len(pairs) > MOST_FIELDS:
        raise RequestEntityTooLarge
    typed = [
        (name or "", text)
        for name, text in pairs
        if name not in (FORM_FIELD, PROOF_FIELD)
    ]
    return [*typed, *_uploads(largest)]


def _uploads(largest: Mapping[str, int]) -> Iterator[tuple[str, Upload]]:
    """List the files of a form; an empty one without a name is none."""
    for name, sent in request.files.items(multi=True):
        # One byte more tells that it is too large.
        content = sent.stream.read(largest[name] + 1)
        if sent.filename or content:
            yield name, Upload(sent.filename or "", content)


def read_form(shape: type[S]) -> S:
    """Read a shape from the body of a form."""
    return shape.read(form_pairs(files_of(shape)))


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


def read_query(shape: type[S]) -> S:
    """Read a shape from the query after the address."""
    pairs = list(request.args.items(multi=True))
    if len(pairs) > MOST_FIELDS:
        raise RequestEntityTooLarge
    return shape.read(pairs)


def row_number(text: str) -> int:
    """Read the number of a row from an address; 0, of no row, if none.

    Python alone would take other alphabets' digits for a number, and no
    column holds more than 63 bits.
    """
    number = int(text) if re.fullmatch(r"[1-9][0-9]{0,18}", text) else 0
    return number if number < LARGEST_NUMBER else 0


def read_json(
    shape: type[S], present: Mapping[str, object] | None = None
) -> S:
    """Read a shape from a JSON object, and from nothing else.

    Args:
        shape: what is to be read.
        present: what the fields hold that were not sent.

    Raises:
        UnsupportedMediaType: the body is of another type. Attack: a form
            of another site can send any body, but not as this type.
    """
    if request.mimetype != "application/json":
        raise UnsupportedMediaType
    return shape.read(_json_pairs(), typed=True, present=present)


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
