"""The turnstile: few are inside at a time, and a bounded number may wait.

Who is known, or comes from where somebody has signed in before, takes turns
with all others, and among both comes first who was let in least. So a flood
keeps nobody out for long, unless each of its requests comes from somewhere
new; then those who were here before still come in.
"""

import threading
import time
from collections import Counter
from dataclasses import dataclass, field

# How long it is remembered who was let in how often: seconds, and names.
MEMORY = 60
MOST_NAMES = 10_000


@dataclass(eq=False)
class _Waiting:
    """One who waits to be let in, or to be told that they are not."""

    who: str
    is_known: bool = False
    is_in: bool = False
    told: threading.Event = field(default_factory=threading.Event)


class Turnstile:
    """Lets a number of requests in, each until it leaves.

    Args:
        places: how many are inside at most.
        room: how many wait at most; each holds a thread.
        of_one: how many of one name are inside at most, if not all.
    """

    def __init__(self, places: int, room: int = 0, of_one: int = 0) -> None:
        self.places = places
        self.room = room
        self.of_one = of_one or places
        self.open()

    def open(self) -> None:
        """Begin anew; in a forked process nobody is inside yet."""
        self.inside: Counter[str] = Counter()
        self.waiting: list[_Waiting] = []
        self._turns: dict[str, int] = {}
        # In the order in which they came; a dict keeps it, and a set not.
        self._welcome: dict[str, None] = {}
        self._is_known_next = True
        self._begun = 0.0
        self._lock = threading.Lock()

    def enter(
        self, who: str, patience: float, *, is_known: bool = False
    ) -> bool:
        """Go in, or wait for it; tell whether one is inside now.

        Args:
            who: the name under which one's turns are counted.
            patience: how many seconds one waits at most.
            is_known: whether somebody of this name has been here before,
                wherever they are now.
        """
        with self._lock:
            if self._has_place(who):
                self._admit(who)
                return True
            one = _Waiting(who, is_known)
            if not self._line_up(one):
                return False
        one.told.wait(patience)
        with self._lock:
            if one in self.waiting:
                self.waiting.remove(one)
            return one.is_in

    def leave(self, who: str) -> None:
        """Go out, and let in whoever comes next."""
        with self._lock:
            self.inside[who] -= 1
            # Nothing is kept of who is not there.
            self.inside += Counter()
            able = [one for one in self.waiting if self._has_place(one.who)]
            if able:
                one = self._next(able)
                self.waiting.remove(one)
                self._admit(one.who)
                one.is_in = True
                one.told.set()

    def _next(self, able: list[_Waiting]) -> _Waiting:
        """Choose who comes in: a known place and another one by turns.

        Of several with as many turns it is who came first. Attacks: a flood
        from ever new places, and one of sign-ins to an account of one's own.
        """
        kind = [one for one in able if self._knows(one) == self._is_known_next]
        one = min(kind or able, key=self._count)
        self._is_known_next = not self._knows(one)
        return one

    def _has_place(self, who: str) -> bool:
        """Tell whether there is a place, and somebody may have it."""
        is_free = self.inside.total() < self.places
        return is_free and self.inside[who] < self.of_one

    def _line_up(self, one: _Waiting) -> bool:
        """Let somebody wait, in the place of another who has had more.

        Where there are more of the other kind, one of these gives way.
        """
        if len(self.waiting) >= self.room:
            kin = [
                o for o in self.waiting if self._knows(o) == self._knows(one)
            ]
            others = [o for o in self.waiting if o not in kin]
            crowd = others if len(others) > len(kin) else kin
            if not crowd:
                return False
            last = max(reversed(crowd), key=self._count)
            if crowd is kin and self._count(last) <= self._count(one):
                return False
            self.waiting.remove(last)
            last.told.set()
        self.waiting.append(one)
        return True

    def welcome(self, who: str) -> None:
        """Remember that somebody has signed in from a place.

        Their turns count on. Attack: signing in to one's own account again
        and again, to come before everybody else.
        """
        with self._lock:
            self._welcome.pop(who, None)
            if len(self._welcome) >= MOST_NAMES:
                del self._welcome[next(iter(self._welcome))]
            self._welcome[who] = None

    def _knows(self, one: _Waiting) -> bool:
        """Tell whether somebody has signed in there before."""
        return one.is_known or one.who in self._welcome

    def _count(self, one: _Waiting) -> int:
        """Say how often somebody was let in lately."""
        return self._turns.get(one.who, 0)

    def _admit(self, who: str) -> None:
        """Count somebody who goes in, and forget what is long ago."""
        now = time.monotonic()
        if now - self._begun > MEMORY or len(self._turns) >= MOST_NAMES:
            self._turns.clear()
            self._begun = now
        self._turns[who] = self._turns.get(who, 0) + 1
        self.inside[who] += 1
