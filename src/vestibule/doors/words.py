"""Words: every text of the pages, in the language of whoever reads it."""

from collections.abc import Mapping
from datetime import UTC, datetime

from babel.dates import format_date, format_datetime
from flask import request

from vestibule.doors.hall import hall
from vestibule.ground.clock import LAST
from vestibule.ground.words import LANGUAGES, Amount, translated


def language() -> str:
    """Say the language the reader likes best among those there are.

    Only the main part of a tag counts: ``ru-RU`` before ``en`` is Russian.
    Source: RFC 9110 section 12.5.4.
    """
    for tag, quality in request.accept_languages:
        main = tag.replace("_", "-").partition("-")[0].lower()
        if quality > 0 and main in LANGUAGES:
            return main
    return LANGUAGES[0]


def worded(values: Mapping[str, object]) -> dict[str, object]:
    """Put the amounts among a text's values into the reader's language."""
    tongue = language()
    return {
        name: value.said_in(tongue) if isinstance(value, Amount) else value
        for name, value in values.items()
    }


def say(text: str, **values: object) -> str:
    """Say an English text in the reader's language."""
    tongue = language()
    fields = hall().profile_fields
    of_host = {} if fields is None else fields.words.get(tongue, {})
    said = of_host.get(text) or translated(text, tongue)
    return said.format(**worded(values))


def day(moment: int) -> str:
    """Write the day of a moment, in UTC, as the reader's language does."""
    return format_date(_utc(moment), "long", locale=language())


def instant(moment: int) -> str:
    """Write a moment to the minute, in UTC."""
    text = format_datetime(_utc(moment), "medium", locale=language())
    return f"{text} UTC"


def _utc(moment: int) -> datetime:
    """Read a moment; one of no year that we know is the nearest."""
    return datetime.fromtimestamp(min(max(moment, 0), LAST), UTC)
