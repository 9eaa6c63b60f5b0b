"""Sliding: sessions in use go on, and no request waits for that."""

import logging
import threading
import weakref
from collections.abc import Callable
from multiprocessing import util
from typing import TypeAlias

from vestibule.errors import Unavailable

TOUCH_EVERY = 60
MOST_WAITING = 10_000
SECONDS_TO_FINISH = 5.0

Write: TypeAlias = Callable[[bytes, int], None]

log = logging.getLogger("vestibule")


class Slides:
    """The sessions of one process that wait to be slid on.

    A thread writes them one by one, and ends when none is left. What is
    lost is no harm: the next request with the session asks again.
    """

    def __init__(self, write: Write) -> None:
        self._write = write
        self.begin_anew()

    def begin_anew(self) -> None:
        """Forget what waits, and the thread, which are the parent's."""
        # Held while the database is written: nobody forks meanwhile.
        self.at_work = threading.Lock()
        self._alone = threading.Lock()
        self._waiting: dict[bytes, int] = {}
        self._thread: threading.Thread | None = None
        self._is_awaited = False

    def ask(self, fingerprint: bytes, now: int) -> None:
        """Have a session slid on soon, unless it waits for that already."""
        with self._alone:
            is_full = len(self._waiting) >= MOST_WAITING
            if fingerprint in self._waiting or is_full:
                return
            self._waiting[fingerprint] = now
            if self._thread is None:
                self._thread = self._begin()

    def settle(self, within: float = SECONDS_TO_FINISH) -> None:
        """Wait until nothing waits, or until the time is over."""
        thread = self._thread
        if thread is not None:
            thread.join(within)

    def _begin(self) -> threading.Thread:
        """Start the thread, which a process that ends will wait for."""
        thread = threading.Thread(
            target=self._work, name="vestibule-slides", daemon=True
        )
        thread.start()
        if not self._is_awaited:
            # Processes that multiprocessing has started do not run what is
            # registered by atexit, but all run this.
            own = weakref.ref(self)
            util.Finalize(self, _finish, (own,), exitpriority=1)
            self._is_awaited = True
        return thread

    def _work(self) -> None:
        """Write what waits until nothing does."""
        while (first := self._first()) is not None:
            fingerprint, now = first
            is_written = self._written(fingerprint, now)
            with self._alone:
                self._waiting.pop(fingerprint, None)
                if not is_written:
                    # Each would wait as long in vain, for nothing.
                    self._waiting.clear()

    def _first(self) -> tuple[bytes, int] | None:
        """Say what waits longest; without anything the thread is over."""
        with self._alone:
            for waiting in self._waiting.items():
                return waiting
            self._thread = None
            return None

    def _written(self, fingerprint: bytes, now: int) -> bool:
        """Write one, and note if that went wrong."""
        try:
            with self.at_work:
                self._write(fingerprint, now)
        except Unavailable:
            log.warning("sessions could not slide on: no database answers")
            return False
        except Exception:
            log.exception("sessions could not slide on")
            return False
        return True


def _finish(known: "weakref.ref[Slides]") -> None:
    """Finish what waits, if anything may."""
    slides = known()
    if slides is not None:
        slides.settle()
