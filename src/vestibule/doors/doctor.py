"""The command ``vestibule doctor``, and what ``serve`` asks of it.

Like everything about settings, what it says is in English.
"""

import logging
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from importlib import metadata
from itertools import groupby
from textwrap import fill, indent
from typing import TYPE_CHECKING

import click

from vestibule.doctor.checks import GROUPS, When
from vestibule.doctor.finding import Finding, Skip, State, worst
from vestibule.doors.commands import mounted, show_json, with_settings
from vestibule.ground.knobs import SettingsError
from vestibule.settings import Settings

if TYPE_CHECKING:
    from vestibule.doctor.checks import Check

# Exit statuses: something is at or above the level that was asked for, and
# something is an error. 2 stays for wrong usage.
WORRIED, ILL = 1, 5
LEVELS = [str(state) for state in State if state.weight > State.OK.weight]
COLOURS = {
    State.ERROR: "red",
    State.WARNING: "yellow",
    State.NOTICE: "cyan",
    State.OK: "green",
    State.SKIPPED: None,
}
WIDTH = 76
# Seconds in which a database may come up that was started with the server.
COMING_UP = 10.0

log = logging.getLogger("vestibule")


@click.command(
    "doctor", epilog="Example: vestibule doctor --deploy --fail-level warning"
)
@click.option(
    "--deploy", is_flag=True, help="As strict as a public site needs it."
)
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.option(
    "--fail-level",
    type=click.Choice(LEVELS),
    default="error",
    help="Exit with 1 from this level on (error).",
)
@click.option("--verbose", "-v", is_flag=True, help="Also what is fine.")
@click.option(
    "--dns",
    metavar="ADDRESS",
    help="Name server to ask, as in 192.0.2.53 or 127.0.0.1:5353.",
)
@with_settings
def doctor(
    load: Callable[..., Settings],
    *,
    deploy: bool,
    as_json: bool,
    fail_level: str,
    verbose: bool,
    dns: str | None,
) -> None:
    """Find what is wrong with this installation; change nothing."""
    server = _name_server(dns)
    found = _examined(load, deploy=deploy, server=server)
    if as_json:
        show_json(_for_programs(found, deploy=deploy))
    else:
        _show(found, verbose=verbose)
    state = worst(found)
    if state is State.ERROR:
        sys.exit(ILL)
    if state.weight >= State(fail_level).weight:
        sys.exit(WORRIED)


def _name_server(dns: str | None) -> tuple[str, int] | None:
    """Read the address of a name server.

    Raises:
        UsageError: it is none.
    """
    if dns is None:
        return None
    host, _, port = (
        dns.rpartition(":") if dns.count(":") == 1 else (dns, "", "")
    )
    if port and not port.isdigit():
        raise click.UsageError("--dns: an address, or an address:port")
    return host, int(port or 53)


def _examined(
    load: Callable[..., Settings],
    *,
    deploy: bool,
    server: tuple[str, int] | None,
) -> list[Finding]:
    """Examine the installation; unreadable settings are a finding as well."""
    from vestibule.doctor.examination import examine
    from vestibule.doctor.installation import Installation

    try:
        settings = load()
        if (settings.data_folder / "secret-key").exists():
            settings = settings.with_saved_secret()
        installation = Installation(
            settings,
            deploy=deploy,
            name_server=server,
            is_mounted=mounted() is not None,
        )
        occasion = When.DEPLOY if deploy else When.ASKED
        try:
            return list(examine(installation, occasion, _progress()))
        finally:
            installation.close()
            _clear()
    except SettingsError as error:
        return [unreadable(error)]


def unreadable(error: SettingsError) -> Finding:
    """Make a finding of settings that cannot be read at all."""
    from vestibule.doctor.examination import in_order

    one = in_order()[0]
    # As knobs.py tells it.
    said, asked, meant = str(error).partition(" Did you mean ")
    renamed = f"rename {said.split()[0]} to {meant.split('?')[0]}"
    fix = renamed if asked else one.fix
    return Finding(one.id, State.ERROR, str(error), one.why, fix)


