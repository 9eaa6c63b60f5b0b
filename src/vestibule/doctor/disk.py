"""Checks of the disk: room, and whether it takes and keeps what is written."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from vestibule.doctor.checks import When, check
from vestibule.doctor.finding import ERROR, WARNING, Trouble
from vestibule.doctor.installation import Installation

MIB = 2**20
# Free MiB below which it is time to act, if it is less than a tenth of all:
# a disk that is small to begin with is not full.
LITTLE, PART = 1024, 10
FEW_FILES = 1000


def _own(installation: Installation) -> list[Path]:
    """List the folders that only we write to, as far as they are there."""
    data = installation.settings.data_folder
    found = [data, data / "pictures"]
    if installation.database.kind == "sqlite":
        found.append(installation.database.file.absolute().parent)
    return list(dict.fromkeys(path for path in found if path.is_dir()))


def _others(installation: Installation) -> list[Path]:
    """List the folders that others may fill, as far as they are there."""
    found = [Path(tempfile.gettempdir())]
    if installation.settings.site.backups:
        found.append(Path(installation.settings.site.backups).absolute())
    return [path for path in found if path.is_dir()]


def _left(installation: Installation, path: Path) -> int | None:
    """Give the free MiB below a folder, if they are few."""
    found = installation.disk(path)
    free = found.f_bavail * found.f_frsize // MIB
    total = found.f_blocks * found.f_frsize // MIB
    # Some file systems count nothing.
    return free if free < LITTLE and free < total / PART else None


@check(
    "disk.space",
    ERROR,
    WARNING,
    fine="There is room on the disk for data.",
    why="On a full disk nothing can be written: nobody signs in, and "
    "nothing is noted.",
    fix="df -h; du -xh / | sort -h | tail",
    when=When.START,
)
def has_room(installation: Installation) -> Iterator[Trouble]:
    """Look at the free bytes where the database and the pictures are."""
    is_here = installation.database.kind == "sqlite"
    database = (
        installation.database.file.absolute().parent if is_here else None
    )
    for path in _own(installation):
        free = _left(installation, path)
        if free is not None:
            state = WARNING if free or path != database else ERROR
            yield Trouble(state, f"{path} has {free} MiB left.")


@check(
    "disk.space_elsewhere",
    WARNING,
    fine="There is room on the disk for backups and for temporary files.",
    why="Without room there is no backup. Others write there as well, and "
    "may need all of it.",
    fix="df -h; du -xh / | sort -h | tail",
)
def has_room_elsewhere(installation: Installation) -> Iterator[Trouble]:
    """Look at the free bytes below the folders of others."""
    for path in _others(installation):
        free = _left(installation, path)
        if free is not None:
            yield Trouble(WARNING, f"{path} has {free} MiB left.")


@check(
    "disk.inodes",
    WARNING,
    fine="There is room for more files on the disk.",
    why="Each picture is a file. Without free inodes none can be made, "
    "however many bytes are free.",
    fix="df -i",
)
def has_inodes(installation: Installation) -> Iterator[Trouble]:
    """Look at the free inodes below each folder."""
    for path in [*_own(installation), *_others(installation)]:
        found = installation.disk(path)
        # Some file systems count none.
        if found.f_files and found.f_favail < FEW_FILES:
            yield Trouble(
                WARNING, f"{path} has room for {found.f_favail} more files."
            )


@check(
    "disk.writable",
    ERROR,
    fine="The data folder takes files, and forces them to the disk.",
    why="Vestibule writes there, and what it has acknowledged must be on "
    "the disk.",
    fix="chown -R vestibule vestibule-data",
    when=When.START,
)
def is_writable(installation: Installation) -> Iterator[Trouble]:
    """Write a file without a name, which is gone at once."""
    folder = installation.data_folder
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"x")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        yield Trouble(
            ERROR,
            f"{folder} takes no file: {error.strerror}.",
            f"chown -R {installation.user} {folder}",
        )
