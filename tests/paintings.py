"""Pictures made by code: friendly ones, and pieces for hostile ones."""

import struct
import zlib
from collections.abc import Iterable
from io import BytesIO
from typing import Any

from PIL import Image
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse, encode_multipart

from conftest import HTML, Browser, form_token

PNG = b"\x89PNG\r\n\x1a\n"
XMLNS = 'xmlns="http://www.w3.org/2000/svg"'
RED, BLUE = (200, 30, 40), (20, 60, 180)


def painted(
    kind: str = "PNG",
    size: tuple[int, int] = (60, 40),
    colour: Any = RED,
    mode: str = "RGB",
    **more: Any,
) -> bytes:
    """Paint a picture of one colour."""
    written = BytesIO()
    Image.new(mode, size, colour).save(written, kind, **more)
    return written.getvalue()


def svg(body: str, attributes: str = 'viewBox="0 0 40 20"') -> bytes:
    """Write an SVG around some elements."""
    return f"<svg {XMLNS} {attributes}>{body}</svg>".encode()


def chunk(kind: bytes, content: bytes) -> bytes:
    """Write a chunk of a PNG with its right checksum."""
    length = struct.pack(">I", len(content))
    checksum = struct.pack(">I", zlib.crc32(kind + content))
    return length + kind + content + checksum


def png(
    width: int,
    height: int,
    data: bytes,
    before: Iterable[tuple[bytes, bytes]] = (),
) -> bytes:
    """Write a grey PNG of the given header, whatever its data are."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    parts = [PNG, chunk(b"IHDR", header)]
    parts += [chunk(kind, content) for kind, content in before]
    parts += [chunk(b"IDAT", data), chunk(b"IEND", b"")]
    return b"".join(parts)


def grown(content: bytes, size: int) -> bytes:
    """Make a PNG larger by a chunk that nobody reads."""
    spare = size - len(content) - 12
    end = chunk(b"IEND", b"")
    assert content.endswith(end)
    assert spare >= 0
    return content.removesuffix(end) + chunk(b"juNk", b"x" * spare) + end


def opened(content: bytes) -> Image.Image:
    """Decode a picture that Vestibule serves."""
    image = Image.open(BytesIO(content), formats=("PNG", "JPEG"))
    image.load()
    return image


def is_like(colour: Any, other: Any) -> bool:
    """Tell whether two colours look alike, as after JPEG."""
    return all(
        abs(a - b) < 8 for a, b in zip(colour[:3], other[:3], strict=True)
    )


def choose(
    browser: Browser, content: bytes, name: str = "me.png", **typed: Any
) -> TestResponse:
    """Choose a file on alice's profile page, and save."""
    fields = {
        "username": "alice",
        "email": "alice@example.com",
        **typed,
        "csrf_token": form_token(browser.open("/profile")),
        "picture": FileStorage(BytesIO(content), name),
    }
    return send_parts(browser, "/profile", fields)


def send_parts(
    browser: Browser, path: str, fields: dict[str, Any]
) -> TestResponse:
    """Send a form in parts; the test client would leave large ones open."""
    boundary, body = encode_multipart(fields)
    kind = f"multipart/form-data; boundary={boundary}"
    return browser.client.post(
        path, data=body, content_type=kind, headers=HTML
    )
