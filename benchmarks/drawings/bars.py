r"""Draw what was measured as bars, with a mark where the goal is.

    script/bench check --json |
        .venv/bin/python benchmarks/drawings/bars.py \
        "Session checks against the floor" docs/static/check.svg

Each line of the tables that has a ratio becomes a bar. The drawing has its
own ground, for it stands on light and on dark pages.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any

WIDTH, EDGE, STEP, BAR = 520, 20, 46, 12
HEADING = 38
LONGEST = WIDTH - 2 * EDGE - 60
STYLE = """
text { font: 15px system-ui, sans-serif; fill: #1E2421 }
.ground { fill: #F7F4EE; stroke: #D8D1C3 }
.figure { text-anchor: end; font-weight: 600 }
.title { font-weight: 600; font-size: 16px }
.kind { font-weight: 600; fill: #55605A }
.bar { fill: #0E5A4A }
.missed { fill: #B5651D }
.goal { stroke: #1E2421; stroke-width: 2 }
.one { fill: none; stroke: #A89F8C; stroke-dasharray: 2 4 }
@media (prefers-color-scheme: dark) {
  text { fill: #ECE8DF }
  .ground { fill: #1B1F21; stroke: #353C3E }
  .kind { fill: #A9B0A9 }
  .bar { fill: #4FBF9F }
  .missed { fill: #E09A50 }
  .goal { stroke: #ECE8DF }
  .one { stroke: #6B7476 }
}
"""


def bars(told: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any] | None]]:
    """List what is to be drawn: headings, and lines that have a ratio."""
    for table in told["tables"]:
        rows = [row for row in table["rows"] if "ratio" in row]
        if rows:
            yield table["title"], None
        for row in rows:
            yield row["name"], row


def line(
    name: str, row: dict[str, Any] | None, top: int, scale: float
) -> Iterator[str]:
    """Draw a heading, or a bar below its label, with goal and figure."""
    if row is None:
        yield (
            f'<text class="kind" x="{EDGE}" y="{top + 24}">'
            f"{escape(name)}</text>"
        )
        return
    long = row["ratio"] * scale
    kind = "bar" if row.get("met", True) else "missed"
    at = top + 24
    yield f'<text x="{EDGE}" y="{top + 16}">{escape(name)}</text>'
    yield (
        f'<rect class="{kind}" x="{EDGE}" y="{at}" width="{long:.1f}" '
        f'height="{BAR}" rx="2"/>'
    )
    if "goal" in row:
        goal = EDGE + number(row) * scale
        yield (
            f'<path class="goal" d="M{goal:.1f} {at - 4}v{BAR + 8}">'
            f"<title>{escape('goal ' + row['goal'])}</title></path>"
        )
    yield (
        f'<text class="figure" x="{WIDTH - EDGE}" y="{at + BAR - 1}">'
        f"{row['ratio']:.2f}</text>"
    )


def number(row: dict[str, Any]) -> float:
    """Read the number in a goal such as "≥ 0.9"."""
    return float(row["goal"].split()[-1])


def drawing(title: str, told: dict[str, Any]) -> str:
    """Draw everything as one SVG."""
    found = [*bars(told)]
    rows = [row for _, row in found if row is not None]
    most = max(
        1.0,
        *(row["ratio"] for row in rows),
        *(number(row) for row in rows if "goal" in row),
    )
    scale, top, body = LONGEST / most, 40, []
    one = EDGE + scale
    for name, row in found:
        below = top + (HEADING if row is None else STEP)
        if row is not None:
            # Where there are bars, and not through the headings.
            body.append(f'<path class="one" d="M{one:.1f} {top}V{below}"/>')
        body += line(name, row, top, scale)
        top = below
    high = top + 14
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" '
            f'height="{high}" viewBox="0 0 {WIDTH} {high}" role="img" '
            f'aria-label="{escape(title)}">',
            f"<style>{STYLE}</style>",
            f'<rect class="ground" x=".5" y=".5" width="{WIDTH - 1}" '
            f'height="{high - 1}" rx="8"/>',
            f'<text class="title" x="{EDGE}" y="32">{escape(title)}</text>',
            *body,
            "</svg>",
            "",
        ]
    )


def main() -> None:
    """Read what a program of the measurements tells, and draw it."""
    options = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    options.add_argument("title")
    options.add_argument("file", type=Path)
    chosen = options.parse_args()
    told = json.load(sys.stdin)
    chosen.file.write_text(drawing(chosen.title, told), "utf-8")


if __name__ == "__main__":
    main()
