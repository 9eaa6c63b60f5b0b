"""Taking a control away, to see that the test of it fails.

Each entry of ``tests/controls.toml`` names a row of docs/security/asvs.toml,
a text of the source that holds it, and what stands there without the
control. The tests that carry the mark of the row must then fail by what they
assert, and not because nothing works any more.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import Queue

from marks import ROOT

LISTED = ROOT / "tests/controls.toml"
COPIED = ("src", "tests", "script", "docs", "classic", "pyproject.toml")
AT_ONCE = 2
SUMMARY = re.compile(r"(FAILED|ERROR) (\S+?::\w+)(?:\[.*?\])?(?: - (.*))?$")
# `[letter] = postbox.empty()` asserts how many there are.
ASSERTED = re.compile(
    r"(assert\b|AssertionError|Failed: DID NOT RAISE"
    r"|ValueError: (not enough|too many) values to unpack)"
)


@dataclass(frozen=True)
class Control:
    """One control: what is written, what is left without it, its tests."""

    row: str
    what: str
    file: str
    text: str
    without: str
    tests: tuple[str, ...]


@dataclass(frozen=True)
class Found:
    """What became of the tests of a control that was taken away."""

    control: Control
    failed: frozenset[str]
    told: str

    @property
    def is_missed(self) -> bool:
        """Whether every test of it has failed, and by what it asserts."""
        named = {test.partition("[")[0] for test in self.control.tests}
        return self.failed == named


def controls() -> list[Control]:
    """Read the list."""
    listed = tomllib.loads(LISTED.read_text("utf-8"))
    return [
        Control(row, **{**entry, "tests": tuple(entry["tests"])})
        for row, told in listed.items()
        for entry in (told if isinstance(told, list) else [told])
    ]


def tried(chosen: list[Control]) -> Iterator[Found]:
    """Take controls away, two at a time, each in a copy of everything."""
    copies: Queue[Path] = Queue()

    def one(control: Control) -> Found:
        """Try a control in a copy that nobody else has at the moment."""
        copy = copies.get()
        try:
            return without(control, copy)
        finally:
            copies.put(copy)

    with tempfile.TemporaryDirectory() as folder:
        for number in range(min(AT_ONCE, len(chosen))):
            copies.put(copied(Path(folder) / str(number)))
        with ThreadPoolExecutor(AT_ONCE) as pool:
            yield from pool.map(one, chosen)


def copied(to: Path) -> Path:
    """Copy what tests need, with the same installed libraries."""
    to.mkdir()
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(source, to / name, ignore=ignored)
        else:
            shutil.copy(source, to / name)
    (to / ".venv").symlink_to(ROOT / ".venv")
    return to


def without(control: Control, copy: Path) -> Found:
    """Run the tests of a control in a copy that lacks it."""
    with taken_away(control, copy):
        done = subprocess.run(
            [
                *(sys.executable, "-m", "pytest", "-q", "-rfE", "--tb=line"),
                "--show-capture=no",
                *("-p", "no:cacheprovider", "-k", "not postgres"),
                *control.tests,
            ],
            cwd=copy,
            env={
                **unmeasured(os.environ),
                "PYTHONPATH": str(copy / "src"),
                "COLUMNS": "500",
            },
            capture_output=True,
            text=True,
            check=False,
        )
    failed, told = failures(done.stdout)
    return Found(control, frozenset(failed), told)


def unmeasured(environ: Mapping[str, str]) -> dict[str, str]:
    """Leave out what makes a process report which lines it has reached.

    A copy is soon gone, and a report of lines without a source is an error.
    """
    return {
        name: value
        for name, value in environ.items()
        if not name.startswith("COVERAGE_")
    }


def failures(printed: str) -> tuple[set[str], str]:
    """Read which tests have failed by what they assert, and the last line.

    Where anything else went wrong, there are none, and its line is told.
    """
    failed: set[str] = set()
    lines = printed.splitlines() or [""]
    for line in lines:
        if not line.startswith(("FAILED ", "ERROR ")):
            continue
        match = SUMMARY.match(line)
        if match is None or match[1] == "ERROR" or not match[3]:
            return set(), line
        if not ASSERTED.match(match[3]):
            return set(), line
        failed.add(match[2])
    return failed, lines[-1]


@contextmanager
def taken_away(control: Control, copy: Path) -> Iterator[None]:
    """Write a file without the control for a while."""
    path = copy / control.file
    source = path.read_text("utf-8")
    if source.count(control.text) != 1:
        raise SystemExit(f"{control.row}: {control.file} has changed")
    path.write_text(source.replace(control.text, control.without), "utf-8")
    try:
        yield
    finally:
        path.write_text(source, "utf-8")
