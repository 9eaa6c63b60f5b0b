"""The local inbox: in development every mail can be read here."""

from typing import Any

from flask import Blueprint, abort
from werkzeug.wrappers import Response

from vestibule.doors.caller import allowed
from vestibule.doors.guards import is_from_here
from vestibule.doors.hall import auth, settings
from vestibule.doors.pages import page
from vestibule.ground.clock import written
from vestibule.policy import Act

devmail = Blueprint("devmail", __name__)


@devmail.before_request
def _only_here() -> None:
    """Show mails in development, and to this machine, only."""
    if not settings().site.development or not is_from_here():
        abort(404)


@devmail.get("/dev/mail")
@allowed(Act.ENTER)
def inbox() -> Response:
    """List the newest mails with their whole text."""
    letters: list[dict[str, Any]] = [
        {
            "to": letter.recipient,
            "subject": letter.subject,
            "parts": _parts(letter.text),
            "state": letter.state,
            "at": written(letter.created_at),
        }
        for letter in auth().outbox.latest()
    ]
    return page("vestibule/devmail.html", letters=letters)


def _parts(text: str) -> list[tuple[bool, str]]:
    """Cut a text into lines; a line that is a link of ours is marked."""
    base = settings().site_root
    return [(line.startswith(base), line) for line in text.splitlines()]
