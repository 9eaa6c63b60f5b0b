"""Passage: what the browser gets when somebody comes in or goes out."""

from functools import singledispatch

from flask import redirect, request, url_for
from werkzeug.wrappers import Response

from vestibule.doors.caller import forget_user
from vestibule.doors.destinations import checked
from vestibule.doors.devices import keep_device
from vestibule.doors.hall import hall, settings
from vestibule.doors.second_steps import WAITING, keep_trust, to_second_step
from vestibule.doors.theme import keep_choices, keep_theme
from vestibule.doors.visit import visit
from vestibule.doors.words import say, turn_to
from vestibule.outcomes import (
    LoggedIn,
    LoggedOut,
    Renewed,
    SecondFactorNeeded,
)


@singledispatch
def page_answer(outcome: object) -> Response:
    """Turn what a sign-in came to into a redirect."""
    raise TypeError(f"no page answers {type(outcome).__name__}")


@page_answer.register
def _(outcome: LoggedIn) -> Response:
    """Give the browser its session and send it where it wanted to go."""
    wanted = checked(request.args.get("next"), settings())
    after = settings().pages.after_login.replace(
        "<username>", outcome.user.username
    )
    first = _first_page(outcome)
    response = redirect(
        first or wanted or after or url_for("vestibule.profile.show")
    )
    life = settings().sessions.remember if outcome.remember else None
    hall().set_cookie(response, hall().session_cookie, outcome.token, life)
    keep_device(response, outcome.user.id, outcome.device)
    keep_theme(response, outcome.user)
    keep_trust(response, outcome.user.id, outcome.keeps.get("trusted", ""))
    visit().begin_anew(signed_in=True)
    for advice in outcome.advice:
        if advice.text:
            turn_to(outcome.user)
            visit().note("warning", say(advice.text))
    return response


def _first_page(outcome: LoggedIn) -> str | None:
    """Find the page that somebody must see before they go on."""
    pages = (advice.page for advice in outcome.advice if advice.page)
    return next((url_for(f"vestibule.{page}") for page in pages), None)


@page_answer.register
def _(outcome: SecondFactorNeeded) -> Response:
    """Lead the browser to where the second factor is shown."""
    return to_second_step(outcome.token)


@page_answer.register
def _(outcome: Renewed) -> Response:
    """Give the browser its new token and lead back to what it was doing.

    What was typed there before is still kept.
    """
    wanted = checked(request.args.get("next"), settings())
    response = redirect(wanted or url_for("vestibule.profile.show"))
    name = hall().session_cookie
    hall().set_cookie(response, name, outcome.token, outcome.life)
    return response


@page_answer.register
def _(_: LoggedOut) -> Response:
    """Take the session away and go to the sign-in page."""
    response = redirect(url_for("vestibule.login.sign_in"))
    keep_choices(response)
    WAITING.drop(response)
    hall().see_out(response)
    visit().begin_anew()
    visit().note("success", say("You have signed out"))
    forget_user()
    return response
