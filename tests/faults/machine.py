"""Faults of the machine: its clock, disks, backups and software."""

import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from clinic import AnotherClock, Clinic
from faults.matrix import fault
from vestibule.doctor.finding import ERROR, NOTICE, WARNING


@fault("clock.database", WARNING, on="postgres")
def a_minute_ahead(clinic: Clinic) -> None:
    """The clock is a minute ahead of the database's."""
    clinic.in_the_world(clock=AnotherClock(60))


@fault("clock.database", ERROR, on="postgres")
def an_hour_behind(clinic: Clinic) -> None:
    """The clock is an hour behind the database's."""
    clinic.in_the_world(clock=AnotherClock(-3600))


@fault("clock.past", ERROR)
def clock_set_back(clinic: Clinic) -> None:
    """The clock was set back by an hour."""
    clinic.in_the_world(clock=AnotherClock(-3600))


@fault("clock.site", ERROR)
def other_than_outside(clinic: Clinic) -> None:
    """The clock is an hour ahead of the proxy's."""
    clinic.with_site()
    clinic.in_the_world(clock=AnotherClock(3600))


def disk_with(**left: int) -> Callable[[Path], Any]:
    """Make a disk with little left."""
    found = {"f_bavail": 2**30, "f_frsize": 4096, "f_files": 10**6}
    found["f_blocks"] = 2**30
    return lambda _: SimpleNamespace(**{**found, "f_favail": 10**6, **left})


@fault("disk.space", ERROR)
def full_disk(clinic: Clinic) -> None:
    """The disk of the database has nothing left."""
    clinic.in_the_world(disk=disk_with(f_bavail=100))


@fault("disk.space", WARNING)
def filling_disk(clinic: Clinic) -> None:
    """The disk has 400 MiB left."""
    clinic.in_the_world(disk=disk_with(f_bavail=102_400))


@fault("disk.space_elsewhere", WARNING)
def filling_backups(clinic: Clinic) -> None:
    """The disk of the backups has 40 MiB left."""
    clinic.in_the_world(disk=disk_with(f_bavail=10_240))


@fault("disk.inodes", WARNING)
def no_inodes(clinic: Clinic) -> None:
    """The disk takes ten more files."""
    clinic.in_the_world(disk=disk_with(f_favail=10))


@fault("disk.writable", ERROR)
def closed_disk(clinic: Clinic) -> None:
    """The data folder takes no file from anybody."""
    clinic.having(data="/proc/self")


@fault("backups.new", ERROR)
def only_a_draft(clinic: Clinic) -> None:
    """Nothing lies there but what a backup that was killed has left."""
    for path in (clinic.folder / "copies").iterdir():
        path.rename(path.with_name(f".{path.name}"))


@fault("backups.folder", WARNING)
def no_backups_known(clinic: Clinic) -> None:
    """Nobody has said where the backups are."""
    clinic.having(backups=None)


@fault("backups.new", ERROR)
def no_backup(clinic: Clinic) -> None:
    """The folder of backups is empty."""
    shutil.rmtree(clinic.folder / "copies")


@fault("backups.new", WARNING)
def old_backup(clinic: Clinic) -> None:
    """The newest backup is of three days ago."""
    clinic.in_the_world(clock=AnotherClock(3 * 86_400))


@fault("backups.new", ERROR)
def empty_backup(clinic: Clinic) -> None:
    """The newest backup is empty, as after a full disk."""
    for path in (clinic.folder / "copies").iterdir():
        path.write_bytes(b"")


@fault("backups.private", ERROR)
def open_backup(clinic: Clinic) -> None:
    """Everybody can read the backup."""
    (clinic.folder / "copies").chmod(0o755)
    for path in (clinic.folder / "copies").iterdir():
        path.chmod(0o644)


@fault("backups.apart", NOTICE)
def near_backup(clinic: Clinic) -> None:
    """The backups lie inside the data folder."""
    folder = clinic.settings().data_folder / "copies"
    folder.mkdir()
    clinic.having(backups=folder)


@fault("software.python", WARNING)
def old_python(clinic: Clinic) -> None:
    """It is forty years later."""
    clinic.in_the_world(clock=AnotherClock(40 * 366 * 86_400))


@fault("software.packages", ERROR)
def old_library(clinic: Clinic) -> None:
    """Every library is of the first version."""
    clinic.in_the_world(version=lambda _: "0.0.1")
