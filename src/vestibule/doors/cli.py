"""The command line: one more door over the same operations."""

import logging
import shlex
import shutil
import signal
import sys
from collections.abc import Callable
from importlib import import_module, metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from vestibule import capabilities
from vestibule.doors import mail, secret
from vestibule.doors.backup import backup
from vestibule.doors.commands import (
    mounted,
    say,
    show_json,
    tell,
    with_auth,
    with_settings,
)
from vestibule.doors.doctor import doctor
from vestibule.sections import all_knobs
from vestibule.settings import Settings

if TYPE_CHECKING:
    from vestibule.auth import Auth

log = logging.getLogger("vestibule")

WITH_COMMANDS = (
    "administration",
    "second_factors",
    "importing",
    "audit",
    "export",
    "deletion",
)

ENTRANCE = """Vestibule: accounts you own.

\b
Examples:
  vestibule dev                     try it here, nothing to configure
  vestibule user promote anna       make anna an administrator
  vestibule serve --workers 4       production
  vestibule config show             every setting and where it comes from
"""


@click.group(
    help=ENTRANCE,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(metadata.version("vestibule"), prog_name="vestibule")
def main() -> None:
    """Hold all commands."""


@main.command(epilog="Example: vestibule dev --port 5055 --data /tmp/try")
@click.option("--port", type=int, help="Port to listen on (5000).")
@with_settings
def dev(load: Callable[..., Settings], port: int | None) -> None:
    """Try Vestibule here: no configuration, mails on a local page."""
    from vestibule import migrations
    from vestibule.doors.server import check_address, serve

    settings = load(port=port, development="true").with_saved_secret()
    check_address(settings)
    warn_of_colours(settings)
    migrations.upgrade(settings)
    base = settings.site_root
    tell(
        "Vestibule {version} · development · preset {preset}\n"
        "  Sign in      {base}/login\n"
        "  Mail inbox   {base}/dev/mail\n"
        "  Database     {database}\n"
        "  First admin  create an account, then: {command} user promote NAME "
        "--data {data}\n"
        "Press Ctrl-C to stop.",
        version=metadata.version("vestibule"),
        preset=settings.site.preset,
        base=base,
        database=settings.database_shown,
        command=_own_command(),
        data=shlex.quote(str(settings.data_folder)),
    )
    serve(settings)


def _own_command() -> str:
    """Say how this command is called from here."""
    if shutil.which("vestibule"):
        return "vestibule"
    if Path(sys.argv[0]).name == "__main__.py":
        return f"{shlex.quote(sys.executable)} -m vestibule"
    return shlex.quote(sys.argv[0])


def warn_without_mail(settings: Settings) -> None:
    """Say that letters will wait, where no mail server is set."""
    if not settings.mail.server:
        log.warning("No mail will leave: VESTIBULE_MAIL_SERVER is not set.")


def warn_of_colours(settings: Settings) -> None:
    """Say which colours of a brand people could not see well."""
    from vestibule.ground.brand import Brand

    for fault in Brand.read(settings.brand.folder).faults():
        log.warning("%s", fault)


@main.command(
    "serve", epilog="Example: vestibule serve --host 0.0.0.0 --workers 4"
)
@click.option("--port", type=int, help="Port to listen on (5000).")
@click.option("--host", help="Address to listen on (127.0.0.1).")
@click.option("--workers", type=int, help="Processes (1).")
@with_settings
def serve_command(load: Callable[..., Settings], **options: Any) -> None:
    """Serve in production; refuses to start half-configured."""
    from vestibule import migrations
    from vestibule.doors.doctor import admit, note
    from vestibule.doors.logs import write_json
    from vestibule.doors.server import check_address, serve

    settings = load(**options)
    warnings = admit(settings)
    check_address(settings)
    write_json(settings)
    note(warnings)
    warn_of_colours(settings)
    migrations.upgrade(settings)
    serve(settings)


@main.command(epilog="Example: vestibule worker")
@with_auth
def worker(auth: "Auth") -> None:
    """Send mails and clear up, in a process of its own."""
    from vestibule.doors.logs import write_json
    from vestibule.worker import Worker

    # A host decides itself what becomes of its log.
    if mounted() is None:
        write_json(auth.settings)
    warn_without_mail(auth.settings)
    # Blocked before the thread starts, so that a signal only wakes this
    # one and a letter in hand is finished.
    endings = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, endings)
    working = Worker(auth)
    thread = working.start()
    log.info("worker is running")
    signal.sigwait(endings)
    working.stop()
    thread.join()


@main.group()
def db() -> None:
    """Bring the database up to date, or look at it."""


@db.command("upgrade", epilog="Example: vestibule db upgrade")
@with_settings
def db_upgrade(load: Callable[..., Settings]) -> None:
    """Run the migrations that are missing."""
    from vestibule import migrations

    changed = migrations.upgrade(load())
    if changed:
        tell("Upgraded to revision {revision}.", revision=migrations.HEAD)
    else:
        tell("Already at revision {revision}.", revision=migrations.HEAD)


@db.command("status", epilog="Example: vestibule db status --json")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@with_settings
def db_status(load: Callable[..., Settings], as_json: bool) -> None:
    """Say which revision the database is at."""
    from vestibule import migrations

    found = migrations.version_at(load())
    current = found == migrations.HEAD
    if as_json:
        show_json(
            {"revision": found, "newest": migrations.HEAD, "current": current}
        )
    elif current:
        tell("Up to date, revision {revision}.", revision=found)
    else:
        tell(
            "At revision {revision}, the newest is {newest}. "
            "Run: vestibule db upgrade",
            revision=found or say("none"),
            newest=migrations.HEAD,
        )


@main.group()
def config() -> None:
    """Look at the settings."""


@config.command("show", epilog="Example: vestibule config show --json")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@with_settings
def config_show(load: Callable[..., Settings], as_json: bool) -> None:
    """List every setting, its value and where it comes from."""
    settings = load()
    rows = [
        {
            "name": what.name,
            "value": "********" if what.secret and value else value,
            "origin": settings.origins.get(what.key, "default"),
        }
        for what, value in settings.values()
    ]
    if as_json:
        show_json(rows)
        return
    width = max(len(what.name) for what in all_knobs().values())
    for row in rows:
        click.echo(f"{row['name']:{width}}  {row['value']}  ({row['origin']})")


def _mount(commands: click.Group) -> None:
    """Add a group of commands, or its commands to the group called so."""
    there = main.commands.get(commands.name or "")
    if isinstance(there, click.Group):
        for command in commands.commands.values():
            there.add_command(command)
    else:
        main.add_command(commands)


_mount(mail.commands)
main.add_command(doctor)
main.add_command(backup)
_mount(secret.commands)
for _name in WITH_COMMANDS:
    _mount(import_module(f"{capabilities.__name__}.{_name}.cli").commands)
