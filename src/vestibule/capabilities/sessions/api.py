"""The API's call about the session at hand."""

from flask import Blueprint

from vestibule.doors.answers import CurrentSession
from vestibule.doors.api import api_call
from vestibule.doors.caller import current_user, is_bearer, session_token
from vestibule.doors.hall import auth
from vestibule.policy import Act

api = Blueprint("sessions", __name__)


@api.get("/sessions/current")
@api_call("See your session", Act.SEE_SESSION, gives=CurrentSession)
def current() -> CurrentSession:
    """Say who is signed in, how, and for how long."""
    term = auth().sessions.term(session_token() or "")
    by = "bearer" if is_bearer() else "cookie"
    return CurrentSession.of(current_user, term, by=by)
