"""The icons that are kept are those that the mark gives."""

import io
import subprocess
import sys
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader

import pytest
from PIL import Image
from PIL.IcoImagePlugin import IcoImageFile

from processes import ROOT

STATIC = ROOT / "src/vestibule/doors/static"
DOOR, PLASTER = (0x0E, 0x5A, 0x4A), (0xF7, 0xF4, 0xEE)


def pixels(content: bytes) -> list[tuple[tuple[int, int], bytes]]:
    """Read every picture in a file."""
    with Image.open(io.BytesIO(content)) as picture:
        if not isinstance(picture, IcoImageFile):
            return [(picture.size, picture.convert("RGBA").tobytes())]
        return [
            (size, picture.ico.getimage(size).tobytes())
            for size in sorted(picture.ico.sizes())
        ]


def test_the_icons_are_drawn_from_the_mark() -> None:
    loader = SourceFileLoader("make_icons", str(ROOT / "script/make-icons"))
    spec = spec_from_loader("make_icons", loader)
    assert spec
    module = module_from_spec(spec)
    sys.dont_write_bytecode, before = True, sys.dont_write_bytecode
    try:
        loader.exec_module(module)
    finally:
        sys.dont_write_bytecode = before
    drawn: dict[str, bytes] = module.icons()

    assert len(drawn) == 5
    for name, content in drawn.items():
        kept = (STATIC / name).read_bytes()
        assert pixels(kept) == pixels(content), name


def test_the_smallest_icon_shows_an_arch_and_a_v() -> None:
    with Image.open(STATIC / "favicon.ico") as icon:
        assert isinstance(icon, IcoImageFile)
        drawn = icon.ico.getimage((16, 16)).copy()
    rows = [
        "".join(_seen(drawn.getpixel((x, y))) for x in range(16))
        for y in range(16)
    ]

    assert rows[2].strip(" ?") == "#" * len(rows[2].strip(" ?"))
    wide, narrow = rows[6].count("o"), rows[14].count("o")
    assert wide >= 6
    assert 1 <= narrow <= 2
    for row in rows[8:]:
        assert row[0] == row[15] == " "
        assert row[1:3] == row[13:15] == "##"


def _seen(pixel: object) -> str:
    """Say what a pixel shows: door, light, nothing, or an edge."""
    assert isinstance(pixel, tuple)
    if pixel[3] == 0:
        return " "
    if pixel == (*DOOR, 255):
        return "#"
    return "o" if pixel == (*PLASTER, 255) else "?"


def test_icons_weigh_little() -> None:
    for path in STATIC.glob("*.png"):
        assert path.stat().st_size < 10_000, path.name
    assert (STATIC / "favicon.ico").stat().st_size < 4_000


@pytest.mark.parametrize("option", ["--check"])
def test_the_script_says_so_as_well(option: str) -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "script/make-icons", option],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout) == (0, "All is current.\n")
