"""The load: wrk, what it prints, and rounds in which all take turns."""

import re
import shutil
import statistics
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from stage.servers import Server

CLIENTS = 8
ROUNDS = 3
_UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0}


class Wrong(SystemExit):
    """A server answers what it should not, so its figures mean nothing."""


@dataclass(frozen=True)
class Figures:
    """What a load came to: a rate, and milliseconds that answers took."""

    rate: float
    p50: float
    p99: float
    errors: int = 0
    requests: int = 0
    # Microseconds of the server's processor for one answer.
    work: float = float("nan")


@dataclass(frozen=True)
class Contender:
    """One that is measured: where it is asked, and what is right."""

    name: str
    url: str
    headers: dict[str, str] = field(default_factory=dict)
    status: int = 200
    holds: str = ""
    server: Server | None = None

    def check(self) -> None:
        """Ask once, and look at the answer.

        Raises:
            Wrong: it is not the right one.
        """
        status, body = ask(self.url, self.headers)
        if status != self.status or self.holds not in body:
            raise Wrong(
                f"{self.name}: {self.url} answers {status}\n{body[:500]}"
            )


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Redirects are answers like others, and not followed."""

    def redirect_request(self, *_: object) -> None:
        """Follow none."""


def ask(url: str, headers: dict[str, str]) -> tuple[int, str]:
    """Send one request; give the status and the text of the answer."""
    request = urllib.request.Request(url, headers=headers)  # noqa: S310
    opener = urllib.request.build_opener(_NoRedirect)
    try:
        with opener.open(request, timeout=30) as answer:
            return answer.status, answer.read().decode("utf-8", "replace")
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode("utf-8", "replace")


def need_wrk() -> None:
    """End with the package's name where the load generator is missing."""
    if shutil.which("wrk") is None:
        sys.exit("wrk is missing; Debian has it in a package of that name.")


def wrk_command(
    url: str, headers: dict[str, str], seconds: float, clients: int = CLIENTS
) -> list[str]:
    """Write the command line that puts load on an address."""
    line = ["wrk", "-t1", f"-c{clients}", f"-d{max(1, round(seconds))}s"]
    line += ["--latency", "--timeout", "30s"]
    for name, value in headers.items():
        line += ["-H", f"{name}: {value}"]
    return [*line, url]


def read_wrk(text: str) -> Figures:
    """Read what wrk prints.

    Raises:
        Wrong: it holds no figures.
    """
    rate = re.search(r"Requests/sec:\s+([\d.]+)", text)
    count = re.search(r"(\d+) requests in", text)
    if rate is None or count is None:
        raise Wrong(f"wrk says\n{text}")
    failed = re.findall(r"(?:connect|read|write|timeout) (\d+)", text)
    refused = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
    return Figures(
        rate=float(rate[1]),
        p50=_milliseconds(text, "50%"),
        p99=_milliseconds(text, "99%"),
        errors=sum(map(int, failed)) + (int(refused[1]) if refused else 0),
        requests=int(count[1]),
    )


def _milliseconds(text: str, share: str) -> float:
    """Read the time within which a share of all answers came."""
    found = re.search(rf"^\s*{share}\s+([\d.]+)(us|ms|s|m)\s*$", text, re.M)
    return float(found[1]) * _UNITS[found[2]] if found else float("nan")


def put_load(
    contender: Contender, seconds: float, clients: int = CLIENTS
) -> Figures:
    """Measure one contender once.

    Raises:
        Wrong: some answers had another status than the right one.
    """
    server = contender.server
    before = server.processor_time() if server else 0.0
    done = subprocess.run(  # noqa: S603
        wrk_command(contender.url, contender.headers, seconds, clients),
        capture_output=True,
        text=True,
        check=False,
    )
    found = read_wrk(done.stdout + done.stderr)
    expected = found.requests if contender.status >= 400 else 0
    if found.errors != expected:
        raise Wrong(f"{contender.name}: {done.stdout}")
    if server is None or not found.requests:
        return found
    used = server.processor_time() - before
    return replace(found, work=1_000_000 * used / found.requests)


def middle(found: Iterable[Figures]) -> Figures:
    """Take the median of each figure over several rounds."""
    rounds = [*found]
    return Figures(
        rate=statistics.median(one.rate for one in rounds),
        p50=statistics.median(one.p50 for one in rounds),
        p99=statistics.median(one.p99 for one in rounds),
        errors=sum(one.errors for one in rounds),
        requests=sum(one.requests for one in rounds),
        work=statistics.median(one.work for one in rounds),
    )


def in_turn(
    contenders: list[Contender],
    seconds: float,
    say: Callable[[str], None],
    rounds: int = ROUNDS,
) -> dict[str, list[Figures]]:
    """Measure all contenders in turn, in several rounds.

    Every other round goes backwards, so that a machine that becomes slower
    is as hard on the first as on the last.

    Raises:
        Wrong: one of them answers what it should not.
    """
    need_wrk()
    found: dict[str, list[Figures]] = {one.name: [] for one in contenders}
    for one in contenders:
        one.check()
        put_load(one, 1)
    for number in range(rounds):
        say(f"round {number + 1} of {rounds}")
        for one in contenders[:: 1 if number % 2 == 0 else -1]:
            found[one.name].append(put_load(one, seconds))
        for one in contenders:
            one.check()
    return found
