"""Measure what Vestibule takes up: memory, the wheel, dependencies.

    script/bench footprint
    script/bench footprint --json

Memory is that of each worker of ``vestibule serve`` as Linux counts it:
RSS is all that is mapped in, PSS counts pages that several processes share
in parts. *Idle* is after a page was served; then fifty people sign in, eight
at once.
"""

import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from urllib.parse import urlencode

from packaging.requirements import Requirement
from stage.databases import (
    EMAIL,
    PASSWORD,
    Place,
    available,
    place,
    signed_in,
)
from stage.load import ask
from stage.servers import BENCHMARKS, Server, vestibule
from stage.tables import Goal, Report, Row, begun, options

MEMORY = Goal(most=120)
SIGN_INS = 50
MB = 1024 * 1024
LARGEST = 10


def memory(pid: int) -> tuple[float, float]:
    """Say the RSS and the PSS of a process in megabytes."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    kind = {
        name: int(count) / 1024
        for name, count in re.findall(r"^(Rss|Pss):\s+(\d+) kB", text, re.M)
    }
    return kind["Rss"], kind["Pss"]


def memory_row(name: str, server: Server) -> Row:
    """Make a line of the workers of a server; the largest is judged."""
    time.sleep(1)
    found = [memory(pid) for pid in server.workers()]
    rss, pss = max(one[0] for one in found), max(one[1] for one in found)
    main = memory(server.pid)
    together = sum(one[1] for one in found) + main[1]
    return Row(
        name,
        {
            "together, PSS": f"{together:.0f}",
            "main, PSS": f"{main[1]:.0f}",
            "worker, PSS": f"{pss:.0f}",
        },
        {
            "worker_rss_mb": rss,
            "worker_pss_mb": pss,
            "main_pss_mb": main[1],
            "together_pss_mb": together,
        },
        rss,
        MEMORY,
    )


def sign_in(url: str) -> None:
    """Sign in as a program does."""
    body = urlencode({"email": EMAIL, "password": PASSWORD}).encode()
    with urllib.request.urlopen(  # noqa: S310
        f"{url}/sessions", body, timeout=60
    ) as answer:
        answer.read()


def memory_rows(at: Place) -> Iterator[Row]:
    """Serve with one, two and four workers, and look at each."""
    for workers in (1, 2, 4):
        with ExitStack() as stack:
            own = stack.enter_context(at.database(f"own{workers}"))
            signed_in(own, at.folder)
            server = stack.enter_context(
                vestibule(
                    at.folder,
                    own,
                    "--workers",
                    str(workers),
                    pinned=False,
                    VESTIBULE_ATTEMPTS_PER_ADDRESS="1000000",
                )
            )
            for _ in range(4 * workers):
                ask(f"{server.url}/login", {"Accept": "text/html"})
            plural = "s" if workers > 1 else ""
            yield memory_row(f"{workers} worker{plural}, idle", server)
            if workers == 1:
                with ThreadPoolExecutor(8) as people:
                    [*people.map(sign_in, [server.url] * SIGN_INS)]
                yield memory_row(f"1 worker, {SIGN_INS} sign-ins", server)


def built(folder: Path) -> Path:
    """Build the wheel into a folder."""
    beside = Path(sys.executable).parent / "uv"
    uv = str(beside) if beside.exists() else shutil.which("uv")
    if uv is not None:
        line = [uv, "build", "--quiet", "--wheel", "--out-dir"]
    else:
        line = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps"]
        line += ["--wheel-dir"]
    line.append(str(folder))
    subprocess.run([*line, str(BENCHMARKS.parent)], check=True)  # noqa: S603
    return next(folder.glob("*.whl"))


def wheel_rows(report: Report) -> list[Row]:
    """Build the wheel; list its largest members as they are packed."""
    report.say("building the wheel")
    with tempfile.TemporaryDirectory() as name:
        path = built(Path(name))
        size = path.stat().st_size
        with zipfile.ZipFile(path) as archive:
            members = sorted(
                archive.infolist(), key=lambda one: -one.compress_size
            )
    found = [(f"the wheel, {len(members)} files", size)]
    found += [(one.filename, one.compress_size) for one in members[:LARGEST]]
    return [
        Row(name, {"KB": f"{size / 1024:,.0f}"}, {"bytes": size})
        for name, size in found
    ]


def dependencies() -> dict[str, Distribution]:
    """Find everything that an installation brings along."""
    found: dict[str, Distribution] = {}
    waiting = [Requirement("vestibule")]
    while waiting:
        wanted = waiting.pop()
        try:
            there = distribution(wanted.name)
        except PackageNotFoundError:
            continue
        key = re.sub(r"[-_.]+", "-", wanted.name).lower()
        extras = [*wanted.extras, ""]
        if key in found and not wanted.extras:
            continue
        found[key] = there
        for line in there.requires or []:
            needed = Requirement(line)
            if needed.marker is None or any(
                needed.marker.evaluate({"extra": extra}) for extra in extras
            ):
                waiting.append(needed)
    del found["vestibule"]
    return found


def installed_size(there: Distribution) -> int:
    """Add up the files of an installed distribution, compiled ones apart."""
    return sum(
        path.size or 0
        for path in there.files or []
        if not str(path).endswith(".pyc")
    )


def dependency_rows() -> list[Row]:
    """Count the dependencies, and list the largest."""
    sizes = {name: installed_size(d) for name, d in dependencies().items()}
    largest = sorted(sizes.items(), key=lambda one: -one[1])
    total = (f"{len(sizes)} dependencies", sum(sizes.values()))
    return [
        Row(name, {"MB": f"{size / MB:.1f}"}, {"bytes": size})
        for name, size in [total, *largest[:LARGEST]]
    ]


def main() -> None:
    """Measure memory on every engine there is, then what is on disk."""
    chosen, report = begun(options(__doc__))
    for engine in available(chosen.database):
        if not Path("/proc/self/smaps_rollup").exists():
            report.say("memory is left out: only Linux tells it")
            break
        report.say(f"{engine}: memory")
        with place(engine) as at:
            report.add(
                f"{engine}, memory in MB", memory_rows(at), "worker, RSS"
            )
    report.add("Wheel", wheel_rows(report))
    report.add("Dependencies, installed", dependency_rows())
    report.end()


if __name__ == "__main__":
    main()
