"""The API's calls about passkeys."""

import dataclasses
from typing import Any

from flask import Blueprint
from marshmallow import fields
from werkzeug.wrappers import Response

from vestibule.capabilities.passkeys.forms import (
    NewPasskey,
    NewPasskeySession,
    NewPasskeyStep,
    PasskeyName,
    SecondOptions,
)
from vestibule.doors.answers import (
    Answer,
    BearerSession,
    Moment,
    NewBearerSession,
    Number,
    OpenedSession,
    Session,
    Switch,
    Text,
    moment,
    parts,
    told,
)
from vestibule.doors.api import api_answer, api_call
from vestibule.doors.caller import (
    actor,
    cookie_token,
    current_user,
    is_bearer,
    session_token,
)
from vestibule.doors.devices import device_tokens
from vestibule.doors.hall import auth
from vestibule.doors.shapes import row_number
from vestibule.policy import Act

api = Blueprint("passkeys", __name__)
REFUSED = (
    "passkey.required",
    "passkey.incorrect",
    "passkey.unknown",
    "passkey.unverified",
    "passkey.copied",
    "rate.wait",
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class OptionsAnswer(Answer):
    """What a browser or platform is asked; it works for five minutes."""

    public_key: dict[str, Any] = told(
        fields.Dict,
        "For `PublicKeyCredential.parseCreationOptionsFromJSON` or "
        "`parseRequestOptionsFromJSON`",
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class PasskeyAnswer(Answer):
    """A passkey of yours."""

    id: int = told(Number, "Its number")
    name: str = told(Text, "What it is called")
    aaguid: str = told(Text, "What its authenticator says that it is")
    is_backed_up: bool = told(Switch, "Whether it is on other devices, too")
    is_verified: bool = told(Switch, "Whether its device has checked you")
    is_quiet: bool = told(
        Switch, "Whether a browser made it beside a password, unasked"
    )
    created_at: int = moment("When it was added")
    used_at: int | None = told(
        Moment, "When it was used last", nullable=True, format="date-time"
    )

    @classmethod
    def of(cls, one: Any) -> "PasskeyAnswer":
        """Tell of a passkey, without its key."""
        names = (field.name for field in dataclasses.fields(cls))
        return cls(**{name: getattr(one, name) for name in names})


@dataclasses.dataclass(frozen=True, kw_only=True)
class PasskeysAnswer(Answer):
    """Your passkeys, the oldest first."""

    items: list[PasskeyAnswer] = parts(PasskeyAnswer, "The passkeys")


@api.get("/passkeys")
@api_call("List your passkeys", Act.SEE_FACTORS, gives=PasskeysAnswer)
def show() -> PasskeysAnswer:
    """List the passkeys that open your account."""
    known = auth().passkeys.of(current_user)
    return PasskeysAnswer(items=[PasskeyAnswer.of(one) for one in known])


@api.post("/passkey-options")
@api_call(
    "Ask to add a passkey",
    Act.CHANGE_FACTORS,
    gives=OptionsAnswer,
    refuses=("passkey.too_many", "second_factor.email_unconfirmed"),
)
def creation_options() -> OptionsAnswer:
    """Say what the browser or platform is asked to make."""
    options = auth().passkeys.creation_options(
        session_token() or "", by=actor()
    )
    return OptionsAnswer(public_key=options)


@api.post("/passkeys")
@api_call(
    "Add a passkey",
    Act.CHANGE_FACTORS,
    takes=NewPasskey,
    gives=PasskeyAnswer,
    status=201,
    refuses=(
        "passkey.required",
        "passkey.unusable",
        "passkey.taken",
        "passkey.too_many",
        "second_factor.email_unconfirmed",
    ),
)
def add(form: NewPasskey) -> PasskeyAnswer:
    """Add the passkey that was made after the options of this session.

    From then on the password alone does not open the account.
    """
    added = auth().passkeys.add(
        form.credential, session_token() or "", by=actor()
    )
    return PasskeyAnswer.of(added)


@api.patch("/passkeys/<number>")
@api_call(
    "Rename a passkey",
    Act.CHANGE_PASSKEY,
    takes=PasskeyName,
    gives=PasskeyAnswer,
    refuses=("passkey.name_required", "passkey.name_too_long"),
)
def rename(form: PasskeyName, number: str) -> PasskeyAnswer:
    """Call one of your passkeys something else."""
    wanted = row_number(number)
    auth().passkeys.rename(wanted, form.name, by=actor())
    return PasskeyAnswer.of(auth().passkeys.one(wanted, by=actor()))


@api.delete("/passkeys/<number>")
@api_call("Remove a passkey", Act.CHANGE_PASSKEY, status=204)
def remove(number: str) -> None:
    """Remove one of your passkeys; it opens nothing from then on."""
    auth().passkeys.remove(row_number(number), by=actor())


@api.post("/passkey-sessions/options")
@api_call("Ask to sign in by a passkey", Act.VERIFY, gives=OptionsAnswer)
def sign_in_options() -> OptionsAnswer:
    """Say what the browser or platform is asked to show."""
    return OptionsAnswer(public_key=auth().passkeys.sign_in_options())


@api.post("/passkey-sessions")
@api_call(
    "Sign in by a passkey",
    Act.VERIFY,
    takes=NewPasskeySession,
    gives=(OpenedSession, NewBearerSession),
    status=201,
    refuses=(*REFUSED, "email.unverified"),
)
def sign_in(form: NewPasskeySession) -> Response:
    """Open a session by a passkey alone, whose device checks its owner.

    It is two factors by itself, so nothing more is asked for. As for
    `bearer` and `device`, see `POST /sessions`.
    """
    outcome = auth().passkeys.sign_in(
        form.credential,
        remember=form.remember,
        device=device_tokens(form.device),
    )
    if not form.bearer:
        auth().login.out(cookie_token())
    return api_answer(outcome, bearer=form.bearer)


@api.post("/sessions/second-factor/passkey/options")
@api_call(
    "Ask to finish a sign-in by a passkey",
    Act.VERIFY,
    takes=SecondOptions,
    gives=OptionsAnswer,
    refuses=("second_factor.over",),
)
def second_options(form: SecondOptions) -> OptionsAnswer:
    """Say what the browser or platform is asked to show."""
    options = auth().passkeys.second_options(form.waiting)
    return OptionsAnswer(public_key=options)


@api.post("/sessions/second-factor/passkey")
@api_call(
    "Finish a sign-in by a passkey",
    Act.VERIFY,
    takes=NewPasskeyStep,
    gives=(OpenedSession, NewBearerSession),
    status=201,
    refuses=(*REFUSED, "second_factor.over"),
)
def finish(form: NewPasskeyStep) -> Response:
    """Show a passkey as the second factor of a sign-in that waits."""
    outcome = auth().passkeys.finish(
        form.waiting,
        form.credential,
        device=device_tokens(form.device),
        trust=form.trust and not form.bearer,
    )
    if not form.bearer:
        auth().login.out(cookie_token())
    return api_answer(outcome, bearer=form.bearer)


@api.post("/sessions/current/proof/passkey/options")
@api_call(
    "Ask to confirm by a passkey that it is you",
    Act.PROVE,
    gives=OptionsAnswer,
)
def confirm_options() -> OptionsAnswer:
    """Say what the browser or platform is asked to show."""
    options = auth().passkeys.confirm_options(
        current_user, session_token() or ""
    )
    return OptionsAnswer(public_key=options)


@api.post("/sessions/current/proof/passkey")
@api_call(
    "Confirm by a passkey that it is you",
    Act.PROVE,
    takes=NewPasskey,
    gives=(Session, BearerSession),
    refuses=REFUSED,
)
def confirm(form: NewPasskey) -> Response:
    """Prove by a passkey of yours that it is still you.

    As for the session, see `POST /sessions/current/proof`.
    """
    outcome = auth().passkeys.confirm(
        current_user, form.credential, session_token() or ""
    )
    return api_answer(outcome, bearer=is_bearer())
