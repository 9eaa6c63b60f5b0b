"""The second factors of the model: apps, codes on paper, trusted devices.

What the model knows of a code is the standard's arithmetic: it asks pyotp,
which the application does not use.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyotp

if TYPE_CHECKING:
    from model_world import Person

DAY, STEP, WAIT, TRUST = 86400, 30, 600, 30 * 86400
# What is younger goes with what an owner undoes by a letter.
YOUNG = 7 * DAY


@dataclass(eq=False)
class App:
    """An authenticator app that is on, and the last step it has shown."""

    key: str
    since: int
    last: int

    def code(self, step: int) -> str:
        """Show the code of a step."""
        return pyotp.TOTP(self.key).at(step * STEP)

    def next(self, now: int) -> str:
        """Show the next code that was not used, though it may be too early."""
        return self.code(max(now // STEP, self.last + 1))

    def takes(self, code: str, now: int) -> bool:
        """Use a code up, if it is one of this moment."""
        here = now // STEP
        for step in range(max(here - 1, self.last + 1), here + 2):
            if self.code(step) == code:
                self.last = step
                return True
        return False


@dataclass(eq=False)
class Waiting:
    """A sign-in that waits: whose, since which password, and until when."""

    person: "Person"
    stamp: int
    ends: int
    remember: bool


def takes(person: "Person", code: str, now: int) -> bool:
    """Use a second factor of somebody up, if it is one."""
    if person.app is None:
        return False
    if code in person.codes:
        person.codes.remove(code)
        return True
    return person.app.takes(code, now)


def drop(person: "Person", since: int = 0) -> None:
    """Take somebody's factors away that are as new as that."""
    if person.app is not None and person.app.since >= since:
        person.app = None
    if person.codes_made >= since or person.app is None:
        person.codes = []
    person.trusted.clear()
