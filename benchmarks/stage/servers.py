"""Servers on one processor, while everything else is on the others."""

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from vestibule.doors.server import THREADS

BENCHMARKS = Path(__file__).resolve().parent.parent
SOURCE = BENCHMARKS.parent / "src"
SECRET_KEY = "9e2f61c07ab84d35f1d6083b7ca49e52"  # noqa: S105
PATIENCE = 60.0
TICKS = os.sysconf("SC_CLK_TCK")
PASSED_ON = ("PATH", "LANG", "TMPDIR", "HOME")


def _shares() -> tuple[set[int], set[int], set[int]]:
    """Divide the processors: one for the server, the others for the load."""
    if not hasattr(os, "sched_getaffinity"):
        return set(), set(), set()
    first, *others = sorted(os.sched_getaffinity(0))
    return {first, *others}, {first}, {*others} or {first}


ALL, FOR_SERVER, FOR_LOAD = _shares()


def step_aside() -> str:
    """Leave the server's processor, with all that is started from here.

    Returns:
        What there is to say about the processors.
    """
    if not FOR_SERVER:
        return "this system pins no process; the ratios are less steady"
    os.sched_setaffinity(0, FOR_LOAD)
    if FOR_SERVER == FOR_LOAD:
        return "one processor only, which server and load have to share"
    return "one processor for the server, and another for the load"


def _take_place(processors: set[int]) -> None:
    """Put a process that begins on some of the processors."""
    if processors:
        os.sched_setaffinity(0, processors)


def _ticks(pid: int) -> int:
    """Read how long a process has run, itself and for the system."""
    after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2]
    return sum(map(int, after_name.split()[11:13]))


@dataclass(frozen=True)
class Server:
    """A running server: its main process and its address."""

    pid: int
    url: str

    def workers(self) -> list[int]:
        """List the processes that the main one has started."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children")
        return [int(child) for child in children.read_text().split()]

    def processor_time(self) -> float:
        """Say how many seconds of a processor it has used, as Linux counts.

        That stays true while something else keeps the processor busy.
        """
        try:
            return sum(map(_ticks, [self.pid, *self.workers()])) / TICKS
        except OSError:
            return float("nan")


def free_port() -> int:
    """Find a port outside the range from which the system hands out."""
    while True:
        port = 20_000 + secrets.randbelow(12_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port


def environment(**more: str) -> dict[str, str]:
    """Make the environment of a process, with no settings from outside."""
    kept = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    path = os.pathsep.join((str(SOURCE), str(BENCHMARKS)))
    return {**kept, "PYTHONPATH": path, **more}


@contextmanager
def started(
    command: list[str],
    port: int,
    folder: Path,
    env: dict[str, str],
    path: str = "/",
    *,
    pinned: bool = True,
) -> Iterator[Server]:
    """Start a server, wait until it answers, and end it afterwards."""
    log = folder / f"server-{port}.log"
    with log.open("wb") as file:
        process = subprocess.Popen(  # noqa: S603
            command,
            cwd=folder,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            # Only a plain system call, so it is safe after the fork.
            preexec_fn=partial(  # noqa: PLW1509
                _take_place, FOR_SERVER if pinned else ALL
            ),
            start_new_session=True,
        )
    server = Server(process.pid, f"http://127.0.0.1:{port}")
    try:
        _wait(server.url + path, process, log)
        yield server
    finally:
        process.terminate()
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _wait(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    """Wait until a server answers, whatever it says."""
    until = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < until:
        try:
            urllib.request.urlopen(url, timeout=5).close()  # noqa: S310
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.02)
        else:
            return
    sys.exit(f"no server at {url}\n{log.read_text('utf-8', 'replace')}")


def settings(folder: Path, port: int, database: str) -> dict[str, str]:
    """Say the settings with which Vestibule is measured: its own defaults."""
    return {
        "VESTIBULE_SECRET_KEY": SECRET_KEY,
        "VESTIBULE_BASE_URL": f"http://localhost:{port}",
        "VESTIBULE_DATABASE_URL": database,
        "VESTIBULE_DATA": str(folder),
    }


@contextmanager
def vestibule(
    folder: Path,
    database: str,
    *arguments: str,
    command: str = "serve",
    module: str = "vestibule",
    pinned: bool = True,
    **more: str,
) -> Iterator[Server]:
    """Run ``vestibule serve``, one worker on the server's processor."""
    port = free_port()
    env = environment(**{**settings(folder, port, database), **more})
    line = [sys.executable, "-m", module, command, "--port", str(port)]
    line += arguments
    with started(line, port, folder, env, pinned=pinned) as server:
        yield server


@contextmanager
def served(application: str, folder: Path, **more: str) -> Iterator[Server]:
    """Serve any WSGI application as Vestibule is served: ``floors.x:app``."""
    port = free_port()
    line = [sys.executable, "-m", "granian", application]
    line += ["--interface", "wsgi", "--no-ws", "--workers", "1"]
    line += ["--blocking-threads", str(THREADS), "--port", str(port)]
    line += ["--log-level", "warning"]
    with started(line, port, folder, environment(**more)) as server:
        yield server
