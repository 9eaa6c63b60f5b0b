"""Vestibule as real processes: commands, servers, and waiting for them."""

import http.client
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import TypeVar

import requests

import vestibule
from conftest import HTML

T = TypeVar("T")

SOURCE = Path(vestibule.__file__).resolve().parent.parent
ROOT = SOURCE.parent
SECRET_KEY = "9e2f61c07ab84d35f1d6083b7ca49e52"
# The machine may be busy with other tests.
PATIENCE = 60.0


def eventually(look: Callable[[], T], what: str, within: float = 0) -> T:
    """Look again and again until there is something, or fail."""
    until = time.monotonic() + (within or PATIENCE)
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < until, f"waited in vain for {what}"
        time.sleep(0.03)


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


def environment(home: Path, **more: str) -> dict[str, str]:
    """Make the environment of a process that knows nothing of this one.

    Only what finds programs, and what measures coverage, is passed on; a
    copy of the package, elsewhere on the path, is not measured.
    """
    is_measured = "PYTHONPATH" not in more
    passed = {
        name: value
        for name, value in os.environ.items()
        if name in ("PATH", "LANG", "TMPDIR")
        or (is_measured and name.startswith("COVERAGE_"))
    }
    return {
        **passed,
        "HOME": str(home),
        "PYTHONPATH": str(SOURCE),
        "PYTHONUNBUFFERED": "1",
        "VESTIBULE_HASH_MEMORY": "8",
        "VESTIBULE_HASH_PASSES": "1",
        **more,
    }


def production(home: Path, port: int, **more: str) -> dict[str, str]:
    """Add to the environment what production asks for."""
    return environment(
        home,
        VESTIBULE_SECRET_KEY=SECRET_KEY,
        VESTIBULE_BASE_URL=f"http://localhost:{port}",
        **{"VESTIBULE_ATTEMPTS_PER_ADDRESS": "1000000", **more},
    )


def run(
    *arguments: str, home: Path, typed: str = "", **more: str
) -> "subprocess.CompletedProcess[str]":
    """Run a command of Vestibule to its end, in a folder of its own."""
    return subprocess.run(
        [sys.executable, "-m", "vestibule", *arguments],
        cwd=home,
        env=environment(home, **more),
        input=typed,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


@dataclass
class Server:
    """A running server, all that it has said, and where it answers."""

    process: "subprocess.Popen[bytes]"
    port: int
    log: Path

    @property
    def url(self) -> str:
        """The start of every address, as the server itself writes it."""
        return f"http://localhost:{self.port}"

    def said(self) -> str:
        """Read everything that it printed so far."""
        return self.log.read_text("utf-8", "replace")

    def answers(self) -> bool:
        """Tell whether it answers; fail if it has ended instead."""
        assert self.process.poll() is None, self.said()
        try:
            return requests.get(self.url, timeout=PATIENCE).status_code < 500
        except (requests.ConnectionError, requests.Timeout):
            return False

    def stop(self, sign: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to end, and say its exit status."""
        self.process.send_signal(sign)
        return self.process.wait(PATIENCE)

    def is_gone(self) -> bool:
        """Tell whether no process of it is left."""
        self.process.poll()
        try:
            os.killpg(self.process.pid, 0)
        except ProcessLookupError:
            return True
        return False

    def kill(self) -> None:
        """Take the whole group of processes off, without any warning."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(PATIENCE)

    def children(self) -> set[int]:
        """List the processes that the server has started."""
        pid = self.process.pid
        path = Path(f"/proc/{pid}/task/{pid}/children")
        return {int(child) for child in path.read_text().split()}


@contextmanager
def started(
    command: list[str], port: int, folder: Path, env: dict[str, str]
) -> Iterator[Server]:
    """Start a server, wait until it answers, and leave nothing of it."""
    log = folder / f"server-{port}.log"
    with log.open("ab") as file:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    server = Server(process, port, log)
    try:
        eventually(server.answers, "an answer")
        yield server
    finally:
        if process.poll() is None:
            process.terminate()
            with suppress(subprocess.TimeoutExpired, AssertionError):
                process.wait(PATIENCE)
                eventually(server.is_gone, "the last process", 5)
        server.kill()


@contextmanager
def developing(
    home: Path, *arguments: str, port: int = 0, **more: str
) -> Iterator[Server]:
    """Run ``vestibule dev`` on a free port, with its data in a folder."""
    port = port or free_port()
    options = ["--port", str(port), "--data", "data"]
    command = [sys.executable, "-m", "vestibule", "dev", *options, *arguments]
    with started(command, port, home, environment(home, **more)) as server:
        yield server


@contextmanager
def serving(home: Path, *arguments: str, **more: str) -> Iterator[Server]:
    """Run ``vestibule serve`` on a free port."""
    port = free_port()
    options = ["--port", str(port), *arguments]
    command = [sys.executable, "-m", "vestibule", "serve", *options]
    env = production(home, port, **more)
    with started(command, port, home, env) as server:
        yield server


class Visitor:
    """A browser without a screen: one session of cookies and its forms."""

    def __init__(self, server: Server) -> None:
        self.url = server.url
        self.session = requests.Session()
        self.session.headers.update(HTML)

    def open(self, path: str) -> requests.Response:
        """Look at a page."""
        return self.session.get(self.url + path, timeout=PATIENCE)

    def send(self, path: str, **typed: str) -> requests.Response:
        """Fill in the form of a page and send it; stay where it leads."""
        found = re.search(
            r'name="csrf_token" value="([^"]+)"', self.open(path).text
        )
        assert found, path
        return self.session.post(
            self.url + path,
            data={**typed, "csrf_token": found[1]},
            timeout=PATIENCE,
            allow_redirects=False,
        )


def post(server: Server, path: str, **typed: str) -> requests.Response:
    """Send a form as a program without cookies does."""
    return requests.post(server.url + path, data=typed, timeout=PATIENCE)


def mailed_link(server: Server, path: str) -> str:
    """Wait for the newest link in the local inbox that begins so."""

    def look() -> str:
        """Read the inbox once."""
        inbox = requests.get(
            f"{server.url}/dev/mail", headers=HTML, timeout=PATIENCE
        )
        found = re.search(f'href="({server.url}{path}[^"]+)"', inbox.text)
        return unescape(found[1]) if found else ""

    return eventually(look, f"a mailed link to {path}")


def is_answered(port: int) -> bool:
    """Tell whether anybody answers at a port of this machine."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/")
        connection.getresponse()
    except OSError:
        return False
    finally:
        connection.close()
    return True
