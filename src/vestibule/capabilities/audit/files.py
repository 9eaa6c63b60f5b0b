"""Files of the history: CSV for tables, JSON lines for programs."""

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from vestibule.capabilities.audit.outcomes import Happened
from vestibule.ground.clock import written

AT_ONCE = 500
COLUMNS = (
    "position",
    "at",
    "id",
    "act",
    "outcome",
    "actor_id",
    "actor",
    "subject_id",
    "subject",
    "door",
    "address",
    "agent",
    "request_id",
    "is_foreign",
)
# What a table would take for a formula: at the beginning, and behind all that
# may begin a cell for whoever reads with another separator. Attack: a user
# agent that is one. Source: OWASP ASVS 5.0 1.2.10.
FORMULA = re.compile(r"""(?<![^\s;,|:"'\0])(?=[=+\-@＝＋－＠])""")
CONTROLS = ("\t", "\r", "\n", "\0")
MEDIA_TYPES = {"csv": "text/csv", "jsonl": "application/jsonl"}

Called = Callable[[set[int]], dict[int, str]]


def lines(
    events: Iterable[Happened], called: Called, written_as: str
) -> Iterator[str]:
    """Write events into a file, line by line.

    Args:
        events: as the history tells them.
        called: says what people are called by their numbers.
        written_as: ``csv`` or ``jsonl``.
    """
    if written_as == "csv":
        yield _csv(COLUMNS)
    write = _csv_of if written_as == "csv" else _json_of
    some = iter(events)
    while batch := [*islice(some, AT_ONCE)]:
        people = {event.actor_id for event in batch}
        people |= {event.subject_id for event in batch}
        names = called({number for number in people if number is not None})
        yield "".join(write(_facts(event, names)) for event in batch)


def _facts(event: Happened, names: dict[int, str]) -> dict[str, object]:
    """List what there is to tell of an event, by its columns."""
    told = {
        **vars(event),
        "at": written(event.at),
        "id": str(event.id),
        "actor": names.get(event.actor_id or 0),
        "subject": names.get(event.subject_id or 0),
    }
    return {column: told[column] for column in COLUMNS}


def _json_of(facts: dict[str, object]) -> str:
    """Write an event as a line of JSON."""
    return json.dumps(facts, ensure_ascii=False) + "\n"


def _csv_of(facts: dict[str, object]) -> str:
    """Write an event as a line of a table."""
    return _csv(_harmless(value) for value in facts.values())


def _csv(cells: Iterable[object]) -> str:
    """Write one line (RFC 4180), with all cells in quotes."""
    line = io.StringIO()
    csv.writer(line, quoting=csv.QUOTE_ALL).writerow(cells)
    return line.getvalue()


def _harmless(value: object) -> str:
    """Write a cell so that no table computes it."""
    text = "" if value is None else str(value)
    if isinstance(value, bool):
        text = text.lower()
    text = FORMULA.sub("'", text)
    return f"'{text}" if text.startswith(CONTROLS) else text
