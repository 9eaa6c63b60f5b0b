"""Backups: one file with a whole copy of the database and the pictures.

SQLite's own interface copies a database while others write to it. What is
given its final name has been read back from that very file before.
"""

import os
import shutil
import sqlite3
import tarfile
import tempfile
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.engine import URL

from vestibule.engine import database_address
from vestibule.ground.clock import Clock, written
from vestibule.ground.knobs import SettingsError
from vestibule.ground.randomness import Randomness
from vestibule.settings import Settings

DATABASE, PICTURES = "vestibule.db", "pictures"
# Seconds after which nobody works at a draft any more.
OLD = 86_400


@dataclass(frozen=True)
class Copy:
    """A backup that was made and read back."""

    path: Path
    accounts: int
    pictures: int


class Unfit(Exception):
    """A copy that is not as whole as what it was made of."""


def make(settings: Settings, folder: Path, clock: Clock) -> Copy:
    """Write a backup into a folder, under a name with the moment.

    Args:
        settings: of the site whose database is copied.
        folder: made if it is missing; only its owner may look into it.
        clock: gives the moment.

    Raises:
        SettingsError: the database is PostgreSQL, or is not there.
        Unfit: the copy cannot be read back whole.
        OSError: the disk is full, or does not take it.
    """
    source = file_of(settings)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    moment = written(clock.now()).replace("-", "").replace(":", "")
    path = folder / f"vestibule-{moment}.tar"
    _clear_drafts(folder, clock)
    draft = folder / f".draft-{Randomness().row_id()}"
    draft.mkdir(mode=0o700)
    try:
        _copy(source, draft / DATABASE)
        accounts = checked(draft / DATABASE)
        _pack(draft, settings.data_folder / PICTURES)
        pictures = _read_back(draft, accounts)
        # A name that is taken is never written over.
        path.hardlink_to(draft / "copy.tar")
        _settle(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return Copy(path, accounts, pictures)


def file_of(settings: Settings) -> Path:
    """Say which file is to be copied.

    Raises:
        SettingsError: there is none.
    """
    address = database_address(settings)
    if address.get_backend_name() != "sqlite":
        raise SettingsError(
            "The database is PostgreSQL, which has its own program for that:"
            "\n  pg_dump --format=custom --file=vestibule.dump "
            f"'{_without_password(address)}'\n"
            "It takes the password from ~/.pgpass (mode 0600), a line like\n"
            "  HOST:5432:DATABASE:NAME:PASSWORD\n"
            f"Copy {settings.data_folder / PICTURES} after it."
        )
    file = Path(str(address.database))
    if not file.exists():
        raise SettingsError(f"There is no database at {file} yet.")
    return file


def _without_password(address: URL) -> str:
    """Write an address as pg_dump takes it, without what is secret."""
    bare = address.difference_update_query(["password", "prepare_threshold"])
    return bare._replace(
        drivername="postgresql", password=None
    ).render_as_string()


def _clear_drafts(folder: Path, clock: Clock) -> None:
    """Remove what backups have left that were killed a day ago."""
    for draft in folder.glob(".draft-*"):
        try:
            is_old = clock.now() - draft.stat().st_mtime > OLD
        except FileNotFoundError:
            continue
        if is_old:
            shutil.rmtree(draft, ignore_errors=True)


def _copy(source: Path, target: Path) -> None:
    """Copy a database as it is at one moment, whoever writes to it.

    Raises:
        Unfit: it is locked or damaged.
    """
    os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        with (
            closing(sqlite3.connect(source)) as old,
            closing(sqlite3.connect(target)) as new,
        ):
            old.backup(new)
            # One file, without a log beside it that could be left behind.
            new.execute("PRAGMA journal_mode=DELETE").close()
    except sqlite3.DatabaseError as error:
        raise Unfit(f"SQLite finds: {error}") from error


def checked(file: Path) -> int:
    """Have SQLite check a copy; say how many accounts are in it.

    Raises:
        Unfit: it is damaged.
    """
    try:
        with closing(sqlite3.connect(file)) as copy:
            said = copy.execute("PRAGMA quick_check(1)").fetchone()[0]
            counted = copy.execute("SELECT count(*) FROM vestibule_users")
            accounts = int(counted.fetchone()[0])
    except sqlite3.DatabaseError as error:
        raise Unfit(f"SQLite finds: {error}") from error
    if said != "ok":
        raise Unfit(f"SQLite finds: {said}")
    return accounts


def _pack(draft: Path, pictures: Path) -> None:
    """Put the copy and the pictures into one file, and force it to disk."""
    target = os.open(
        draft / "copy.tar", os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600
    )
    with os.fdopen(target, "wb") as file:
        with tarfile.open(fileobj=file, mode="w") as archive:
            archive.add(draft / DATABASE, DATABASE)
            for picture in sorted(pictures.glob("[!.]*")):
                # One that is removed at this moment is no loss.
                if picture.is_file():
                    archive.add(picture, f"{PICTURES}/{picture.name}")
        file.flush()
        os.fsync(file.fileno())


def _read_back(draft: Path, accounts: int) -> int:
    """Read the finished file again; say how many pictures are in it.

    Raises:
        Unfit: it holds another database than was copied.
    """
    with (
        tempfile.TemporaryDirectory(dir=draft) as folder,
        tarfile.open(draft / "copy.tar") as archive,
    ):
        copy = archive.extractfile(DATABASE)
        assert copy is not None
        with copy, (Path(folder) / DATABASE).open("wb") as file:
            shutil.copyfileobj(copy, file)
        if checked(Path(folder) / DATABASE) != accounts:
            raise Unfit("the copy has lost accounts")
        return len(archive.getnames()) - 1


def _settle(folder: Path) -> None:
    """Have a new name in a folder survive a power cut."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
