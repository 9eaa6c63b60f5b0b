"""The page of the catalogue of attacks, with the tests that hold each row.

The tests are found by reading their source, and none of them is run.
"""

import ast
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
CATALOGUE = ROOT / "docs/security/attacks.toml"
TESTS = ROOT / "tests"
MARK = "attack"
# A row of the catalogue, like 17, or a requirement of ours, like "A4".
Row = int | str
Held = dict[Row, list[tuple[str, str]]]

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
    known, held = catalogue(), tests_by_row()
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


def tests_by_row() -> Held:
    """List the tests of each row, sorted: the file, and its sentence."""
    held: Held = {}
    for path in sorted(TESTS.rglob("test_*.py")):
        source = path.read_text("utf-8")
        if f"mark.{MARK}(" not in source:
            continue
        where = path.relative_to(TESTS).as_posix()
        for row, test in marked(source, where):
            told = test.removeprefix("test_").replace("_", " ")
            if (where, told) not in held.setdefault(row, []):
                held[row].append((where, told))
    return held


def marked(source: str, where: str) -> Iterator[tuple[Row, str]]:
    """Find the marked tests of a file: each row with the test's name."""
    tree = ast.parse(source, where)
    everywhere = [
        row
        for node in tree.body
        if isinstance(node, ast.Assign)
        and ast.unparse(node.targets[0]) == "pytestmark"
        for row in rows_in(node.value, where)
    ]
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if not node.name.startswith("test_"):
            continue
        own = [r for d in node.decorator_list for r in rows_in(d, where)]
        for row in [*everywhere, *own]:
            yield row, node.name


def rows_in(node: ast.AST, where: str) -> Iterator[Row]:
    """Read the rows that a mark names, also inside of parameters.

    Raises:
        SystemExit: a row is not written out.
    """
    for call in ast.walk(node):
        if not isinstance(call, ast.Call):
            continue
        if not ast.unparse(call.func).endswith(f"mark.{MARK}"):
            continue
        for given in call.args:
            value = getattr(given, "value", None)
            if not isinstance(value, int | str):
                raise SystemExit(f"{where}: {ast.unparse(call)} is not plain")
            yield value
