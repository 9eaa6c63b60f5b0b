"""The API's call about one's own activity."""

import dataclasses

from flask import Blueprint

from vestibule.capabilities.audit.forms import Part, placed
from vestibule.doors import activity as words
from vestibule.doors.answers import (
    Answer,
    Switch,
    Text,
    moment,
    parts,
    told,
)
from vestibule.doors.api import api_call
from vestibule.doors.caller import current_user
from vestibule.doors.hall import auth
from vestibule.ground.devices import device
from vestibule.policy import Act

api = Blueprint("audit", __name__)


@dataclasses.dataclass(frozen=True, kw_only=True)
class EventAnswer(Answer):
    """Something that happened to your account."""

    at: int = moment("When")
    act: str = told(Text, "What was done or tried, as a code")
    text: str = told(Text, "The same in words, in your language")
    outcome: str = told(Text, "`done`, or the code of why it was refused")
    by: str = told(
        Text,
        "Who: you, somebody else signed in, the operator; else unknown",
        enum=["self", "other", "operator", ""],
    )
    door: str = told(Text, "By which way, as a code")
    address: str = told(Text, "From which network address; empty if unknown")
    browser: str = told(Text, "The browser or program; empty if unknown")
    system: str = told(Text, "Its operating system; empty if unknown")
    is_foreign: bool = told(
        Switch,
        "Whether it was not this site that wrote this: somebody else put it "
        "into the database, or changed it there",
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class ActivityAnswer(Answer):
    """A part of your activity, the newest first."""

    items: list[EventAnswer] = parts(EventAnswer, "What happened")
    next: str | None = told(
        Text, "Send it as `before` for the next part", nullable=True
    )


@api.get("/activity")
@api_call(
    "List your activity",
    Act.SEE_ACTIVITY,
    asks=Part,
    gives=ActivityAnswer,
    refuses=("place.unknown",),
)
def activity(part: Part) -> ActivityAnswer:
    """List what happened to your account, the newest first."""
    found = auth().audit.of(current_user.id, before=part.place)
    told_of = words.own_lines(found.items, current_user.id)
    return ActivityAnswer(
        items=[_told(line) for line in told_of], next=placed(found.more)
    )


def _told(line: words.Line) -> EventAnswer:
    """Tell of one thing that happened."""
    name = device(line.agent)
    return EventAnswer(
        at=line.at,
        act=line.act,
        text=line.what,
        outcome=line.code,
        by=line.by,
        door=line.way,
        address=line.address,
        browser=name.browser,
        system=name.system,
        is_foreign=line.is_foreign,
    )
