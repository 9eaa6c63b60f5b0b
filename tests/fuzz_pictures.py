"""Damaged pictures for the fuzz, and a fork for each that draws it.

A process for every picture takes a fifth of a second before it draws; a
fork of one that has loaded everything takes milliseconds, and draws under
the same limits, by the same code.
"""

import random
import re
import struct
import subprocess
import sys
import zlib
from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from hostile_files import jpeg_with
from paintings import PNG, chunk, painted, png, svg
from vestibule.capabilities.pictures import processor
from vestibule.ground.pictures import LARGEST_FILE, NoPicture

CHILD = Path(__file__).with_name("forking_child.py")
SIZES = [0, 1, 2, 255, 256, 4095, 4096, 4097, 65535, 2**31 - 1, 2**32 - 1]
ELEMENTS = [
    *("g", "rect", "circle", "path", "use", "defs", "mask", "clipPath"),
    *("filter", "pattern", "linearGradient", "stop", "style", "symbol"),
    *("image", "text", "script", "foreignObject", "switch", "svg", "marker"),
]
VALUES = [
    *("0", "-1", "1e308", "nan", "inf", "1e-320", "100%", "url(#a)", "#a"),
    *("M0 0", "M0 0h1e9", "M 0 0 A 1 1 1 1 1 1 1", "matrix(1e30 0 0 0 0 0)"),
    *("scale(0)", "rotate(nan)", "url(file:///etc/passwd)", "red;", "&#0;"),
    *("currentColor", "inherit", "0 0 0 0", "0 0 1e9 1e9", "9" * 400, ""),
]


@cache
def trunk() -> list[bytes]:
    """Paint the pictures that are then damaged, of every kind we take."""
    shapes = (
        '<style>.a{fill:url(#g)}</style><linearGradient id="g"><stop '
        'stop-color="#123" offset="1"/></linearGradient><clipPath id="c">'
        '<path d="M0 0h9v9z"/></clipPath><g id="a" transform="scale(2)">'
        '<path class="a" d="M0 0L9 9C1 2 3 4 5 6A1 2 3 0 1 4 5z"/></g>'
        '<use href="#a" x="3" clip-path="url(#c)" opacity=".5"/>'
        '<circle cx="9" cy="9" r="4" stroke="red" stroke-dasharray="1 2"/>'
    )
    grey = zlib.compress(bytes(21 * 20))
    texts = [(b"tEXt", b"a\0b"), (b"gAMA", struct.pack(">I", 45455))]
    return [
        painted(size=(30, 20)),
        painted(mode="RGBA", colour=(1, 2, 3, 99), size=(9, 9)),
        painted(mode="P", colour=3, size=(9, 9)),
        painted(mode="I;16", colour=300, size=(9, 9)),
        painted(mode="1", colour=1, size=(9, 9)),
        png(20, 20, grey, texts),
        painted("JPEG", size=(30, 20)),
        painted("JPEG", size=(30, 20), progressive=True),
        painted("JPEG", mode="CMYK", colour=(0, 99, 9, 0), size=(9, 9)),
        painted("JPEG", mode="L", colour=99, size=(9, 9)),
        jpeg_with(
            (0xE1, b"Exif\0\0MM\0*\0\0\0\x08\0\1\1\x12\0\3\0\0\0\1\0\6")
        ),
        svg(shapes),
        svg(shapes, 'width="40px" height="2em" viewBox="0 0 40 20"'),
    ]


def damaged(rng: random.Random) -> bytes:
    """Make a picture that is damaged somewhere, or seldom a whole one."""
    content = rng.choice(trunk())
    for _ in range(rng.choice([0, 1, 1, 1, 2, 2, 3, 5])):
        if content.startswith(b"<"):
            content = rng.choice([_svg, _svg, _svg, _bytes])(rng, content)
        elif content.startswith(PNG):
            content = rng.choice([_chunks, _chunks, _bytes])(rng, content)
        else:
            content = rng.choice([_segments, _bytes])(rng, content)
    return content[:LARGEST_FILE]


def _bytes(rng: random.Random, content: bytes) -> bytes:
    """Flip bits, cut, repeat or overwrite."""
    found = bytearray(content)
    for _ in range(rng.randint(1, 8)):
        at = rng.randrange(len(found) + 1)
        roll = rng.randrange(6)
        if roll < 3 and at < len(found):
            found[at] ^= 1 << rng.randrange(8)
        elif roll == 3:
            found[at : at + 4] = struct.pack(">I", rng.choice(SIZES))
        elif roll == 4:
            found[at:at] = found[at : at + rng.randint(1, 99)]
        elif rng.random() < 0.3:
            del found[at:]
    return bytes(found)


