"""Tables: figures beside the goal, for people and for programs."""

import argparse
import json
import math
import platform
import statistics
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from stage.load import Figures, middle
from stage.servers import step_aside


@dataclass(frozen=True)
class Goal:
    """What a ratio has to be: so much at least, or at most."""

    least: float | None = None
    most: float | None = None

    def is_met(self, ratio: float) -> bool:
        """Tell whether a ratio reaches it."""
        if self.least is not None and not ratio >= self.least:
            return False
        return self.most is None or ratio <= self.most

    def __str__(self) -> str:
        if self.least is not None:
            return f"≥ {self.least:g}"
        return f"≤ {self.most:g}"


@dataclass(frozen=True)
class Row:
    """A line of a table: cells in order, and what they are judged by.

    What is judged is called the ratio, though it may be another figure.
    """

    name: str
    cells: dict[str, str]
    values: dict[str, Any]
    ratio: float | None = None
    goal: Goal | None = None


def load_row(
    name: str,
    found: Figures,
    ratio: float | None = None,
    goal: Goal | None = None,
) -> Row:
    """Make the line of one that was put under load."""
    cells = {
        "per second": f"{found.rate:,.0f}",
        "p50, ms": f"{found.p50:.2f}",
        "p99, ms": f"{found.p99:.2f}",
    }
    values = {
        "per_second": found.rate,
        "p50_ms": found.p50,
        "p99_ms": found.p99,
    }
    if not math.isnan(found.work):
        cells["CPU, µs"] = f"{found.work:.0f}"
        values["cpu_us"] = found.work
    return Row(name, cells, values, ratio, goal)


def compared(
    found: dict[str, list[Figures]],
    floors: Mapping[str, str],
    goals: Mapping[str, Goal],
    *,
    in_time: bool = False,
) -> Iterator[Row]:
    """Hold those that were measured in turn against their floors.

    The ratio is the median of the ratios of all rounds: of the rates, or
    of the times that the server takes.
    """
    for name, rounds in found.items():
        ratio = None
        if name in floors:
            pairs = zip(rounds, found[floors[name]], strict=True)
            ratio = statistics.median(
                below.rate / own.rate if in_time else own.rate / below.rate
                for own, below in pairs
            )
        yield load_row(name, middle(rounds), ratio, goals.get(name))


class Report:
    """All tables of a program, shown as they come or as JSON at the end."""

    def __init__(self, program: str, *, as_json: bool) -> None:
        self._as_json = as_json
        self._told: dict[str, Any] = {"program": program, "tables": []}

    def say(self, words: str) -> None:
        """Tell how far it is."""
        print(f"· {words}", file=sys.stderr, flush=True)

    def add(
        self, title: str, rows: Iterable[Row], judged: str = "ratio"
    ) -> None:
        """Show a table, or keep it for the end; say what is judged."""
        lines = [*rows]
        self._told["tables"].append(
            {"title": title, "rows": [_told(row) for row in lines]}
        )
        if not self._as_json:
            print("\n" + "\n".join(aligned(title, lines, judged)), flush=True)

    def end(self) -> None:
        """Print what a program reads."""
        if self._as_json:
            self._told["python"] = platform.python_version()
            self._told["machine"] = platform.machine()
            print(json.dumps(self._told, indent=2))


def _told(row: Row) -> dict[str, Any]:
    """Give a line as a program reads it."""
    told: dict[str, Any] = {"name": row.name, **row.values}
    if row.ratio is not None:
        told["ratio"] = round(row.ratio, 4)
    if row.goal is not None and row.ratio is not None:
        told["goal"] = str(row.goal)
        told["met"] = row.goal.is_met(row.ratio)
    return told


def aligned(title: str, rows: list[Row], judged: str = "ratio") -> list[str]:
    """Write a table whose columns stand below each other."""
    heads = [*dict.fromkeys(head for row in rows for head in row.cells)]
    wide = max(map(len, [title, *(row.name for row in rows)])) + 2
    widths = {
        head: max(len(head), *(len(r.cells.get(head, "")) for r in rows)) + 2
        for head in heads
    }
    is_judged = any(row.ratio is not None for row in rows)
    lines = [f"{title:{wide}}"]
    lines[0] += "".join(f"{head:>{widths[head]}}" for head in heads)
    lines[0] += f"{judged:>15}{'goal':>8}" if is_judged else ""
    for row in rows:
        line = f"{row.name:{wide}}"
        for head in heads:
            line += f"{row.cells.get(head, ''):>{widths[head]}}"
        lines.append((line + _verdict(row)).rstrip())
    return lines


def _verdict(row: Row) -> str:
    """Write the ratio of a line, its goal, and whether it is met."""
    if row.ratio is None:
        return ""
    if row.goal is None:
        return f"{row.ratio:>15.2f}"
    mark = "✓" if row.goal.is_met(row.ratio) else "✗"
    return f"{row.ratio:>15.2f}{row.goal!s:>8} {mark}"


def common_options(
    description: str | None, *, short: str
) -> argparse.ArgumentParser:
    """Make the options that all programs have; say what short means."""
    parser = argparse.ArgumentParser(
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--rounds", type=int, default=3, help="(3)")
    parser.add_argument("--short", action="store_true", help=short)
    parser.add_argument(
        "--json", action="store_true", help="for programs, at the end"
    )
    return parser


def options(
    description: str | None, *, seconds: float = 5
) -> argparse.ArgumentParser:
    """Make the options of programs that put load on a database."""
    parser = common_options(description, short="two seconds each, one round")
    parser.add_argument(
        "--seconds",
        type=float,
        default=seconds,
        help=f"how long each measurement takes ({seconds:g})",
    )
    parser.add_argument(
        "--database", choices=("sqlite", "postgresql", "both"), default="both"
    )
    return parser


def begun(
    parser: argparse.ArgumentParser,
) -> tuple[argparse.Namespace, Report]:
    """Read the options, and leave the server's processor to it."""
    chosen = parser.parse_args()
    if chosen.short:
        chosen.rounds = 1
        if "seconds" in chosen:
            chosen.seconds = min(chosen.seconds, 2)
    report = Report(parser.prog.removesuffix(".py"), as_json=chosen.json)
    report.say(step_aside())
    return chosen, report
