"""Anchors: ends of the chain that were noted elsewhere, and what is wrong.

Whoever has the database and the secret key can write another history; only
what lies where they cannot write shows that.
"""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

Anchor = tuple[int, bytes]

_END = r"([0-9]{1,18}):([0-9a-f]{64})"
_GIVEN = re.compile(rf"(?:\S+ )?{_END}")
# Attack: a path or a user agent that reads like an end, in a line that is
# about something else. So only a whole message of ours counts.
_SENTENCE = rf"history sealed {_END}"
_SAID = re.compile(_SENTENCE)
_PRINTED = re.compile(rf"[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}T[0-9:]{{8}}Z {_END}")
_IN_A_TEXT = re.compile(rf"(?:.*[\s:])?{_SENTENCE}")
# What our log and those who pass it on call the message of a line.
_MESSAGES = ("event", "message", "MESSAGE", "log")
_LOGGER = "vestibule.history"
_DEEPEST = 3


def _(text: str) -> str:
    """Mark a text as one to be translated where it is said."""
    return text


WRONG = {
    "edited": _("Row {first} was altered, or the row before it."),
    "missing": _("Missing: rows {first} to {last}."),
    "cut_off": _("Missing at the end: rows {first} to {last}."),
    "unsealed": _("Rows {first} to {last} have no seal; we wrote none such."),
    "foreign": _("Row {first} was altered before it was sealed, or put in."),
    "seal_forged": _(
        "The seal of row {first} is by no key of ours. Was the secret key "
        "changed? See VESTIBULE_OLD_SECRET_KEYS."
    ),
    "seal_differs": _("Rows {first} to {last} are not those once sealed."),
    "broken_before": _(
        "Rows {first} to {last}: no seal vouched for the end of the history "
        "when the last of them came."
    ),
    "cut_forged": _(
        "The rows up to {first} were removed, and the seal that says so is "
        "by no key of ours."
    ),
    "anchor_differs": _("Row {first} is not the one that was noted."),
    "anchor_missing": _("Row {first}, which was noted, is missing."),
    "event_foreign": _(
        "Event {event}, not sealed yet, was altered or put in."
    ),
}


def anchor(text: str) -> Anchor | None:
    """Read one end, as ``audit head`` prints it or without its moment."""
    return _read(_GIVEN.fullmatch(text.strip()))


def anchors_in(lines: Iterable[str]) -> Iterator[Anchor]:
    """Find the ends that we wrote into lines, as position and link."""
    for line in lines:
        found = _in_line(line.strip())
        if found is not None:
            yield found


def _in_line(line: str, depth: int = 0) -> Anchor | None:
    """Find the end that a line tells: of a log, or of ``audit head``."""
    told = _json_of(line)
    if told is None:
        whole = _PRINTED.fullmatch(line) or _IN_A_TEXT.fullmatch(line)
        return _read(whole)
    # Attack: an object in what a visitor has sent, in a line of others.
    is_apart = not depth and line.startswith("{")
    logger = told.get("logger", _LOGGER if is_apart else "")
    if logger != _LOGGER or depth >= _DEEPEST:
        return None
    texts = [told[name] for name in _MESSAGES if name in told]
    if len(texts) != 1 or not isinstance(texts[0], str):
        return None
    said = texts[0].strip()
    # Whoever passes a log on may have put the whole line into one of theirs.
    if "{" in said:
        return _in_line(said, depth + 1)
    return _read(_SAID.fullmatch(said) or _PRINTED.fullmatch(said))


def _json_of(line: str) -> dict[str, Any] | None:
    """Read the object that a line is, behind what a log puts before it."""
    begin = line.find("{")
    if begin < 0 or not line.endswith("}"):
        return None
    try:
        told = json.loads(line[begin:])
    except (ValueError, RecursionError):
        return None
    return told if isinstance(told, dict) else None


def _read(found: re.Match[str] | None) -> Anchor | None:
    """Give the position and the link of an end that was found."""
    return None if found is None else (int(found[1]), bytes.fromhex(found[2]))