def _chunks(rng: random.Random, content: bytes) -> bytes:
    """Change, move, repeat or lose chunks, whose checksums stay right."""
    parts: list[tuple[bytes, bytes]] = []
    at = 8
    while at + 8 <= len(content):
        (size,) = struct.unpack_from(">I", content, at)
        kind = content[at + 4 : at + 8]
        parts.append((kind, content[at + 8 : at + 8 + size]))
        at += size + 12
    if not parts:
        return _bytes(rng, content)
    place = rng.randrange(len(parts))
    kind, body = parts[place]
    roll = rng.randrange(6)
    if roll == 0:
        del parts[place]
    elif roll == 1:
        parts.insert(rng.randrange(len(parts)), (kind, body))
    elif roll == 2 and kind == b"IHDR" and len(body) == 13:
        parts[place] = kind, _header(rng, body)
    elif roll == 3:
        odd = [b"PLTE", b"tRNS", b"iCCP", b"acTL", b"fdAT", b"eXIf", b"juNk"]
        parts.insert(
            place, (rng.choice(odd), rng.randbytes(rng.choice(SMALL)))
        )
    elif body:
        parts[place] = kind, _bytes(rng, body)
    return PNG + b"".join(chunk(*part) for part in parts)


SMALL = [0, 1, 3, 256, 768, 9999]


def _header(rng: random.Random, body: bytes) -> bytes:
    """Say another size, depth or kind of pixels."""
    width, height, *rest = struct.unpack(">IIBBBBB", body)
    if rng.random() < 0.5:
        width = rng.choice([width, *SIZES])
        height = rng.choice([height, *SIZES])
    else:
        rest[rng.randrange(5)] = rng.choice([0, 1, 2, 3, 4, 6, 8, 16, 255])
    return struct.pack(">IIBBBBB", width, height, *rest)


def _segments(rng: random.Random, content: bytes) -> bytes:
    """Change the size or the tables of a JPEG, or add a segment."""
    markers = [m.start() for m in re.finditer(rb"\xff[\xc0-\xfe]", content)]
    if not markers:
        return _bytes(rng, content)
    at = rng.choice(markers)
    found = bytearray(content)
    roll = rng.randrange(4)
    if roll == 0:
        found[at + 2 : at + 4] = struct.pack(">H", rng.choice(SIZES[:9]))
    elif roll == 1:
        found[at + 5 : at + 9] = rng.randbytes(4)
    elif roll == 2:
        found[at + 1] = rng.randrange(0xC0, 0xFF)
    else:
        body = rng.randbytes(rng.choice(SMALL))
        marker = bytes([0xFF, rng.choice([0xE0, 0xE1, 0xE2, 0xED, 0xFE])])
        found[at:at] = marker + struct.pack(">H", len(body) + 2) + body
    return bytes(found)


def _svg(rng: random.Random, content: bytes) -> bytes:
    """Change an element, an attribute or a value of an SVG."""
    text = content.decode("utf-8", "replace")
    roll = rng.randrange(5)
    if roll == 0:
        return _swapped(rng, text, r"(?<=[</])[a-zA-Z]+", ELEMENTS).encode()
    if roll == 1:
        return _swapped(rng, text, r'(?<==")[^"]*', VALUES).encode()
    if roll == 2:
        name, value = rng.choice(ELEMENTS), rng.choice(VALUES)
        odd = f'<{name} id="a" d="{value}" x="{value}" href="#a"'
        inner = rng.choice(["/>", f"><{name}/></{name}>", f">{name}</{name}>"])
        return text.replace("</svg>", f"{odd}{inner}</svg>").encode()
    if roll == 3:
        heads = [
            '<?xml version="1.0" encoding="utf-16"?>',
            '<!DOCTYPE svg [<!ENTITY a "b">]>',
            '<!DOCTYPE svg SYSTEM "http://localhost/x">',
            "\ufeff",
            "<!-- -- -->",
        ]
        return (rng.choice(heads) + text).encode()
    return _swapped(rng, text, r"\d+", [*VALUES, "12", "7.5"]).encode()


def _swapped(rng: random.Random, text: str, what: str, by: list[str]) -> str:
    """Put something in the place of one of what fits a pattern."""
    places = [*re.finditer(what, text)]
    if not places:
        return text
    place = rng.choice(places)
    return text[: place.start()] + rng.choice(by) + text[place.end() :]


@dataclass
class Forks:
    """A process that draws each file in a fork of itself.

    ``ends`` counts what became of the files, ``odd`` keeps some that ended
    their decoder.
    """

    ends: Counter[str] = field(default_factory=Counter)
    odd: dict[str, bytes] = field(default_factory=dict)
    slowest: float = 0.0

    def __post_init__(self) -> None:
        """Start the process."""
        self.process = subprocess.Popen(
            [sys.executable, "-B", str(CHILD)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    def ask(self, content: bytes) -> bytes:
        """Have a file drawn; what the fork said, as its parent hears it."""
        into, out = self.process.stdin, self.process.stdout
        assert into
        assert out
        into.write(struct.pack(">I", len(content)) + content)
        into.flush()
        seconds, size, told = struct.unpack(">dII", out.read(16))
        answer, error = out.read(size), out.read(told).decode()
        self.slowest = max(self.slowest, seconds)
        if error:
            self.ends[error] += 1
            self.odd.setdefault(error, content)
        return answer

    def draw(self, content: bytes) -> str:
        """Draw a file, and say in a word what became of it."""
        answer = self.ask(content)
        try:
            drawn = processor._read(answer)
        except NoPicture as none:
            end = str(none.fault)
        else:
            assert b"<svg" not in drawn.content, content
            end = drawn.kind
        self.ends[end] += 1
        return end

    def close(self) -> None:
        """End the process."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()
