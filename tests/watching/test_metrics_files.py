"""The folder of the counts lies where everybody may make folders."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from vestibule.doors import metrics_files
from vestibule.doors.metrics_files import NAME, make_folder, take_away


@pytest.fixture(autouse=True)
def shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the test a folder for what is temporary."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv(metrics_files.VARIABLE, "")
    return tmp_path


@pytest.mark.asvs("15.4.2")
@pytest.mark.attack("A48")
def test_what_others_have_left_there_stops_no_server(shared: Path) -> None:
    hidden = shared / "hidden"
    hidden.mkdir()
    (hidden / metrics_files.LOCK).touch()
    (shared / f"{NAME}999999-a").symlink_to(hidden)
    (shared / f"{NAME}999998-a").symlink_to("/nobody/knows")
    (shared / f"{NAME}999997-a").symlink_to(shared / f"{NAME}999997-a")
    (shared / f"{NAME}{'9' * 99}-a").mkdir()
    (shared / f"{NAME}٣-a").mkdir()
    (shared / f"{NAME}1-a").touch()
    locks = shared / f"{NAME}2-a"
    locks.mkdir()
    (locks / metrics_files.LOCK).symlink_to(hidden / metrics_files.LOCK)

    made = make_folder()

    assert made.stat().st_mode & 0o777 == 0o700
    assert (hidden / metrics_files.LOCK).exists()
    take_away(made)
    assert not made.exists()


def test_a_link_to_what_only_root_may_see_is_no_folder(
    shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Root, whom the suite may run as, is refused nothing.
    look = Path.stat

    def refusing(path: Path, *, follow_symlinks: bool = True) -> object:
        """Follow no link."""
        if follow_symlinks and path.is_symlink():
            raise PermissionError
        return look(path, follow_symlinks=follow_symlinks)

    (shared / f"{NAME}999999-a").symlink_to("/root/x")
    monkeypatch.setattr(Path, "stat", refusing)

    assert make_folder().name.startswith(NAME)


def test_a_folder_is_left_alone_while_its_server_lives(shared: Path) -> None:
    program = (
        "import sys, tempfile\n"
        "tempfile.tempdir = sys.argv[1]\n"
        "from vestibule.doors.metrics_files import make_folder\n"
        "print(make_folder(), flush=True)\n"
        "sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(shared)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout
        theirs = Path(other.stdout.readline().strip())
        # As in another container, where that number is nobody's.
        elsewhere = shared / f"{NAME}{os.getpid()}999-elsewhere"
        theirs.rename(elsewhere)
        make_folder()
        assert elsewhere.exists()

    make_folder()
    assert not elsewhere.exists()
