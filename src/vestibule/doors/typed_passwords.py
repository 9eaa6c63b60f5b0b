"""How commands get a password: asked for at a terminal, or on a pipe."""

import sys
from collections.abc import Callable
from typing import Any

import click

from vestibule.doors.commands import USAGE, fail, say


def _refuse_argument(
    _context: click.Context, _parameter: click.Parameter, given: object
) -> None:
    """Refuse a password among the arguments, without repeating it.

    Attack: the list of processes and the shell's history show arguments
    to others.
    """
    if given:
        text = say(
            "A password is never an argument: others could read it. Leave "
            "it out to be asked, or use --password-stdin. If this was one, "
            "choose another now."
        )
        raise click.UsageError(text)


def password_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the one option that brings a password."""
    command = click.argument(
        "surplus",
        nargs=-1,
        metavar="",
        expose_value=False,
        callback=_refuse_argument,
    )(command)
    command = click.option(
        "--password",
        hidden=True,
        expose_value=False,
        callback=_refuse_argument,
    )(command)
    return click.option(
        "--password-stdin",
        is_flag=True,
        help="Read the password from standard input.",
    )(command)


def ask_password(from_stdin: bool) -> str:
    """Ask for a password twice, or read one line of standard input."""
    if from_stdin:
        line = sys.stdin.buffer.readline()
        try:
            return line.decode("utf-8").rstrip("\r\n")
        except UnicodeDecodeError:
            fail(say("The password on standard input is not UTF-8."), USAGE)
    if not sys.stdin.isatty():
        text = say("There is no terminal to ask at. Use --password-stdin.")
        fail(text, USAGE)
    return str(
        click.prompt(
            say("Password"),
            hide_input=True,
            confirmation_prompt=say("The password once more"),
            err=True,
        )
    )
