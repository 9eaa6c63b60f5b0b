"""Activity: what happened to an account, in its reader's words.

Administrators read it, and so can the account's owner.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from vestibule.doors.hall import auth
from vestibule.doors.words import say
from vestibule.errors import Reason
from vestibule.ground.acts import ACTS
from vestibule.signals import DONE

if TYPE_CHECKING:
    from vestibule.capabilities.audit.outcomes import Happened


def _(text: str) -> str:
    """Mark a text as one to be translated where it is shown."""
    return text


DOORS = {
    "page": _("Website"),
    "api": _("API"),
    "json": _("JSON routes"),
    "command": _("Command line"),
    "python": _("Program on the server"),
}

# Reasons in short, without the advice that was for whoever met them.
SHORT = {
    "rate.wait": _("Too many tries"),
    "credentials.incorrect": _("Wrong password or name"),
    "password.incorrect": _("Wrong password"),
    "old_password.incorrect": _("Wrong password"),
    "account.disabled": _("Account disabled"),
    "email.unverified": _("Email address not confirmed"),
    "reset.invalid": _("The link no longer works"),
    "link.invalid": _("The link no longer works"),
    "undo.invalid": _("The link no longer works"),
    "code.incorrect": _("Wrong code"),
    "not_me.invalid": _("The link no longer works"),
    "forbidden": _("Not allowed"),
    "auth.required": _("Not signed in"),
    "proof.too_old": _("Password not confirmed again"),
}


@dataclass(frozen=True)
class Line:
    """One thing that happened, in words.

    ``by`` is ``self`` for the account's owner, ``other`` for somebody else
    who was signed in, ``operator`` for commands, and else empty. ``actor``
    and ``subject`` name people whose accounts are still there. What is
    foreign was not written by us.
    """

    at: int
    act: str
    what: str
    is_done: bool
    outcome: str
    by: str
    actor_id: int | None
    actor: str
    subject_id: int | None
    subject: str
    door: str
    address: str
    agent: str
    code: str
    way: str
    is_foreign: bool


def acts() -> list[tuple[str, str]]:
    """List all acts with their words, by these; alike words once."""
    told = {say(text): code for code, text in reversed(ACTS.items())}
    return [(told[text], text) for text in sorted(told)]


def alike(code: str) -> tuple[str, ...]:
    """List the acts that have the same words as one."""
    if code not in ACTS:
        return (code,) if code else ()
    return tuple(c for c, text in ACTS.items() if text == ACTS[code])


def activity(user_id: int, most: int) -> list[Line]:
    """Tell what happened to an account lately, the newest first."""
    return lines(auth().audit.of(user_id, most).items, user_id)


def lines(
    events: "Sequence[Happened]", user_id: int | None = None
) -> list[Line]:
    """Put events into words.

    Args:
        events: as the history tells them.
        user_id: whose they are, if all are one person's.
    """
    actors = {event.actor_id for event in events}
    others = {event.subject_id for event in events} if user_id is None else ()
    people = {n for n in actors.union(others) if n is not None}
    called = auth().db.usernames_of(people - {user_id})
    return [_line(event, called) for event in events]


def own_lines(events: "Sequence[Happened]", user_id: int) -> list[Line]:
    """Put events into words for whose account it is.

    Attack: learning an administrator's name or network address.
    """
    return [
        _line(
            event
            if event.actor_id in (None, user_id)
            else replace(event, address="", agent=""),
            {},
        )
        for event in events
    ]


def _line(event: "Happened", called: Mapping[int, str]) -> Line:
    """Put one event into words."""
    return Line(
        at=event.at,
        act=event.act,
        what=say(ACTS.get(event.act, event.act)),
        is_done=event.outcome == DONE,
        outcome=_outcome(event.outcome),
        by=_by(event),
        actor_id=event.actor_id,
        actor=called.get(event.actor_id or 0, ""),
        subject_id=event.subject_id,
        subject=called.get(event.subject_id or 0, ""),
        door=say(DOORS.get(event.door, event.door)),
        address=event.address,
        agent=event.agent,
        code=event.outcome,
        way=event.door,
        is_foreign=event.is_foreign,
    )


def _outcome(code: str) -> str:
    """Say how something ended."""
    if code == DONE:
        return say("Done")
    reason = Reason.known.get(code)
    text = SHORT.get(code) or (reason.text if reason else "")
    if not text or "{" in text:
        return say("Refused")
    return say("Refused: {why}", why=say(text))


def _by(event: "Happened") -> str:
    """Say who did something, as far as that was known."""
    if event.actor_id is not None:
        return "self" if event.actor_id == event.subject_id else "other"
    return "operator" if event.door in ("command", "python") else ""
