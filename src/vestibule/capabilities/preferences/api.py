"""The API's calls to see and change preferences."""

import dataclasses

from flask import Blueprint

from vestibule.capabilities.preferences.forms import Choices
from vestibule.doors.answers import Answer, Text, told
from vestibule.doors.api import api_call
from vestibule.doors.caller import current_user, forget_user
from vestibule.doors.hall import auth
from vestibule.ground.words import LANGUAGES
from vestibule.policy import Act

api = Blueprint("preferences", __name__)


@dataclasses.dataclass(frozen=True, kw_only=True)
class PreferencesAnswer(Answer):
    """What an account has chosen."""

    language: str | None = told(
        Text,
        "The language of its pages, answers and letters; null is what each "
        "request asks for",
        nullable=True,
        enum=[*LANGUAGES, None],
    )
    theme: str | None = told(
        Text,
        "How its pages look; null is what the system of the browser says",
        nullable=True,
        enum=["light", "dark", None],
    )


def _answer() -> PreferencesAnswer:
    """Tell somebody what they have chosen."""
    person = current_user
    return PreferencesAnswer(language=person.language, theme=person.theme)


def _present() -> dict[str, object]:
    """Say what is chosen where nothing is sent."""
    return {"language": current_user.language, "theme": current_user.theme}


@api.get("/preferences")
@api_call("See your preferences", Act.SEE_PREFERENCES, gives=PreferencesAnswer)
def show() -> PreferencesAnswer:
    """Tell which language and theme you have chosen."""
    return _answer()


@api.patch("/preferences")
@api_call(
    "Change your preferences",
    Act.CHANGE_PREFERENCES,
    takes=Choices,
    present=_present,
    gives=PreferencesAnswer,
)
def change(form: Choices) -> PreferencesAnswer:
    """Change the members that are sent, and no other.

    Send null, or an empty text, to choose nothing.
    """
    auth().preferences.choose(
        current_user, language=form.language or None, theme=form.theme or None
    )
    forget_user()
    return _answer()
