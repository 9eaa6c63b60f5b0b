"""The pictures in README and docs, and the script that takes them."""

import io
import re
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from processes import PATIENCE, ROOT

SCREENS = ROOT / "docs/static/screens"
MOST_EACH, MOST_TOGETHER = 60 * 1024, 600 * 1024


def test_pictures_are_small() -> None:
    sizes = {path.name: path.stat().st_size for path in SCREENS.iterdir()}

    assert {name for name, size in sizes.items() if size > MOST_EACH} == set()
    assert sum(sizes.values()) <= MOST_TOGETHER


def test_every_picture_is_shown_and_every_one_shown_is_there() -> None:
    shown = set()
    for path in (ROOT / "README.md", *(ROOT / "docs").glob("*.md")):
        text = path.read_text("utf-8")
        for name in re.findall(r'[("]([\w/.-]*screens/[\w-]+\.png)[)"]', text):
            shown.add((path.parent / name).resolve())

    assert shown == set(SCREENS.iterdir())


@pytest.mark.browser
def test_the_script_takes_a_picture_of_a_page(tmp_path: Path) -> None:
    name = "sign-in-phone-dark"
    done = subprocess.run(
        [
            sys.executable,
            ROOT / "script/make-screenshots",
            f"--to={tmp_path}",
            name,
        ],
        capture_output=True,
        text=True,
        timeout=2 * PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (made,) = tmp_path.iterdir()
    picture = Image.open(io.BytesIO(made.read_bytes())).convert("RGB")

    assert made.name == f"{name}.png"
    assert picture.size == (360, 740)
    # It is dark, and something is on it.
    assert sum(picture.getpixel((2, 400))) < 150  # type: ignore[arg-type]
    assert len(picture.getcolors(1 << 16) or []) > 16
    with Image.open(SCREENS / made.name) as kept:
        assert kept.size == picture.size
