"""Checks of the versions that Vestibule runs with."""

import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib import metadata

from vestibule.doctor.checks import check
from vestibule.doctor.finding import ERROR, WARNING, Skip, Trouble
from vestibule.doctor.installation import Installation

# The first day without repairs of security holes.
# Source: devguide.python.org/versions.
ENDS = {
    (3, 11): "2027-11-01",
    (3, 12): "2028-11-01",
    (3, 13): "2029-11-01",
    (3, 14): "2030-11-01",
}


@check(
    "software.python",
    WARNING,
    fine="Python still gets repairs of its security holes.",
    why="What is found in an older one stays open.",
    fix="apt install python3",
)
def python_is_maintained(installation: Installation) -> Iterator[Trouble]:
    """Compare the clock with the end of this version of Python."""
    version = sys.version_info[:2]
    end = ENDS.get(version)
    if end is None:
        raise Skip("this version of Python is newer than what is known")
    day = datetime.fromtimestamp(installation.clock.now(), UTC).strftime(
        "%Y-%m-%d"
    )
    if day >= end:
        shown = ".".join(map(str, version))
        yield Trouble(
            WARNING, f"Python {shown} has got no repairs since {end}."
        )


@check(
    "software.packages",
    ERROR,
    fine="Every library is as new as Vestibule needs it.",
    why="Older ones lack what Vestibule calls, or repairs that it relies on.",
    fix="pip install -r requirements.txt && pip install --no-deps .",
)
def packages_are_new(installation: Installation) -> Iterator[Trouble]:
    """Compare each library with the version that is asked for."""
    for asked in metadata.requires("vestibule") or ():
        # Those of extras are there or not, as people like.
        match = re.match(r"([\w-]+)(?:\[.*?\])?>=([\d.]+)$", asked)
        if match is None:
            continue
        name, least = match[1], match[2]
        try:
            found = installation.version(name)
        except metadata.PackageNotFoundError:
            yield Trouble(ERROR, f"{name} is missing.")
            continue
        if _numbers(found) < _numbers(least):
            yield Trouble(
                ERROR, f"{name} is version {found}, and {least} is needed."
            )


def _numbers(version: str) -> tuple[int, ...]:
    """Read the numbers of a version, to compare them."""
    return tuple(map(int, re.findall(r"\d+", version.partition("+")[0])[:4]))
