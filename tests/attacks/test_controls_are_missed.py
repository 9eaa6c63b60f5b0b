"""The test of the tests: a control that is taken away is missed at once.

What is tried here are a few of ``tests/controls.toml``; all of them by
``script/test-controls``.
"""

import ast
from typing import Any

import pytest

from catalogues import script
from processes import ROOT

# The page of ASVS says how many there are.
FEWEST = 80
TRIED = ("6.2.4", "7.4.1", "16.3.2")


@pytest.fixture
def controls() -> Any:
    """Load what takes controls away."""
    return script("controls")


def test_every_control_stands_in_the_source_once(controls: Any) -> None:
    listed = controls.controls()

    assert len(listed) >= FEWEST
    for control in listed:
        source = (ROOT / control.file).read_text("utf-8")
        assert source.count(control.text) == 1, control.row
        assert control.text != control.without, control.row
        if control.file.endswith(".py"):
            # What does not even load proves nothing.
            ast.parse(source.replace(control.text, control.without))


def test_every_control_is_missed_by_tests_of_its_row(controls: Any) -> None:
    page = script("asvs_page")
    held = page.tests_by_row(page.MARK)

    for control in controls.controls():
        assert control.tests, control.row
        for test in control.tests:
            path, _, name = test.removeprefix("tests/").partition("::")
            name = name.partition("[")[0]
            told = name.removeprefix("test_").replace("_", " ")
            assert (path, told) in held.get(control.row, []), test


@pytest.mark.slow
def test_a_control_that_is_taken_away_is_missed(controls: Any) -> None:
    chosen = [one for one in controls.controls() if one.row in TRIED]
    assert len(chosen) == len(TRIED)

    for found in controls.tried(chosen):
        assert found.is_missed, (found.control.row, found.told)


def test_what_runs_in_a_copy_measures_nothing(controls: Any) -> None:
    started = {"COVERAGE_PROCESS_CONFIG": "...", "PATH": "/bin"}

    assert controls.unmeasured(started) == {"PATH": "/bin"}


@pytest.mark.parametrize(
    ("line", "counts"),
    [
        ("FAILED tests/x/test_y.py::test_z[a - b] - assert 1 == 2", True),
        ("FAILED tests/x/test_y.py::test_z - AssertionError: no", True),
        ("FAILED tests/x/test_y.py::test_z - Failed: DID NOT RAISE X", True),
        ("FAILED tests/x/test_y.py::test_z - NameError: gone", False),
        ("FAILED tests/x/test_y.py::test_z - ImportError: gone", False),
        ("ERROR tests/x/test_y.py::test_z - assert 1 == 2", False),
        ("ERROR tests/x/test_y.py - ImportError: gone", False),
    ],
)
def test_only_what_a_test_asserts_counts(
    controls: Any, line: str, counts: bool
) -> None:
    test = "tests/x/test_y.py::test_z"
    failed, told = controls.failures(f"1 failed\n{line}\n= 1 failed =")

    assert failed == ({test} if counts else set())
    assert told == ("= 1 failed =" if counts else line)
