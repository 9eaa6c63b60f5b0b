"""The catalogue of attacks: every row that is held names a test."""

import importlib
import sys
from types import ModuleType

import pytest

from processes import ROOT

STATES = {"held", "later", "absent"}


def read() -> ModuleType:
    """Load the module that writes the page of the catalogue."""
    sys.path.insert(0, str(ROOT / "script"))
    try:
        return importlib.import_module("attacks_page")
    finally:
        sys.path.remove(str(ROOT / "script"))


def test_every_row_that_is_held_names_a_test() -> None:
    page = read()
    known, held = page.catalogue(), page.tests_by_row()

    bare = [
        row
        for row, entry in page.rows(known)
        if "held" in entry and row not in held
    ]
    unasked = [n for n, _ in page.requirements(known) if n not in held]

    assert (bare, unasked) == ([], [])


def test_no_test_names_a_row_that_there_is_not() -> None:
    page = read()
    known = page.catalogue()
    meant = {row for row, entry in page.rows(known) if "absent" not in entry}
    asked = {name for name, _ in page.requirements(known)}

    assert set(page.tests_by_row()) <= meant | asked


def test_the_catalogue_is_whole() -> None:
    page = read()
    known = page.catalogue()

    assert [row for row, _ in page.rows(known)] == [*range(1, 149)]
    assert [n for n, _ in page.requirements(known)] == [
        f"A{number}" for number in range(1, 42)
    ]
    for row, entry in page.rows(known):
        assert len(STATES & set(entry)) == 1, row
        assert set(entry) - STATES == {"where", "wrong"}, row


def test_marks_are_found_wherever_they_stand() -> None:
    source = (
        "import pytest\n"
        "pytestmark = pytest.mark.attack('A1')\n"
        "@pytest.mark.attack(1, 'A2')\n"
        "def test_one(): ...\n"
        "@pytest.mark.parametrize('n', [\n"
        "    pytest.param(1, marks=pytest.mark.attack(2))])\n"
        "def test_two(n): ...\n"
        "@pytest.mark.attack(3)\n"
        "def no_test(): ...\n"
    )

    assert [*read().marked(source, "here")] == [
        ("A1", "test_one"),
        (1, "test_one"),
        ("A2", "test_one"),
        ("A1", "test_two"),
        (2, "test_two"),
    ]


def test_a_mark_that_cannot_be_read_is_said() -> None:
    source = "@pytest.mark.attack(ROW)\ndef test_one(): ...\n"

    with pytest.raises(SystemExit, match="is not plain"):
        [*read().marked(source, "here")]
