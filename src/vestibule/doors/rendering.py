"""Rendering: a template with the words and facts that every page has."""

from typing import Any

from flask import render_template, url_for

from vestibule.doors.caller import signed_in
from vestibule.doors.hall import auth, settings
from vestibule.doors.words import day, instant, language, say
from vestibule.ground.words import characters, lasting
from vestibule.user import User

# The name of the hidden field that carries a form's secret.
FORM_FIELD = "csrf_token"


def render(template: str, **values: Any) -> str:
    """Render one of our templates.

    The values are handed over here and not by a context processor, so
    that a host's templates never meet our names, nor ours a host's.
    """
    everywhere: dict[str, Any] = {
        "_": say,
        "lang": language(),
        "site": settings().site,
        "form_field": FORM_FIELD,
        "day": day,
        "instant": instant,
        "picture_url": picture_url,
        # What labels and hints say in numbers.
        "amounts": {
            "least": characters(settings().passwords.minimum_length),
            "remember": lasting(settings().sessions.remember),
        },
        "notices": [],
        "form": None,
    }
    if "me" not in values:
        values["me"] = signed_in()
    return render_template(template, **{**everywhere, **values})


def picture_url(user: User) -> str:
    """Say where a person's picture is, or the one for people without."""
    picture = auth().pictures.of(user)
    if picture is None:
        return url_for("vestibule.static", filename="picture.svg")
    return url_for("vestibule.pictures.show", name=picture.name)
