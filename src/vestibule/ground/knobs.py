"""Knobs: typed settings read from text, with clear errors.

A section of settings is a frozen dataclass whose fields are knobs. This
module knows how a knob is read, not which knobs there are.
"""

import dataclasses
import difflib
import ipaddress
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from vestibule.ground.base_url import read_origins
from vestibule.ground.contacts import read_contact
from vestibule.ground.keys import read_keys
from vestibule.ground.valkey_url import read_valkey_url

PREFIX = "VESTIBULE_"
_YES = {"true", "1", "yes", "on"}
_NO = {"false", "0", "no", "off"}
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
Networks = tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]


class SettingsError(Exception):
    """A setting that cannot be used; the message says which and why."""


@dataclasses.dataclass(frozen=True)
class Knob:
    """What is known of a setting besides its value."""

    key: str
    kind: str
    about: str
    unit: str = ""
    least: int | None = None
    most: int | None = None
    choices: tuple[str, ...] = ()
    secret: bool = False
    aliases: tuple[str, ...] = ()
    pattern: str = ""
    example: str = ""

    @property
    def name(self) -> str:
        """The full name in the environment."""
        return PREFIX + self.key


def knob(
    key: str, default: Any, about: str, kind: str = "", **more: Any
) -> Any:
    """Declare a field of a section as a knob.

    Args:
        key: the name after ``VESTIBULE_``.
        default: the value where nobody says otherwise.
        about: one sentence for the documentation.
        kind: ``text``, ``number``, ``switch``, ``duration`` (seconds, or
            a number with s, m, h or d), ``networks``, ``contact`` (an
            e-mail or https:// address), ``valkey`` (the address of such a
            server), ``keys`` (with commas or lines between), ``origins`` (of
            other sites, with commas between); taken from the default when
            left out.
        more: other fields of Knob.
    """
    kinds: dict[type, str] = {bool: "switch", int: "number", str: "text"}
    what = Knob(key, kind or kinds[type(default)], about, **more)
    return dataclasses.field(
        default=default, repr=not what.secret, metadata={"knob": what}
    )


def knobs_of(section: type) -> dict[str, Knob]:
    """List the knobs of a section by the name of their field."""
    return {
        field.name: field.metadata["knob"]
        for field in dataclasses.fields(section)
    }


def read_text(what: Knob, text: str) -> Any:
    """Read one knob's text, or say in words what is wrong with it."""
    try:
        value = _READERS[what.kind](text.strip())
    except ValueError as error:
        # A secret's text must not reach a terminal or a log.
        shown = "the value" if what.secret else repr(text)
        raise SettingsError(f"{what.name}: {shown} {error}") from error
    _check_limits(what, value)
    return value


def _check_limits(what: Knob, value: Any) -> None:
    """Refuse a value outside its limits, choices or pattern."""
    if what.choices and value not in what.choices:
        near = difflib.get_close_matches(
            str(value), [str(c) for c in what.choices], 1
        )
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise SettingsError(
            f"{what.name}: {value!r} is not one of "
            f"{', '.join(map(str, what.choices))}.{hint}"
        )
    too_low = what.least is not None and value < what.least
    too_high = what.most is not None and value > what.most
    if too_low or too_high:
        raise SettingsError(
            f"{what.name}: {value} is outside {what.least} to "
            f"{what.most if what.most is not None else 'any number'}"
            f"{' ' + what.unit if what.unit else ''}"
        )
    if what.pattern and not re.fullmatch(what.pattern, value):
        raise SettingsError(
            f"{what.name}: {value!r} is not written like {what.example}"
        )


def _read_line(text: str) -> str:
    """Read a line of text; what cannot be typed would break a path or mail."""
    if not text.isprintable():
        raise ValueError("holds characters that cannot be typed")
    return text


def _read_number(text: str) -> int:
    """Read a whole number."""
    if not re.fullmatch(r"-?[0-9]{1,18}", text):
        raise ValueError("is not a whole number")
    return int(text)


