"""Capacity: how many requests may be where, in a process of our server.

The numbers are bounds of threads, and not of speed; docs/operators/lanes.md
shows them as a picture.
"""

from queue import Empty, SimpleQueue

# Seconds; with what comes after it, a refusal takes less than one.
PATIENCE = 0.6
LONGEST_PACE = 0.25
# How many wait for a place.
ROOM = 64
# Whose body is waited for, and how many of these from one network.
BODIES, OF_ONE = 96, 8
# Bodies that only few may send, such as pictures; read by Flask itself.
UPLOADS, UPLOADS_OF_ONE = 8, 2
# More threads in Flask at once would only take each other's turns, and the
# connections to the database; more may wait for a moment.
SEATS, LINE = 16, 80
# The threads that all of these hold at most.
HELD = ROOM + BODIES + UPLOADS + SEATS + LINE
# Those that the gate may hold, and others left for checks and refusals.
THREADS = HELD + 56


class Seats:
    """So many at once, and so many more that wait for a moment."""

    def __init__(self, seats: int, line: int) -> None:
        # Their threads never come from before a fork: a server makes them.
        self._seats: SimpleQueue[None] = SimpleQueue()
        self._line: SimpleQueue[None] = SimpleQueue()
        for queue, number in (
            (self._seats, seats),
            (self._line, seats + line),
        ):
            for _ in range(number):
                queue.put(None)

    def take(self) -> bool:
        """Take a seat, after a while perhaps; tell whether there is one."""
        try:
            self._line.get_nowait()
        except Empty:
            return False
        try:
            self._seats.get(timeout=PATIENCE)
        except Empty:
            self._line.put(None)
            return False
        return True

    def give_back(self) -> None:
        """Leave the seat to somebody else."""
        self._seats.put(None)
        self._line.put(None)
