"""The mirror: ``flask vestibule …`` does what ``vestibule …`` does.

The commands are the same, with the settings of the Vestibule that is
mounted in the host, wherever these come from.
"""

import copy

import click
from flask import current_app
from flask.cli import with_appcontext

from vestibule.doors.commands import MOUNTED

# A host serves itself, and its settings are already chosen.
LEFT_OUT = {"dev", "serve"}
CHOSEN = {"data", "preset"}


class MirroredCommands(click.Group):
    """The group ``flask vestibule``, filled when somebody calls it."""

    def __init__(self) -> None:
        super().__init__("vestibule", callback=_enter, help=_enter.__doc__)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """List the commands there are."""
        self._fill()
        return super().list_commands(ctx)

    def get_command(
        self, ctx: click.Context, cmd_name: str
    ) -> click.Command | None:
        """Find a command by its name."""
        self._fill()
        return super().get_command(ctx, cmd_name)

    def _fill(self) -> None:
        """Mirror all commands; what they need is loaded only now."""
        from vestibule.doors.cli import main

        for name, command in main.commands.items():
            if name not in LEFT_OUT | self.commands.keys():
                self.add_command(_mirrored(command), name)


@with_appcontext
def _enter() -> None:
    """Accounts, settings and database of the mounted Vestibule."""
    found = current_app.extensions["vestibule"].auth
    click.get_current_context().meta[MOUNTED] = found


def _mirrored(command: click.Command) -> click.Command:
    """Copy a command for hosts, and all below it."""
    mirrored = copy.copy(command)
    mirrored.params = [p for p in command.params if p.name not in CHOSEN]
    mirrored.epilog = (command.epilog or "").replace(
        "Example: vestibule", "Example: flask vestibule"
    )
    if isinstance(mirrored, click.Group):
        mirrored.commands = {
            name: _mirrored(below) for name, below in mirrored.commands.items()
        }
    return mirrored
