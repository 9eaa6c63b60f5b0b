"""QR codes, drawn into the page itself."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

import segno

# White around it, of which readers need so much (ISO/IEC 18004, 9.1).
QUIET = 4


@dataclass(frozen=True)
class Drawing:
    """How wide a code is, and its dark lines as a path of SVG."""

    width: int
    dark: str


def drawn(text: str) -> Drawing:
    """Draw a text; a template puts it on the page, as everything else."""
    rows = segno.make_qr(text, error="m").matrix
    dark = "".join(
        line for y, row in enumerate(rows) for line in _lines(y, row)
    )
    return Drawing(len(rows) + 2 * QUIET, dark)


def _lines(y: int, row: bytes | bytearray) -> Iterator[str]:
    """Write the dark runs of a row, each along the middle of it."""
    x = QUIET
    for is_dark, run in groupby(row):
        width = len([*run])
        if is_dark:
            yield f"M{x} {y + QUIET}.5h{width}"
        x += width
