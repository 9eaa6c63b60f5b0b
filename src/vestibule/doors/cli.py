"""The command line: one more door over the same operations.

Exit statuses: 0 done, 1 refused or failed, 2 wrong usage or settings,
3 not found.
"""

import functools
import json
import shutil
import sys
from collections.abc import Callable
from importlib import import_module, metadata
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import click

from vestibule import capabilities, migrations
from vestibule.auth import Auth
from vestibule.errors import Missing, Refusal
from vestibule.ground.knobs import SettingsError
from vestibule.history import Circumstances, under
from vestibule.sections import all_knobs
from vestibule.settings import Settings

Command = TypeVar("Command", bound=Callable[..., Any])
FAILED, USAGE, NOT_FOUND = 1, 2, 3
WITH_COMMANDS = ("administration",)

ENTRANCE = """Vestibule: accounts you own.

\b
Examples:
  vestibule dev                     try it here, nothing to configure
  vestibule user promote anna       make anna an administrator
  vestibule serve --workers 4       production
  vestibule config show             every setting and where it comes from
"""


def with_settings(command: Command) -> Command:
    """Give a command the settings, and the options that choose them."""

    @click.option("--data", metavar="DIR", help="Data folder.")
    @click.option("--preset", help="default, nist or classroom.")
    @functools.wraps(command)
    def called(data: str | None, preset: str | None, **options: Any) -> object:
        return _run(
            lambda: command(
                functools.partial(
                    Settings.load,
                    env_file=Path(".env"),
                    data=data,
                    preset=preset,
                ),
                **options,
            )
        )

    return called  # type: ignore[return-value]


def with_auth(command: Command) -> Command:
    """Give a command the operations, over the configured database."""

    @functools.wraps(command)
    def called(load: Callable[..., Settings], **options: Any) -> object:
        with under(Circumstances(door="command")):
            auth = Auth.opened(load().with_saved_secret())
            try:
                return command(auth, **options)
            finally:
                auth.db.close()

    return with_settings(called)  # type: ignore[return-value]


def _run(command: Callable[[], object]) -> object:
    """Run a command and turn what it refuses with into an exit status."""
    try:
        return command()
    except SettingsError as error:
        fail(str(error), USAGE)
    except migrations.SchemaError as error:
        fail(str(error), FAILED)
    except Refusal as refusal:
        for fault in refusal.faults:
            click.echo(f"{fault.text}.  [{fault.reason.code}]", err=True)
        sys.exit(NOT_FOUND if isinstance(refusal, Missing) else FAILED)


def fail(text: str, status: int) -> NoReturn:
    """Say what is wrong on the error stream and exit."""
    click.echo(text, err=True)
    sys.exit(status)


def show_json(value: object) -> None:
    """Write a result for programs."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


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
    from vestibule.doors.server import serve

    settings = load(port=port, development="true").with_saved_secret()
    migrations.upgrade(settings)
    base = settings.base_url
    from sqlalchemy import make_url

    database = make_url(settings.database_url).render_as_string()
    click.echo(
        f"Vestibule {metadata.version('vestibule')} · development · preset "
        f"{settings.site.preset}\n"
        f"  Sign in      {base}/login\n"
        f"  Mail inbox   {base}/dev/mail\n"
        f"  Database     {database}\n"
        f"  First admin  create an account, then: {_own_command()} user "
        f"promote NAME --data {settings.site.data}\n"
        "Press Ctrl-C to stop."
    )
    serve(settings)


def _own_command() -> str:
    """Say how this command is called from here."""
    on_path = shutil.which("vestibule")
    return "vestibule" if on_path else sys.argv[0]


@main.command(
    "serve", epilog="Example: vestibule serve --host 0.0.0.0 --workers 4"
)
@click.option("--port", type=int, help="Port to listen on (5000).")
@click.option("--host", help="Address to listen on (127.0.0.1).")
@click.option("--workers", type=int, help="Processes (1).")
@with_settings
def serve_command(load: Callable[..., Settings], **options: Any) -> None:
    """Serve in production; refuses to start half-configured."""
    from vestibule.doors.server import check_production, serve

    settings = load(**options)
    check_production(settings)
    if not settings.mail.server:
        click.echo(
            "No mail will leave: VESTIBULE_MAIL_SERVER is not set.", err=True
        )
    migrations.upgrade(settings)
    serve(settings)


@main.command()
@with_settings
def worker(load: Callable[..., Settings]) -> None:
    """Send mails and clear up, in a process of its own."""
    from vestibule.worker import Worker

    auth = Auth.opened(load().with_saved_secret())
    click.echo("Worker is running. Press Ctrl-C to stop.", err=True)
    Worker(auth).run()


@main.group()
def db() -> None:
    """Bring the database up to date, or look at it."""


@db.command("upgrade")
@with_settings
def db_upgrade(load: Callable[..., Settings]) -> None:
    """Run the migrations that are missing."""
    changed = migrations.upgrade(load())
    now = f"revision {migrations.HEAD}"
    click.echo(f"Upgraded to {now}." if changed else f"Already at {now}.")


@db.command("status")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@with_settings
def db_status(load: Callable[..., Settings], as_json: bool) -> None:
    """Say which revision the database is at."""
    found = migrations.version_at(load())
    current = found == migrations.HEAD
    if as_json:
        show_json(
            {"revision": found, "newest": migrations.HEAD, "current": current}
        )
    elif current:
        click.echo(f"Up to date, revision {found}.")
    else:
        click.echo(
            f"At revision {found or 'none'}, the newest is "
            f"{migrations.HEAD}. Run: vestibule db upgrade"
        )


@main.group()
def config() -> None:
    """Look at the settings."""


@config.command("show")
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


for _name in WITH_COMMANDS:
    _module = import_module(f"{capabilities.__name__}.{_name}.cli")
    main.add_command(_module.commands)
