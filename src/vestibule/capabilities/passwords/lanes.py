"""Lanes: few threads that hash, so that nothing else waits for a hash."""

import os
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import TypeVar

from vestibule.errors import Unavailable
from vestibule.ground.tally import count

R = TypeVar("R")

# Who waits holds a thread of the server, so only few do.
WAITING = 4
# Of a processor that others want as well, a lane then gets a tenth.
NICENESS = 10
NICEST = 19


def processors() -> int:
    """Say how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _step_back() -> None:
    """Let a lane give way to whatever else wants the processor.

    Only Linux knows the niceness of a single thread.
    """
    if sys.platform == "linux":
        own = threading.get_native_id()
        # From where the process stands, which may be nice already.
        nice = os.getpriority(os.PRIO_PROCESS, own) + NICENESS
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, own, min(nice, NICEST))


class Lanes:
    """A bounded number of hashes at once, and of those who wait for one.

    As many run as this process has processors for itself: more would only
    take memory.
    """

    def __init__(
        self, is_writing: Callable[[], bool], processes: int = 1
    ) -> None:
        self._is_writing = is_writing
        self.number = max(1, processors() // processes)
        self.most = self.number + WAITING
        self._has_place: ContextVar[bool] = ContextVar("place", default=False)
        # How much was hashed; itself counted without a gap.
        self.count = 0
        self.open()

    def open(self) -> None:
        """Begin anew; a forked process has no thread of its parent."""
        self.places = threading.BoundedSemaphore(self.most)
        # It starts its threads only when there is something to hash.
        self._threads = ThreadPoolExecutor(
            self.number, thread_name_prefix="hash-lane", initializer=_step_back
        )
        self._counting = threading.Lock()

    @contextmanager
    def place(self) -> Iterator[None]:
        """Keep a place in the lanes, before anything is counted or written.

        Who has one needs no second.

        Raises:
            Unavailable: all are taken.
        """
        if self._has_place.get():
            yield
            return
        places = self.places
        if not places.acquire(blocking=False):
            raise Unavailable
        mark = self._has_place.set(True)
        try:
            yield
        finally:
            self._has_place.reset(mark)
            places.release()

    def work(self, work: Callable[[], R]) -> R:
        """Wait for a lane and work in it.

        Raises:
            Unavailable: too many are waiting already.
        """
        if self._is_writing():
            raise RuntimeError("a hash must not hold a transaction open")
        with self.place():
            with self._counting:
                self.count += 1
            count("hashes_waiting")
            return self._threads.submit(self._do, work).result()

    @staticmethod
    def _do(work: Callable[[], R]) -> R:
        """Work, and let whoever watches know that a lane is taken."""
        count("hashes_waiting", -1)
        count("hashes_running")
        try:
            return work()
        finally:
            count("hashes_running", -1)
