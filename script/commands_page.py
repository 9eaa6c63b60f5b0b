"""The page of all commands, written from the commands themselves."""

from collections.abc import Iterable, Iterator
from inspect import cleandoc

import click

from vestibule.doors.cli import main

BEGIN = """\
# Commands

<!-- Written by script/make-docs from the commands themselves. -->

`vestibule` is installed together with the package; in a checkout it is
`.venv/bin/vestibule`. `--help` behind any command says what stands here.

Settings come from the environment and from the file `.env` in the folder
where a command is started; [settings](settings.md) has them all. These
options go before them, and every command takes them:
"""
STATUSES = """
Results and refusals are in the language of the terminal, English or Russian
(`LC_ALL`, `LC_MESSAGES` or `LANG`, whichever is set first). Help, and what
`--json` writes, is in English.

The exit status is 0 when it is done, 1 when it was refused or failed, 2 for
wrong usage or settings, 3 when the account was not found, and 4 when the
database does not answer or is of another version. What was refused is told on
the error stream, with its [code](errors.md) in brackets.
"""


def commands_page() -> str:
    """Write the page: the common options, then each command."""
    leaves = list(commands_below(main, "vestibule"))
    common = set.intersection(*(set(options_of(c)) for _, c in leaves))
    parts = [BEGIN, table(o for o in options_of(leaves[0][1]) if o in common)]
    parts.append(STATUSES)
    for path, command in leaves:
        own = [row for row in options_of(command) if row not in common]
        parts.append(section(path, command) + (table(own) if own else ""))
    return "".join(parts)


def commands_below(
    group: click.Group, path: str
) -> Iterator[tuple[str, click.Command]]:
    """List the commands of a group, each with its whole name."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands_below(command, f"{path} {name}")
        elif not command.hidden:
            yield f"{path} {name}", command


def options_of(command: click.Command) -> list[tuple[str, str]]:
    """List the options of a command, each with what it does."""
    return [
        (written(option), option.help or "")
        for option in command.params
        if isinstance(option, click.Option) and not option.hidden
    ]


def written(option: click.Option) -> str:
    """Write an option as it is typed, like ``--port INTEGER``."""
    typed = ", ".join([*option.opts, *option.secondary_opts])
    if option.is_flag:
        return typed
    kind = option.metavar or option.type.name.split()[0].upper()
    return f"{typed} {kind}"


def section(path: str, command: click.Command) -> str:
    """Write what a command does, how it is called, and an example."""
    context = click.Context(command, info_name=path)
    pieces = command.collect_usage_pieces(context)
    usage = " ".join([path, *pieces]).strip()
    example = (command.epilog or "").removeprefix("Example: ")
    return (
        f"\n## {path}\n\n{cleandoc(command.help or '')}\n\n"
        f"- Usage: `{usage}`\n- Example: `{example}`\n"
    )


def table(rows: Iterable[tuple[str, str]]) -> str:
    """Write a table of options."""
    lines = [f"| `{option}` | {about} |\n" for option, about in rows]
    return "".join(["\n| Option | |\n|---|---|\n", *lines])
