"""Anchors: ends of the chain that were noted elsewhere, and what is wrong.

Whoever has the database and the secret key can write another history; only
what lies where they cannot write shows that.
"""

import re
from collections.abc import Iterable, Iterator

# As we log and print the end, wherever it stands in a line.
_ANCHOR = re.compile(
    r"(?<![0-9A-Za-z])([0-9]{1,18}):([0-9a-f]{64})(?![0-9A-Za-z])"
)


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


def anchors_in(lines: Iterable[str]) -> Iterator[tuple[int, bytes]]:
    """Find all ends that some lines tell, as position and link."""
    for line in lines:
        for found in _ANCHOR.finditer(line):
            yield int(found[1]), bytes.fromhex(found[2])
