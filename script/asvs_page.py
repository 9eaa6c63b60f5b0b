"""The page of what OWASP ASVS and NIST SP 800-63B ask, and what holds it.

The tests are found by reading their source, and none of them is run.
"""

import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from typing import Any

from asvs_bar import asvs_bar
from controls import controls
from marks import ROOT, Held, tests_by_row

CATALOGUE = ROOT / "docs/security/asvs.toml"
MARK = "asvs"
# What a row can be; each is the key of its sentence.
STATES = ("held", "open", "later", "absent", "deployer")
# How a row is checked, where a program can: units, HTTP, a browser, the
# source and the configuration, load with faults and races.
AUTOMATABLE = frozenset("UHBCL")
WRITTEN = {
    "held": "",
    "open": "*Open:* ",
    "later": "*Not built yet:* ",
    "absent": "*Not here:* ",
    "deployer": "*Whoever runs it:* ",
}
# The lists beside the rows of ASVS, by the letter of their names.
LISTS = {
    "N": "NIST SP 800-63B-4",
    "X": "Beyond both",
}

BEGIN = """\
# What OWASP ASVS asks, and the tests that hold it

<!-- Written by script/make-docs from docs/security/asvs.toml and the tests
that carry the mark `asvs`. -->

All 345 rows of the Application Security Verification Standard 5.0.0, told in
our own words, with the level of each. Then what NIST SP 800-63B-4 asks of
passwords and sessions, and what cheat sheets and later standards add. For
each row: how it is held, and the tests that fail if it is no longer. The
suite fails when a row that a program can check is held by no test.

This is a map that we drew ourselves. Nobody else has verified it, and the
standard's own text alone says what a row means.

![Bars: how many rows of each level are held, of those that apply to what \
there is](../static/asvs.svg)

{counts}
- **held**: by tests, or by a document that the row names. {held}
- **open**: it applies, and is not held, or not wholly. The row says what is
  missing.
- **later**: it is about a part that is not built yet.
- **deployer**: whoever runs Vestibule has to do it.
- **absent**: it is about something there is not, and does not apply.

That these tests would fail is tried as well:
[controls that were taken away](#controls-that-were-taken-away).

{ways}
"""
AWAY_BEGIN = """\

## Controls that were taken away

A test that cannot fail holds nothing. So each control below was taken away,
in a copy of the source, and the tests of its row were run: they must fail,
each by what it asserts, and not because the program no longer works.
{many} were tried so on {day}, and all were missed. The suite
tries three of them every time, and sees to it that each still stands in the
source as it was tried; `script/test-controls` tries all.

| Row | What was left of it | Tests that failed |
|---|---|---|
"""
# When script/test-controls was last run to its end.
TRIED = "22 November 2026"


def asvs_page() -> str:
    """Write the page: counts, the chapters of ASVS, then the lists."""
    known, tests = catalogue(), tests_by_row(MARK)
    marked = {one for found in tests.values() for one in found}
    parts = [
        BEGIN.format(
            counts=counts(known),
            held=f"{len(marked)} tests carry the mark.",
            ways=ways(known),
        )
    ]
    chapter = ""
    for name, entry in rows(known):
        if name.partition(".")[0] != chapter:
            chapter = name.partition(".")[0]
            parts.append(f"\n## V{chapter} {known['parts'][chapter]}\n\n")
        parts.append(row_text(name, entry, tests))
    for letter, title in LISTS.items():
        parts.append(f"\n## {title}\n\n")
        parts += [
            row_text(name, entry, tests)
            for name, entry in listed(known, letter)
        ]
    parts.append(taken_away())
    return "".join(parts).rstrip("\n") + "\n"


def ways(known: dict[str, Any]) -> str:
    """Write a link to each chapter and list."""
    chapters = {name.partition(".")[0]: 1 for name, _ in rows(known)}
    titles = [f"V{one} {known['parts'][one]}" for one in chapters]
    return " ·\n".join(
        f"[{title}](#{re.sub('[^a-z0-9]+', '-', title.lower())})"
        for title in [*titles, *LISTS.values()]
    )


def taken_away() -> str:
    """Write which controls were taken away, and which tests missed them."""
    lines = []
    for control in controls():
        tests = {
            test.split("::")[0].removeprefix("tests/"): 1
            for test in control.tests
        }
        told = ", ".join(f"`{path}`" for path in tests)
        lines.append(f"| {control.row} | {control.what} | {told} |\n")
    return AWAY_BEGIN.format(many=len(lines), day=TRIED) + "".join(lines)


def catalogue() -> dict[str, Any]:
    """Read the catalogue."""
    return tomllib.loads(CATALOGUE.read_text("utf-8"))


def rows(known: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """List the rows of ASVS in the order of their numbers."""
    names = (name for name in known if name[0].isdigit())
    for name in sorted(names, key=lambda one: [*map(int, one.split("."))]):
        yield name, known[name]


def listed(
    known: dict[str, Any], letter: str
) -> Iterator[tuple[str, dict[str, Any]]]:
    """List the rows of one of the lists in the order of their numbers."""
    names = (n for n in known if n[0] == letter and n[1:].isdigit())
    for name in sorted(names, key=lambda one: int(one[1:])):
        yield name, known[name]


def state_of(entry: dict[str, Any]) -> str:
    """Say what a row is: held, open, later, absent or the deployer's."""
    return next(state for state in STATES if state in entry)


def by_level(known: dict[str, Any]) -> dict[str, Counter[str]]:
    """Count the rows of each level by their states."""
    return {
        f"Level {level}": Counter(
            state_of(entry)
            for _, entry in rows(known)
            if entry["level"] == level
        )
        for level in (1, 2, 3)
    }


def asvs_drawing() -> str:
    """Draw how many rows of each level are held."""
    return asvs_bar(by_level(catalogue()))


def counts(known: dict[str, Any]) -> str:
    """Count the rows of each level, and of the lists, by their states."""
    found = by_level(known)
    found["ASVS in all"] = sum(found.values(), Counter())
    for letter, title in LISTS.items():
        found[title] = Counter(state_of(e) for _, e in listed(known, letter))
    lines = [
        f"| | rows | {' | '.join(STATES)} |",
        f"|---|--:|{'--:|' * len(STATES)}",
    ]
    for title, states in found.items():
        cells = [states.total(), *(states[state] for state in STATES)]
        lines.append(f"| {title} | {' | '.join(map(str, cells))} |")
    return "\n".join([*lines, ""])


def row_text(name: str, entry: dict[str, Any], tests: Held) -> str:
    """Write one row: what is asked, how it is held, and by which tests."""
    state = state_of(entry)
    about = f"L{entry['level']}" if "level" in entry else entry["where"]
    asked = (entry.get("wants") or entry["asks"]).replace("<", "&lt;")
    lines = [
        f"**{name}** ({about}, {state}) {asked}".rstrip() + "\\",
        WRITTEN[state] + entry[state],
    ]
    for document in entry.get("document", []):
        path = document.removeprefix("docs/").partition("#")[0]
        lines[-1] += f" [{path}](../{document.removeprefix('docs/')})"
    files: dict[str, list[str]] = {}
    for path, test in tests.get(name, []):
        files.setdefault(path, []).append(test)
    lines += [""] * bool(files)
    lines += [f"- `{path}`: {'; '.join(told)}" for path, told in files.items()]
    return "\n".join([*lines, "", ""])
