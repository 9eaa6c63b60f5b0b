"""The pages where administrators look after accounts and feedback."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, redirect, url_for
from werkzeug.wrappers import Response

from vestibule.capabilities.administration.forms import (
    ANSWERS,
    FeedbackSearch,
    Question,
    UserSearch,
)
from vestibule.doors.activity import activity
from vestibule.doors.caller import actor, allowed, forget_user, signed_in
from vestibule.doors.hall import auth, settings
from vestibule.doors.pages import form_page, page, search_page
from vestibule.doors.passage import page_answer
from vestibule.doors.shapes import row_number
from vestibule.doors.visit import visit
from vestibule.doors.words import device_name, say
from vestibule.errors import Missing
from vestibule.ground.words import lasting
from vestibule.outcomes import LoggedOut
from vestibule.policy import Act
from vestibule.user import User

pages = Blueprint("administration", __name__, template_folder="templates")
FOLDER = "vestibule/administration"
LATEST_EVENTS = 30
LATEST_FEEDBACK = 5


@pages.get("/admin")
@allowed(Act.LIST_USERS)
def home() -> Response:
    """Lead to the list of accounts."""
    return redirect(url_for("vestibule.administration.users"))


@pages.get("/admin/users")
@allowed(Act.LIST_USERS)
def users() -> Response:
    """List accounts, the newest first, or those that a search finds."""
    return search_page(UserSearch, f"{FOLDER}/users.html", _users)


def _users(asked: UserSearch) -> dict[str, Any]:
    """Find the accounts that a search asks for."""
    found = auth().administration.search(
        asked.search,
        by=actor(),
        before=asked.before,
        is_active=ANSWERS[asked.state],
        is_admin=ANSWERS[asked.role],
        is_confirmed=ANSWERS[asked.address],
    )
    return {"found": found}


@pages.get("/admin/users/<number>")
@allowed(Act.INSPECT)
def user(number: str) -> Response:
    """Show all about an account that helps to help its owner."""
    owner = _owner(Act.INSPECT, number)
    return page(
        f"{FOLDER}/user.html",
        owner=owner,
        pending=auth().email_verification.pending(owner),
        must_confirm=settings().email.verified_required,
        devices=auth().sessions.devices(owner),
        device_name=device_name,
        feedback=auth().feedback.of(owner, by=actor(), most=LATEST_FEEDBACK),
        events=activity(owner.id, LATEST_EVENTS),
    )


@pages.route("/admin/users/<number>/disable", methods=["GET", "POST"])
@allowed(Act.DISABLE)
def disable(number: str) -> Response:
    """Ask whether to close an account, and do it."""
    owner = _owner(Act.DISABLE, number)
    return _question(
        "disable",
        owner,
        lambda: auth().administration.set_active(
            owner, is_active=False, by=actor()
        ),
        say("{name} is disabled, and signed out", name=owner.username),
    )


@pages.route("/admin/users/<number>/enable", methods=["GET", "POST"])
@allowed(Act.ENABLE)
def enable(number: str) -> Response:
    """Ask whether to open an account again, and do it."""
    owner = _owner(Act.ENABLE, number)
    return _question(
        "enable",
        owner,
        lambda: auth().administration.set_active(
            owner, is_active=True, by=actor()
        ),
        say("{name} is enabled again", name=owner.username),
    )


@pages.route("/admin/users/<number>/promote", methods=["GET", "POST"])
@allowed(Act.PROMOTE)
def promote(number: str) -> Response:
    """Ask whether to make somebody an administrator, and do it."""
    owner = _owner(Act.PROMOTE, number)
    return _question(
        "promote",
        owner,
        lambda: auth().administration.set_admin(
            owner, is_admin=True, by=actor()
        ),
        say("{name} is an administrator now", name=owner.username),
    )


@pages.route("/admin/users/<number>/demote", methods=["GET", "POST"])
@allowed(Act.DEMOTE)
def demote(number: str) -> Response:
    """Ask whether somebody shall be no administrator, and do it."""
    owner = _owner(Act.DEMOTE, number)
    return _question(
        "demote",
        owner,
        lambda: auth().administration.set_admin(
            owner, is_admin=False, by=actor()
        ),
        say("{name} is no administrator any more", name=owner.username),
    )


@pages.route("/admin/users/<number>/reset", methods=["GET", "POST"])
@allowed(Act.SEND_RESET)
def reset(number: str) -> Response:
    """Ask whether to mail somebody a reset link, and do it."""
    owner = _owner(Act.SEND_RESET, number)
    return _question(
        "reset",
        owner,
        lambda: auth().administration.send_reset(owner, by=actor()),
        say("The link is on its way to {email}", email=owner.email),
    )


@pages.route("/admin/users/<number>/sign-out", methods=["GET", "POST"])
@allowed(Act.END_SESSIONS)
def sign_out(number: str) -> Response:
    """Ask whether to sign somebody out everywhere, and do it."""
    owner = _owner(Act.END_SESSIONS, number)
    return _question(
        "sign_out",
        owner,
        lambda: auth().administration.end_sessions(owner, by=actor()),
        say("{name} is signed out everywhere", name=owner.username),
    )


@pages.get("/admin/feedback")
@allowed(Act.SEARCH_FEEDBACK)
def feedback() -> Response:
    """List everybody's feedback, or what a search finds of it."""
    return search_page(FeedbackSearch, f"{FOLDER}/feedback.html", _feedback)


def _feedback(asked: FeedbackSearch) -> dict[str, Any]:
    """Find the feedback that a search asks for."""
    owner = None
    try:
        if asked.username:
            owner = auth().policy.account(
                Act.LIST_FEEDBACK, actor(), username=asked.username
            )
    except Missing:
        return {"found": None}
    found = auth().feedback.search(
        asked.search, owner, by=actor(), before=asked.before
    )
    return {"found": found}


def _owner(act: Act, number: str) -> User:
    """Find the account that a page is about, for whom may do its act."""
    return auth().policy.account(act, actor(), id=row_number(number))


def _question(
    name: str, owner: User, do: Callable[[], object], notice: str
) -> Response:
    """Say what will happen and ask whether to; if so, do it.

    Args:
        name: of the act, as its template is called.
        owner: to whose account it is done.
        do: does it.
        notice: what is said once it is done.
    """
    return form_page(
        Question,
        f"{FOLDER}/{name}.html",
        lambda _: do(),
        lambda _: _done(owner, notice),
        owner=owner,
        life=lasting(settings().email.link_life),
    )


def _done(owner: User, notice: str) -> Response:
    """Say that it is done, and lead back to the account."""
    forget_user()
    # Whoever signed themselves out by it begins anew.
    if signed_in() is None:
        response = page_answer(LoggedOut())
    else:
        to = url_for("vestibule.administration.user", number=owner.id)
        response = redirect(to)
    visit().note("success", notice)
    return response
