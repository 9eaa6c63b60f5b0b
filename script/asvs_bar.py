"""A drawing of how many rows of ASVS are held, level by level.

It has its own ground, for it stands on light and on dark pages.
"""

from collections import Counter
from collections.abc import Iterator

WIDTH, EDGE, LEFT, STEP, BAR, FIGURE = 640, 20, 76, 34, 16, 200
COLOURS = {
    "held": ("#0E5A4A", "#4FBF9F"),
    "open": ("#B5651D", "#E09A50"),
    "deployer": ("#55605A", "#A9B0A9"),
    "later": ("#A89F8C", "#6B7476"),
    "absent": ("#E4DED1", "#353C3E"),
}


def asvs_bar(levels: dict[str, Counter[str]]) -> str:
    """Draw a bar for each level, and below what the colours mean."""
    height = EDGE + STEP * len(levels) + 50
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" '
        f'height="{height}" viewBox="0 0 {WIDTH} {height}" role="img">',
        f"<style>{style()}</style>",
        f'<rect class="ground" x=".5" y=".5" width="{WIDTH - 1}" '
        f'height="{height - 1}" rx="8"/>',
    ]
    for place, (title, states) in enumerate(levels.items()):
        parts += bar(title, states, EDGE + STEP * place)
    parts += legend(EDGE + STEP * len(levels) + 14)
    return "\n".join([*parts, "</svg>", ""])


def style() -> str:
    """Write the colours, for the light and for the dark."""
    light = "".join(
        f".{name} {{ fill: {one} }}\n" for name, (one, _) in COLOURS.items()
    )
    dark = "".join(
        f".{name} {{ fill: {one} }}\n" for name, (_, one) in COLOURS.items()
    )
    return (
        "\ntext { font: 14px system-ui, sans-serif; fill: #1E2421 }\n"
        ".figure { text-anchor: end; font-weight: 600 }\n"
        f".ground {{ fill: #F7F4EE; stroke: #D8D1C3 }}\n{light}"
        "@media (prefers-color-scheme: dark) {\n"
        "text { fill: #ECE8DF }\n"
        f".ground {{ fill: #1B1F21; stroke: #353C3E }}\n{dark}}}\n"
    )


def bar(title: str, states: Counter[str], top: int) -> Iterator[str]:
    """Draw one bar, with how many of its rows that apply are held."""
    yield f'<text x="{EDGE}" y="{top + 18}">{title}</text>'
    room = WIDTH - LEFT - 2 * EDGE - FIGURE
    at = float(EDGE + LEFT)
    for name in COLOURS:
        long = room * states[name] / states.total()
        if long:
            yield (
                f'<rect class="{name}" x="{at:.1f}" y="{top + 5}" '
                f'width="{long:.1f}" height="{BAR}"/>'
            )
        at += long
    applies = states["held"] + states["open"]
    yield (
        f'<text class="figure" x="{WIDTH - EDGE}" y="{top + 18}">'
        f"{states['held']} of {applies} that apply</text>"
    )


def legend(top: int) -> Iterator[str]:
    """Say what the colours mean."""
    step = (WIDTH - 2 * EDGE) // len(COLOURS)
    for place, name in enumerate(COLOURS):
        at = EDGE + step * place
        yield (
            f'<rect class="{name}" x="{at}" y="{top}" width="12" height="12"/>'
            f'<text x="{at + 18}" y="{top + 11}">{name}</text>'
        )
