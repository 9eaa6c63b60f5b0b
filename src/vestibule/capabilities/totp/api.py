"""The API's calls about an authenticator app."""

import dataclasses

from flask import Blueprint

from vestibule.capabilities.totp.forms import AppCode
from vestibule.doors.answers import Answer, Moment, Switch, Text, moment, told
from vestibule.doors.api import api_call
from vestibule.doors.caller import actor, current_user
from vestibule.doors.hall import auth
from vestibule.policy import Act

api = Blueprint("totp", __name__)


@dataclasses.dataclass(frozen=True, kw_only=True)
class AppAnswer(Answer):
    """How it stands with your authenticator app."""

    is_on: bool = told(Switch, "Whether its codes are asked for")
    confirmed_at: int | None = told(
        Moment, "Since when; null if it is off", nullable=True
    )
    used_at: int | None = told(
        Moment, "When a code was used last, if ever", nullable=True
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class SetUpAnswer(Answer):
    """What the app must know; told once, to whoever sets it up."""

    secret: str = told(
        Text, "The key, to be typed into the app", is_secret=True
    )
    uri: str = told(
        Text,
        "The same as an `otpauth://` address, for a QR code",
        is_secret=True,
    )
    expires_at: int = moment("Until then it can be confirmed")


def _answer() -> AppAnswer:
    """Tell somebody how it stands with their app."""
    app = auth().totp.app(current_user)
    if app is None:
        return AppAnswer(is_on=False, confirmed_at=None, used_at=None)
    return AppAnswer(is_on=True, **vars(app))


@api.get("/totp")
@api_call("See your authenticator app", Act.SEE_FACTORS, gives=AppAnswer)
def show() -> AppAnswer:
    """Tell whether an app is set up, and when it was used last."""
    return _answer()


@api.post("/totp")
@api_call(
    "Begin to set an authenticator app up",
    Act.CHANGE_FACTORS,
    gives=SetUpAnswer,
    status=201,
    refuses=("totp.on", "second_factor.email_unconfirmed"),
)
def begin() -> SetUpAnswer:
    """Make a new secret, which counts once a code has confirmed it.

    One that waits already is cancelled. It is told here and never again.
    """
    found = auth().totp.begin(current_user, by=actor())
    return SetUpAnswer(
        secret=found.key, uri=found.address, expires_at=found.ends_at
    )


@api.put("/totp")
@api_call(
    "Switch your authenticator app on",
    Act.CHANGE_FACTORS,
    takes=AppCode,
    gives=AppAnswer,
    refuses=("second_factor.incorrect", "totp.on", "totp.over"),
)
def confirm(form: AppCode) -> AppAnswer:
    """Confirm the set-up by a code that the app shows.

    The code is used up by that: it opens nothing afterwards.
    """
    auth().totp.confirm(current_user, form.code, by=actor())
    return _answer()


@api.delete("/totp")
@api_call(
    "Turn your authenticator app off",
    Act.CHANGE_FACTORS,
    status=204,
    refuses=("totp.off",),
)
def remove() -> None:
    """Turn it off, and forget its secret.

    Recovery codes go as well where no other second factor is left.
    """
    auth().totp.remove(current_user, by=actor())
