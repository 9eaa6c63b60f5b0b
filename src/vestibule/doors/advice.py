"""Advice: what the page of a refusal says besides the refusal itself.

One table from the status to a heading in words, for numbers tell people
nothing, and to what they can do next.
"""

from dataclasses import dataclass

from flask import request, url_for

from vestibule.doors.caller import can_be_looked_at, here
from vestibule.doors.destinations import checked
from vestibule.doors.guards import BUSY
from vestibule.doors.words import say


@dataclass(frozen=True)
class Advice:
    """What is said of one status, in English."""

    heading: str
    step: str


def _(text: str) -> str:
    """Mark a text as one to be translated where it is shown."""
    return text


ADVICE: dict[int, Advice] = {
    400: Advice(
        _("Something is wrong with this request"),
        _("Check the address, or go back and try again."),
    ),
    401: Advice(
        _("Sign in to see this page"),
        _(
            "If you were signed in before, your session has ended. "
            "Nothing was changed."
        ),
    ),
    403: Advice(
        _("You can’t open this page"),
        _(
            "Begin again from the start page. If you need this page, ask "
            "the people who run this site."
        ),
    ),
    404: Advice(
        _("Page not found"),
        _(
            "If you typed the address, check it. If you pasted it, check "
            "that you copied all of it."
        ),
    ),
    405: Advice(
        _("This can’t be done here"),
        _("Go back, and use the links and buttons of the page."),
    ),
    409: Advice(
        _("Something has changed"),
        _("Go back, load the page again and see what is there now."),
    ),
    410: Advice(
        _("This no longer works"),
        _("Begin again from the start page, and ask for a new link."),
    ),
    413: Advice(
        _("Too large to send"),
        _("Go back and send less, or choose a smaller file."),
    ),
    415: Advice(
        _("The wrong kind of content"),
        _("Go back and send it in another format."),
    ),
    422: Advice(
        _("Something needs to be corrected"),
        _("Go back, correct it and send it again."),
    ),
    429: Advice(
        _("Too many tries"),
        _("Wait that long, then go back and try once more."),
    ),
    500: Advice(
        _("There is a problem with the service"),
        _(
            "Go back and try again in a moment. What you sent last may "
            "not have been saved."
        ),
    ),
    503: Advice(
        _("The service is unavailable"),
        _(
            "What you sent last may not have been saved. Check it when the "
            "service is back."
        ),
    ),
}

# Of refusals that say the next step themselves.
OF_REASON = {"link.not_opened": Advice(_("Open the link again"), "")}

# What the gate refuses has not begun, whoever was waiting for what.
TURNED_AWAY = Advice(
    _("The service is busy at this moment"),
    _("Nothing was saved. Go back and try again in a few seconds."),
)


def is_turned_away(status: int) -> bool:
    """Tell whether a status is that of the gate, which had no place."""
    return status == 503 and BUSY in request.environ


def advice(status: int, code: str, *, is_signed_in: bool) -> Advice:
    """Choose what to say of a refusal; unusual ones are bad requests.

    Whoever is signed in already is never told to sign in, even where an
    operator has "not allowed" answered with 401.
    """
    if is_turned_away(status):
        return TURNED_AWAY
    if code in OF_REASON:
        return OF_REASON[code]
    if status == 401 and is_signed_in:
        status = 403
    return ADVICE.get(status, ADVICE[500 if status >= 500 else 400])


def limit() -> str:
    """Say how much may be sent here, if it was more than that."""
    most = request.max_content_length
    if most is None or (request.content_length or 0) <= most:
        return ""
    if most < 1 << 20:
        return say("At most {count} KB can be sent here.", count=most >> 10)
    return say("At most {count} MB can be sent here.", count=most >> 20)


def way_in() -> str:
    """Lead to the sign-in, and back to the page that was looked at.

    Or to the page whose form was sent; what was sent is not sent again.
    """
    back = checked(here()) if can_be_looked_at() else None
    return url_for("vestibule.login.sign_in", next=back)
