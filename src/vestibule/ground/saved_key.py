"""The secret key that is made once and kept in a file."""

import os
from pathlib import Path

from vestibule.ground.knobs import SettingsError
from vestibule.ground.randomness import Randomness


def saved_key(folder: Path) -> str:
    """Read the key that a folder keeps; make it at the first time.

    The file is written whole under another name and linked into place,
    so that two processes that start together end with the same key.

    Raises:
        SettingsError: the file is there and empty, or open to everybody.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / "secret-key"
    if not path.exists():
        _make(path)
    if path.stat().st_mode & 0o007:
        raise SettingsError(
            f"{path} can be read by everybody on this machine. "
            f"Remove it, and set a new key: vestibule secret new"
        )
    key = path.read_text("ascii").strip()
    if not key:
        raise SettingsError(
            f"{path} is empty. Remove it, and set a key: vestibule secret new"
        )
    return key


def _make(path: Path) -> None:
    """Write a new key, unless another process is quicker."""
    randomness = Randomness()
    draft = path.with_name(f".secret-key-{randomness.row_id()}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    with os.fdopen(os.open(draft, flags, 0o600), "w") as file:
        file.write(randomness.key())
        file.flush()
        os.fsync(file.fileno())
    try:
        path.hardlink_to(draft)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
