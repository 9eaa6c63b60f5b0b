"""The files of the metrics: a folder where each process of a server has one.

A process maps its file into its memory; whoever is asked for the metrics
reads them all. A server makes its folder when it starts and takes it away
when it ends, so that no counts of an earlier one are told.
"""

import fcntl
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

# The library looks for the folder here, and when it is imported.
VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
NAME = "vestibule-metrics-"
# A file in the folder that is locked as long as a process of its server
# lives, also where another container numbers its processes anew.
LOCK = "lock"


def make_folder() -> Path:
    """Make a folder that only we can read, before the library is loaded."""
    for folder in _left_over():
        shutil.rmtree(folder, ignore_errors=True)
    made = Path(tempfile.mkdtemp(prefix=f"{NAME}{os.getpid()}-"))
    _hold(made)
    os.environ[VARIABLE] = str(made)
    return made


def take_away(folder: Path) -> None:
    """Remove the folder of a server that has ended."""
    shutil.rmtree(folder, ignore_errors=True)


def folder() -> Path | None:
    """Find the folder of the server that this process is of, if any."""
    named = os.environ.get(VARIABLE)
    return Path(named) if named else None


def dead(folder: Path) -> set[int]:
    """List the processes that kept something here and are gone."""
    found = {
        int(match[1])
        for file in folder.glob("*.db")
        if (match := re.search(r"_([0-9]{1,9})\.db$", file.name))
    }
    return {number for number in found if not _is_alive(number)}


def _hold(folder: Path) -> None:
    """Lock a folder until this process and its children have ended.

    The file gets its name once it is locked: whoever finds it unlocked
    finds what nobody uses any more.
    """
    unnamed = folder / "new"
    held = os.open(unnamed, os.O_WRONLY | os.O_CREAT, 0o600)
    fcntl.flock(held, fcntl.LOCK_EX)
    unnamed.rename(folder / LOCK)


def _left_over() -> Iterator[Path]:
    """List our folders whose server has ended without any farewell.

    Attack: in a folder that everybody may write to, names like ours that
    lead elsewhere, or that cannot be read.
    """
    for folder in Path(tempfile.gettempdir()).glob(f"{NAME}*"):
        with suppress(OSError, ValueError):
            if _is_ours(folder) and not _is_held(folder):
                yield folder


def _is_ours(folder: Path) -> bool:
    """Tell whether it is a folder itself, and belongs to our user."""
    found = folder.lstat()
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid()


def _is_held(folder: Path) -> bool:
    """Tell whether a server uses a folder.

    Raises:
        OSError: it has no lock, as when it is just being made.
    """
    held = os.open(folder / LOCK, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        fcntl.flock(held, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(held)
    return False


def _is_alive(number: int) -> bool:
    """Tell whether there is a process of ours with this number."""
    try:
        os.kill(number, 0)
    except (OSError, OverflowError):
        return False
    return True
