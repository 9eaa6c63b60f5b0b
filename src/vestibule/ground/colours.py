"""Colours: how well two can be told apart, and the nearest that can.

Source: WCAG 2.2, contrast ratio and relative luminance; success criteria
1.4.3 (text, 4.5) and 1.4.11 (edges and focus, 3).
"""

import colorsys
import re
from typing import NamedTuple

TEXT, EDGE = 4.5, 3.0
# How finely a lighter or darker shade is looked for.
STEPS = 255


class Colour(NamedTuple):
    """A colour of sRGB, each part from 0 to 255."""

    red: int
    green: int
    blue: int

    @classmethod
    def read(cls, text: str) -> "Colour | None":
        """Read ``#rgb`` or ``#rrggbb``; None if it is written otherwise."""
        digits = text.strip().removeprefix("#")
        if not re.fullmatch(r"\s*#([0-9A-Fa-f]{3}){1,2}\s*", text):
            return None
        if len(digits) == 3:
            digits = "".join(2 * digit for digit in digits)
        return cls(*bytes.fromhex(digits))

    def __str__(self) -> str:
        return f"#{bytes(self).hex().upper()}"

    @property
    def luminance(self) -> float:
        """How much light it gives, from 0 for black to 1 for white."""
        red, green, blue = (_linear(part / 255) for part in self)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    """Undo the curve of sRGB for one part of a colour."""
    if part <= 0.04045:
        return part / 12.92
    return float(((part + 0.055) / 1.055) ** 2.4)


def contrast(one: Colour, other: Colour) -> float:
    """Say how well two colours can be told apart, from 1 to 21."""
    darker, lighter = sorted((one.luminance, other.luminance))
    return (lighter + 0.05) / (darker + 0.05)


def mixed(colour: Colour, other: Colour, share: float) -> Colour:
    """Mix a share of another colour into one, as CSS does in sRGB."""
    parts = zip(colour, other, strict=True)
    return Colour(*(round(one + (two - one) * share) for one, two in parts))


def nearest(
    colour: Colour, grounds: tuple[Colour, ...], least: float = TEXT
) -> Colour | None:
    """Find the shade that passes on all grounds and is nearest to a colour.

    Args:
        colour: keeps its hue and saturation.
        grounds: what it shall be seen on.
        least: the contrast it needs to each of them.

    Returns:
        The shade; None if no shade passes on all of them.
    """
    hue, light, full = colorsys.rgb_to_hls(*(part / 255 for part in colour))
    shades = sorted(
        (step / STEPS for step in range(STEPS + 1)),
        key=lambda shade: abs(shade - light),
    )
    for shade in shades:
        parts = colorsys.hls_to_rgb(hue, shade, full)
        found = Colour(*(round(255 * part) for part in parts))
        if all(contrast(found, ground) >= least for ground in grounds):
            return found
    return None
