"""Draws each file in a fork of its own, with the limits of the real child.

It reads files from its standard input, each behind its length in four
bytes, and answers: how many seconds it took, two lengths, what the fork
wrote, and by what it ended if not by itself.
"""

import gc
import io
import os
import select
import signal
import struct
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "src"))

from vestibule.capabilities.pictures import (
    child,
    raster,  # noqa: F401
    vector,  # noqa: F401
)

PATIENCE = 10


def draw(content: bytes, answer: int, trouble: int) -> None:
    """Be the child of one file."""
    sys.stdin = io.TextIOWrapper(io.BytesIO(content))
    sys.stdout = os.fdopen(answer, "w")
    status = 0
    try:
        child.main()
        sys.stdout.flush()
    except BaseException as error:  # noqa: BLE001
        os.write(trouble, type(error).__name__.encode())
        status = 1
    os._exit(status)


def heard(pid: int, pipes: list[int]) -> tuple[bytes, bytes]:
    """Hear a fork until it has ended, or end it."""
    said = {pipe: bytearray() for pipe in pipes}
    until = time.monotonic() + PATIENCE
    waiting = set(pipes)
    while waiting:
        left = max(0.0, until - time.monotonic())
        ready, _, _ = select.select([*waiting], [], [], left)
        if not ready:
            os.kill(pid, signal.SIGKILL)
            break
        for pipe in ready:
            piece = os.read(pipe, 65536)
            said[pipe] += piece
            if not piece:
                waiting.discard(pipe)
    answer, trouble = (bytes(said[pipe]) for pipe in pipes)
    _, status = os.waitpid(pid, 0)
    if os.WIFSIGNALED(status):
        trouble = signal.Signals(os.WTERMSIG(status)).name.encode()
    return answer, trouble


def answered(content: bytes) -> bytes:
    """Draw one file in a fork, and write what became of it."""
    begun = time.monotonic()
    answer_in, answer_out = os.pipe()
    trouble_in, trouble_out = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(answer_in)
        os.close(trouble_in)
        draw(content, answer_out, trouble_out)
    os.close(answer_out)
    os.close(trouble_out)
    try:
        answer, trouble = heard(pid, [answer_in, trouble_in])
    finally:
        os.close(answer_in)
        os.close(trouble_in)
    seconds = time.monotonic() - begun
    head = struct.pack(">dII", seconds, len(answer), len(trouble))
    return head + answer + trouble


def main() -> None:
    """Draw whatever comes, until nothing comes any more."""
    # Nothing of the parent is touched again, and so copied, by a fork.
    gc.freeze()
    into, out = sys.stdin.buffer, sys.stdout.buffer
    while head := into.read(4):
        content = into.read(struct.unpack(">I", head)[0])
        out.write(answered(content))
        out.flush()


if __name__ == "__main__":
    main()
