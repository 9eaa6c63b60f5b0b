"""Correspondence: a letter is written once and shown as text and as HTML.

Each capability has a ``letters.py`` that says what its letters say. Here
they get their language, greeting and signature, and their two forms. A
letter is in the language of whoever gets it, whoever caused it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING
from unicodedata import category

from vestibule.ground.clock import Clock
from vestibule.ground.devices import device
from vestibule.ground.letters import Letter
from vestibule.ground.words import LANGUAGES, Amount, translated
from vestibule.history import circumstances
from vestibule.settings import Settings
from vestibule.user import User

if TYPE_CHECKING:
    from jinja2 import Template

DAY = 86400
LONGEST_VALUE, LONGEST_IN_SUBJECT = 200, 30
# Dots that a mail program may take for those of a domain.
_DOTS = re.compile(r"\.(?=[^\W\d_]{2})|(?<=\d)\.(?=\d)")

# The colours of the pages; a test computes the contrasts.
LIGHT = {
    "hall": "#F7F4EE",
    "card": "#FFFFFF",
    "sunken": "#EFEAE0",
    "border": "#D8D1C3",
    "text": "#1E2421",
    "muted": "#55605A",
    "door": "#0E5A4A",
    "on_door": "#FFFFFF",
    "link": "#0B5A4A",
    "brass": "#8A5A00",
}
DARK = {
    "hall": "#121618",
    "card": "#1B2022",
    "sunken": "#0D1011",
    "border": "#353C3E",
    "text": "#ECE8DF",
    "muted": "#A9B0A9",
    "door": "#4FBF9F",
    "on_door": "#06251E",
    "link": "#6FD3B5",
    "brass": "#E0B050",
}


@dataclass(frozen=True)
class Link:
    """The one place a letter leads to, and what one does there."""

    label: str
    address: str


@dataclass(frozen=True)
class Code:
    """A code to be typed, and what to do with it."""

    label: str
    shown: str


@dataclass(frozen=True)
class Facts:
    """What is known of an act: names of facts, and what they were."""

    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class NotYou:
    """What to do for whoever has not done this; under a usual question."""

    text: str
    question: str = ""


# A plain text is a paragraph.
Part = str | Link | Code | Facts | NotYou


def in_one_line(text: str) -> str:
    """Make a name harmless: one line, not long, read from left to right.

    Attack: a name that brings along lines, or turns what follows around.
    """
    seen = "".join(
        " " if char.isspace() else char
        for char in text
        if char.isspace() or category(char)[0] != "C"
    )
    plain = " ".join(seen.split())
    return plain if len(plain) <= LONGEST_VALUE else plain[:199] + "…"


def unlinked(name: str) -> str:
    """Keep mail programs from making a link of a name like evil.example.

    Attack: an account called by a domain, which writes to strangers. What
    is put behind the dot is not seen and ends no line (Unicode, U+2060).
    """
    return _DOTS.sub(".\u2060", name)


class Desk:
    """Where letters are written: it knows the site and the moment."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self.settings = settings
        self.clock = clock

    def sheet(self, user: User) -> "Sheet":
        """Take a sheet for a letter to somebody."""
        return Sheet(self, user)


