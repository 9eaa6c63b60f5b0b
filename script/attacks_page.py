"""The page of the catalogue of attacks, with the tests that hold each row.

The tests are found by reading their source, and none of them is run.
"""

import tomllib
from collections import Counter
from collections.abc import Iterator
from typing import Any

from marks import ROOT, Held, tests_by_row

CATALOGUE = ROOT / "docs/security/attacks.toml"
# Its rows are numbers, like 17, or requirements of ours, like "A4".
MARK = "attack"

BEGIN = """\
# Attacks, and the tests that hold them

<!-- Written by script/make-docs from docs/security/attacks.toml and the
tests that carry the mark `attack`. -->

These weaknesses were found in other products, or are failures that others
have told about. For each one: what went wrong, how Vestibule holds it, and
the tests that fail if it does no longer. The suite fails as well when a row
that is held names no test, or a test names a row that there is not.

To run the tests of one row, look up their names and run, for instance,
`script/test tests/login -k every_state`. Each test is one sentence, and most
of them run on SQLite and on PostgreSQL.

Where the catalogue comes from: public advisories and change notes. It proves
that these doors are shut; it does not prove that there are no others.
[Who has an account](enumeration.md) has its own page.

{summary}
"""
REQUIREMENTS_BEGIN = """\

## What is required

The requirements that Vestibule was built to, and the tests that name them.
What else holds them is tested without a mark.

| | Requirement | Tests |
|---|---|---|
"""


def attacks_page() -> str:
    """Write the page: a count, each row with its tests, requirements."""
    known, held = catalogue(), tests_by_row(MARK)
    parts = [BEGIN.format(summary=summary(known, held))]
    for row, entry in rows(known):
        if str(row) in known["parts"]:
            parts.append(f"\n## {known['parts'][str(row)]}\n\n")
        parts.append(row_text(row, entry, held.get(row, [])))
    parts.append(REQUIREMENTS_BEGIN)
    for name, entry in requirements(known):
        told = in_files(held.get(name, [])) or "–"
        parts.append(f"| {name} | {entry['asks']} | {told} |\n")
    return "".join(parts)


def catalogue() -> dict[str, Any]:
    """Read the catalogue."""
    return tomllib.loads(CATALOGUE.read_text("utf-8"))


def rows(known: dict[str, Any]) -> Iterator[tuple[int, dict[str, str]]]:
    """List the attacks by their numbers."""
    for name in sorted((n for n in known if n.isdigit()), key=int):
        yield int(name), known[name]


def requirements(
    known: dict[str, Any],
) -> Iterator[tuple[str, dict[str, str]]]:
    """List the requirements by their numbers."""
    names = (n for n in known if n[0] == "A" and n[1:].isdigit())
    for name in sorted(names, key=lambda one: int(one[1:])):
        yield name, known[name]


def summary(known: dict[str, Any], held: Held) -> str:
    """Say how many rows are held, by how many tests, and what is left."""
    states = Counter(
        state
        for _, entry in rows(known)
        for state in ("held", "later", "absent")
        if state in entry
    )
    tests = {test for found in held.values() for test in found}
    return (
        f"Of {states.total()} rows, {states['held']} are held by tests, "
        f"{states['later']} wait for parts that are not built yet, and "
        f"{states['absent']} are about what there is not. {len(tests)} "
        "tests carry the mark."
    )


def row_text(
    row: int, entry: dict[str, str], tests: list[tuple[str, str]]
) -> str:
    """Write one row: what went wrong and where, how it is held, by what."""
    if "held" in entry:
        told = entry["held"]
    elif "later" in entry:
        told = f"*Not built yet:* {entry['later']}"
    else:
        told = f"*Not here:* {entry['absent']}"
    lines = [f"**{row}.** {entry['wrong']} *({entry['where']})*\\", told]
    lines += [""] * bool(tests)
    lines += [f"- `{path}`: {name}" for path, name in tests]
    return "\n".join([*lines, "", ""])


def in_files(tests: list[tuple[str, str]]) -> str:
    """Write how many tests there are in which files."""
    found = Counter(path for path, _ in tests)
    return ", ".join(
        f"`{path}`" + (f" ({count})" if count > 1 else "")
        for path, count in sorted(found.items())
    )
