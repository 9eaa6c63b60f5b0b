"""Words: every text of the pages, in the language of whoever reads it.

One rule holds for pages, JSON and the API: what the reader's account says,
else what this browser was told by the switch, else what the request asks
for by ``Accept-Language``, else the setting.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from babel.dates import format_date, format_datetime, format_timedelta
from flask import request
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header
from werkzeug.wrappers import Response

from vestibule.doors.caller import forget_user, signed_in
from vestibule.doors.hall import auth, hall, settings
from vestibule.doors.stay import stay
from vestibule.ground import words
from vestibule.ground.clock import LAST
from vestibule.ground.devices import device
from vestibule.ground.words import LANGUAGES, translated
from vestibule.user import User

# A year; whoever comes back begins it anew by choosing again.
LIFE = 365 * 86400
LONGEST_WISH = 1000


def language() -> str:
    """Say the language in which the reader is answered."""
    known = stay()
    if not known.language:
        person = _reader()
        chosen = None if person is None else person.language
        # Another version of Vestibule may have known more of them.
        if chosen not in LANGUAGES:
            chosen = wish() or settings().brand.language
        known.language = str(chosen)
    return known.language


def turn_to(person: User) -> None:
    """Speak from now on to somebody who has just come in."""
    if person.language in LANGUAGES:
        stay().language = person.language


def wish() -> str | None:
    """Say which language this browser or program asks for, if it does."""
    chosen = request.cookies.get(hall().language_cookie)
    return chosen if chosen in LANGUAGES else _accepted()


def remember_language(response: Response, chosen: str | None) -> None:
    """Have the browser keep a language, or forget the one it kept.

    The name of a language is no secret, so it is not signed; what is none
    of ours counts for nothing.
    """
    name = hall().language_cookie
    if chosen is not None:
        hall().set_cookie(response, name, chosen, LIFE)
    elif name in request.cookies:
        hall().drop_cookie(response, name)


def keep_language(response: Response) -> None:
    """Have the browser keep the language of the account that leaves it."""
    person = _reader()
    if person is not None and person.language is not None:
        remember_language(response, person.language)


def _accepted() -> str | None:
    """Say the language that a request likes best among those there are.

    Only the main part of a tag counts: ``ru-RU`` before ``en`` is Russian.
    Attack: a huge header. Source: RFC 9110 section 12.5.4.
    """
    header = request.headers.get("Accept-Language", "")[:LONGEST_WISH]
    return liked(header)


@lru_cache(maxsize=256)
def liked(header: str) -> str | None:
    """Read a header, of which most browsers send one of very few."""
    for tag, quality in parse_accept_header(header, LanguageAccept):
        main = tag.replace("_", "-").partition("-")[0].lower()
        if quality > 0 and main in LANGUAGES:
            return main
    return None


def _reader() -> User | None:
    """Say who reads; nobody, where that cannot be found out.

    Whatever is broken must not break the page that says so. Whoever needs
    to know who asks is still refused: nothing is taken as found out.
    """
    known = stay()
    if known.is_unread:
        return None
    try:
        return signed_in()
    except Exception:  # noqa: BLE001
        forget_user()
        known.is_unread = True
        return None


def worded(values: Mapping[str, object]) -> dict[str, object]:
    """Put amounts and phrases among a text's values into the language."""
    return words.worded(values, language())


def say(text: str, **values: object) -> str:
    """Say an English text in the reader's language.

    Without values it is said as it is: in a frame of the host's own this
    may be a text of the host, with braces that mean something else.
    """
    return sayer()(text, **values)


def sayer() -> Callable[..., str]:
    """Give what says text after text, in one and the same language."""
    tongue, fields = language(), hall().profile_fields
    of_host = {} if fields is None else fields.words.get(tongue, {})

    def said(text: str, **values: object) -> str:
        """Say a text."""
        told = of_host.get(text) or translated(text, tongue)
        return told.format(**words.worded(values, tongue)) if values else told

    return said


def say_as(context: str, text: str, **values: object) -> str:
    """Say a text that is another one where it stands.

    A heading names what its button commands, which is one text in English
    and two in other languages.
    """
    tongue = language()
    said = translated(text, tongue, context)
    return said.format(**words.worded(values, tongue)) if values else said


def day(moment: int) -> str:
    """Write the day of a moment, in UTC, as the reader's language does."""
    return format_date(_utc(moment), "long", locale=language())


def instant(moment: int, *, zone: bool = True) -> str:
    """Write a moment to the second, in UTC; ``zone`` says so behind it."""
    text = format_datetime(_utc(moment), "medium", locale=language())
    return f"{text} UTC" if zone else text


def ago(moment: int) -> str:
    """Say how long ago something was, from years down to minutes."""
    minutes = (auth().clock.now() - moment) // 60
    if minutes < 1:
        return say("just now")
    past = timedelta(minutes=-minutes)
    return format_timedelta(past, add_direction=True, locale=language())


def device_name(agent: str | None) -> str:
    """Name the browser and the system of a session as people know them."""
    browser, system = device(agent or "")
    if browser and system:
        return say("{browser} on {system}", browser=browser, system=system)
    return browser or system or say("Unknown device")


def _utc(moment: int) -> datetime:
    """Read a moment; one of no year that we know is the nearest."""
    return datetime.fromtimestamp(min(max(moment, 0), LAST), UTC)
