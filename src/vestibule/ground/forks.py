"""Forks: what a process must do anew that another one was forked into."""

import os
import threading
import weakref
from collections.abc import Callable, Iterable
from typing import TypeVar

T = TypeVar("T")

# Seconds; who holds a lock may be talking to a server that does not answer.
WORTH_WAITING = 5


def _none(_: object) -> Iterable[threading.Lock]:
    """Wait for nothing."""
    return ()


def in_each_child(
    owner: T,
    renew: Callable[[T], object],
    first: Callable[[T], Iterable[threading.Lock]] = _none,
) -> None:
    """Have an object renewed in every process forked from here on.

    Python never forgets such a wish, so it keeps no owner alive; one that
    is gone has nothing done.

    Args:
        owner: the object.
        renew: what is called with it in the child.
        first: the locks of work that should be finished before the fork.
    """
    known = weakref.ref(owner)
    held: list[threading.Lock] = []

    def wait() -> None:
        """Let the work in hand be finished, and none begin."""
        found = known()
        for lock in () if found is None else first(found):
            if lock.acquire(timeout=WORTH_WAITING):
                held.append(lock)

    def go_on() -> None:
        """Let the parent's threads go on."""
        while held:
            held.pop().release()

    def begin_anew() -> None:
        """Let go of what is the parent's."""
        held.clear()
        found = known()
        if found is not None:
            renew(found)

    os.register_at_fork(
        before=wait, after_in_parent=go_on, after_in_child=begin_anew
    )
