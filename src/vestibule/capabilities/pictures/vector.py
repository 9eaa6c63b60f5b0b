"""SVG: what it says is written anew, and the drawing becomes pixels.

Only elements, attributes and values that draw shapes are written; what
could run, load, animate or name anything outside of the file is not. The
SVG itself is never kept nor served.
"""

import re
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

import resvg_py

from vestibule.capabilities.pictures.allowed import (
    ELEMENTS,
    SVG,
    attributes_of,
    rules_of,
)
from vestibule.capabilities.pictures.raster import is_blank, redraw
from vestibule.ground.pictures import KEPT_SIDE, Drawn, NoPicture

MOST_ELEMENTS = 20_000
DEEPEST = 64

_LENGTH = re.compile(
    r"\s*((?:\d+(?:\.\d+)?|\.\d+)(?:e[+-]?\d+)?)(px|pt|pc|mm|cm|in)?\s*"
)
_PIXELS = {
    "px": 1.0,
    "pt": 96 / 72,
    "pc": 16.0,
    "mm": 96 / 25.4,
    "cm": 96 / 2.54,
    "in": 96.0,
}
# What browsers take for the size of an SVG that tells none.
_USUAL = 300.0, 150.0


def draw(content: bytes) -> Drawn:
    """Draw an SVG as a PNG.

    Raises:
        NoPicture: it is no SVG, too much of one, or draws nothing.
    """
    try:
        drawn = resvg_py.svg_to_bytes(
            svg_string=rewritten(content), skip_system_fonts=True
        )
    except ValueError as error:
        raise NoPicture("unreadable") from error
    if is_blank(drawn):
        raise NoPicture("blank")
    return redraw(drawn)


def rewritten(content: bytes) -> str:
    """Write an SVG anew, with nothing but what draws shapes.

    Raises:
        NoPicture: it is no SVG, has a document type of its own, or holds
            too many elements or too deep ones.
    """
    return _Rewriting(content).text


class _Rewriting:
    """One SVG as it is read and written at once, without a tree."""

    def __init__(self, content: bytes) -> None:
        self._parts: list[str] = []
        self._count = self._depth = self._skipped = 0
        self._style: list[str] | None = None
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = self._doctype
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        try:
            parser.Parse(content, True)
        except (expat.ExpatError, OSError, LookupError, ValueError) as error:
            is_meant = b"<svg" in content[:4096]
            raise NoPicture("unreadable" if is_meant else "kind") from error
        self.text = "".join(self._parts)

    def _doctype(
        self, _: str, __: str | None, ___: str | None, has_more: int
    ) -> None:
        """Refuse a document type that could declare entities.

        Attack: entities that unfold a thousandfold or name a file.
        """
        if has_more:
            raise NoPicture("unreadable")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        """Write the beginning of an element, or skip it with its parts."""
        space, _, local = name.rpartition(" ")
        self._count += 1
        self._depth += 1
        if self._count == 1 and (local != "svg" or space not in ("", SVG)):
            raise NoPicture("kind")
        # Attack: a drawing so deep that it overflows the stack.
        if self._count > MOST_ELEMENTS or self._depth > DEEPEST:
            raise NoPicture("unreadable")
        is_known = space in ("", SVG) and local in ELEMENTS
        if self._skipped or self._style is not None or not is_known:
            self._skipped += 1
        elif local == "style":
            self._style = []
        else:
            own = dict(attributes_of(local, attributes))
            if self._count == 1:
                own |= _frame(own)
            written = "".join(f" {k}={quoteattr(v)}" for k, v in own.items())
            self._parts.append(f"<{local}{written}>")

    def _end(self, name: str) -> None:
        """Write the end of an element that was not skipped."""
        self._depth -= 1
        if self._skipped:
            self._skipped -= 1
        elif self._style is not None:
            rules = escape("".join(rules_of("".join(self._style))))
            self._parts.append(f"<style>{rules}</style>")
            self._style = None
        else:
            self._parts.append(f"</{name.rpartition(' ')[2]}>")

    def _characters(self, text: str) -> None:
        """Keep text only where it is a style sheet."""
        if self._style is not None and not self._skipped:
            self._style.append(text)


def _frame(root: dict[str, str]) -> dict[str, str]:
    """Say how large to draw: the longer side as long as is kept."""
    try:
        _, _, width, height = box = [
            float(part)
            for part in re.split(r"[\s,]+", root["viewBox"].strip())
        ]
    except (KeyError, ValueError):
        width, height = (
            _pixels(root.get(side, ""), usual)
            for side, usual in zip(("width", "height"), _USUAL, strict=True)
        )
        box = [0.0, 0.0, width, height]
    if not (0 < width < float("inf") and 0 < height < float("inf")):
        raise NoPicture("unreadable")
    scale = KEPT_SIDE / max(width, height)
    return {
        "xmlns": SVG,
        "viewBox": " ".join(f"{part:.9g}" for part in box),
        "width": str(max(1, round(width * scale))),
        "height": str(max(1, round(height * scale))),
    }


def _pixels(length: str, usual: float) -> float:
    """Read a length in pixels; one in another measure is the usual one."""
    found = _LENGTH.fullmatch(length.lower())
    return float(found[1]) * _PIXELS[found[2] or "px"] if found else usual
