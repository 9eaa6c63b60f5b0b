"""Tally: what is counted of a process, told to whoever listens.

Mostly nobody does, and then it costs a ten-millionth of a second.
"""

from blinker import Signal

# Its receivers get what was counted, ``by`` how much, and its ``labels``.
counted = Signal()


def count(what: str, by: float = 1, **labels: str) -> None:
    """Tell that something has happened once more, or that it is over.

    Args:
        what: the name under which it is counted.
        by: how much more of it there is now, or less.
        labels: which kind of it, from few values that are known before.
    """
    if counted.receivers:
        counted.send(what, by=by, labels=labels)
