"""Words: every text of the pages, in the language of whoever reads it."""

from flask import request

from vestibule.ground.words import LANGUAGES, translated


def language() -> str:
    """Say the language that the browser asks for, among those there are."""
    return request.accept_languages.best_match(LANGUAGES) or LANGUAGES[0]


def say(text: str, **values: object) -> str:
    """Say an English text in the reader's language."""
    return translated(text, language()).format(**values)
