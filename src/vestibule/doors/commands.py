"""What the command line lends to commands.

Results and refusals are in the language of the terminal. Help, what is
wrong with settings, and what goes to programs (``--json``) is in English.

Exit statuses: 0 done, 1 refused or failed, 2 wrong usage or settings,
3 not found, 4 the database does not answer or is of another version.
"""

import functools
import json
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

from vestibule.errors import Missing, Refusal, SchemaError, Unavailable
from vestibule.ground.knobs import SettingsError
from vestibule.ground.words import LANGUAGES, Phrase
from vestibule.settings import Settings

if TYPE_CHECKING:
    from vestibule.auth import Auth

Command = TypeVar("Command", bound=Callable[..., Any])
FAILED, USAGE, NOT_FOUND, UNAVAILABLE = 1, 2, 3, 4

# Where a context of click keeps the operations of the host around.
MOUNTED = "vestibule.mounted"


def with_settings(command: Command) -> Command:
    """Give a command the settings, and the options that choose them."""

    @click.option("--data", metavar="DIR", help="Data folder.")
    @click.option("--preset", help="default, nist or classroom.")
    @functools.wraps(command)
    def called(
        data: str | None = None, preset: str | None = None, **options: Any
    ) -> object:
        """Run the command with a way to load the settings."""
        load = functools.partial(_settings, data=data, preset=preset)
        return _run(lambda: command(load, **options))

    return called  # type: ignore[return-value]


def _settings(**options: Any) -> Settings:
    """Find the settings of the host around, or load those of here."""
    found = mounted()
    if found is not None:
        return found.settings
    return Settings.load(env_file=Path(".env"), **options)


def mounted() -> "Auth | None":
    """Find the operations of the host around, as in ``flask vestibule``."""
    context = click.get_current_context(silent=True)
    return None if context is None else context.meta.get(MOUNTED)


def with_auth(command: Command) -> Command:
    """Give a command the operations, over the configured database."""
    return _over(_ready, command)


def with_history(command: Command) -> Command:
    """Give a command the operations, and make neither database nor key."""
    return _over(_found, command)


def _over(
    prepared: Callable[[Settings], Settings], command: Command
) -> Command:
    """Give a command the operations over settings that were looked at."""

    @functools.wraps(command)
    def called(load: Callable[..., Settings], **options: Any) -> object:
        """Run the command with the operations, closed in the end."""
        from vestibule.auth import Auth
        from vestibule.history import Circumstances, under

        with under(Circumstances(door="command")):
            auth = mounted() or Auth.opened(prepared(load()))
            try:
                # Who verifies a forged history is to be told what is wrong.
                if command.__name__ != "verify":
                    _refuse_foreign_key(auth)
                return command(auth, **options)
            finally:
                auth.db.close()

    return with_settings(called)  # type: ignore[return-value]


def _refuse_foreign_key(auth: "Auth") -> None:
    """Go on only with a key that fits the history, if a saved one is used.

    The one in the data folder may be left from a trial, and the service
    gets another: whatever is signed with the saved one counts as forged.

    Raises:
        SettingsError: the newest seal is by another key.
    """
    is_saved = auth.settings.origins.get("SECRET_KEY") == "data folder"
    if is_saved and auth.audit.is_foreign():
        raise SettingsError(
            f"{auth.settings.data_folder / 'secret-key'} is not the key that "
            "has sealed the history. Start the command in the folder where "
            "the .env of the service is, or give it the same environment."
        )


def _ready(settings: Settings) -> Settings:
    """Give settings with a key, which may be new in a new data folder."""
    from vestibule.custody import with_key

    return with_key(settings)


def _found(settings: Settings) -> Settings:
    """Give settings with the key and the database that there are."""
    from vestibule.custody import needs_database, with_own_key

    needs_database(settings)
    return with_own_key(settings)


def _run(command: Callable[[], object]) -> object:
    """Run a command and turn what it refuses with into an exit status."""
    try:
        return command()
    except SettingsError as error:
        fail(str(error), USAGE)
    except SchemaError as error:
        fail(str(error), UNAVAILABLE)
    except OSError as error:
        fail(f"{error.filename or 'System'}: {error.strerror}", FAILED)
    except Unavailable as refusal:
        # What the driver says names the host and never the password.
        cause = getattr(refusal.__cause__, "orig", refusal)
        why = str(cause).partition("\n")[0]
        text = (
            say("The database has lost a table: {why}", why=why)
            if refusal.lacks
            else say("The database does not answer: {why}", why=why)
        )
        fail(text, UNAVAILABLE)
    except Refusal as refusal:
        for fault in refusal.faults:
            text = fault.said_in(tongue())
            text += "" if text.endswith("?") else "."
            click.echo(f"{text}  [{fault.reason.code}]", err=True)
        sys.exit(NOT_FOUND if isinstance(refusal, Missing) else FAILED)


def tongue() -> str:
    """Say the language of whoever sits at the terminal.

    The first of three variables that is set decides, and whatever it says
    but a language we know is English.
    Source: POSIX.1-2017, XBD 8.2.
    """
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        locale = os.environ.get(name)
        if locale:
            main = re.split(r"[_.@-]", locale)[0].lower()
            return main if main in LANGUAGES else LANGUAGES[0]
    return LANGUAGES[0]


def say(text: str, **values: object) -> str:
    """Say an English text in the language of the terminal."""
    return Phrase(text, values).said_in(tongue())


def tell(text: str, *, err: bool = False, **values: object) -> None:
    """Print an English text in the language of the terminal."""
    click.echo(Phrase(text, values).said_in(tongue()), err=err)


def fail(text: str, status: int) -> NoReturn:
    """Say what is wrong on the error stream and exit."""
    click.echo(text, err=True)
    sys.exit(status)


def new_file(path: Path) -> int:
    """Make a file that only its owner reads; never write over one.

    Returns:
        Its descriptor, open for writing.
    """
    try:
        return os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        text = say("{path} is there already; name a new file.", path=path)
        fail(text, USAGE)


def show_json(value: object) -> None:
    """Write a result for programs."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))
