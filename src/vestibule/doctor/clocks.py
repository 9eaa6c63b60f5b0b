"""Checks of the clock, which decides when links and sessions end."""

from collections.abc import Iterator

from sqlalchemy import func, select

from vestibule.capabilities.audit.records import Entry
from vestibule.doctor.checks import When, check
from vestibule.doctor.finding import ERROR, WARNING, Skip, Trouble
from vestibule.doctor.installation import Installation
from vestibule.ground.clock import written
from vestibule.history import Event

# Seconds by which clocks may differ, with the way of the answer.
CLOSE = 10
FAR = 120
SET_IT = "timedatectl set-ntp true"
WHY = (
    "Links, codes, sessions and waits end by the clock. Where servers "
    "disagree, a link is dead before it arrives, or lives too long."
)


def _apart(seconds: float, whose: str) -> Iterator[Trouble]:
    """Say by how much two clocks differ, if it matters."""
    if abs(seconds) > CLOSE:
        yield Trouble(
            ERROR if abs(seconds) > FAR else WARNING,
            f"This machine is {abs(round(seconds))} seconds "
            f"{'ahead of' if seconds > 0 else 'behind'} {whose}.",
        )


@check(
    "clock.database",
    ERROR,
    WARNING,
    fine="This machine and the database agree on the time.",
    why=WHY,
    fix=SET_IT,
)
def agrees_with_database(installation: Installation) -> Iterator[Trouble]:
    """Ask PostgreSQL for the time."""
    _ = installation.database.host
    there = installation.database.value(
        "SELECT extract(epoch FROM clock_timestamp())"
    )
    if there is None:
        raise Skip("the database does not tell the time")
    yield from _apart(installation.clock.now() - float(there), "the database")


@check(
    "clock.past",
    ERROR,
    fine="Nothing in the history lies in the future.",
    why="The clock has run backwards since: sessions and links that should "
    "be over live on.",
    fix=SET_IT,
)
def is_after_the_past(installation: Installation) -> Iterator[Trouble]:
    """Compare the clock with the newest event."""
    installation.database.needs_tables()
    moments = [
        installation.database.value(select(func.max(kind.at)))
        for kind in (Event, Entry)
    ]
    newest = max((int(at) for at in moments if at is not None), default=0)
    if newest - installation.clock.now() > FAR:
        yield Trouble(
            ERROR,
            f"The newest event is of {written(newest)}, and now it is "
            f"{written(installation.clock.now())}.",
        )


@check(
    "clock.site",
    ERROR,
    WARNING,
    fine="This machine and the public address agree on the time.",
    why=WHY,
    fix=SET_IT,
    when=When.DEPLOY,
)
def agrees_with_site(installation: Installation) -> Iterator[Trouble]:
    """Compare the clock with the Date of an answer from outside."""
    there = installation.visit.moment
    if there is None:
        raise Skip("the public address does not tell the time")
    yield from _apart(installation.clock.now() - there, "the public address")