class Sheet:
    """A letter being written to one person, in that person's language."""

    def __init__(self, desk: Desk, user: User) -> None:
        self.settings = desk.settings
        self.now = desk.clock.now()
        self.user = user
        chosen = user.language or ""
        own = self.settings.brand.language
        self.language = chosen if chosen in LANGUAGES else own
        self.name = unlinked(in_one_line(user.username))
        self.site = in_one_line(self.settings.site.name)

    def say(self, text: str, **values: str | Amount) -> str:
        """Say an English text in the reader's language.

        ``{site}`` and ``{name}`` are filled in everywhere.
        """
        worded = {
            key: value.said_in(self.language)
            if isinstance(value, Amount)
            else in_one_line(value)
            for key, value in values.items()
        }
        here = {"site": self.site, "name": self.name}
        return translated(text, self.language).format(**{**here, **worded})

    @property
    def brief(self) -> str:
        """The name of the site, cut to what a subject has room for."""
        if len(self.site) <= LONGEST_IN_SUBJECT:
            return self.site
        return self.site[: LONGEST_IN_SUBJECT - 1].rstrip() + "…"

    def link(self, label: str, path: str) -> Link:
        """Lead to a page of the site, by its configured address alone."""
        return Link(label, self.settings.site_root + path)

    def life_of_link(self) -> str:
        """Say how long the link in this letter works."""
        life = self.settings.email.link_life
        return self.say(
            "The link works once, for {minutes}: until {moment}.",
            minutes=Amount(life // 60, "{count} minute", "{count} minutes"),
            moment=self.moment(self.now + life),
        )

    def moment(self, at: int) -> str:
        """Write a moment with its time zone."""
        # Imported late, as most commands write no letters.
        from babel.dates import format_date, format_time

        when = datetime.fromtimestamp(at, UTC)
        day = format_date(when, "long", locale=self.language)
        return f"{day}, {format_time(when, 'HH:mm', locale='en')} UTC"

    def facts(self, *, by_operator: bool = False) -> Facts:
        """Tell when something was done and from where, as far as known.

        Args:
            by_operator: those who run the site did it; then it is nobody's
                business from where.
        """
        rows = [(self.say("When"), self.moment(self.now))]
        if by_operator:
            who = self.say("the people who run {site}")
            rows.append((self.say("Who"), who))
        elif circumstances().address:
            rows.append((self.say("Where"), self._place()))
        return Facts(tuple(rows))

    def _place(self) -> str:
        """Name the device and the network address that act now."""
        here = circumstances()
        browser, system = device(here.agent)
        if browser and system:
            named = self.say(
                "{browser} on {system}", browser=browser, system=system
            )
        else:
            named = browser or system
        address = in_one_line(here.address)
        return f"{named}, {address}" if named else address

    def sealed(
        self,
        subject: str,
        *parts: Part,
        to: str = "",
        why: str = "",
        good_for: int = DAY,
    ) -> Letter:
        """Finish the letter in both of its forms.

        Args:
            subject: what it is about, already in the reader's language.
            parts: what it says, one after the other.
            to: where it goes; the account's own address if left out.
            why: why somebody there gets it, if not for an account's sake.
            good_for: after so many seconds it need not arrive any more.
        """
        to = to or self.user.email
        values = {
            "language": self.language,
            "subject": subject,
            "site": self.site,
            "greeting": self.say("Hello {name},"),
            "parts": [(type(part).__name__, part) for part in parts],
            "heading": self.say("Wasn’t you?"),
            "by_hand": self.say("Or open this address:"),
            "help": self._help(),
            "why": why or self._why(to),
            "farewell": self.say(
                "Regards, @{signature} team!",
                signature=self.settings.signature,
            ),
        }
        text = _text(values, parts)
        html = _form().render(**values, light=LIGHT, dark=DARK)
        return Letter(to, subject, text, html=html, good_for=good_for)

    def _help(self) -> str:
        """Say where there is help, if the site says so."""
        support = self.settings.brand.support
        return self.say("Help: {support}", support=support) if support else ""

    def _why(self, to: str) -> str:
        """Say why somebody gets a letter: it is their account's address."""
        return self.say(
            "You get this message because {address} belongs to the account "
            "{name} on {site}.",
            address=to,
        )


def _text(values: Mapping[str, object], parts: tuple[Part, ...]) -> str:
    """Write the plain form, complete on its own."""
    said = [_plain(part, str(values["heading"])) for part in parts]
    ends = [values[name] for name in ("help", "why", "farewell")]
    blocks = [values["greeting"], *said, *(end for end in ends if end)]
    return "\n\n".join(map(str, blocks)) + "\n"


def _plain(part: Part, heading: str) -> str:
    """Write one part; a link stands alone on its line."""
    if isinstance(part, Link):
        return part.address
    if isinstance(part, Code):
        return f"{part.label}\n{part.shown}"
    if isinstance(part, Facts):
        return "\n".join(f"{name}: {value}" for name, value in part.rows)
    if isinstance(part, NotYou):
        return f"{part.question or heading}\n{part.text}"
    return part


@cache
def _form() -> "Template":
    """Read the one template of all letters."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    stationery = Environment(
        loader=PackageLoader("vestibule"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return stationery.get_template("letter.html")
