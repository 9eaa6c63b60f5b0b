"""What a rehearsal remembers: the names that it would have given."""

import sqlite3
from collections.abc import Iterable


class Noted:
    """Names in a nameless file that is gone when it is closed.

    A million names take no memory so, and the real database is not
    locked while the rehearsal lasts.
    """

    def __init__(self) -> None:
        self._file = sqlite3.connect("")
        self._file.execute(
            "CREATE TABLE noted (name TEXT PRIMARY KEY) WITHOUT ROWID"
        )

    def among(self, wanted: set[str]) -> set[str]:
        """Say which of these names are noted."""
        ask = "SELECT name FROM noted WHERE name = ?"
        found = (self._file.execute(ask, (name,)) for name in wanted)
        return {row[0] for rows in found for row in rows}

    def note(self, given: Iterable[str]) -> None:
        """Note that these names are given."""
        self._file.executemany(
            "INSERT OR IGNORE INTO noted VALUES (?)",
            [(name,) for name in given],
        )

    def close(self) -> None:
        """Forget all that was noted."""
        self._file.close()
