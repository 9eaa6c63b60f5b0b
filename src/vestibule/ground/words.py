"""Words: English texts and their translations, from gettext catalogues."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from gettext import GNUTranslations
from importlib.resources import files
from io import BytesIO

LANGUAGES = ("en", "ru")
# What each language calls itself, which is never translated.
OWN_NAMES = {"en": "English", "ru": "Русский"}


@dataclass(frozen=True)
class Amount:
    """A number of something, which each language puts in its own plural.

    ``one`` and ``many`` are English and hold ``{count}``. As text it is
    English, so that logs and the command line need nothing else.
    """

    count: int
    one: str
    many: str

    def __str__(self) -> str:
        return self.said_in(LANGUAGES[0])

    def said_in(self, language: str) -> str:
        """Say the number and the thing in the plural that goes with it."""
        if language == LANGUAGES[0]:
            text = self.one if self.count == 1 else self.many
        else:
            plural = _catalogue(language).ngettext
            text = plural(self.one, self.many, self.count)
        return text.format(count=self.count)


@dataclass(frozen=True)
class Phrase:
    """A text that stands inside another one, and is translated as it is.

    As text it is English, like an ``Amount``.
    """

    text: str
    values: Mapping[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.said_in(LANGUAGES[0])

    def said_in(self, language: str) -> str:
        """Say it in a language."""
        said = translated(self.text, language)
        return said.format(**worded(self.values, language))


def worded(values: Mapping[str, object], language: str) -> dict[str, object]:
    """Put the amounts and phrases among a text's values into a language."""
    return {
        name: value.said_in(language)
        if isinstance(value, Amount | Phrase)
        else value
        for name, value in values.items()
    }


def waiting(seconds: int) -> Amount:
    """Say a wait, rounded up so that waiting it is enough."""
    if seconds < 60:
        return Amount(seconds, "{count} second", "{count} seconds")
    if seconds < 3600:
        return Amount(-(-seconds // 60), "{count} minute", "{count} minutes")
    return Amount(-(-seconds // 3600), "{count} hour", "{count} hours")


def lasting(seconds: int) -> Amount:
    """Say how long something lasts, in hours or whole days."""
    days, rest = divmod(seconds, 86400)
    if days > 1 and not rest:
        return Amount(days, "{count} day", "{count} days")
    return Amount(-(-seconds // 3600), "{count} hour", "{count} hours")


def characters(count: int) -> Amount:
    """Say how long a text is."""
    return Amount(count, "{count} character", "{count} characters")


@cache
def _catalogue(language: str) -> GNUTranslations:
    """Read the catalogue of a language; fuzzy entries do not count."""
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    path = files("vestibule") / "translations" / f"{language}.po"
    with path.open("rb") as file:
        found = read_po(file, locale=language)
    compiled = BytesIO()
    write_mo(compiled, found)
    compiled.seek(0)
    return GNUTranslations(compiled)


def translated(text: str, language: str, context: str = "") -> str:
    """Translate an English text, or leave it where there is none.

    Args:
        text: in English.
        language: into which.
        context: where the text stands, if it is another one only there.
    """
    # In a catalogue the empty text is its header.
    if language == LANGUAGES[0] or not text:
        return text
    catalogue = _catalogue(language)
    if context:
        return catalogue.pgettext(context, text)
    return catalogue.gettext(text)
