"""Hostile files, made by code: each is refused or becomes a clean picture.

``MARK`` stands in every place that must not reach what is served, and
``{host}`` and ``{file}`` are a server and a file that nobody may ask for.
"""

import io
import random
import struct
import zipfile
import zlib
from collections.abc import Iterator
from functools import cache
from typing import Any

from PIL import Image

from paintings import PNG, chunk, painted, png, svg

MARK = b"XmarkX"
SCRIPT = b"<script>XmarkX</script>"
SHAPE = '<rect width="40" height="20" fill="#c81e28"/>'

Case = tuple[str, bytes, str]
CLEAN, KIND, BROKEN, PIXELS, BLANK = (
    "clean",
    "picture.kind",
    "picture.unreadable",
    "picture.pixels",
    "picture.blank",
)


def cases(host: str, file: str) -> Iterator[Case]:
    """List all: the name, the file, and what becomes of it."""
    for made in (rasters(), polyglots(), vectors(host, file), bombs()):
        yield from made


def jpeg_with(*segments: tuple[int, bytes], **more: Any) -> bytes:
    """Write a JPEG with segments of its own behind the first marker."""
    content = painted("JPEG", **more)
    own = b"".join(
        struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body
        for marker, body in segments
    )
    return content[:2] + own + content[2:]


def located() -> bytes:
    """Write a photo that tells where it was taken."""
    exif = Image.Exif()
    exif[0x010E] = MARK.decode()
    exif.get_ifd(0x8825).update({1: "N", 2: (48.0, 51.0, 29.0), 29: "XmarkX"})
    return painted("JPEG", exif=exif, comment=MARK, icc_profile=MARK * 99)


@cache
def deflated(size: int) -> bytes:
    """Press a lot of nothing into little."""
    press = zlib.compressobj(9)
    parts = [press.compress(bytes(1 << 20)) for _ in range(size >> 20)]
    return b"".join([*parts, press.flush()])


def animated() -> bytes:
    """Write an animated PNG of many frames."""
    frames = [Image.new("RGB", (50, 50), (n, 0, 0)) for n in range(200)]
    written = io.BytesIO()
    frames[0].save(written, "PNG", save_all=True, append_images=frames[1:])
    return written.getvalue()


