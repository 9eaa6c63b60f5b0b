"""Backups: a copy while others write, and what it brings back."""

import os
import sqlite3
import stat
import tarfile
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from clinic import Clinic
from conftest import PASSWORD, Browser, TurnableClock, account
from paintings import painted
from processes import run
from vestibule import backups
from vestibule.auth import Auth
from vestibule.db import DB
from vestibule.doors.app import create_app
from vestibule.errors import NotProven
from vestibule.ground.clock import Clock
from vestibule.ground.knobs import SettingsError
from vestibule.settings import Settings

pytest_plugins = ["clinic_fixtures"]
# Older patches of Python 3.11 do not know it, newer Pythons ask for it.
FILTER: Any = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
on_a_file = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def copied(auth: Auth, folder: Path) -> Path:
    """Make a backup of a running site."""
    return backups.make(auth.settings, folder, Clock()).path


def restored(copy: Path, folder: Path, settings: Settings) -> Auth:
    """Bring a copy back as docs/operators/running.md says."""
    folder.mkdir(mode=0o700)
    with tarfile.open(copy) as archive:
        archive.extractall(folder, **FILTER)
    return Auth(
        DB(
            settings.having(
                "test",
                DATA=str(folder),
                DATABASE_URL=f"sqlite:///{folder}/vestibule.db",
            )
        )
    )


@on_a_file
@pytest.mark.attack("A53")
def test_a_restored_copy_signs_in_and_revives_no_session(
    auth: Auth, tmp_path: Path
) -> None:
    alice = account(auth, "alice")
    auth.pictures.replace(alice, auth.pictures.prepare(painted()))
    browsers = [Browser(create_app(auth=auth)) for _ in range(2)]
    for browser in browsers:
        browser.sign_in("alice")
    tokens = [
        browser.client.get_cookie("session_id").value  # type: ignore[union-attr]
        for browser in browsers
    ]
    auth.sessions.end(tokens[1])

    again = restored(
        copied(auth, tmp_path / "copies"), tmp_path / "again", auth.settings
    )

    try:
        mine = again.login.prove("alice", PASSWORD)
        with pytest.raises(NotProven):
            again.login.prove("alice", "not her password")
        assert again.sessions.owner(tokens[0])
        assert again.sessions.owner(tokens[1]) is None
        picture = again.pictures.of(mine)
        assert picture is not None
        assert again.pictures.open(picture.name)[1]
    finally:
        again.db.close()


@on_a_file
def test_it_is_made_while_others_write(auth: Auth, tmp_path: Path) -> None:
    stop, made = threading.Event(), threading.Event()

    def write() -> None:
        """Make one account after the other."""
        for number in range(500):
            auth.db.add_user(f"p{number}@example.com", "hash")
            made.set()
            if stop.is_set():
                return

    writer = threading.Thread(target=write)
    writer.start()
    assert made.wait(60)
    copies = [copied(auth, tmp_path / str(n)) for n in range(3)]
    stop.set()
    writer.join()

    counts = []
    for number, copy in enumerate(copies):
        again = restored(copy, tmp_path / f"again{number}", auth.settings)
        people = again.administration.page(most=1000)
        # Each account has its names, wholly or not at all.
        for user in people:
            assert again.administration.find(user.email).id == user.id
        counts.append(len(people))
        again.db.close()
    assert counts == sorted(counts)
    assert counts[0] > 0


@on_a_file
def test_only_its_owner_may_read_it_and_nothing_else_is_left(
    auth: Auth, tmp_path: Path
) -> None:
    folder = tmp_path / "copies"
    copy = copied(auth, folder)

    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert list(folder.iterdir()) == [copy]
    # The same second again: it is not written over.
    clock = TurnableClock()
    clock.turn(days=1)
    backups.make(auth.settings, folder, clock)
    with pytest.raises(FileExistsError):
        backups.make(auth.settings, folder, clock)


@on_a_file
def test_what_a_killed_backup_left_is_removed_after_a_day(
    auth: Auth, tmp_path: Path
) -> None:
    folder = tmp_path / "copies"
    for name, age in ((".draft-old", 90_000), (".draft-new", 60)):
        (folder / name).mkdir(parents=True)
        then = Clock().now() - age
        os.utime(folder / name, (then, then))

    copy = copied(auth, folder)

    assert {path.name for path in folder.iterdir()} == {
        *(".draft-new", copy.name)
    }


@on_a_file
def test_a_damaged_database_gives_no_backup(
    auth: Auth, tmp_path: Path
) -> None:
    for number in range(200):
        auth.db.add_user(f"p{number}@example.com", "hash" * 50)
    auth.db.close()
    file = backups.file_of(auth.settings)
    content = bytearray(file.read_bytes())
    for start in range(8192, len(content), 4096):
        content[start : start + 64] = b"\xde\xad" * 32
    file.write_bytes(content)

    with pytest.raises(backups.Unfit):
        copied(auth, tmp_path / "copies")
    assert list((tmp_path / "copies").iterdir()) == []


def test_the_command_writes_where_the_setting_says(
    sqlite_clinic: Clinic, tmp_path: Path
) -> None:
    folder = sqlite_clinic.folder / "new"
    more = {
        "VESTIBULE_DATABASE_URL": sqlite_clinic.options["database_url"],
        "VESTIBULE_BACKUPS": str(folder),
    }
    done = run("backup", home=tmp_path, **more)

    assert (done.returncode, done.stderr) == (0, "")
    (copy,) = folder.iterdir()
    assert done.stdout.startswith(f"{copy}: 1 accounts, 0 pictures")
    with tarfile.open(copy) as archive:
        archive.extract("vestibule.db", tmp_path, **FILTER)
    with closing(sqlite3.connect(tmp_path / "vestibule.db")) as opened:
        names = opened.execute("SELECT username FROM vestibule_users")
        assert names.fetchall() == [("admin",)]


def test_without_a_folder_it_says_so(tmp_path: Path) -> None:
    done = run("backup", home=tmp_path)

    assert done.returncode == 2
    assert "VESTIBULE_BACKUPS" in done.stderr


def test_for_postgresql_it_names_the_command_and_no_password(
    tmp_path: Path,
) -> None:
    settings = Settings.load(
        {}, database_url="postgresql://v:canary@db.example.com/v"
    )
    with pytest.raises(SettingsError) as refused:
        backups.make(settings, tmp_path, Clock())

    assert "pg_dump --format=custom" in str(refused.value)
    assert "canary" not in str(refused.value)
    assert "'postgresql://v@db.example.com/v'" in str(refused.value)
    assert "~/.pgpass" in str(refused.value)
