"""The pages of passkeys: kept, shown, and offered."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, jsonify, redirect, request, url_for
from werkzeug.wrappers import Response

from vestibule.capabilities.passkeys.forms import (
    Asking,
    AskingToAdd,
    Handed,
    HandedAsSecond,
    HandedAtSignIn,
    PasskeyName,
)
from vestibule.doors.answers import nothing
from vestibule.doors.caller import (
    actor,
    allowed,
    current_user,
    session_token,
    signed_out_only,
)
from vestibule.doors.devices import device_tokens
from vestibule.doors.hall import auth, settings
from vestibule.doors.pages import form_page, own_form, page
from vestibule.doors.parts import Part
from vestibule.doors.second_steps import waiting_token
from vestibule.doors.shapes import row_number
from vestibule.doors.visit import visit
from vestibule.doors.words import ago, say
from vestibule.errors import Expired, NotProven
from vestibule.policy import Act

pages = Blueprint("passkeys", __name__, template_folder="templates")


def _offer() -> Mapping[str, Any] | None:
    """Gather what is offered to somebody without a passkey, if it may be."""
    if not auth().passkeys.is_offered(current_user):
        return None
    age = auth().clock.now() - actor().proven_at
    return {"is_fresh": 0 <= age <= settings().sessions.proof}


def _confirming() -> Mapping[str, Any] | None:
    """Offer to confirm by a passkey to whoever has one."""
    return {} if auth().passkeys.of(current_user) else None


PARTS = (
    Part("login", "vestibule/passkeys/at_sign_in.html"),
    Part("confirm", "vestibule/passkeys/at_confirm.html", _confirming),
    Part("profile", "vestibule/passkeys/offer.html", _offer),
)


@pages.get("/account/passkeys")
@allowed(Act.SEE_FACTORS)
def show() -> Response:
    """Show which passkeys there are."""
    return page(
        "vestibule/passkeys/passkeys.html",
        known=auth().passkeys.of(current_user),
        signal=auth().passkeys.signal(current_user),
        ago=ago,
    )


@pages.route("/account/passkeys/new", methods=["GET", "POST"])
@allowed(Act.CHANGE_FACTORS)
def add() -> Response:
    """Say what a passkey is, and add one."""
    auth().passkeys.may_add(actor())
    return form_page(
        Handed,
        "vestibule/passkeys/new.html",
        lambda form: auth().passkeys.add(
            form.credential, session_token() or "", by=actor()
        ),
        lambda _: _done(say("The passkey was added")),
    )


@pages.post("/account/passkeys/options")
@allowed(Act.CHANGE_FACTORS)
def creation_options() -> Response:
    """Tell a script what the browser is asked to make."""
    form = own_form(AskingToAdd)
    options = auth().passkeys.creation_options(
        session_token() or "", by=actor(), quiet=form.quiet
    )
    return jsonify(public_key=options)


@pages.post("/account/passkeys/quiet")
@allowed(Act.CHANGE_FACTORS)
def add_quietly() -> Response:
    """Add a passkey that the browser has made beside a password."""
    form = own_form(Handed)
    auth().passkeys.add(
        form.credential, session_token() or "", by=actor(), quiet=True
    )
    return nothing()


@pages.post("/account/passkeys/not-now")
@allowed(Act.CHANGE_PREFERENCES)
def decline() -> Response:
    """Offer no passkey for a while."""
    own_form(Asking)
    auth().passkeys.decline(current_user)
    return redirect(url_for("vestibule.profile.show"), 303)


@pages.route("/account/passkeys/<number>/name", methods=["GET", "POST"])
@allowed(Act.CHANGE_PASSKEY)
def rename(number: str) -> Response:
    """Ask what a passkey is to be called."""
    wanted = row_number(number)
    one = auth().passkeys.one(wanted, by=actor())
    return form_page(
        PasskeyName,
        "vestibule/passkeys/rename.html",
        lambda form: auth().passkeys.rename(wanted, form.name, by=actor()),
        lambda _: _done(say("The passkey was renamed")),
        values={"name": one.name},
        one=one,
    )


@pages.route("/account/passkeys/<number>/remove", methods=["GET", "POST"])
@allowed(Act.CHANGE_PASSKEY)
def remove(number: str) -> Response:
    """Ask whether to remove a passkey, and do it."""
    wanted = row_number(number)
    return form_page(
        Asking,
        "vestibule/passkeys/remove.html",
        lambda _: auth().passkeys.remove(wanted, by=actor()),
        lambda _: _done(say("The passkey was removed")),
        one=auth().passkeys.one(wanted, by=actor()),
    )


def _done(notice: str) -> Response:
    """Say what is done, above the list."""
    visit().note("success", notice)
    return redirect(url_for("vestibule.passkeys.show"), 303)


@pages.route("/login/passkey", methods=["GET", "POST"])
@allowed(Act.VERIFY)
@signed_out_only
def sign_in() -> Response:
    """Sign somebody in by a passkey alone."""
    forgotten: dict[str, str] = {}
    return form_page(
        HandedAtSignIn,
        "vestibule/passkeys/sign_in.html",
        lambda form: _sign_in(form, forgotten),
        forgotten=forgotten,
    )


def _sign_in(form: HandedAtSignIn, forgotten: dict[str, str]) -> Any:
    """Sign in, or note which passkey the browser may forget."""
    try:
        return auth().passkeys.sign_in(
            form.credential,
            visit().nonce,
            remember=form.remember,
            device=device_tokens(),
        )
    except NotProven as refusal:
        forgotten.update(getattr(refusal, "signal", {}))
        raise


@pages.post("/login/passkey/options")
@allowed(Act.VERIFY)
def sign_in_options() -> Response:
    """Tell a script what the browser is asked to show."""
    own_form(Asking)
    return jsonify(public_key=auth().passkeys.sign_in_options(visit().nonce))


@pages.route("/login/verify/passkey", methods=["GET", "POST"])
@allowed(Act.VERIFY)
@signed_out_only
def verify() -> Response:
    """Take a passkey as the second step of a sign-in that waits."""
    try:
        user, ways = auth().second_factors.waits_for(waiting_token())
        return form_page(
            HandedAsSecond,
            "vestibule/passkeys/verify.html",
            lambda form: auth().passkeys.finish(
                waiting_token(),
                form.credential,
                device=device_tokens(),
                trust=form.trust,
            ),
            name=user.username,
            others=[way for way in ways if way.name != "passkeys"],
        )
    except Expired:
        # Where all second steps go on says that it took too long.
        on = request.args.get("next")
        return redirect(url_for("vestibule.second_factors.verify", next=on))


@pages.post("/login/verify/passkey/options")
@allowed(Act.VERIFY)
def verify_options() -> Response:
    """Tell a script what the browser is asked to show."""
    own_form(Asking)
    options = auth().passkeys.second_options(waiting_token())
    return jsonify(public_key=options)


@pages.route("/confirm/passkey", methods=["GET", "POST"])
@allowed(Act.PROVE)
def confirm() -> Response:
    """Take a passkey in place of the password once more."""
    return form_page(
        Handed,
        "vestibule/passkeys/confirm.html",
        lambda form: auth().passkeys.confirm(
            current_user, form.credential, session_token() or ""
        ),
    )


@pages.post("/confirm/passkey/options")
@allowed(Act.PROVE)
def confirm_options() -> Response:
    """Tell a script what the browser is asked to show."""
    own_form(Asking)
    options = auth().passkeys.confirm_options(
        current_user, session_token() or ""
    )
    return jsonify(public_key=options)
