"""The command ``vestibule user export``."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vestibule.doors.commands import (
    USAGE,
    fail,
    new_file,
    say,
    tell,
    with_auth,
)
from vestibule.policy import OPERATOR

if TYPE_CHECKING:
    from vestibule.auth import Auth
    from vestibule.user import User


@click.group("user")
def commands() -> None:
    """Hold what the export adds to the commands for accounts."""


@commands.command(epilog="Example: vestibule user export anna --to anna.zip")
@click.argument("name")
@click.option(
    "--to",
    required=True,
    metavar="FILE",
    type=click.Path(dir_okay=False, allow_dash=True, path_type=Path),
    help="New file for the zip; - for standard output.",
)
@with_auth
def export(auth: "Auth", name: str, to: Path) -> None:
    """Write all that is kept of somebody into a zip file."""
    user = auth.administration.find(name)
    if to != Path("-"):
        _write(auth, user, to)
        tell(
            "Wrote what is kept of {name} to {file}.",
            name=user.username,
            file=to,
        )
        return
    if sys.stdout.isatty():
        fail(say("A terminal cannot show a zip file. Name a file."), USAGE)
    click.echo(auth.export.take(user, by=OPERATOR), nl=False)


def _write(auth: "Auth", user: "User", path: Path) -> None:
    """Write the file, or leave none behind."""
    with os.fdopen(new_file(path), "wb") as file:
        try:
            file.write(auth.export.take(user, by=OPERATOR))
            file.flush()
        except BaseException:
            path.unlink()
            raise
