"""The pages that confirm an address, by the mailed link or its code."""

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response

from vestibule.capabilities.email_verification.forms import (
    Cancelling,
    Confirmation,
    EmailCode,
    ProvenConfirmation,
    SendAgain,
    TakeOver,
)
from vestibule.doors.caller import (
    actor,
    allowed,
    current_user,
    leads_to_sign_in,
    session_token,
    signed_in,
    signed_out_only,
    to_sign_in,
)
from vestibule.doors.hall import auth
from vestibule.doors.mailed_links import (
    NEW_PASSWORD,
    NEWCOMER,
    MailedLink,
    newcomer,
)
from vestibule.doors.pages import form_page, own_form
from vestibule.doors.refusals import said
from vestibule.doors.visit import visit
from vestibule.doors.words import say
from vestibule.errors import Expired, NotProven, Refusal
from vestibule.ground.names import masked
from vestibule.policy import Act
from vestibule.user import User

pages = Blueprint("email_verification", __name__, template_folder="templates")
LINK = MailedLink("confirm", "email_verification.confirm")


@pages.route("/verify-email", methods=["GET", "POST"])
@allowed(Act.CONFIRM_EMAIL)
def enter_code() -> Response:
    """Take the code of a letter, in the browser whose owner waits for it.

    Who has just signed up or tried to sign in here need not be signed in.
    """
    me, (name, ticket) = signed_in(), newcomer()
    if me is None and not name:
        if leads_to_sign_in():
            return to_sign_in()
        raise NotProven
    pending = None if me is None else auth().email_verification.pending(me)
    looks = request.method != "POST"
    if looks and me is not None and _is_settled(me, pending):
        return _confirmed()
    return form_page(
        EmailCode,
        "vestibule/email_verification/code.html",
        lambda form: auth().email_verification.confirm_by_code(
            form.code,
            by=actor(),
            email=name if me is None else me.email,
            ticket=ticket,
            keep=session_token(),
        ),
        lambda _: _confirmed(),
        name=pending or (name if me is None else me.email),
    )


@pages.route("/verify-email/again", methods=["GET", "POST"])
@allowed(Act.ASK_CONFIRM)
def send_again() -> Response:
    """Offer to send the message again, and send it."""
    pending = auth().email_verification.pending(current_user)
    if _is_settled(current_user, pending):
        return _confirmed()
    return form_page(
        SendAgain,
        "vestibule/email_verification/send_again.html",
        lambda _: auth().email_verification.send_again(current_user),
        _sent_again,
        address=pending,
    )


def _is_settled(user: User, pending: str | None) -> bool:
    """Tell whether there is nothing that somebody could confirm."""
    return pending is None and user.email_verified_at is not None


def _sent_again(address: str) -> Response:
    """Say where the message went, and take its code."""
    text = say("We have sent a message to {email}", email=address)
    visit().note("success", text)
    return redirect(url_for("vestibule.email_verification.enter_code"))


@pages.post("/verify-email/cancel")
@allowed(Act.ASK_CONFIRM)
def cancel() -> Response:
    """Forget the new address that waits; the old one stays."""
    try:
        own_form(Cancelling)
        auth().email_verification.cancel_change(current_user)
        visit().note("success", say("The change is cancelled"))
    except Refusal as refusal:
        visit().note("error", said(refusal.faults[0]))
    return redirect(url_for("vestibule.profile.show"))


@pages.route("/verify-email/<token>", methods=["GET", "POST"])
@allowed(Act.CONFIRM_EMAIL)
def open_link(token: str) -> Response:
    """Open a mailed link, and lead on to an address without its token."""
    return LINK.opened(token, auth().email_verification.look, _dead)


@pages.route("/verify-email/confirm", methods=["GET", "POST"])
@allowed(Act.CONFIRM_EMAIL)
def confirm() -> Response:
    """Show a button; only pressing it confirms.

    Attack: mail scanners open every link, so opening must do nothing.
    """
    return LINK.shown(_confirm, _dead)


def _confirm(token: str) -> Response:
    """Show the button of a good token, or confirm.

    Who is not known here as the account's owner is asked for its password.
    Attack: the owner of the mailbox, made to confirm a stranger's account.
    """
    verification, (_, ticket) = auth().email_verification, newcomer()
    awaited = verification.look(token)
    is_mine = verification.is_ones_own(awaited.user, actor(), ticket)

    def act(form: Confirmation) -> None:
        """Confirm, if the form is the one of this link."""
        LINK.check(form.link, token)
        verification.confirm(
            token,
            by=actor(),
            password=getattr(form, "password", ""),
            ticket=ticket,
            keep=session_token(),
        )

    return form_page(
        Confirmation if is_mine else ProvenConfirmation,
        "vestibule/email_verification/confirm.html",
        act,
        lambda _: _confirmed(),
        awaited=awaited,
        # Attack: a scanner or a neighbour, who learns whose link it is.
        address=awaited.address if is_mine else masked(awaited.address),
        is_mine=is_mine,
        is_free=not awaited.is_new and awaited.user.email_verified_at is None,
        link=LINK.mark(token),
    )


@pages.post("/verify-email/new-password")
@allowed(Act.RESET)
@signed_out_only
def take_over() -> Response:
    """Lead whoever reads the mail, but knows no password, to a new one."""
    return LINK.shown(_take_over, _dead)


def _take_over(token: str) -> Response:
    """Go on as with the letter of a reset."""
    LINK.check(own_form(TakeOver).link, token)
    return NEW_PASSWORD.taken(auth().password_reset.take_over(token))


def _dead(refusal: Expired) -> Response:
    """Say that a link is dead, and where to get another one."""
    visit().note("warning", _dead_text(refusal))
    return redirect(_next_page())


def _dead_text(refusal: Expired) -> str:
    """Say it; the page to ask for one is only for whoever is signed in."""
    if signed_in() is not None:
        return said(refusal.faults[0])
    return say(
        "This link has been used or is too old. Sign in, and you can ask "
        "for a new one"
    )


def _confirmed() -> Response:
    """Say that the address is confirmed."""
    visit().note("success", say("Your email address is confirmed"))
    response = redirect(_next_page())
    NEWCOMER.drop(response)
    return response


def _next_page() -> str:
    """Go on to the profile, or to the sign-in page."""
    if signed_in() is not None:
        return url_for("vestibule.profile.show")
    return url_for("vestibule.login.sign_in")
