"""The API's calls: strict JSON in, one operation, JSON out.

Each handler is declared once; its declaration decides what is read and who
may call, and becomes its entry in the OpenAPI document.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import singledispatch, wraps

from flask import request
from werkzeug.exceptions import (
    UnsupportedMediaType,
)
from werkzeug.wrappers import Response

from vestibule.doors.answers import (
    Answer,
    BearerSession,
    NewBearerSession,
    OpenedSession,
    Session,
    WaitingSignIn,
    nothing,
)
from vestibule.doors.caller import (
    actor,
    current_user,
    forget_user,
    is_bearer,
)
from vestibule.doors.devices import keep_device
from vestibule.doors.hall import auth, hall, settings
from vestibule.doors.second_steps import keep_trust
from vestibule.doors.shapes import read_json, read_query
from vestibule.errors import Refusal
from vestibule.outcomes import (
    LoggedIn,
    LoggedOut,
    Renewed,
    SecondFactorNeeded,
)
from vestibule.policy import Act
from vestibule.shape import Shape

Handler = Callable[..., Answer | Response | None]
Taken = type[Shape] | Callable[[], type[Shape]]
Given = type[Answer] | Callable[[], type[Answer]]
EVERY_METHOD = (
    "GET",
    "HEAD",
    "POST",
    "PUT",
    "PATCH",
    "DELETE",
    "OPTIONS",
    "TRACE",
)


class Nothing(Shape):
    """What a call takes that needs no body."""


@dataclass(frozen=True)
class Call:
    """What a handler takes and tells, and with which codes it refuses."""

    summary: str
    about: str
    takes: Taken | None
    media: tuple[str, ...]
    present: Callable[[], Mapping[str, object]] | None
    gives: tuple[Given, ...]
    status: int
    act: Act
    asks: type[Shape] | None
    file: str
    refuses: tuple[str, ...]

    def shape(self) -> type[Shape]:
        """Choose the shape that is read, which settings may decide."""
        takes = self.takes or Nothing
        return takes if isinstance(takes, type) else takes()

    def answers(self) -> list[type[Answer]]:
        """List what it may answer with, which settings may decide."""
        return [g if isinstance(g, type) else g() for g in self.gives]


def api_call(
    summary: str,
    act: Act,
    *,
    takes: Taken | None = None,
    media: tuple[str, ...] = (),
    present: Callable[[], Mapping[str, object]] | None = None,
    gives: Given | tuple[Given, ...] = (),
    status: int = 200,
    asks: type[Shape] | None = None,
    file: str = "",
    refuses: tuple[str, ...] = (),
) -> Callable[[Handler], Callable[..., Response]]:
    """Declare a handler of the API.

    Args:
        summary: what it does, in a few words.
        act: what it is in the table of the policy.
        takes: the shape of the body, or what chooses it; the handler gets
            it filled.
        media: the types of a body that is no JSON but a file; the handler
            gets its bytes.
        present: what the fields hold that are not sent; with it, none
            needs to be.
        gives: what it may answer with, or what chooses it.
        status: of the answer when it worked.
        asks: the shape of the query after the address; the handler gets
            it filled, after the body.
        file: the type of an answer that is no JSON but a file, which the
            handler makes itself.
        refuses: the codes of its own refusals; those that every call can
            give go without saying.
    """
    gives = gives if isinstance(gives, tuple) else (gives,)

    def declare(handler: Handler) -> Callable[..., Response]:
        """Make the view of a handler."""
        call = Call(
            summary=summary,
            about=handler.__doc__ or "",
            takes=takes,
            media=media,
            present=present,
            gives=gives,
            status=status,
            act=act,
            asks=asks,
            file=file,
            refuses=refuses,
        )
        return _view(call, handler)

    return declare


def _view(call: Call, handler: Handler) -> Callable[..., Response]:
    """Make the view that does what a call says, by its handler."""

    @wraps(handler)
    def view(**path: str) -> Response:
        """Read, act and answer; the names in the address go along."""
        return _answered(call, handler, path)

    view.call = call  # type: ignore[attr-defined]
    view.vestibule_act = call.act  # type: ignore[attr-defined]
    # The catch-all answers these; Flask would count its methods in.
    view.provide_automatic_options = False  # type: ignore[attr-defined]
    return view


def _answered(
    call: Call, handler: Handler, path: Mapping[str, str]
) -> Response:
    """Do what a call asks for, or refuse it."""
    if not call.act.is_public:
        auth().policy.admit(actor(), call.act)
    shape = call.shape()
    body: tuple[object, ...] = _body(call, shape)
    if call.asks is not None:
        body = (*body, read_query(call.asks))
    try:
        outcome = handler(*body, **path)
    except Refusal as refusal:
        refusal.faults = tuple(
            replace(fault, field=shape.spots.get(fault.field, fault.field))
            for fault in refusal.faults
        )
        raise
    if isinstance(outcome, Answer):
        return outcome.response(call.status)
    return nothing(call.status) if outcome is None else outcome


def _body(call: Call, shape: type[Shape]) -> tuple[Shape | bytes, ...]:
    """Read the body; where none is needed, none may say anything.

    Raises:
        UnsupportedMediaType: it is of no type that the call takes.
    """
    if call.media:
        if request.mimetype not in call.media:
            raise UnsupportedMediaType
        return (request.get_data(),)
    if call.takes is not None:
        return (read_json(shape, call.present and call.present()),)
    if request.method not in ("GET", "HEAD") and request.get_data():
        read_json(shape)
    return ()


@singledispatch
def api_answer(outcome: object, *, bearer: bool = False) -> Response:
    """Turn what a sign-in came to into an answer.

    Args:
        outcome: of the operation.
        bearer: the session is to be handed over as a token.
    """
    del bearer
    raise TypeError(f"the API does not answer {type(outcome).__name__}")


@api_answer.register
def _(outcome: LoggedIn, *, bearer: bool = False) -> Response:
    """Hand over the session: its token to a bearer, else a cookie."""
    term = auth().sessions.term(outcome.token)
    warnings = [advice.code for advice in outcome.advice]
    if bearer:
        token = {"token": outcome.token, "token_type": "Bearer"}
        token |= {"device": outcome.device}
        return NewBearerSession.of(
            outcome.user, term, **token, warnings=warnings
        ).response(201)
    opened = OpenedSession.of(outcome.user, term, warnings=warnings)
    response = opened.response(201)
    life = settings().sessions.remember if outcome.remember else None
    hall().set_cookie(response, hall().session_cookie, outcome.token, life)
    keep_device(response, outcome.user.id, outcome.device)
    keep_trust(response, outcome.user.id, outcome.keeps.get("trusted", ""))
    return response


@api_answer.register
def _(outcome: SecondFactorNeeded, *, bearer: bool = False) -> Response:
    """Say that a second factor is needed, and hand over what waits."""
    del bearer
    return WaitingSignIn(
        waiting=outcome.token,
        ways=outcome.ways,
        expires_at=outcome.ends_at,
    ).response(202)


@api_answer.register
def _(outcome: Renewed, *, bearer: bool = False) -> Response:
    """Hand over the new token of a session, as the old one came."""
    term = auth().sessions.term(outcome.token)
    owner = current_user
    if bearer:
        token = {"token": outcome.token, "token_type": "Bearer"}
        return BearerSession.of(owner, term, **token).response()
    response = Session.of(owner, term).response()
    name = hall().session_cookie
    hall().set_cookie(response, name, outcome.token, outcome.life)
    return response


@api_answer.register
def _(_: LoggedOut, *, bearer: bool = False) -> Response:
    """Say that it is over, and take the cookie back if it was one."""
    del bearer
    response = nothing()
    if not is_bearer():
        hall().see_out(response)
    forget_user()
    return response