def rasters() -> Iterator[Case]:
    """List PNG and JPEG files that lie, burst or tell too much."""
    grey = zlib.compress(bytes(41 * 40))
    text = b"Comment\0\0" + deflated(200 << 20)
    yield "bomb.png", png(30_000, 30_000, deflated(100 << 20)), PIXELS
    yield "wide.png", png(4097, 1, zlib.compress(bytes(4098))), PIXELS
    yield "vast.png", png(2**31 - 1, 2**31 - 1, grey), PIXELS
    yield "no-width.png", png(0, 40, grey), BROKEN
    yield "lying-larger.png", png(400, 400, grey), BROKEN
    yield "lying-smaller.png", png(40, 20, grey), CLEAN
    yield "no-data.png", png(40, 40, b""), BROKEN
    yield "noise.png", png(40, 40, random.Random(1).randbytes(999)), BROKEN
    yield "ztxt.png", png(40, 40, grey, [(b"zTXt", text)]), BROKEN
    itxt = b"Comment\0\1\0\0\0" + deflated(200 << 20)
    yield "itxt.png", png(40, 40, grey, [(b"iTXt", itxt)]), BROKEN
    iccp = b"x\0\0" + deflated(200 << 20)
    yield "iccp.png", png(40, 40, grey, [(b"iCCP", iccp)]), BROKEN
    told = [(b"tEXt", b"Comment\0" + MARK), (b"eXIf", MARK), (b"juNk", MARK)]
    yield "texts.png", png(40, 40, grey, told), CLEAN
    yield "behind.png", painted() + SCRIPT, CLEAN
    yield "checksum.png", painted().replace(b"IDAT", b"IDAX"), BROKEN
    yield "head.png", PNG, BROKEN
    yield "empty.png", b"", KIND
    yield "truncated.png", painted(size=(300, 300))[:-200], BROKEN
    yield "many-frames.png", animated(), CLEAN
    header = struct.pack(">IIBBBBB", 9, 9, 8, 0, 0, 0, 0)
    yield "many-headers.png", PNG + chunk(b"IHDR", header) * 9999, BROKEN
    yield "place.jpg", located(), CLEAN
    yield "cmyk.jpg", painted("JPEG", mode="CMYK", colour=(0, 99, 9, 0)), CLEAN
    yield "progressive.jpg", painted("JPEG", progressive=True), CLEAN
    yield "grey.jpg", painted("JPEG", mode="L", colour=99), CLEAN
    huge = bytearray(painted("JPEG"))
    start = huge.index(b"\xff\xc0") + 5
    huge[start : start + 4] = struct.pack(">HH", 65_500, 65_500)
    yield "huge.jpg", bytes(huge), PIXELS
    huge[start : start + 4] = struct.pack(">HH", 4096, 4096)
    yield "lying.jpg", bytes(huge), CLEAN
    yield "truncated.jpg", painted("JPEG", size=(400, 400))[:-900], BROKEN
    yield "head.jpg", b"\xff\xd8\xff\xe0", BROKEN
    bad = b"Exif\0\0MM\0*\xff\xff\xff\xff" + MARK
    yield "bad-exif.jpg", jpeg_with((0xE1, bad)), CLEAN
    loop = b"Exif\0\0MM\0*\0\0\0\x08\0\1\x87\x69\0\4\0\0\0\1\0\0\0\x08"
    yield "exif-loop.jpg", jpeg_with((0xE1, loop)), CLEAN
    yield "adobe.jpg", jpeg_with((0xED, b"Photoshop 3.0\0" + MARK)), CLEAN


def polyglots() -> Iterator[Case]:
    """List files that are two things, or another than their name says."""
    pressed = io.BytesIO()
    with zipfile.ZipFile(pressed, "w") as archive:
        archive.writestr("x.html", SCRIPT)
    page = b"<!doctype html><body>" + SCRIPT
    yield (
        "png-html.png",
        png(9, 9, zlib.compress(bytes(90)), [(b"tEXt", b"a\0" + page)]),
        CLEAN,
    )
    yield "jpeg-zip.jpg", painted("JPEG") + pressed.getvalue(), CLEAN
    yield "jpeg-html.jpg", jpeg_with((0xFE, page)), CLEAN
    yield "svg-called.png", svg(SHAPE + SCRIPT.decode()), CLEAN
    yield "jpeg-called.svg", painted("JPEG"), CLEAN
    for kind in ("GIF", "BMP", "TIFF", "WEBP", "PPM", "ICO"):
        yield f"{kind.lower()}-called.png", painted(kind) + SCRIPT, KIND
    yield "html-called.svg", page, KIND
    yield (
        "xhtml-called.svg",
        (b'<html xmlns="http://www.w3.org/1999/xhtml">' + SCRIPT + b"</html>"),
        KIND,
    )
    yield "pdf-called.jpg", b"%PDF-1.7\n" + page, KIND
    yield "zip-called.png", pressed.getvalue(), KIND
    yield "php-called.png", b"<?php system('id'); ?>", KIND
    yield "script.png", b"#!/bin/sh\nid\n", KIND
    yield "postscript.jpg", b"%!PS\n(/etc/passwd) run", KIND
    press = zlib.compressobj(wbits=31)
    squeezed = press.compress(svg(SHAPE)) + press.flush()
    yield "svgz-called.svg", squeezed, KIND


