"""The command ``vestibule user delete``."""

import sys
from typing import TYPE_CHECKING

import click

from vestibule.doors.commands import USAGE, fail, say, tell, with_auth
from vestibule.policy import OPERATOR

if TYPE_CHECKING:
    from vestibule.auth import Auth


@click.group("user")
def commands() -> None:
    """Hold what deletion adds to the commands for accounts."""


@commands.command(epilog="Example: vestibule user delete anna --confirm anna")
@click.argument("name")
@click.option("--confirm", help="The username once more, instead of asking.")
@with_auth
def delete(auth: "Auth", name: str, confirm: str | None) -> None:
    """Delete an account and everything of it, for good."""
    user = auth.administration.find(name)
    if confirm is None:
        if not sys.stdin.isatty():
            text = say(
                "There is no terminal to ask at. Use --confirm {name}.",
                name=user.username,
            )
            fail(text, USAGE)
        question = say(
            "This deletes {name} ({email}) for good. "
            "Type the username to go on",
            name=user.username,
            email=user.email,
        )
        confirm = click.prompt(question, err=True)
    if confirm != user.username:
        text = say(
            "That is not {name}; nothing is deleted.", name=user.username
        )
        fail(text, USAGE)
    auth.deletion.delete(user, by=OPERATOR)
    tell("Deleted {name}.", name=user.username)
