"""The commands ``vestibule audit …``."""

import ipaddress
import os
import sys
from collections.abc import Callable, Iterator
from functools import wraps
from itertools import chain, islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from vestibule.capabilities.audit.anchors import WRONG, anchor, anchors_in
from vestibule.capabilities.audit.outcomes import Happened, Wanted
from vestibule.doors.commands import (
    FAILED,
    USAGE,
    fail,
    new_file,
    say,
    tell,
    with_history,
)
from vestibule.ground.acts import ACTS
from vestibule.ground.clock import moment_read, written
from vestibule.policy import OPERATOR

if TYPE_CHECKING:
    from vestibule.auth import Auth

DAY = 86400
MOST_FINDINGS = 1000


def filters(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that say which events it is about."""

    @click.option(
        "--act",
        multiple=True,
        metavar="ACT",
        type=click.Choice(list(ACTS)),
        help="Only this, such as login.",
    )
    @click.option("--outcome", default="", help="done, refused, or a code.")
    @click.option("--who", help="Done by or to them: name, email, id:NUMBER.")
    @click.option("--since", metavar="DAY", help="Like 2026-11-22, UTC.")
    @click.option("--until", metavar="DAY", help="With all of that day.")
    @click.option("--address", metavar="NETWORK", help="Like 192.0.2.0/24.")
    @wraps(command)
    def called(
        auth: "Auth",
        *,
        act: tuple[str, ...],
        outcome: str,
        who: str | None,
        since: str | None,
        until: str | None,
        address: str | None,
        **options: Any,
    ) -> object:
        """Run the command with what is wanted."""
        wanted = Wanted(
            acts=act,
            outcome=outcome,
            who=None if who is None else auth.audit.number_of(who),
            since=_moment(since, end=False),
            until=_moment(until, end=True),
        )
        return command(auth, wanted, _within(address), **options)

    return called


def _moment(text: str | None, *, end: bool) -> int | None:
    """Read a day or a moment; of a day, its beginning or its end."""
    if text is None:
        return None
    try:
        moment = moment_read(text)
    except ValueError:
        fail(say("{given}: write a day like 2026-11-22.", given=text), USAGE)
    return moment + DAY if end and len(text) <= len("2026-11-22") else moment


def _within(network: str | None) -> Callable[[Happened], bool]:
    """Give what tells whether an event came from a network."""
    if network is None:
        return lambda _: True
    try:
        wanted = ipaddress.ip_network(network, strict=False)
    except ValueError:
        why = say("{given}: write a network like 192.0.2.0/24.", given=network)
        fail(why, USAGE)
    return lambda event: event.is_within(wanted)


@click.group("audit")
def commands() -> None:
    """Read the history, and see whether anybody changed it."""


@commands.command("list", epilog="Example: vestibule audit list --act login")
@click.option(
    "--most",
    type=click.IntRange(1, 100_000),
    default=100,
    help="How many at most (100).",
)
@with_history
@filters
def list_(
    auth: "Auth",
    wanted: Wanted,
    is_within: Callable[[Happened], bool],
    most: int,
) -> None:
    """List what happened, the newest first."""
    events = islice(filter(is_within, auth.audit.every(wanted)), most)
    first = next(events, None)
    if first is None:
        tell("Nothing here.", err=True)
        return
    for event in chain([first], events):
        click.echo(_line(event))


def _line(event: Happened) -> str:
    """Write an event into one line of the list, its row first."""
    row = "-" if event.position is None else event.position
    actor = "-" if event.actor_id is None else event.actor_id
    subject = "-" if event.subject_id is None else event.subject_id
    people = f"{actor}>{subject}"
    foreign = say("not written by this site") if event.is_foreign else ""
    return (
        f"{row:>7}  {written(event.at)}  {event.act:28} {event.outcome:24} "
        f"{people:12} {event.door:8} {event.address:15} {foreign}"
    ).rstrip()


@commands.command(epilog="Example: vestibule audit export --to history.jsonl")
@click.option(
    "--format",
    "written_as",
    type=click.Choice(["csv", "jsonl"]),
    help="The name of the file tells if left out.",
)
@click.option(
    "--to",
    required=True,
    metavar="FILE",
    type=click.Path(dir_okay=False, allow_dash=True, path_type=Path),
    help="New file; - for standard output.",
)
@with_history
@filters
def export(
    auth: "Auth",
    wanted: Wanted,
    is_within: Callable[[Happened], bool],
    written_as: str | None,
    to: Path,
) -> None:
    """Write what happened into a file, the newest first."""
    from vestibule.capabilities.audit.files import lines

    written_as = written_as or ("csv" if to.suffix == ".csv" else "jsonl")

    def made() -> Iterator[str]:
        """Read the events, and note that somebody takes them."""
        events = filter(is_within, auth.audit.take(wanted, by=OPERATOR))
        return lines(events, auth.db.usernames_of, written_as)

    if to == Path("-"):
        for line in made():
            click.echo(line, nl=False)
        return
    with os.fdopen(new_file(to), "w", encoding="utf-8", newline="") as file:
        try:
            file.writelines(made())
            file.flush()
        except BaseException:
            to.unlink()
            raise
    tell("Wrote the history to {file}.", file=to)


@commands.command(epilog="Example: vestibule audit verify")
@click.option(
    "--anchor",
    "anchors",
    multiple=True,
    metavar="NUMBER:HASH",
    help="An end that was noted elsewhere, as `audit head` prints it.",
)
@click.option(
    "--against",
    type=click.File("r", errors="replace"),
    help="A log or list with such ends; - for standard input.",
)
@click.option(
    "--after",
    default=0,
    metavar="NUMBER",
    help="Look only at rows behind this one.",
)
@with_history
def verify(
    auth: "Auth",
    anchors: tuple[str, ...],
    against: IO[str] | None,
    after: int,
) -> None:
    """Look whether anybody changed the history, and where."""
    verifier = auth.audit.verifier(_progress)
    noted = chain([*map(_anchor, anchors)], _noted(against))
    findings = chain(verifier.findings(after), verifier.against(noted))
    count = 0
    for count, found in enumerate(findings, 1):
        if count <= MOST_FINDINGS:
            click.echo(say(WRONG[found.what], **vars(found)))
    if verifier.older:
        tell("Rows from before signatures: {count}.", count=verifier.older)
    if count:
        text = say("The history was changed. Findings: {count}.", count=count)
        fail(text, FAILED)
    tell(
        "The history is whole: {rows} rows, the last is {position}. "
        "Waiting to be sealed: {waiting}.",
        rows=verifier.rows,
        position=verifier.position,
        waiting=verifier.waiting,
    )


def _anchor(text: str) -> tuple[int, bytes]:
    """Read an end that was noted elsewhere."""
    found = anchor(text)
    if found is None:
        why = say("{given}: write it as `audit head` prints it.", given=text)
        fail(why, USAGE)
    return found


def _noted(file: IO[str] | None) -> Iterator[tuple[int, bytes]]:
    """Read the ends that a file holds.

    A file without any is refused: it would say that all is well.
    """
    if file is None:
        return
    found = anchors_in(file)
    first = next(found, None)
    if first is None:
        text = say(
            "{file}: no line there says where the history ended.",
            file=file.name,
        )
        fail(text, USAGE)
    yield first
    yield from found


def _progress(position: int, last: int) -> None:
    """Say on a terminal how far it has come."""
    if sys.stderr.isatty():
        end = "\r" if position < last else "\r\033[K"
        click.echo(f"{position}/{last}{end}", err=True, nl=False)


@commands.command(epilog="Example: vestibule audit head")
@with_history
def head(auth: "Auth") -> None:
    """Seal what waits, and print the end, to be noted elsewhere."""
    while auth.audit.seal():
        pass
    sealed = auth.audit.sealed()
    if sealed is None:
        fail(say("Nothing is sealed yet."), FAILED)
    click.echo(f"{written(sealed.at)} {sealed.position}:{sealed.link.hex()}")


@commands.command(epilog="Example: vestibule audit prune")
@click.option(
    "--even-broken",
    is_flag=True,
    help="Remove also what was changed, and with it what shows that.",
)
@with_history
def prune(auth: "Auth", even_broken: bool) -> None:
    """Remove what is older than VESTIBULE_HISTORY_KEPT."""
    removed = auth.audit.prune(even_broken=even_broken)
    tell("Rows removed: {count}.", count=removed)
