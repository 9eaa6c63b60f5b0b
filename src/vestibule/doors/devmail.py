"""The local inbox: in development every mail can be read here."""

from typing import Any
from uuid import UUID

from flask import Blueprint, abort, make_response
from werkzeug.wrappers import Response

from vestibule.doors.caller import allowed
from vestibule.doors.guards import is_from_here
from vestibule.doors.hall import auth, settings
from vestibule.doors.pages import page
from vestibule.doors.samples import KINDS, sample
from vestibule.ground.clock import written
from vestibule.ground.letters import Letter, sealed_envelope
from vestibule.ground.words import LANGUAGES
from vestibule.policy import Act
from vestibule.worker import reply_to_for, sender_for

devmail = Blueprint("devmail", __name__)

# A letter brings its own styles, and nothing else may run or be fetched.
_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; sandbox; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)


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
            "id": letter.id,
            "to": letter.recipient,
            "subject": letter.subject,
            "parts": _parts(letter.text),
            "has_html": bool(letter.html),
            "headers": _headers(
                Letter(
                    letter.recipient,
                    letter.subject,
                    letter.text,
                    html=letter.html,
                    key=str(letter.id),
                    moment=letter.created_at,
                )
            ),
            "state": letter.state,
            "trouble": letter.trouble,
            "at": written(letter.created_at),
        }
        for letter in auth().outbox.latest()
    ]
    return page("vestibule/devmail.html", letters=letters)


@devmail.get("/dev/mail/<uuid:letter>/html")
@allowed(Act.ENTER)
def as_html(letter: UUID) -> Response:
    """Show a mail as a mail program does."""
    found = auth().outbox.find(letter)
    if found is None or not found.html:
        abort(404)
    return _shown(found.html)


@devmail.get("/dev/letters")
@allowed(Act.ENTER)
def samples() -> Response:
    """List every kind of mail in every language, with sample data."""
    rows = [
        (
            kind,
            [
                (language, sample(kind, language, auth().desk).subject)
                for language in LANGUAGES
            ],
        )
        for kind in KINDS
    ]
    return page("vestibule/devletters.html", rows=rows)


@devmail.get("/dev/letters/<spoken>/<kind>/html")
@allowed(Act.ENTER)
def sample_as_html(spoken: str, kind: str) -> Response:
    """Show one kind of mail as a mail program does."""
    return _shown(_sample(spoken, kind).html)


@devmail.get("/dev/letters/<spoken>/<kind>/text")
@allowed(Act.ENTER)
def sample_as_text(spoken: str, kind: str) -> Response:
    """Show the text of one kind of mail."""
    letter = _sample(spoken, kind)
    response = make_response(f"{letter.subject}\n\n{letter.text}")
    response.mimetype = "text/plain"
    return response


def _sample(language: str, kind: str) -> Letter:
    """Write a sample letter, if there is such a one."""
    if kind not in KINDS or language not in LANGUAGES:
        abort(404)
    return sample(kind, language, auth().desk)


def _shown(html: str) -> Response:
    """Answer with the HTML of a mail, shut in."""
    response = make_response(html)
    response.headers["Content-Security-Policy"] = _POLICY
    # A browser refuses a page that is in a sandbox and wants a window of
    # its own (HTML standard, 7.1.3).
    response.headers["Cross-Origin-Opener-Policy"] = "unsafe-none"
    return response


def _headers(letter: Letter) -> list[tuple[str, str]]:
    """Write the headers that a mail has on its way."""
    own = settings()
    try:
        sealed = sealed_envelope(letter, sender_for(own), reply_to_for(own))
    except ValueError as error:
        return [("", f"cannot be a mail: {error}")]
    return [(name, str(value)) for name, value in sealed.items()]


def _parts(text: str) -> list[tuple[bool, str]]:
    """Cut a text into lines; a line that is a link of ours is marked."""
    base = settings().site_root
    return [(line.startswith(base), line) for line in text.splitlines()]
