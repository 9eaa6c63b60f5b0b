"""The processor: decodes pictures in processes that may die.

Source: OWASP ASVS 5.0 15.2.5 (dangerous functionality is isolated).
"""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from selectors import EVENT_READ, DefaultSelector

from vestibule.errors import Unavailable
from vestibule.ground.pictures import KEPT_SIDE, Drawn, NoPicture

# Two pictures at once, and few that wait: all who wait keep a thread of the
# server busy, and most of them must stay free for other requests.
LANES = 2
WAITING = 4
SECONDS = 10
LOOK_EVERY = 0.5
LARGEST_ANSWER = 3 * 1024 * 1024

_CHILD = Path(__file__).with_name("child.py")
_BEGINS = {"png": b"\x89PNG\r\n\x1a\n", "jpg": b"\xff\xd8\xff"}


class Processor:
    """Redraws pictures, each in a process of its own, a few at a time."""

    def __init__(self, is_writing: Callable[[], bool]) -> None:
        self._is_writing = is_writing
        self.open_lanes()

    def open_lanes(self) -> None:
        """Make the lanes; a forked process has none who would free them."""
        self._places = threading.BoundedSemaphore(LANES + WAITING)
        self._lanes = threading.BoundedSemaphore(LANES)

    def redraw(self, content: bytes) -> Drawn:
        """Decode a file and write it anew, in a process of its own.

        Raises:
            NoPicture: it becomes none, or its decoder died of it.
            Unavailable: too many are waiting, or this machine cannot.
        """
        if self._is_writing():
            raise RuntimeError("decoding must not hold a transaction open")
        if not self._places.acquire(blocking=False):
            raise Unavailable
        try:
            with self._lanes:
                return _read(_ask(content))
        finally:
            self._places.release()


def _ask(content: bytes) -> bytes:
    """Have a child decode a file; what it says, or nothing if it died.

    Raises:
        Unavailable: it could not start, or had no time to finish.
    """
    try:
        child = subprocess.Popen(  # noqa: S603
            [_python(), "-I", "-S", "-B", str(_CHILD), *sys.path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd="/",
            env={},
            start_new_session=True,
        )
    except OSError as error:
        raise Unavailable from error
    late = threading.Event()

    def end_it() -> None:
        """Kill a child that takes too long."""
        late.set()
        _kill(child)

    timer = threading.Timer(SECONDS, end_it)
    timer.start()
    with child:
        try:
            answer = _converse(child, content, late)
        finally:
            # Both before the child is reaped: then its number is free.
            timer.cancel()
            timer.join()
            _kill(child)
    if late.is_set():
        # A file can use up a child's own time, which is shorter: this
        # machine was too slow.
        raise Unavailable
    return answer


def _converse(
    child: "subprocess.Popen[bytes]", content: bytes, late: threading.Event
) -> bytes:
    """Give a child its file, and hear what it says, but not too much."""
    assert child.stdin is not None
    assert child.stdout is not None
    with suppress(BrokenPipeError):
        child.stdin.write(content)
        child.stdin.close()
    heard = bytearray()
    with DefaultSelector() as pipe:
        pipe.register(child.stdout, EVENT_READ)
        # Attack: what a child started may outlive it and keep the pipe.
        while not late.is_set() and len(heard) < LARGEST_ANSWER:
            if pipe.select(LOOK_EVERY):
                piece = os.read(child.stdout.fileno(), 65_536)
                if not piece:
                    break
                heard += piece
    return bytes(heard)


def _kill(child: "subprocess.Popen[bytes]") -> None:
    """Take a child off, with all that it may have started."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)


def _python() -> str:
    """Find the interpreter, also where another program embeds it."""
    if Path(sys.executable or "").name.startswith("python"):
        return sys.executable
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    return str(Path(sys.exec_prefix) / "bin" / name)


def _read(answer: bytes) -> Drawn:
    """Read what a child said; it is believed no more than its file.

    Raises:
        NoPicture: it said why it drew nothing, or died, or lies.
    """
    line, _, content = answer.partition(b"\n")
    try:
        told = json.loads(line)
        if "fault" in told:
            raise NoPicture(str(told["fault"]))
        drawn = Drawn(told["kind"], told["width"], told["height"], content)
        is_whole = told["content"] == len(content)
        least, most = sorted((drawn.width, drawn.height))
        is_small = least > 0 and most <= KEPT_SIDE
        is_right = content.startswith(_BEGINS[drawn.kind])
    except (ValueError, LookupError, TypeError) as error:
        raise NoPicture("unreadable") from error
    if not (is_whole and is_small and is_right):
        raise NoPicture("unreadable")
    return drawn