def vectors(host: str, file: str) -> Iterator[Case]:
    """List SVGs that run something, or ask for something elsewhere."""
    link = 'xmlns:l="http://www.w3.org/1999/xlink" l:href'
    for name, body in {
        "script": SCRIPT.decode(),
        "handler": '<g onload="XmarkX" onclick="XmarkX"/>',
        "foreign": f"<foreignObject>{SCRIPT.decode()}</foreignObject>",
        "foreign-page": '<foreignObject><iframe xmlns="http://www.w3.org/'
        f'1999/xhtml" src="{host}/frame"/></foreignObject>',
        "link": f'<a {link}="javascript:XmarkX">{SHAPE}</a>',
        "animation": '<set attributeName="href" to="javascript:XmarkX"/>',
        "image-http": f'<image {link}="{host}/a.png" width="9" height="9"/>',
        "image-file": f'<image href="{file}" width="9" height="9"/>',
        "image-url": f'<image href="file://{file}" width="9" height="9"/>',
        "image-data": '<image href="data:text/html,XmarkX" width="9"/>',
        "use-http": f'<use {link}="{host}/a.svg#x"/>',
        "use-file": f'<use href="file://{file}#x"/>',
        "fill-http": f'<path d="M0 0h9v9z" fill="url({host}/a.svg#x)"/>',
        "fill-relative": '<path d="M0 0h9v9z" fill="url(canary.png#x)"/>',
        "style-relative": "<style>.a{mask:url(canary.svg)}</style>",
        "filter-image": f'<filter id="f"><feImage href="{host}/f.png"/>'
        '</filter><rect width="9" height="9" filter="url(#f)"/>',
        "pattern": f'<pattern id="p"><image href="{file}"/></pattern>'
        '<rect width="9" height="9" fill="url(#p)"/>',
        "style-import": f"<style>@import url({host}/a.css);</style>",
        "style-font": "<style>@font-face{font-family:x;"
        f"src:url({host}/x.woff)}}</style><text>XmarkX</text>",
        "style-url": f'<rect style="mask:url({host}/m.svg#m)"/>',
        "style-escape": r"<style>rect{mask:\75 rl(" + f"{host}/e)}}</style>",
        "cursor": f'<rect style="cursor:url({host}/c.png)" width="1"/>',
        "text": '<text font-family="XmarkX">XmarkX</text>',
        "other-space": '<h:script xmlns:h="http://www.w3.org/1999/xhtml">'
        "XmarkX</h:script>",
        "metadata": "<metadata>XmarkX</metadata><!-- XmarkX -->",
        "instruction": f'<?xml-stylesheet href="{host}/p.css"?>',
    }.items():
        yield f"{name}.svg", svg(SHAPE + body), CLEAN
    yield (
        "handler-root.svg",
        svg(SHAPE, f'viewBox="0 0 40 20" onload="XmarkX" href="{host}/r"'),
        CLEAN,
    )
    types = {
        "xxe": f'[<!ENTITY x SYSTEM "file://{file}">]',
        "xxe-http": f'[<!ENTITY x SYSTEM "{host}/x">]',
        "parameter": f'[<!ENTITY % x SYSTEM "{host}/d"> %x;]',
        "laughs": '[<!ENTITY a "ha"><!ENTITY b "&a;&a;"><!ENTITY x "&b;&b;">]',
    }
    for name, inner in types.items():
        content = f"<!DOCTYPE svg {inner}>".encode() + svg("<g>&x;</g>")
        yield f"{name}.svg", content, BROKEN
    usual = f'<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "{host}/dtd">'
    yield "usual-type.svg", usual.encode() + svg(SHAPE), CLEAN
    yield "utf-16.svg", svg(SHAPE).decode().encode("utf-16"), CLEAN
    odd = b"<?xml version='1.0' encoding='utf-7'?>" + svg(SHAPE)
    yield "odd-encoding.svg", odd, BROKEN
    yield "nul.svg", svg(SHAPE + "\0"), BROKEN
    yield "unfinished.svg", svg(SHAPE)[:-9], BROKEN
    yield "two-roots.svg", svg(SHAPE) + svg(SHAPE), BROKEN
    yield "nothing.svg", svg(""), BLANK
    yield "only-text.svg", svg("<text>XmarkX</text>"), BLANK


def chain(element: str, count: int, inner: str = "") -> str:
    """Write elements each of which refers to the one before."""
    return "".join(
        element.format(n=n, before=n - 1) + inner for n in range(1, count)
    )


