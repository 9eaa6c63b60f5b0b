"""Vestibule without its pace: what needs no hash is answered at once.

So it is in the server of a host. Only benchmarks/timing.py starts this; it
is no setting, and nothing of the package knows of it.
"""

from vestibule.__main__ import main
from vestibule.doors.gate import Gate

_widen = Gate.widen


def widen(gate: Gate) -> None:
    """Let requests wait, and keep no place longer than it is needed."""
    _widen(gate)
    gate.pace = 0.0


# At every import, as a server may start its workers by importing this anew.
Gate.widen = widen  # type: ignore[method-assign]

if __name__ == "__main__":
    main()
