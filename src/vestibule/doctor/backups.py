"""Checks of the backups: that there are some, new and private."""

import stat
from collections.abc import Iterator
from pathlib import Path

from vestibule.doctor.checks import When, check
from vestibule.doctor.finding import ERROR, NOTICE, WARNING, Skip, Trouble
from vestibule.doctor.installation import Installation

# A copy every day, with two hours for making it.
NEW = 26 * 3600


def _copies(installation: Installation) -> list[Path]:
    """List the files in the folder of backups, the newest first.

    Raises:
        Skip: no folder is named.
    """
    folder = installation.settings.site.backups
    if not folder:
        raise Skip("VESTIBULE_BACKUPS is not set")
    # What is still being made, or was left so, begins with a dot.
    found = [
        path
        for path in Path(folder).glob("**/*")
        if path.is_file() and not _is_hidden(path.relative_to(folder))
    ]
    return sorted(found, key=lambda p: p.stat().st_mtime, reverse=True)


def _is_hidden(path: Path) -> bool:
    """Tell whether a name begins with a dot, or that of a folder above."""
    return any(part.startswith(".") for part in path.parts)


@check(
    "backups.folder",
    WARNING,
    fine="It is known where the backups are.",
    why="A backup that nobody looks at has often stopped months ago.",
    fix="VESTIBULE_BACKUPS=/var/backups/vestibule",
    when=When.DEPLOY,
)
def folder_is_named(installation: Installation) -> Iterator[Trouble]:
    """Look for the setting."""
    if not installation.settings.site.backups:
        yield Trouble(WARNING, "VESTIBULE_BACKUPS is not set.")


@check(
    "backups.new",
    ERROR,
    WARNING,
    fine="The newest backup is of today, and not empty.",
    why="What came after the newest backup is lost with the disk.",
    fix="vestibule backup",
)
def newest_is_new(installation: Installation) -> Iterator[Trouble]:
    """Look at the newest file in the folder."""
    found = _copies(installation)
    folder = installation.settings.site.backups
    if not found:
        yield Trouble(ERROR, f"There is no backup in {folder}.")
        return
    newest = found[0].stat()
    hours = (installation.clock.now() - newest.st_mtime) / 3600
    if hours * 3600 > NEW:
        yield Trouble(
            WARNING, f"The newest backup in {folder} is {hours:.0f} hours old."
        )
    elif newest.st_size == 0:
        yield Trouble(ERROR, f"The newest backup, {found[0]}, is empty.")


@check(
    "backups.private",
    ERROR,
    fine="Nobody else on this machine can read a backup.",
    why="A backup holds what the database holds: addresses, hashes, and "
    "letters with links that work.",
    fix="chmod -R go= /var/backups/vestibule",
)
def copies_are_private(installation: Installation) -> Iterator[Trouble]:
    """Look at the mode of the newest file, and of its folder."""
    found = _copies(installation)
    if not found:
        raise Skip("there is no backup yet")
    folder = Path(installation.settings.site.backups)
    mode = stat.S_IMODE(found[0].stat().st_mode)
    if mode & 0o004 and folder.stat().st_mode & 0o001:
        yield Trouble(
            ERROR,
            f"{found[0]} can be read by everybody on this machine "
            f"(mode {mode:04o}).",
            f"chmod -R go= {folder}",
        )


@check(
    "backups.apart",
    NOTICE,
    fine="The backups lie on another disk than the data.",
    why="One broken disk, or one wrong command, takes both.",
    fix="copy each backup to another machine, for instance with restic",
    when=When.DEPLOY,
)
def copies_are_apart(installation: Installation) -> Iterator[Trouble]:
    """Look whether the backups are inside the data folder."""
    _copies(installation)
    folder = Path(installation.settings.site.backups).absolute()
    data = installation.settings.data_folder
    if folder == data or data in folder.parents:
        yield Trouble(NOTICE, f"{folder} is inside the data folder {data}.")
