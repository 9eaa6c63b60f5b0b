"""The API's calls about the session at hand, and one's others."""

import dataclasses

from flask import Blueprint
from werkzeug.wrappers import Response

from vestibule.doors.answers import (
    Answer,
    CurrentSession,
    Number,
    Switch,
    Text,
    moment,
    nothing,
    parts,
    told,
)
from vestibule.doors.api import api_answer, api_call
from vestibule.doors.caller import (
    actor,
    current_user,
    forget_user,
    is_bearer,
    session_token,
    signed_in,
)
from vestibule.doors.hall import auth
from vestibule.outcomes import LoggedOut
from vestibule.policy import Act

api = Blueprint("sessions", __name__)


@dataclasses.dataclass(frozen=True, kw_only=True)
class DeviceAnswer(Answer):
    """A session of yours, by which nobody can act."""

    id: str = told(Text, "Names it to you; it opens nothing")
    is_current: bool = told(Switch, "Whether it is that of this request")
    browser: str = told(Text, "The browser or program; empty if unknown")
    system: str = told(Text, "Its operating system; empty if unknown")
    address: str = told(Text, "The network address at the sign-in")
    created_at: int = moment("When it began")
    seen_at: int = moment("When it was used last, to the minute")
    idle_until: int = moment("It ends then unless it is used before")
    expires_at: int = moment("It ends then in any case")


@dataclasses.dataclass(frozen=True, kw_only=True)
class DevicesAnswer(Answer):
    """Where you are signed in, the last used first."""

    items: list[DeviceAnswer] = parts(DeviceAnswer, "The sessions")


@dataclasses.dataclass(frozen=True, kw_only=True)
class EndedAnswer(Answer):
    """How much came to an end."""

    ended: int = told(Number, "How many sessions it were")


@api.get("/sessions/current")
@api_call("See your session", Act.SEE_SESSION, gives=CurrentSession)
def current() -> CurrentSession:
    """Say who is signed in, how, and for how long."""
    term = auth().sessions.term(session_token() or "")
    by = "bearer" if is_bearer() else "cookie"
    return CurrentSession.of(current_user, term, by=by)


@api.get("/sessions")
@api_call("List your sessions", Act.SEE_SESSION, gives=DevicesAnswer)
def devices() -> DevicesAnswer:
    """List where you are signed in, the current one first.

    There are no more than 50 in the list.
    """
    found = auth().sessions.devices(current_user, session_token())
    return DevicesAnswer(
        items=[
            DeviceAnswer(
                id=one.handle,
                is_current=one.is_current,
                browser=one.name.browser,
                system=one.name.system,
                address=one.address,
                created_at=one.created_at,
                seen_at=one.seen_at,
                idle_until=one.ends_at,
                expires_at=one.dies_at,
            )
            for one in found
        ]
    )


@api.delete("/sessions")
@api_call("End your other sessions", Act.END_OTHERS, gives=EndedAnswer)
def end_others() -> EndedAnswer:
    """End all your sessions but that of this request."""
    ended = auth().sessions.end_others(
        current_user, session_token(), by=actor()
    )
    return EndedAnswer(ended=ended)


@api.delete("/sessions/<handle>")
@api_call("End one of your sessions", Act.END_DEVICE, status=204)
def end(handle: str) -> Response:
    """End the session that the list names so."""
    auth().sessions.end_device(handle, by=actor())
    forget_user()
    return api_answer(LoggedOut()) if signed_in() is None else nothing()
