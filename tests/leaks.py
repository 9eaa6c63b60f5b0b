"""Leaks: what no line of a log may hold, looked for in all of a run."""

import logging
import re
from collections.abc import Iterator

from vestibule.ground.redaction import without_addresses

# Of sessions, mailed links and devices: 256 bits in 43 characters.
TOKEN = re.compile(r"(?<![\w-])[\w-]{43}(?![\w-])")
HASH = re.compile(r"\$argon2|\$2[aby]\$")
_PLAIN = vars(logging.makeLogRecord({})).keys()


class LeakFinder(logging.Handler):
    """Reads all that is logged, and keeps what should not have been.

    Args:
        secrets: texts that no line may hold.
    """

    def __init__(self, *secrets: str) -> None:
        super().__init__()
        self.secrets = secrets
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Read one record: its text, what goes with it, and its error."""
        # The server of werkzeug, which only tests and development use.
        if record.name == "werkzeug":
            return
        told = "\n".join(_texts(record))
        leaks = [secret for secret in self.secrets if secret in told]
        leaks += [match[0] for match in TOKEN.finditer(told)]
        leaks += [match[0] for match in HASH.finditer(told)]
        # Others may log what they like of the tests' own mail servers.
        if record.name.startswith("vestibule"):
            leaks += [told] if without_addresses(told) != told else []
        if leaks:
            self.found.append(f"{record.name}: {leaks} in {told!r}")

    def read_alone(self, record: logging.LogRecord) -> bool:
        """Read one record as a filter that lets nobody else read it."""
        self.emit(record)
        return False

    def take(self) -> list[str]:
        """Give what was found, and forget it."""
        found, self.found = self.found, []
        return found


def _texts(record: logging.LogRecord) -> Iterator[str]:
    """List what a record says: its text, its fields, the errors behind it."""
    yield record.getMessage()
    for name, value in vars(record).items():
        if name not in _PLAIN:
            yield f"{name}={value!r}"
    error = record.exc_info[1] if record.exc_info else None
    seen: list[BaseException] = []
    while error is not None and error not in seen:
        seen.append(error)
        yield f"{type(error).__name__}: {error}"
        error = error.__cause__ or error.__context__