def bombs() -> Iterator[Case]:
    """List SVGs that are little to read and much to draw."""
    tens = '<use href="#u{before}"/>' * 10
    uses = f'<g id="u0">{SHAPE}</g>'
    uses += chain(f'<g id="u{{n}}">{tens}</g>', 14)
    yield "uses.svg", svg(f'<defs>{uses}</defs><use href="#u13"/>'), BROKEN
    yield "self.svg", svg('<g id="a"><use href="#a"/></g>'), BLANK
    long = f'<rect id="u0" {SHAPE[6:]}'
    long += chain('<use id="u{n}" href="#u{before}"/>', 15_000)
    yield "long-chain.svg", svg(f"<defs>{long}</defs>{SHAPE}"), BROKEN
    for name in ("clipPath", "mask"):
        short = name.removesuffix("Path")
        refer = "clip-path" if short == "clip" else "mask"
        parts = chain(
            f'<{name} id="c{{n}}" {refer}="url(#c{{before}})">', 9000
        ).replace(">", f'><path d="M0 0h9v9z"/></{name}>')
        drawn = f'<rect width="9" height="9" {refer}="url(#c8999)"/>'
        yield f"{short}-chain.svg", svg(parts + drawn), BROKEN
    mask = '<mask id="m"><rect width="40" height="20" fill="#fff"/></mask>'
    masked = '<rect width="40" height="20" mask="url(#m)"/>' * 15_000
    yield "masks.svg", svg(mask + masked), BROKEN
    yield "deep.svg", svg("<g>" * 100_000 + "</g>" * 100_000), BROKEN
    yield "deep-unknown.svg", svg("<x>" * 200_000), BROKEN
    yield "many.svg", svg("<g/>" * 200_000), BROKEN
    points = "".join(f"L{n % 40} {n * 7 % 20}" for n in range(100_000))
    yield "points.svg", svg(f'<path d="M0 0{points}"/>'), CLEAN
    blur = '<filter id="f"><feGaussianBlur stdDeviation="99999"/></filter>'
    big = f'<g filter="url(#f)">{SHAPE}</g>'
    yield "blur.svg", svg(blur + big), CLEAN
    tiny = '<pattern id="p" width="1e-9" height="1e-9"><path d="M0 0"/>'
    yield "pattern.svg", svg(f"{tiny}</pattern>{SHAPE}"), CLEAN
    yield (
        "dashes.svg",
        svg(
            SHAPE
            + '<path d="M0 0L9e9 9e9" stroke="red" stroke-dasharray=".01"/>'
        ),
        CLEAN,
    )
    for size in ("1e30", "99999999px", "100000%", "-5", "nan", "1e999", "0"):
        yield (
            f"size-{size}.svg",
            svg(SHAPE, f'viewBox="0 0 40 20" width="{size}" height="{size}"'),
            CLEAN,
        )
    yield (
        "vast-view.svg",
        svg('<path d="M0 0H1e30V1e30H0z"/>', 'viewBox="0 0 1e30 1e30"'),
        CLEAN,
    )
    yield (
        "thin-view.svg",
        svg('<path d="M0 0H1e9V1H0z"/>', 'viewBox="0 0 1e9 1"'),
        BLANK,
    )
    yield "no-view.svg", svg(SHAPE, 'viewBox="0 0 0 0"'), BROKEN
    yield "nan-view.svg", svg(SHAPE, 'viewBox="nan nan nan nan"'), BROKEN
    rules = "<style>" + "g *{fill:red}" * 100_000 + "</style>"
    yield "rules.svg", svg(rules + SHAPE * 9000), BROKEN
    yield "rule.svg", svg(f"<style>{'a' * 1_500_000}</style>{SHAPE}"), CLEAN
    attributes = " ".join(f'a{n}="1"' for n in range(100_000))
    yield "attributes.svg", svg(f"<g {attributes}/>{SHAPE}"), CLEAN
