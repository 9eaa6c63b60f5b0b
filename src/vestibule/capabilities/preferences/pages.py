"""The page of preferences, and the switch that stands on every page."""

from flask import Blueprint, redirect, url_for
from werkzeug.wrappers import Response

from vestibule.capabilities.preferences.forms import Choices, Tongue
from vestibule.doors.caller import (
    allowed,
    current_user,
    forget_user,
    signed_in,
)
from vestibule.doors.destinations import checked
from vestibule.doors.hall import auth
from vestibule.doors.pages import form_page
from vestibule.doors.rooms import Room
from vestibule.doors.shapes import read_form
from vestibule.doors.theme import remember_theme
from vestibule.doors.visit import visit
from vestibule.doors.words import remember_language, say
from vestibule.policy import Act

pages = Blueprint("preferences", __name__, template_folder="templates")
ROOM = Room("preferences.show", "Language and theme")


@pages.get("/preferences")
@allowed(Act.SEE_PREFERENCES)
def show() -> Response:
    """Show what is chosen."""
    return _form()


@pages.post("/preferences")
@allowed(Act.CHANGE_PREFERENCES)
def change() -> Response:
    """Keep what is chosen instead."""
    return _form()


def _form() -> Response:
    """Show the form, or take it."""
    return form_page(
        Choices,
        "vestibule/preferences/preferences.html",
        _keep,
        _kept,
        values={
            "language": current_user.language or "",
            "theme": current_user.theme or "",
        },
    )


def _keep(form: Choices) -> Choices:
    """Keep the choices; what is said from here on follows them."""
    auth().preferences.choose(
        current_user, language=form.language or None, theme=form.theme or None
    )
    forget_user()
    return form


def _kept(form: Choices) -> Response:
    """Show the page anew; this browser keeps both, too."""
    response = redirect(url_for("vestibule.preferences.show"))
    remember_language(response, form.language or None)
    remember_theme(response, form.theme or None)
    visit().note("success", say("Your preferences are saved"))
    return response


@pages.post("/language")
@allowed(Act.SPEAK)
def speak() -> Response:
    """Speak another language to this browser, and its account, from now on.

    The form has no token, so that a page for everybody needs no visit. A
    page of another site is refused like with every form (guards), and what
    slips past an old browser would change the language and nothing else.
    """
    form = read_form(Tongue)
    person = signed_in()
    if person is not None:
        auth().preferences.choose(person, language=form.language)
    back = checked(form.next) or url_for("vestibule.home")
    response = redirect(back, 303)
    remember_language(response, form.language)
    return response
