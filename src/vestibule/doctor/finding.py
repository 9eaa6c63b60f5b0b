"""A finding: what a check saw, why it matters, and the exact fix."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How it stands with one thing, the best first."""

    SKIPPED = "skipped"
    OK = "ok"
    NOTICE = "notice"
    WARNING = "warning"
    ERROR = "error"

    @property
    def weight(self) -> int:
        """How bad it is, to compare."""
        return list(State).index(self)


NOTICE, WARNING, ERROR = State.NOTICE, State.WARNING, State.ERROR


@dataclass(frozen=True)
class Trouble:
    """What a check has seen that is not as it should be.

    ``fix`` is a command or a line of settings to copy; that of the check
    where it is left out.
    """

    state: State
    what: str
    fix: str = ""


class Skip(Exception):
    """There is nothing to look at here; the message says why."""


@dataclass(frozen=True)
class Finding:
    """The answer of one check, whole and without any secret."""

    id: str
    state: State
    what: str
    why: str = ""
    fix: str = ""

    @property
    def group(self) -> str:
        """The part of the installation that it is about."""
        return self.id.partition(".")[0]


def worst(findings: Iterable[Finding]) -> State:
    """Say how bad it is altogether."""
    states = [one.state for one in findings] or [State.OK]
    return max(states, key=lambda state: state.weight)
