"""Measure how long it takes until the first page is served.

    script/bench start
    script/bench start --short

From the command to the answer of GET /login, with an empty folder for the
data each time, so that making the database counts as well. *Warm* is the
second start on a machine; *cold* finds no compiled modules, and where it may
(as root on Linux) nothing in the system's cache of files: for that, it
empties the cache of the whole system, which slows down everything else for a
while. Then what the imports take, by package.
"""

import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

from stage.servers import environment, free_port, settings, started
from stage.tables import Goal, Report, Row, begun, common_options

WARM = Goal(most=3)
DROP_CACHES = Path("/proc/sys/vm/drop_caches")
LOADED = "import granian, vestibule.worker, vestibule.doors.app"
LINE = re.compile(r"import time:\s+(\d+) \|\s+(\d+) \| ( *)(\S+)")
DEAREST = 10


def is_dropped() -> bool:
    """Empty the system's cache of files, if that is allowed."""
    os.sync()
    with suppress(OSError):
        DROP_CACHES.write_text("3")
        return True
    return False


def first_page(command: str, *, cold: bool) -> float:
    """Start once in an empty folder; say after how many seconds it serves."""
    with tempfile.TemporaryDirectory() as name:
        folder, port = Path(name), free_port()
        env = environment(
            **settings(folder, port, f"sqlite:///{folder}/start.db")
        )
        if command == "dev":
            env = environment(VESTIBULE_DATA=str(folder / "data"))
        if cold:
            env["PYTHONPYCACHEPREFIX"] = str(folder / "compiled")
            is_dropped()
        line = [sys.executable, "-m", "vestibule", command]
        line += ["--port", str(port)]
        begun_at = time.perf_counter()
        with started(line, port, folder, env, "/login", pinned=False):
            return time.perf_counter() - begun_at


def start_rows(report: Report, rounds: int) -> list[Row]:
    """Start both servers several times, warm and cold."""
    rows = []
    for command in ("dev", "serve"):
        report.say(f"vestibule {command}")
        # Whatever was not compiled yet is now.
        first_page(command, cold=False)
        for cold in (False, True):
            took = [first_page(command, cold=cold) for _ in range(rounds)]
            middle = statistics.median(took)
            rows.append(
                Row(
                    f"vestibule {command}, {'cold' if cold else 'warm'}",
                    {
                        "best": f"{min(took):.2f}",
                        "worst": f"{max(took):.2f}",
                    },
                    {"seconds": middle, "all": took},
                    middle,
                    None if cold else WARM,
                )
            )
    return rows


def import_times() -> tuple[float, Counter[str]]:
    """Say what importing takes altogether, and by package, in ms."""
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-X", "importtime", "-c", LOADED],
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    own: Counter[str] = Counter()
    for itself, _, _, name in LINE.findall(done.stderr):
        package = name.partition(".")[0]
        if package in sys.stdlib_module_names:
            package = "(standard library)"
        own[package] += int(itself)
    for package in own:
        own[package] /= 1000  # type: ignore[assignment]
    return sum(own.values()), own


def import_rows(rounds: int) -> list[Row]:
    """List the dearest packages, of the fastest of several imports."""
    total, own = min(
        (import_times() for _ in range(rounds)), key=lambda one: one[0]
    )
    found = [("all imports", total), *own.most_common(DEAREST)]
    return [
        Row(name, {"ms": f"{took:.0f}"}, {"ms": took}) for name, took in found
    ]


def main() -> None:
    """Measure starts, then imports."""
    chosen, report = begun(common_options(__doc__, short="one round"))
    if not is_dropped():
        report.say("cold without emptying the system's cache: not allowed")
    report.add("Start", start_rows(report, chosen.rounds), "first page, s")
    report.say("imports")
    report.add("Imports of vestibule serve", import_rows(chosen.rounds + 2))
    report.end()


if __name__ == "__main__":
    main()
