"""LogStream: written to a stream whatever state it is in, or counted as lost.

Attack: a log that nobody reads any more, or whose disk is full, so that
requests fail or wait (OWASP Logging Cheat Sheet).
"""

import logging
import os
import select

from vestibule.ground.tally import count

# Seconds in which whoever reads may make room; then lines are left out.
PATIENCE = 0.2
BROKEN = '{"event": "a line of the log could not be made"}'


class LogStream(logging.Handler):
    """Writes each line with one call of the system, and never raises.

    So lines of several processes do not mix: a pipe takes 4096 bytes at
    once, and a file opened for adding any number. Source: POSIX write().
    """

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self._descriptor = descriptor
        self._is_stuck = False
        self._is_cut = False
        # How many lines were not written since the last one that was.
        self.lost = 0

    def createLock(self) -> None:  # noqa: N802
        """Have no lock: nobody waits for another one's line."""
        self.lock = None

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record as one line."""
        try:
            line = self.format(record)
        except Exception:  # noqa: BLE001
            # What is logged must not break what logs it.
            line = BROKEN
        if not self._write(line):
            self.lost += 1
            count("log_lines_lost")
        elif self.lost:
            lost, self.lost = self.lost, 0
            told = {"lost": lost}
            logging.getLogger("vestibule").warning(
                "lines of the log were lost", extra=told
            )

    def _write(self, line: str) -> bool:
        """Write a line; say whether it is there, whole."""
        text = line.encode("utf-8", "replace") + b"\n"
        if self._is_cut:
            text = b"\n" + text
        try:
            if not self._has_room():
                return False
            written = os.write(self._descriptor, text)
        except (OSError, ValueError):
            return False
        self._is_cut = written < len(text)
        return not self._is_cut

    def _has_room(self) -> bool:
        """Tell whether a line can be written without waiting for long.

        A pipe has room where 4096 bytes fit in; a file always has.
        """
        wait = 0.0 if self._is_stuck else PATIENCE
        room = select.select([], [self._descriptor], [], wait)[1]
        self._is_stuck = not room
        return bool(room)
