"""The register of all checks, which the page of the documentation is of."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, TypeAlias

from vestibule.doctor.finding import State, Trouble

if TYPE_CHECKING:
    from vestibule.doctor.installation import Installation

Look: TypeAlias = "Callable[[Installation], Iterable[Trouble]]"

# The groups in the order in which they are shown.
GROUPS = {
    "configuration": "Configuration",
    "secrets": "Secrets",
    "files": "Files and folders",
    "database": "Database",
    "valkey": "Valkey",
    "mail": "Mail",
    "site": "Address, cookies and proxy",
    "clock": "Clock",
    "disk": "Disk",
    "backups": "Backups",
    "administrators": "Administrators",
    "history": "History",
    "weakened": "Weakened protection",
    "software": "Software",
}


class When(IntEnum):
    """When a check is made; each also at all the later occasions."""

    START = 1  # before `serve` starts: nothing slow, no network
    ASKED = 2  # `vestibule doctor`
    DEPLOY = 3  # `vestibule doctor --deploy`


@dataclass(frozen=True)
class Check:
    """One thing that is looked at, and all that is written about it."""

    id: str
    # What is true where all is well, as one sentence.
    fine: str
    why: str
    fix: str
    when: When
    states: tuple[State, ...]
    look: Look

    @property
    def group(self) -> str:
        """The part of the installation that it is about."""
        return self.id.partition(".")[0]


CHECKS: dict[str, Check] = {}


def check(
    name: str,
    *states: State,
    why: str,
    fix: str,
    when: When = When.ASKED,
    fine: str = "",
) -> Callable[[Look], Look]:
    """Enter a function into the register as a check.

    Args:
        name: the stable name, its group before the dot.
        states: which it may find.
        why: why it matters, for people who run a site.
        fix: a command or a line of settings to copy.
        when: the first occasion at which it is made.
        fine: what is true where all is well; the function's own sentence
            if left out.
    """

    def enter(look: Look) -> Look:
        """Note the check, and give the function back as it is."""
        if name in CHECKS or name.partition(".")[0] not in GROUPS:
            raise ValueError(f"{name} is taken, or of no group")
        said = fine or (look.__doc__ or "").strip().partition("\n\n")[0]
        CHECKS[name] = Check(
            name, " ".join(said.split()), why, fix, when, states, look
        )
        return look

    return enter
