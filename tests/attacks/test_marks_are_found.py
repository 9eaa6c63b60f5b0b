"""The marks of tests, found by reading their source."""

import pytest

from catalogues import script


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

    assert [*script("marks").marked(source, "here", "attack")] == [
        ("A1", "test_one"),
        (1, "test_one"),
        ("A2", "test_one"),
        ("A1", "test_two"),
        (2, "test_two"),
    ]


def test_a_mark_that_cannot_be_read_is_said() -> None:
    source = "@pytest.mark.attack(ROW)\ndef test_one(): ...\n"

    with pytest.raises(SystemExit, match="is not plain"):
        [*script("marks").marked(source, "here", "attack")]
