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

WIDTH, LABELS, STEP, BAR = 760, 290, 28, 16
LONGEST = WIDTH - LABELS - 90
STYLE = """
text { font: 14px system-ui, sans-serif; fill: #24292e }
.ground { fill: #fdfcfa; stroke: #c9c4ba }
.figure { text-anchor: end }
.title { font-weight: 600; font-size: 16px }
.kind { font-weight: 600; fill: #59616a }
.bar { fill: #2f7d6b }
.missed { fill: #b3652a }
.goal { stroke: #24292e; stroke-width: 2 }
.one { stroke: #c9c4ba; stroke-dasharray: 3 3 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6e3dd }
  .ground { fill: #171b1e; stroke: #41484e }
  .kind { fill: #a9b0b6 }
  .bar { fill: #5db8a2 }
  .missed { fill: #d98c50 }
  .goal { stroke: #e6e3dd }
  .one { stroke: #5b6268 }
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
    """Draw a heading, or a bar with its label, its goal and its figure."""
    text = f'x="20" y="{top + BAR - 3}"'
    if row is None:
        yield f'<text class="kind" {text}>{escape(name)}</text>'
        return
    long = row["ratio"] * scale
    kind = "bar" if row.get("met", True) else "missed"
    yield f"<text {text}>{escape(name)}</text>"
    yield (
        f'<rect class="{kind}" x="{LABELS}" y="{top}" width="{long:.1f}" '
        f'height="{BAR}" rx="2"/>'
    )
    if "goal" in row:
        at = LABELS + float(row["goal"].split()[-1]) * scale
        yield (
            f'<path class="goal" d="M{at:.1f} {top - 3}v{BAR + 6}">'
            f"<title>{escape('goal ' + row['goal'])}</title></path>"
        )
    yield (
        f'<text class="figure" x="{WIDTH - 20}" y="{top + BAR - 3}">'
        f"{row['ratio']:.2f}</text>"
    )


def drawing(title: str, told: dict[str, Any]) -> str:
    """Draw everything as one SVG."""
    found = [*bars(told)]
    rows = [row for _, row in found if row is not None]
    most = max(
        1.0,
        *(row["ratio"] for row in rows),
        *(float(r["goal"].split()[-1]) for r in rows if "goal" in r),
    )
    scale = LONGEST / most
    high = 60 + STEP * len(found)
    one = LABELS + scale
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} '
        f'{high}" role="img" aria-label="{escape(title)}">',
        f"<style>{STYLE}</style>",
        f'<rect class="ground" x=".5" y=".5" width="{WIDTH - 1}" '
        f'height="{high - 1}" rx="8"/>',
        f'<text class="title" x="20" y="30">{escape(title)}</text>',
        f'<path class="one" d="M{one:.1f} 44V{high - 12}"/>',
    ]
    for place, (name, row) in enumerate(found):
        lines += line(name, row, 50 + STEP * place, scale)
    return "\n".join([*lines, "</svg>", ""])


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
