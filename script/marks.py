"""The marks that tests carry, found by reading the tests' source.

None of the tests is run or imported.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TESTS = ROOT / "tests"
# A row of a catalogue, like 17, or a name, like "A4" or "6.2.1".
Row = int | str
# Each row with its tests: the file, and what the test says.
Held = dict[Row, list[tuple[str, str]]]


def tests_by_row(mark: str) -> Held:
    """List the tests of each row, sorted: the file, and its sentence."""
    held: Held = {}
    for path in sorted(TESTS.rglob("test_*.py")):
        source = path.read_text("utf-8")
        if f"mark.{mark}(" not in source:
            continue
        where = path.relative_to(TESTS).as_posix()
        for row, test in marked(source, where, mark):
            told = test.removeprefix("test_").replace("_", " ")
            if (where, told) not in held.setdefault(row, []):
                held[row].append((where, told))
    return held


def marked(source: str, where: str, mark: str) -> Iterator[tuple[Row, str]]:
    """Find the marked tests of a file: each row with the test's name."""
    tree = ast.parse(source, where)
    everywhere = [
        row
        for node in tree.body
        if isinstance(node, ast.Assign)
        and ast.unparse(node.targets[0]) == "pytestmark"
        for row in rows_in(node.value, where, mark)
    ]
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if not node.name.startswith("test_"):
            continue
        own = [r for d in node.decorator_list for r in rows_in(d, where, mark)]
        for row in [*everywhere, *own]:
            yield row, node.name


def rows_in(node: ast.AST, where: str, mark: str) -> Iterator[Row]:
    """Read the rows that a mark names, also inside of parameters.

    Raises:
        SystemExit: a row is not written out.
    """
    for call in ast.walk(node):
        if not isinstance(call, ast.Call):
            continue
        if not ast.unparse(call.func).endswith(f"mark.{mark}"):
            continue
        for given in call.args:
            value = getattr(given, "value", None)
            if not isinstance(value, int | str):
                raise SystemExit(f"{where}: {ast.unparse(call)} is not plain")
            yield value