def _progress() -> "Callable[[Check], None]":
    """Say on a terminal what is looked at, as some of it takes seconds."""
    if not sys.stderr.isatty():
        return lambda _: None
    return lambda one: click.echo(
        f"\r\033[KLooking at {GROUPS[one.group].lower()} …", nl=False, err=True
    )


def _clear() -> None:
    """Take the line of the progress away."""
    if sys.stderr.isatty():
        click.echo("\r\033[K", nl=False, err=True)


def _for_programs(found: list[Finding], *, deploy: bool) -> dict[str, object]:
    """Write the findings in the shape that docs/operators/doctor.md tells."""
    return {
        "vestibule": metadata.version("vestibule"),
        "deploy": deploy,
        "state": str(worst(found)),
        "counts": _counts(found),
        "findings": [
            {
                "id": one.id,
                "group": one.group,
                "state": str(one.state),
                "what": one.what,
                "why": one.why,
                "fix": one.fix,
            }
            for one in found
        ],
    }


def _counts(found: Iterable[Finding]) -> dict[str, int]:
    """Count the findings of each state."""
    counted = Counter(one.state for one in found)
    return {str(state): counted[state] for state in State}


def _show(found: list[Finding], *, verbose: bool) -> None:
    """Print the findings by their groups, and a summary."""
    for group, members in groupby(found, lambda one: one.group):
        listed = list(members)
        fine = sum(one.state is State.OK for one in listed)
        skipped = all(one.state is State.SKIPPED for one in listed)
        said = "not looked at" if skipped else f"{fine} fine"
        click.echo(f"{click.style(GROUPS[group], bold=True)}: {said}")
        for one in listed:
            if verbose or one.state.weight > State.OK.weight:
                click.echo(shown(one))
    counts = _counts(found)
    said = ", ".join(
        f"{counts[str(state)]} {one if counts[str(state)] == 1 else many}"
        for state, one, many in (
            (State.ERROR, "error", "errors"),
            (State.WARNING, "warning", "warnings"),
            (State.NOTICE, "notice", "notices"),
            (State.OK, "fine", "fine"),
            (State.SKIPPED, "not looked at", "not looked at"),
        )
    )
    click.echo(f"\n{said}.")


def shown(one: Finding) -> str:
    """Write a finding for people: its state, what it is, why, and the fix."""
    word = click.style(
        str(one.state).upper(), fg=COLOURS[one.state], bold=True
    )
    # A path that is cut in two cannot be copied.
    whole = partial(
        fill, width=WIDTH, break_on_hyphens=False, break_long_words=False
    )
    lines = [f"  {word} {one.id}", indent(whole(one.what), "    ")]
    if one.state.weight > State.OK.weight:
        why = whole(f"Why: {one.why}", subsequent_indent="     ")
        lines += [indent(why, "    "), "    Fix:", indent(one.fix, "      ")]
    return "\n".join(lines)


def admit(settings: Settings) -> list[Finding]:
    """Refuse to serve with an error; give what else there is to say.

    Raises:
        SettingsError: there is one.
    """
    from vestibule.doctor.examination import examine
    from vestibule.doctor.installation import Installation

    installation = Installation(settings)
    try:
        with suppress(Skip):
            installation.database.patience = COMING_UP
        found = list(examine(installation, When.START))
    finally:
        installation.close()
    errors = [one for one in found if one.state is State.ERROR]
    if errors:
        raise SettingsError(
            "Vestibule does not start like this:\n"
            + "\n".join(click.unstyle(shown(one)) for one in errors)
            + "\nSettings are best kept in a .env file. To see everything: "
            "vestibule doctor"
        )
    return [one for one in found if one.state is State.WARNING]


def note(warnings: list[Finding]) -> None:
    """Tell the log once what is weak, and what that costs."""
    for one in warnings:
        log.warning("%s: %s %s", one.id, one.what, one.why)
