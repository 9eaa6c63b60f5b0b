"""The API's calls about feedback."""

import dataclasses

from flask import Blueprint

from vestibule.capabilities.feedback.forms import (
    LARGEST_WORDS,
    Part,
    Words,
)
from vestibule.doors.answers import (
    Answer,
    Number,
    Text,
    moment,
    parts,
    told,
)
from vestibule.doors.api import api_call
from vestibule.doors.caller import actor
from vestibule.doors.hall import auth
from vestibule.doors.shapes import row_number, takes
from vestibule.policy import Act

api = Blueprint("feedback", __name__)
WRONG_WORDS = (
    "feedback.title.required",
    "feedback.title.too_long",
    "feedback.content.required",
    "feedback.content.too_long",
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class FeedbackAnswer(Answer):
    """One piece of feedback."""

    id: int = told(Number, "Its number")
    username: str = told(Text, "Whose it is")
    title: str = told(Text, "Title")
    content: str = told(Text, "What is said, in plain text")
    created_at: int = moment("When it was written")
    updated_at: int = moment("When it was changed last")


@dataclasses.dataclass(frozen=True, kw_only=True)
class FeedbackPageAnswer(Answer):
    """A part of a list of feedback, the newest first."""

    items: list[FeedbackAnswer] = parts(FeedbackAnswer, "The feedback")
    next: int | None = told(
        Number, "Send it as `before` for the next part", nullable=True
    )


def _one(number: int) -> FeedbackAnswer:
    """Tell of a piece of feedback what everybody may know who sees it."""
    item = auth().feedback.one(number, Act.SEE_FEEDBACK, by=actor())
    names = [f.name for f in dataclasses.fields(FeedbackAnswer)]
    return FeedbackAnswer(**{name: getattr(item, name) for name in names})


@api.get("/users/<username>/feedback")
@api_call(
    "List feedback",
    Act.LIST_FEEDBACK,
    asks=Part,
    gives=FeedbackPageAnswer,
)
def of(part: Part, username: str) -> FeedbackPageAnswer:
    """List what an account has written, the newest first.

    It is for its owner and administrators to see.
    """
    owner = auth().policy.account(
        Act.LIST_FEEDBACK, actor(), username=username
    )
    found = auth().feedback.of(
        owner, by=actor(), before=part.before, most=part.most
    )
    items: list[FeedbackAnswer] = [*found.items]  # type: ignore[list-item]
    return FeedbackPageAnswer(items=items, next=found.before)


@api.post("/users/<username>/feedback")
@api_call(
    "Write feedback",
    Act.ADD_FEEDBACK,
    takes=Words,
    gives=FeedbackAnswer,
    status=201,
    refuses=(*WRONG_WORDS, "rate.wait"),
)
@takes(LARGEST_WORDS, "application/json")
def add(form: Words, username: str) -> FeedbackAnswer:
    """Write feedback that belongs to an account.

    An administrator who writes for somebody else needs a fresh proof.
    """
    owner = auth().policy.account(Act.ADD_FEEDBACK, actor(), username=username)
    number = auth().feedback.add(owner, form.title, form.content, by=actor())
    return _one(number)


@api.get("/feedback/<number>")
@api_call("See feedback", Act.SEE_FEEDBACK, gives=FeedbackAnswer)
def show(number: str) -> FeedbackAnswer:
    """Tell of one piece of feedback."""
    return _one(row_number(number))


@api.put("/feedback/<number>")
@api_call(
    "Change feedback",
    Act.CHANGE_FEEDBACK,
    takes=Words,
    gives=FeedbackAnswer,
    refuses=WRONG_WORDS,
)
@takes(LARGEST_WORDS, "application/json")
def change(form: Words, number: str) -> FeedbackAnswer:
    """Put another title and content in place of those there were.

    An administrator who changes somebody else's needs a fresh proof.
    """
    item = auth().feedback.change(
        row_number(number), form.title, form.content, by=actor()
    )
    return _one(item.id)


@api.delete("/feedback/<number>")
@api_call("Delete feedback", Act.DELETE_FEEDBACK, status=204)
def delete(number: str) -> None:
    """Delete one piece of feedback, for good.

    An administrator who deletes somebody else's needs a fresh proof.
    """
    auth().feedback.delete(row_number(number), by=actor())
