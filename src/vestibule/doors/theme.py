"""The theme of the pages: light, dark, or as the reader's system has it.

The account says it, and for whoever is signed out what this browser keeps
of the account that was here last.
"""

from flask import request
from werkzeug.wrappers import Response

from vestibule.doors.caller import signed_in
from vestibule.doors.hall import hall
from vestibule.doors.words import keep_language
from vestibule.user import THEMES, User

# As long as the language.
LIFE = 365 * 86400


def theme_for(person: User | None) -> str:
    """Say which theme a page has; empty is that of the reader's system."""
    if person is not None:
        return person.theme or ""
    kept = request.cookies.get(hall().theme_cookie)
    return kept if kept in THEMES else ""


def remember_theme(response: Response, chosen: str | None) -> None:
    """Have the browser keep a theme, or forget the one it kept.

    It is no secret, so it is not signed; what is none of ours counts for
    nothing.
    """
    name = hall().theme_cookie
    if chosen is not None:
        hall().set_cookie(response, name, chosen, LIFE)
    elif name in request.cookies:
        hall().drop_cookie(response, name)


def keep_theme(response: Response, person: User | None) -> None:
    """Have the browser keep the theme of an account, if it has chosen one."""
    if person is not None and person.theme is not None:
        remember_theme(response, person.theme)


def keep_choices(response: Response) -> None:
    """Have the browser keep what the account that leaves it has chosen."""
    keep_language(response)
    keep_theme(response, signed_in())
