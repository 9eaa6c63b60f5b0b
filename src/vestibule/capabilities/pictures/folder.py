"""The folder of pictures: files that are there wholly or not at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from vestibule.errors import Unavailable

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL


class PictureFolder:
    """Files under random names, which only Vestibule's own user may read."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, name: str, content: bytes) -> None:
        """Write a file so that no crash leaves a part of it under its name.

        Raises:
            Unavailable: the disk is full, or does not take it.
        """
        draft = self._draft(name)
        with _promptly():
            self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
            try:
                with os.fdopen(os.open(draft, _NEW, 0o600), "wb") as file:
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())
                draft.rename(self.path / name)
            except BaseException:
                with suppress(OSError):
                    draft.unlink()
                raise
            self._settle()

    def _settle(self) -> None:
        """Have the new name itself survive a power cut."""
        folder = os.open(self.path, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def read(self, name: str) -> bytes | None:
        """Read a file; None if it is not there.

        Raises:
            Unavailable: the disk does not answer.
        """
        with _promptly():
            try:
                return (self.path / name).read_bytes()
            except FileNotFoundError:
                return None

    def remove(self, name: str) -> bool:
        """Remove a file, finished or not; say whether it is gone."""
        try:
            for path in (self._draft(name), self.path / name):
                path.unlink(missing_ok=True)
        except OSError:
            return False
        return True

    def _draft(self, name: str) -> Path:
        """Say where a file is written before it is given its name."""
        return self.path / f".{name}"


@contextmanager
def _promptly() -> Iterator[None]:
    """Turn a disk that does not do its part into a refusal.

    Raises:
        Unavailable: it is full, read-only or broken.
    """
    try:
        yield
    except OSError as error:
        raise Unavailable from error
