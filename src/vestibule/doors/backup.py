"""The command ``vestibule backup``."""

from collections.abc import Callable
from pathlib import Path

import click

from vestibule.doors.commands import FAILED, USAGE, fail, tell, with_settings
from vestibule.ground.clock import Clock
from vestibule.settings import Settings


@click.command(
    "backup", epilog="Example: vestibule backup /var/backups/vestibule"
)
@click.argument(
    "folder", required=False, type=click.Path(path_type=Path, file_okay=False)
)
@with_settings
def backup(load: Callable[..., Settings], folder: Path | None) -> None:
    """Copy the database and the pictures into one file, while all runs.

    Without a folder it is the one that VESTIBULE_BACKUPS names.
    """
    from vestibule import backups

    settings = load()
    if folder is None and not settings.site.backups:
        fail("Name a folder, or set VESTIBULE_BACKUPS.", USAGE)
    try:
        made = backups.make(
            settings, folder or Path(settings.site.backups), Clock()
        )
    except backups.Unfit as unfit:
        fail(f"No backup was made: {unfit}", FAILED)
    tell(
        "{path}: {accounts} accounts, {pictures} pictures, read back. It "
        "holds no secret key: keep {kept} apart.",
        path=made.path,
        accounts=made.accounts,
        pictures=made.pictures,
        kept=_keeper(settings),
    )
    if not made.accounts:
        tell(
            "There are no accounts in {database}. Is it the right one?",
            database=settings.database_shown,
            err=True,
        )


def _keeper(settings: Settings) -> str:
    """Name the file that the secret key is in."""
    named = settings.files.get("SECRET_KEY")
    saved = settings.data_folder / "secret-key"
    if named is not None:
        return str(named)
    is_saved = not settings.site.secret_key and saved.exists()
    return str(saved) if is_saved else ".env"
