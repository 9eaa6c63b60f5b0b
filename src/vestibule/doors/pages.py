"""Pages: forms that keep what was typed."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from flask import make_response, request
from werkzeug.wrappers import Response

from vestibule.doors.caller import bring, is_browser
from vestibule.doors.hall import hall
from vestibule.doors.passage import page_answer
from vestibule.doors.refusals import retry_header, said, status_of
from vestibule.doors.rendering import FORM_FIELD, PROOF_FIELD, render
from vestibule.doors.shapes import read_form, read_query
from vestibule.doors.visit import visit
from vestibule.errors import (
    Expired,
    Fault,
    Malformed,
    Missing,
    NotAllowed,
    NotProven,
    ProofTooOld,
    Reason,
    Refusal,
    TooMany,
    Unavailable,
)
from vestibule.field import Look
from vestibule.shape import Shape

P = ParamSpec("P")
R = TypeVar("R")
S = TypeVar("S", bound=Shape)
Outcome = TypeVar("Outcome")


class FormExpired(Malformed):
    """The form was not made for this visit, or too long ago."""

    reason = Reason(
        "form.expired",
        "This page was open too long, so we refreshed it. "
        "Check your answers and send again",
    )


@dataclass
class FormField:
    """One field of a form as the page shows it."""

    name: str
    look: Look
    value: Any = ""
    errors: list[str] = field(default_factory=list)


@dataclass
class Form:
    """A form as the page shows it: its fields, and what is wrong.

    ``challenge`` is what a script may solve to send it once more at once.
    """

    fields: dict[str, FormField]
    token: str
    errors: list[str] = field(default_factory=list)
    challenge: str = ""

    def __getattr__(self, name: str) -> FormField:
        """Find a field by its name, as templates write it."""
        try:
            return self.fields[name]
        except KeyError as error:
            raise AttributeError(name) from error

    @property
    def takes_files(self) -> bool:
        """Whether it must be sent in parts (RFC 7578)."""
        return any(f.look.kind == "file" for f in self.fields.values())

    @property
    def is_blank(self) -> bool:
        """Whether nothing is filled in, and nothing is wrong."""
        return not (
            self.is_wrong or any(f.value for f in self.fields.values())
        )

    @property
    def is_wrong(self) -> bool:
        """Whether anything is to be corrected."""
        return bool(self.errors or any(f.errors for f in self.fields.values()))


def form_for(
    shape: type[Shape],
    values: Mapping[str, Any],
    faults: tuple[Fault, ...] = (),
) -> Form:
    """Build a form with values and faults; secrets are never shown again."""
    form = Form({}, visit().form_token())
    for name, look in shape.looks().items():
        is_shown = look.kind not in ("password", "file")
        value = values.get(name, "") if is_shown else ""
        form.fields[name] = FormField(name, look, value)
    for fault in faults:
        name = shape.spots.get(fault.field, fault.field)
        spot = form.fields.get(name)
        (spot.errors if spot else form.errors).append(said(fault))
    return form


def page(template: str, **values: Any) -> Response:
    """Show a page."""
    notices = visit_notices()
    return make_response(render(template, notices=notices, **values))


def visit_notices() -> list[list[str]]:
    """Take the notices that the last page left, if there is a visit."""
    has_visit = hall().visit_cookie in request.cookies
    return visit().take_notices() if has_visit else []


def form_page(
    shape: type[S],
    template: str,
    act: Callable[[S], Outcome],
    then: Callable[[Outcome], Response] = page_answer,
    *,
    sorry: str = "",
    values: Mapping[str, Any] | None = None,
    **context: Any,
) -> Response:
    """Show a form; when it is sent, act and answer with the outcome.

    A refusal shows the form again with everything typed but passwords;
    that something is not there is said in a notice as well.

    Args:
        shape: what the form holds.
        template: shows it as ``form``.
        act: the operation, which gets the filled shape.
        then: turns its outcome into the answer.
        sorry: the notice over a form that failed.
        values: what the fields hold at first.
        context: more for the template.

    Raises:
        Expired: the link behind the form is over, so there is no form.
        ProofTooOld: first another form must be filled in.
    """
    if request.method != "POST":
        form = form_for(shape, {**(values or {}), **_kept(shape)})
        return page(template, form=form, **context)
    try:
        return then(act(own_form(shape)))
    except (Expired, ProofTooOld):
        raise
    except Refusal as refusal:
        if isinstance(refusal, Missing):
            sorry = said(refusal.faults[0])
        notices = [["error", sorry]] if sorry and _is_wrong(refusal) else []
        form = form_for(shape, request.form, refusal.faults)
        if isinstance(refusal, TooMany) and refusal.challenge:
            form.challenge = json.dumps(refusal.challenge)
        response = make_response(
            render(template, form=form, notices=notices, **context),
            status_of(refusal),
        )
        response.headers.update(retry_header(refusal))
        return response


def keeping(shape: type[Shape]) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Keep what is typed at a page while its writer proves who they are.

    Stands over ``allowed``. It is kept under the address, so that nobody
    who signs in for another page meets it there.
    """

    def declare(view: Callable[P, R]) -> Callable[P, R]:
        """Make the view that keeps."""

        @wraps(view)
        def kept(*args: P.args, **kwargs: P.kwargs) -> R:
            """Run the view, and keep what it may not take yet."""
            try:
                return view(*args, **kwargs)
            except (NotProven, ProofTooOld):
                if request.method == "POST" and is_browser():
                    visit().keep(request.path, _typed(shape))
                raise

        return kept

    return declare


def _typed(shape: type[Shape]) -> dict[str, str]:
    """Gather what was typed, but no secrets and no files."""
    return {
        name: request.form.get(name, "")
        for name, look in shape.looks().items()
        if look.kind not in ("password", "file")
    }


def search_page(
    shape: type[S],
    template: str,
    find: Callable[[S], Mapping[str, Any]],
    **context: Any,
) -> Response:
    """Show a search that is sent by GET, and what it finds.

    What is wrong with it is said at its field, and then nothing is found.

    Args:
        shape: what can be asked.
        template: shows it as ``form``, and ``asked`` if it was right.
        find: gives the template what there is to show.
        context: more for the template, whatever was asked.
    """
    try:
        asked = read_query(shape)
        found = find(asked)
    except (Malformed, Missing) as refusal:
        form = form_for(shape, request.args, refusal.faults)
        response = page(template, form=form, asked=None, **context)
        response.status_code = status_of(refusal)
        return response
    form = form_for(shape, request.args)
    return page(template, form=form, asked=asked, **found, **context)


def _is_wrong(refusal: Refusal) -> bool:
    """Tell whether what was typed is wrong, and not the moment for it.

    Right credentials that are held up must not be called wrong.
    """
    held_up = FormExpired | NotAllowed | TooMany | Unavailable
    return not isinstance(refusal, held_up)


def own_form(shape: type[S]) -> S:
    """Read a form that this visit was shown, and no other.

    Raises:
        FormExpired: its secret is missing, wrong or old.
        Malformed: it has not the shape it must have.
    """
    tokens = request.form.getlist(FORM_FIELD)
    if len(tokens) != 1 or not visit().is_own_form(tokens[0]):
        raise FormExpired
    bring(request.form.get(PROOF_FIELD, ""))
    return read_form(shape)


def _kept(shape: type[Shape]) -> dict[str, Any]:
    """Fill in what a page before knew already, or what was typed here."""
    if hall().visit_cookie not in request.cookies:
        return {}
    found = visit()
    return {**found.take_kept(shape.__name__), **found.take_kept(request.path)}
