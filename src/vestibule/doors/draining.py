"""Draining: a server that is told to end first says so, and goes on a while.

Whoever sends it requests then has the time to send them elsewhere. The main
process is told, and the workers read it from a byte that all of them share.
"""

import mmap
from collections.abc import Callable
from time import monotonic
from typing import Any

from granian import Granian

# What one byte says of the server.
GOING_ON, ENDING = b"\0", b"\1"
# Seconds after which it is looked whether a worker is left.
LOOK = 0.5


class Flag:
    """Whether the server was told to end; made before the workers are."""

    def __init__(self) -> None:
        self._byte = mmap.mmap(-1, 1)

    def is_raised(self) -> bool:
        """Tell it, in any process that was forked after this was made."""
        return self._byte[:1] == ENDING

    def raise_it(self) -> None:
        """Tell all processes that the server will end."""
        self._byte[:1] = ENDING


class Server(Granian):  # type: ignore[misc, valid-type]
    """Granian, which ends its workers only after a while.

    Args:
        flag: raised at once when the server is told to end.
        drain: seconds that it goes on; a second signal ends it at once.
        last: done after the last worker has ended.
        others: what granian itself takes.
    """

    def __init__(
        self,
        flag: Flag,
        drain: int,
        last: Callable[[], object],
        **others: Any,
    ) -> None:
        super().__init__("vestibule", **others)
        self._flag = flag
        self._drain = drain
        self.on_shutdown(last)

    def shutdown(self, exit_code: int = 0) -> None:
        """End: say so, go on for a while, and then end the workers."""
        self._flag.raise_it()
        if self.interrupt_signal:
            self._go_on()
        super().shutdown(exit_code)

    def _go_on(self) -> None:
        """Serve until the time is over, or a second signal has come.

        Whoever signals every process at once ends the workers at the same
        moment. That is no failure of theirs, but then there is nothing to
        wait for.
        """
        for worker in self.wrks:
            worker.interrupt_by_parent = True
        self.interrupt_children.clear()
        self.interrupt_signal = False
        until = monotonic() + self._drain
        while not self.interrupt_signal and monotonic() < until:
            if not any(worker.is_alive() for worker in self.wrks):
                break
            self.main_loop_interrupt.clear()
            self.main_loop_interrupt.wait(min(LOOK, until - monotonic()))