def _read_switch(text: str) -> bool:
    """Read yes or no in the usual spellings."""
    if text.lower() in _YES:
        return True
    if text.lower() in _NO:
        return False
    raise ValueError("is neither true nor false")


def _read_duration(text: str) -> int:
    """Read seconds, or a number with one of s, m, h, d behind it."""
    match = re.fullmatch(r"([0-9]{1,9})([smhd]?)", text.lower())
    if not match:
        raise ValueError("is not a duration like 90, 15m, 12h or 7d")
    return int(match[1]) * _UNITS[match[2]]


def _read_networks(text: str) -> Networks:
    """Read a list of IP networks with commas between them."""
    return tuple(
        ipaddress.ip_network(part.strip())
        for part in text.split(",")
        if part.strip()
    )


_READERS: dict[str, Any] = {
    "text": _read_line,
    "number": _read_number,
    "switch": _read_switch,
    "duration": _read_duration,
    "networks": _read_networks,
    "contact": read_contact,
    "valkey": read_valkey_url,
    "keys": read_keys,
    "origins": read_origins,
}


Section = TypeVar("Section")


def fill(section: type[Section], texts: Mapping[str, str]) -> Section:
    """Build a section from the texts there are; defaults do the rest."""
    values = {
        name: read_text(what, texts[what.key])
        for name, what in knobs_of(section).items()
        if what.key in texts
    }
    return section(**values)


def gather(
    found: Mapping[str, str], known: Mapping[str, Knob]
) -> dict[str, str]:
    """Pick the knobs' texts out of an environment-like mapping.

    ``VESTIBULE_X_FILE`` names a file that holds the value of a secret X.

    Raises:
        SettingsError: for an unknown ``VESTIBULE_…`` key, with the nearest
            known one, and for a file that cannot be read.
    """
    texts: dict[str, str] = {}
    aliases = {alias: k for k, what in known.items() for alias in what.aliases}
    for name, text in found.items():
        if name in aliases:
            texts.setdefault(aliases[name], text)
        if not name.startswith(PREFIX):
            continue
        key = name.removeprefix(PREFIX)
        base = key.removesuffix("_FILE")
        if key in known:
            texts[key] = text
        elif base in known and known[base].secret:
            if PREFIX + base in found:
                raise SettingsError(f"Set {PREFIX}{base} or {name}, not both")
            texts[base] = _file_text(name, text)
        else:
            raise SettingsError(_unknown(name, known))
    return texts


def files_named(
    known: Mapping[str, Knob], *sources: Mapping[str, str]
) -> dict[str, Path]:
    """List the files that hold a secret of ours, by the secret's key."""
    return {
        key: Path(found[f"{PREFIX}{key}_FILE"])
        for found in sources
        for key, what in known.items()
        if what.secret and f"{PREFIX}{key}_FILE" in found
    }


def texts_of(config: Mapping[str, object]) -> dict[str, str]:
    """Write our values among a host's configuration as text.

    Raises:
        SettingsError: a value is neither text, number, switch nor None.
    """
    texts: dict[str, str] = {}
    for name, value in config.items():
        if not name.startswith(PREFIX) or value is None:
            continue
        if not isinstance(value, str | int | float | Path):
            raise SettingsError(
                f"{name}: a text, a number, True or False, "
                f"not {type(value).__name__}"
            )
        texts[name] = str(value)
    return texts


def _file_text(name: str, path: str) -> str:
    """Read a secret from the file that a setting names."""
    try:
        return Path(path).read_text("utf-8").strip()
    except (OSError, ValueError) as error:
        raise SettingsError(f"{name}: cannot read {path}: {error}") from error


def _unknown(name: str, known: Mapping[str, Knob]) -> str:
    """Say that a key is unknown, and which known one is nearest."""
    names = [PREFIX + key for key in known]
    near = difflib.get_close_matches(name, names, 1, 0.5)
    hint = f" Did you mean {near[0]}?" if near else ""
    return f"{name} is not a setting.{hint}"
