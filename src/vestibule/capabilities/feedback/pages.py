"""The page of an account with its feedback, and the forms to write it."""

from flask import Blueprint, redirect, url_for
from werkzeug.wrappers import Response

from vestibule.capabilities.feedback.forms import (
    LARGEST_WORDS,
    Part,
    Removal,
    Words,
)
from vestibule.doors.caller import actor, allowed, current_user
from vestibule.doors.hall import auth
from vestibule.doors.pages import form_page, keeping, page
from vestibule.doors.rendering import picture_name
from vestibule.doors.rooms import Room
from vestibule.doors.shapes import read_query, row_number, takes
from vestibule.doors.visit import visit
from vestibule.doors.words import say
from vestibule.policy import Act

pages = Blueprint("feedback", __name__, template_folder="templates")
ROOM = Room("feedback.of", "Feedback", is_named=True)
FORM = "application/x-www-form-urlencoded"


@pages.get("/users/<username>")
@allowed(Act.SEE_ACCOUNT)
def of(username: str) -> Response:
    """Show an account and its feedback to its owner or an administrator."""
    owner = auth().policy.account(Act.SEE_ACCOUNT, actor(), username=username)
    part = read_query(Part)
    return page(
        "vestibule/feedback/of.html",
        owner=owner,
        picture=picture_name(owner),
        found=auth().feedback.of(
            owner, by=actor(), before=part.before, most=part.most
        ),
        is_first=part.is_first,
    )


@pages.get("/secret")
@allowed(Act.SEE_PROFILE)
def secret() -> Response:
    """Lead to one's own account, where the texts had a secret."""
    return _home_of(current_user.username)


@pages.route("/users/<username>/feedback/add", methods=["GET", "POST"])
@keeping(Words)
@allowed(Act.ADD_FEEDBACK)
@takes(LARGEST_WORDS, FORM)
def add(username: str) -> Response:
    """Show the form and write feedback that belongs to an account."""
    owner = auth().policy.account(Act.ADD_FEEDBACK, actor(), username=username)
    return form_page(
        Words,
        "vestibule/feedback/write.html",
        lambda form: auth().feedback.add(
            owner, form.title, form.content, by=actor()
        ),
        lambda _: _home_of(owner.username, say("Your feedback was sent")),
        owner=owner,
        item=None,
    )


@pages.route("/feedback/<number>/update", methods=["GET", "POST"])
@keeping(Words)
@allowed(Act.CHANGE_FEEDBACK)
@takes(LARGEST_WORDS, FORM)
def change(number: str) -> Response:
    """Show the form filled in and change feedback."""
    item = auth().feedback.one(
        row_number(number), Act.CHANGE_FEEDBACK, by=actor()
    )
    return form_page(
        Words,
        "vestibule/feedback/write.html",
        lambda form: auth().feedback.change(
            item.id, form.title, form.content, by=actor()
        ),
        lambda _: _home_of(item.username, say("The feedback was changed")),
        values={"title": item.title, "content": item.content},
        owner=None,
        item=item,
    )


@pages.route("/feedback/<number>/delete", methods=["GET", "POST"])
@allowed(Act.DELETE_FEEDBACK)
def delete(number: str) -> Response:
    """Ask whether to delete feedback, and do it."""
    item = auth().feedback.one(
        row_number(number), Act.DELETE_FEEDBACK, by=actor()
    )
    return form_page(
        Removal,
        "vestibule/feedback/delete.html",
        lambda _: auth().feedback.delete(item.id, by=actor()),
        lambda _: _home_of(item.username, say("The feedback was deleted")),
        item=item,
    )


def _home_of(username: str, notice: str = "") -> Response:
    """Lead to the page of an account."""
    if notice:
        visit().note("success", notice)
    return redirect(url_for("vestibule.feedback.of", username=username))
