"""The command ``vestibule user import``."""

import json
import os
import signal
import stat
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click

from vestibule.doors.commands import (
    FAILED,
    USAGE,
    fail,
    new_file,
    say,
    show_json,
    tell,
    tongue,
    with_auth,
)
from vestibule.errors import Unavailable

if TYPE_CHECKING:
    from vestibule.auth import Auth
    from vestibule.capabilities.importing.files import Line, Lines
    from vestibule.capabilities.importing.intake import Intake, Rejection

SUFFIXES = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl"}


@click.group("user")
def commands() -> None:
    """Hold what importing adds to the commands for accounts."""


@commands.command(
    "import", epilog="Example: vestibule user import users.csv --dry-run"
)
@click.argument("file", type=click.File("rb"))
@click.option(
    "--format",
    "written_as",
    type=click.Choice(["csv", "jsonl"]),
    help="How the file is written; its name tells if left out.",
)
@click.option("--dry-run", is_flag=True, help="Check all, keep nothing.")
@click.option(
    "--rejects",
    type=click.Path(dir_okay=False, path_type=Path),
    help="New file for the lines that stay out, as JSON lines.",
)
@click.option(
    "--verified/--unverified",
    default=None,
    help="Whether addresses count as confirmed; as the file says.",
)
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@with_auth
def import_(
    auth: "Auth",
    *,
    file: IO[bytes],
    written_as: str | None,
    dry_run: bool,
    rejects: Path | None,
    verified: bool | None,
    as_json: bool,
) -> None:
    """Bring accounts over from another system, with their hashes.

    FILE has the columns email, password_hash, username, first_name,
    last_name, email_verified and created_at; only the first two are
    needed. A hyphen reads standard input. Nobody is told by mail.
    """
    from vestibule.capabilities.importing.files import FileUnreadable, Lines
    from vestibule.capabilities.importing.intake import Intake, Rejection

    lines = Lines(file, written_as or _format_of(file))
    intake = Intake(auth, verified=verified, rehearsing=dry_run)
    with closing(intake):
        try:
            is_whole = _take_all(intake, lines, file, rejects)
        except FileUnreadable as bad:
            told = (Rejection(1, f).said_in(tongue()) for f in bad.faults)
            fail("\n".join(told), USAGE)
        except Unavailable:
            _summarize(intake, dry_run=dry_run, as_json=as_json)
            raise
    _summarize(intake, dry_run=dry_run, as_json=as_json)
    if not is_whole:
        tell(
            "Stopped. Start it again with the same file: what is in "
            "already is then reported as taken, and nothing comes twice.",
            err=True,
        )
    sys.exit(0 if is_whole and not intake.rejected else FAILED)


def _format_of(file: IO[bytes]) -> str:
    """Tell by its name how a file is written."""
    found = SUFFIXES.get(Path(file.name).suffix.casefold())
    if found is None:
        fail(say("Say how the file is written: --format csv or jsonl."), USAGE)
    return found


def _take_all(
    intake: "Intake", lines: "Lines", file: IO[bytes], rejects: Path | None
) -> bool:
    """Take all batches in; tell whether that was the whole file."""
    from vestibule.capabilities.importing.intake import BATCH

    with ExitStack() as stack:
        kept = None
        if rejects is not None:
            kept = stack.enter_context(_new_file(rejects))
        watched = stack.enter_context(_shown(lines, file))
        try:
            while batch := list(islice(watched, BATCH)):
                with _uninterrupted():
                    _tell(intake.take(batch), kept)
        except KeyboardInterrupt:
            return False
    return True


def _new_file(path: Path) -> IO[str]:
    """Make a new file for text."""
    return os.fdopen(new_file(path), "w", encoding="utf-8")


def _tell(rejections: "Iterable[Rejection]", kept: IO[str] | None) -> None:
    """Report what stays out, in the file or on the error stream."""
    for rejection in rejections:
        if kept is None:
            click.echo(rejection.said_in(tongue()), err=True)
        else:
            facts = json.dumps(rejection.facts(), ensure_ascii=False)
            kept.write(f"{facts}\n")
    if kept is not None:
        kept.flush()


@contextmanager
def _shown(lines: "Lines", file: IO[bytes]) -> Iterator["Iterator[Line]"]:
    """Show at a terminal how far the reading is."""
    if not sys.stderr.isatty():
        yield iter(lines)
        return
    from rich.console import Console
    from rich.progress import Progress

    status = os.fstat(file.fileno())
    total = status.st_size if stat.S_ISREG(status.st_mode) else None
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(say("Importing"), total=total)

        def watched() -> "Iterator[Line]":
            """Move the bar with every hundredth line."""
            for line in lines:
                if line.number % 100 == 0:
                    bar.update(task, completed=lines.bytes_read)
                yield line

        yield watched()


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Hold Ctrl-C back until a batch is in, and counted."""
    held: list[int] = []
    usual = signal.signal(signal.SIGINT, lambda sign, _: held.append(sign))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, usual)
    if held:
        raise KeyboardInterrupt


def _summarize(intake: "Intake", *, dry_run: bool, as_json: bool) -> None:
    """Say what became of all lines."""
    if as_json:
        show_json(
            {
                "imported": intake.imported,
                "rejected": intake.rejected,
                "already_there": intake.already_there,
                "dry_run": dry_run,
            }
        )
        return
    counts = {
        "imported": intake.imported,
        "rejected": intake.rejected,
        "there": intake.already_there,
    }
    if dry_run:
        text = say(
            "Would import {imported}, rejected {rejected}, of these already "
            "there {there}.",
            **counts,
        )
        click.echo(f"{text}\n{say('This was a rehearsal: nothing is kept.')}")
        return
    text = say(
        "Imported {imported}, rejected {rejected}, of these already "
        "there {there}.",
        **counts,
    )
    click.echo(text)
