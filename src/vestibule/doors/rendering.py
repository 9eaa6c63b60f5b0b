"""Rendering: a template with the words and facts that every page has."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from flask import render_template, url_for

from vestibule.doors.caller import can_be_looked_at, here, signed_in
from vestibule.doors.destinations import checked
from vestibule.doors.hall import auth, hall, settings
from vestibule.doors.links import linker
from vestibule.doors.parts import parts
from vestibule.doors.prints import is_printable, printed
from vestibule.doors.rooms import ways
from vestibule.doors.stay import stay
from vestibule.doors.theme import theme_for
from vestibule.doors.words import day, instant, language, say_as, sayer
from vestibule.ground.brand import STYLESHEET
from vestibule.ground.contacts import link_to
from vestibule.ground.words import OWN_NAMES, characters, lasting
from vestibule.user import User

# The name of the hidden field that carries a form's secret.
FORM_FIELD = "csrf_token"
# And of the one that a script fills with what it has computed.
PROOF_FIELD = "proof_of_work"


def render(template: str, **values: Any) -> str:
    """Render one of our templates.

    The values are handed over here and not by a context processor, so
    that a host's templates never meet our names, nor ours a host's.
    """
    if "me" not in values:
        values["me"] = signed_in()
    if not is_printable(template, values):
        return _rendered(template, values)
    looks = (template, language(), theme_for(None), *brand().values())
    return printed(looks, values, partial(_rendered, template))


def _rendered(template: str, values: Mapping[str, Any]) -> str:
    """Render one of our templates with what every page has."""
    link = linker()
    everywhere: dict[str, Any] = {
        "_": sayer(),
        "url_for": link,
        "_p": say_as,
        "lang": language(),
        "languages": OWN_NAMES,
        "this_page": this_page(),
        "theme": theme_for(values["me"]),
        "site": settings().site,
        "form_field": FORM_FIELD,
        "proof_field": PROOF_FIELD,
        "day": day,
        "instant": instant,
        "picture_url": picture_url,
        "ways": ways,
        "parts": parts,
        "static": lambda name: link("vestibule.static", filename=name),
        "support": support(),
        # What labels and hints say in numbers.
        "amounts": {
            "least": characters(settings().passwords.minimum_length),
            "remember": lasting(settings().sessions.remember),
        },
        "notices": [],
        "form": None,
        "brand": brand(),
    }
    return render_template(template, **{**everywhere, **values})


def this_page() -> str:
    """Say the address to come back to, as where a form was sent has none."""
    seen = checked(here()) if can_be_looked_at() else None
    return seen or url_for("vestibule.home")


def support() -> str:
    """Give the link to whoever helps, if there is anybody."""
    return link_to(settings().brand.support)


def brand() -> dict[str, str]:
    """Say where the operator's own look is, and the colour of the walls."""
    found = hall().brand
    files = {
        "stylesheet": STYLESHEET if found.has_stylesheet else "",
        "logo": found.logo,
    }
    return {
        "wall": found.colour("bg"),
        "wall_dark": found.colour("bg", "-dark"),
        **{
            what: url_for("vestibule.brand.file", name=name) if name else ""
            for what, name in files.items()
        },
    }


def picture_name(user: User) -> str:
    """Name somebody's picture, if any; a page shows it in several places."""
    found = stay().pictures
    if user.id not in found:
        picture = auth().pictures.of(user)
        found[user.id] = "" if picture is None else picture.name
    return found[user.id]


def picture_url(user: User) -> str:
    """Say where a person's picture is, or the one for people without."""
    name = picture_name(user)
    if not name:
        return url_for("vestibule.static", filename="picture.svg")
    return url_for("vestibule.pictures.show", name=name)
