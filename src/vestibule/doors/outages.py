"""Outages: notes in the log that something does not answer, sparingly."""

import logging
import threading
from time import monotonic

from vestibule.ground.forks import in_each_child

# Seconds between two lines.
APART = 1

log = logging.getLogger("vestibule")


class Outages:
    """Notes answers with 503, of which a flood can bring thousands.

    They all say the same, so a line a second is enough, with the number
    of one request and with how many others there were.
    """

    def __init__(self) -> None:
        self.begin_anew()
        in_each_child(self, Outages.begin_anew)

    def begin_anew(self) -> None:
        """Forget what was noted, as if by another process."""
        self._alone = threading.Lock()
        self._next = 0.0
        self._left_out = 0

    def note(self, request_id: str) -> None:
        """Note an answer, or count it for the line after it."""
        with self._alone:
            now = monotonic()
            if now < self._next:
                self._left_out += 1
                return
            left_out, self._left_out = self._left_out, 0
            self._next = now + APART
        if left_out:
            text = "answered with 503, request %s, and %d before it"
            log.warning(text, request_id, left_out)
        else:
            log.warning("answered with 503, request %s", request_id)
