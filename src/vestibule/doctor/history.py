"""Checks of the history: whether its newest part is whole, and sealed."""

from collections.abc import Iterator

from sqlalchemy import func, select

from vestibule.capabilities.audit.records import Entry
from vestibule.capabilities.audit.verifying import Verifier
from vestibule.custody import is_keyless
from vestibule.doctor.checks import check
from vestibule.doctor.finding import ERROR, WARNING, Skip, Trouble
from vestibule.doctor.installation import Installation
from vestibule.history import Event

# The rows at the end that are looked at; `audit verify` looks at all.
NEWEST = 500
# Seconds after which an event should long be sealed.
LATE = 600


def last_position(installation: Installation) -> int:
    """Say how long the chain is.

    Raises:
        Skip: there is none yet.
    """
    installation.database.needs_tables()
    found = installation.database.value(select(func.max(Entry.position)))
    if found is None:
        raise Skip("nothing is sealed yet")
    return int(found)


@check(
    "history.whole",
    ERROR,
    fine=f"The newest {NEWEST} rows of the history are as they were written.",
    why="Whoever changes the history wants something not to be known.",
    fix="vestibule audit verify",
)
def end_is_whole(installation: Installation) -> Iterator[Trouble]:
    """Follow the end of the chain, and its seals."""
    if is_keyless(installation.settings):
        raise Skip("there is no secret key here")
    after = max(0, last_position(installation) - NEWEST)
    verifier = Verifier(installation.database, lambda *_: None)
    found = [one for one in verifier.findings(after) if one.what != "unsealed"]
    if found:
        first = found[0]
        yield Trouble(
            ERROR,
            f"Something is wrong with the history at {len(found)} places, "
            f"first at row {first.first} ({first.what}).",
        )


@check(
    "history.sealed",
    WARNING,
    fine="What happens is soon sealed.",
    why="Until an event is sealed, whoever gets at the database can remove "
    "it without a trace.",
    fix="vestibule worker",
)
def is_soon_sealed(installation: Installation) -> Iterator[Trouble]:
    """Look for events that wait for a worker."""
    installation.database.needs_tables()
    oldest = installation.database.value(select(func.min(Event.at)))
    waits = 0 if oldest is None else installation.clock.now() - int(oldest)
    if waits > LATE:
        yield Trouble(
            WARNING,
            f"Events wait for {waits // 60} minutes to be sealed: no worker "
            "runs.",
        )
