"""The pages to sign in by a mailed code or link.

Nothing is hashed here, so nobody has to find a place at the gate first.
"""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from vestibule.capabilities.mailed_sign_in.forms import (
    CodeTyped,
    CodeWanted,
    LinkOpened,
)
from vestibule.capabilities.mailed_sign_in.visitor import Visitor
from vestibule.doors.caller import allowed, signed_out_only
from vestibule.doors.devices import device_tokens
from vestibule.doors.hall import auth
from vestibule.doors.mailed_links import MailedLink, SealedCookie, newcomer
from vestibule.doors.pages import form_page
from vestibule.doors.parts import Part
from vestibule.doors.passage import page_answer
from vestibule.doors.refusals import said
from vestibule.doors.second_steps import trusted_tokens
from vestibule.doors.visit import visit
from vestibule.doors.words import say
from vestibule.errors import Expired
from vestibule.ground.names import masked
from vestibule.policy import Act

pages = Blueprint("mailed_sign_in", __name__, template_folder="templates")
LINK = MailedLink("sign_in", "mailed_sign_in.finish")
# Who has asked in this browser: the name as typed, and the tickets of what
# was asked, the newest first. Attack: a code of somebody else's account,
# planted in a browser, or a code that was read out to a stranger.
ASKER = SealedCookie("asker", 600)
# As many as the operation looks at.
MOST_TICKETS = 5


def _offer() -> Mapping[str, Any] | None:
    """Offer it on the sign-in page where it is on."""
    return {} if auth().mailed_sign_in.is_on else None


PARTS = (Part("login", "vestibule/mailed_sign_in/at_sign_in.html", _offer),)


@pages.before_request
def _only_where_on() -> None:
    """Answer as where there is nothing, unless it is on."""
    auth().mailed_sign_in.require_on()


@pages.route("/login/code", methods=["GET", "POST"])
@allowed(Act.VERIFY)
@signed_out_only
def ask() -> Response:
    """Ask whom to write to, and send the letter."""
    return form_page(
        CodeWanted,
        "vestibule/mailed_sign_in/ask.html",
        lambda form: (form.email, auth().mailed_sign_in.ask(form.email)),
        lambda asked: _asked(*asked),
        values={"email": _asker()[0]},
    )


def _asker() -> tuple[str, list[str]]:
    """Say who has asked here, and what they hold; empty if nobody."""
    match ASKER.held():
        case [str(name), *tickets]:
            return name, [str(ticket) for ticket in tickets]
    return "", []


def _asked(name: str, ticket: str) -> Response:
    """Lead on to where the code is typed, the same way for everybody."""
    before, tickets = _asker()
    kept = tickets if before == name else []
    response = redirect(_step("enter_code"), 303)
    ASKER.give(response, [name, ticket, *kept][: 1 + MOST_TICKETS])
    return response


def _step(name: str) -> str:
    """Give the address of a step, which leads on to the same place."""
    on = request.args.get("next")
    return url_for(f"vestibule.mailed_sign_in.{name}", next=on)


@pages.route("/login/code/enter", methods=["GET", "POST"])
@allowed(Act.VERIFY)
@signed_out_only
def enter_code() -> Response:
    """Take the code, in the browser that has asked for it."""
    name, tickets = _asker()
    if not name:
        return redirect(_step("ask"), 303)
    return form_page(
        CodeTyped,
        "vestibule/mailed_sign_in/code.html",
        lambda form: auth().mailed_sign_in.by_code(
            name, form.code, tickets, _visitor(remember=form.remember)
        ),
        _come_in,
        name=name,
        again=_step("ask"),
    )


def _visitor(*, remember: bool) -> Visitor:
    """Gather what this browser brings along."""
    return Visitor(remember, device_tokens(), trusted_tokens(), newcomer()[1])


def _come_in(outcome: Any) -> Response:
    """Let somebody in, or lead to the second step; nobody waits here."""
    response = page_answer(outcome)
    ASKER.drop(response)
    return response


@pages.route("/login/code/<token>", methods=["GET", "POST"])
@allowed(Act.VERIFY)
@signed_out_only
def open_link(token: str) -> Response:
    """Open a mailed link, and lead on to an address without its token."""
    return LINK.opened(token, auth().mailed_sign_in.look, _dead)


@pages.route("/login/code/link", methods=["GET", "POST"])
@allowed(Act.VERIFY)
@signed_out_only
def finish() -> Response:
    """Show a button; only pressing it signs in.

    Attack: mail scanners open every link, so opening must do nothing.
    """
    return LINK.shown(_finish, _dead)


def _finish(token: str) -> Response:
    """Show whose link it is, or sign in by it."""
    user = auth().mailed_sign_in.look(token)

    def act(form: LinkOpened) -> Any:
        """Sign in, if the form is the one of this link."""
        LINK.check(form.link, token)
        return auth().mailed_sign_in.by_link(
            token, _visitor(remember=form.remember)
        )

    return form_page(
        LinkOpened,
        "vestibule/mailed_sign_in/finish.html",
        act,
        _come_in,
        name=user.username,
        address=masked(user.email),
        is_askers=auth().mailed_sign_in.is_askers(token, _asker()[1]),
        link=LINK.mark(token),
    )


def _dead(refusal: Expired) -> Response:
    """Say that a link is over, and lead to where there are new ones."""
    visit().note("warning", said(refusal.faults[0]))
    text = say("If you asked more than once, use the newest message")
    visit().note("info", text)
    return redirect(url_for("vestibule.mailed_sign_in.ask"))
