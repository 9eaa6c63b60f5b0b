"""The one clock that everything else reads.

Moments are whole seconds since 1970-01-01 UTC, in the program and in every
table, so that both databases store and compare them alike.
"""

import time
from datetime import UTC, datetime


class Clock:
    """The wall clock; tests put one they can turn in its place."""

    def now(self) -> int:
        """Say the present moment in whole seconds since 1970, UTC."""
        return int(time.time())


# The last second of the year 9999, the end of RFC 3339 and of datetime.
LAST = 253_402_300_799


def moment_read(text: str) -> int:
    """Read a day or a moment, in UTC: 2026-11-22, 2026-11-22T14:30.

    Raises:
        ValueError: it is neither.
    """
    if len(text) > len("2026-11-22T14:30:00+00:00"):
        raise ValueError("too long for a moment")
    read = datetime.fromisoformat(text)
    if read.tzinfo is None:
        read = read.replace(tzinfo=UTC)
    return int(read.timestamp())


def written(moment: int) -> str:
    """Write a moment the way RFC 3339 does, in UTC.

    A moment of no year that it knows is written as the nearest.
    """
    known = min(max(moment, 0), LAST)
    return datetime.fromtimestamp(known, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
