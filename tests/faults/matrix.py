"""The matrix: which fault is found by which check, and as how bad."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from clinic import Clinic
from vestibule.doctor.finding import State

Breaks = Callable[[Clinic], None]


@dataclass(frozen=True)
class Fault:
    """A fault, which check finds it, and as how bad."""

    check: str
    state: State
    breaks: Breaks
    on: str

    @property
    def name(self) -> str:
        """How the test is called."""
        return f"{self.check}-{self.breaks.__name__}"


FAULTS: list[Fault] = []


def fault(
    check: str, state: State, on: str = "sqlite"
) -> Callable[[Breaks], Breaks]:
    """Enter a way to break an installation into the matrix."""

    def enter(breaks: Breaks) -> Breaks:
        """Note the fault."""
        FAULTS.append(Fault(check, state, breaks, on))
        return breaks

    return enter


def set_to(check: str, state: State, **options: Any) -> None:
    """Enter a fault that is one setting."""

    def breaks(clinic: Clinic) -> None:
        """Set it."""
        clinic.having(**options)

    breaks.__name__ = "_".join(options)
    FAULTS.append(Fault(check, state, breaks, "sqlite"))
