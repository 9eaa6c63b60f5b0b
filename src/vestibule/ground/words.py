"""Translations of English texts, read once from gettext catalogues."""

from functools import cache
from importlib.resources import files

LANGUAGES = ("en", "ru")


@cache
def _catalogue(language: str) -> dict[str, str]:
    """Read the catalogue of a language: English text to its translation."""
    from babel.messages.pofile import read_po

    path = files("vestibule") / "translations" / f"{language}.po"
    with path.open("rb") as file:
        found = read_po(file, locale=language)
    return {
        str(message.id): str(message.string)
        for message in found
        if message.id and message.string and not message.fuzzy
    }


def translated(text: str, language: str) -> str:
    """Translate an English text, or leave it where there is none."""
    if language == LANGUAGES[0]:
        return text
    return _catalogue(language).get(text, text)
