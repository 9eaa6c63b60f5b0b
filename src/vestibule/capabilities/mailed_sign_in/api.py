"""The API's calls to sign in by a mailed code or link."""

import dataclasses

from flask import Blueprint
from werkzeug.wrappers import Response

from vestibule.capabilities.mailed_sign_in.forms import (
    NewMailedCode,
    SessionByCode,
    SessionByLink,
)
from vestibule.capabilities.mailed_sign_in.visitor import Visitor
from vestibule.doors.answers import (
    Answer,
    NewBearerSession,
    OpenedSession,
    Text,
    WaitingSignIn,
    told,
)
from vestibule.doors.api import api_answer, api_call
from vestibule.doors.caller import cookie_token
from vestibule.doors.devices import device_tokens
from vestibule.doors.hall import auth
from vestibule.doors.second_steps import trusted_tokens
from vestibule.policy import Act

api = Blueprint("mailed_sign_in", __name__)


@dataclasses.dataclass(frozen=True, kw_only=True)
class MailedCodeAsked(Answer):
    """If there is such an account, a letter is on its way."""

    ticket: str = told(
        Text,
        "The secret of this question; the code works together with it alone",
        is_secret=True,
    )


@api.post("/sessions/mailed-code")
@api_call(
    "Ask for a code by mail to sign in",
    Act.VERIFY,
    takes=NewMailedCode,
    gives=MailedCodeAsked,
    status=202,
    refuses=("email.format", "missing", "rate.wait"),
)
def ask(form: NewMailedCode) -> MailedCodeAsked:
    """Mail a code and a link, if the name has an account.

    The answer is the same if it has none. Code and link work for ten
    minutes; a new letter ends the one before. Where the operator has not
    turned this on, there is nothing here: 404.
    """
    return MailedCodeAsked(ticket=auth().mailed_sign_in.ask(form.name))


@api.post("/sessions/mailed-code/code")
@api_call(
    "Sign in by a mailed code",
    Act.VERIFY,
    takes=SessionByCode,
    gives=(OpenedSession, NewBearerSession, WaitingSignIn),
    status=201,
    refuses=("code.format", "code.incorrect", "missing", "rate.wait"),
)
def by_code(form: SessionByCode) -> Response:
    """Open a session by the code, and the `ticket` that was told before.

    The code may be sent with spaces. It has five tries. The answers are
    those of `POST /sessions`: 202 where the account has a second factor. An
    address that nobody has confirmed is confirmed by this; the password that
    was chosen before does not work any more then.
    """
    outcome = auth().mailed_sign_in.by_code(
        form.name,
        form.code,
        [form.ticket],
        _visitor(form),
    )
    return _come_in(outcome, form)


@api.post("/sessions/mailed-code/link")
@api_call(
    "Sign in with the token of a mailed link",
    Act.VERIFY,
    takes=SessionByLink,
    gives=(OpenedSession, NewBearerSession, WaitingSignIn),
    status=201,
    refuses=("link.invalid", "missing", "rate.wait"),
)
def by_link(form: SessionByLink) -> Response:
    """Open a session by the end of the mailed link, which works once.

    Ask whoever has opened it whether they want to sign in, and to which
    account: somebody else may have sent it to them. The answers are those
    of the code.
    """
    return _come_in(
        auth().mailed_sign_in.by_link(form.token, _visitor(form)), form
    )


def _visitor(form: SessionByCode | SessionByLink) -> Visitor:
    """Gather what a program brings along."""
    # A program shows no cookie, and could keep none that takes its place.
    trusted = () if form.bearer else trusted_tokens()
    return Visitor(form.remember, device_tokens(form.device), trusted)


def _come_in(outcome: object, form: SessionByCode | SessionByLink) -> Response:
    """Answer as to every sign-in; a session that is replaced is over."""
    if not form.bearer:
        auth().login.out(cookie_token())
    return api_answer(outcome, bearer=form.bearer)
