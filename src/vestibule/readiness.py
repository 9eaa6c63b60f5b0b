"""Readiness: whether this process can do its work at this moment.

Who asks waits for two seconds at most, whatever the database does, and the
database is asked once a second at most, however many want to know.
"""

import logging
import threading
from collections.abc import Callable
from time import monotonic

from vestibule.auth import Auth
from vestibule.errors import Unavailable
from vestibule.ground.forks import in_each_child
from vestibule.migrations import HEAD

# Seconds: how long an answer is good, and how long one is waited for.
FRESH, PATIENCE = 1.0, 2.0
# How many wait for an answer; others are told the one before.
MOST_WAITING = 4

OK, SILENT, BEHIND, AHEAD = "ok", "silent", "behind", "ahead"
STOPPED, ENDING = "stopped", "ending"

States = dict[str, str]
UNKNOWN: States = {"database": SILENT, "schema": SILENT}

log = logging.getLogger("vestibule")


def _yes() -> bool:
    """Say so of whatever nobody told otherwise."""
    return True


def _no() -> bool:
    """Say so of whatever nobody told otherwise."""
    return False


class Readiness:
    """Says which of the things a process needs are there.

    Args:
        auth: over the database that is asked.
    """

    def __init__(self, auth: Auth) -> None:
        self._auth = auth
        # Whether the worker of this process is alive, if it is to have one.
        self.is_working: Callable[[], bool] = _yes
        # Whether the server was told to end.
        self.is_ending: Callable[[], bool] = _no
        self.begin_anew()
        in_each_child(self, Readiness.begin_anew)

    def begin_anew(self) -> None:
        """Know nothing, as in a process that has asked nobody yet."""
        self._alone = threading.Lock()
        self._places = threading.Semaphore(MOST_WAITING)
        self._begun = self._until = 0.0
        self._answer: threading.Event | None = None
        # What was found last; before that, nothing is known to be there.
        self._found: States = dict(UNKNOWN)

    def states(self) -> States:
        """Say of each thing how it is; all of them are "ok" when ready."""
        return {
            **self._of_database(),
            "worker": OK if self.is_working() else STOPPED,
            "server": ENDING if self.is_ending() else OK,
        }

    def _of_database(self) -> States:
        """Say how the database is, as of a second ago at most."""
        with self._alone:
            now = monotonic()
            if self._answer is None and now >= self._until:
                self._begin_to_ask(now)
            answer, left = self._answer, self._begun + PATIENCE - now
        if answer is None or self._waited(answer, left):
            return self._found
        return dict(UNKNOWN)

    def _begin_to_ask(self, now: float) -> None:
        """Ask on a thread of its own; where there is none, nobody knows."""
        answer = threading.Event()
        asking = threading.Thread(
            target=self._ask, args=(answer,), daemon=True
        )
        try:
            asking.start()
        except RuntimeError:
            self._found, self._until = dict(UNKNOWN), now + FRESH
        else:
            self._answer, self._begun = answer, now

    def _waited(self, answer: threading.Event, left: float) -> bool:
        """Wait for an answer; tell whether what is known may be told.

        Attack: asking again and again while the database does not answer,
        until all threads wait for it.
        """
        if left <= 0 or answer.is_set():
            return answer.is_set()
        if not self._places.acquire(blocking=False):
            return True
        try:
            return answer.wait(left)
        finally:
            self._places.release()

    def _ask(self, answer: threading.Event) -> None:
        """Ask the database, which may take its time or never answer."""
        found = UNKNOWN
        try:
            found = self._asked()
        except Unavailable as silent:
            if silent.lacks:
                found = {"database": OK, "schema": BEHIND}
        except Exception:
            log.exception("the database cannot be asked how it is")
        finally:
            # Whatever has happened, the next one asks anew.
            with self._alone:
                self._found, self._answer = dict(found), None
                self._until = monotonic() + FRESH
            answer.set()

    def _asked(self) -> States:
        """Compare the schema of the database with the one we know."""
        revision = self._auth.db.revision()
        schema = OK if revision == HEAD else BEHIND
        return {
            "database": OK,
            "schema": AHEAD if revision > HEAD else schema,
        }
