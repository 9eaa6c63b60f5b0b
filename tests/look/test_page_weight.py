"""What a page costs over the wire, on the production server."""

import json
import re
import subprocess
import sys
from typing import Any

import pytest

from processes import PATIENCE, ROOT

pytestmark = pytest.mark.browser

KB = 1024
# With room for a logo; nobody waits for a second on a slow telephone line.
MOST, MOST_SCRIPT = 50 * KB, 10 * KB
Pieces = list[dict[str, Any]]


@pytest.fixture(scope="module")
def weighed() -> dict[str, Pieces]:
    """Weigh the pages, as ``script/bench page_weight`` does."""
    done = subprocess.run(
        [sys.executable, ROOT / "benchmarks/page_weight.py", "--json"],
        capture_output=True,
        text=True,
        timeout=3 * PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, Pieces] = json.loads(done.stdout)
    return found


def test_pages_at_the_door_are_light(weighed: dict[str, Pieces]) -> None:
    for page, pieces in weighed.items():
        scripts = [p["raw"] for p in pieces if p["kind"] == "JavaScript"]

        assert 0 < sum(piece["sent"] for piece in pieces) <= MOST, page
        assert 0 < sum(scripts) <= MOST_SCRIPT, page


@pytest.mark.asvs("3.6.1", "14.2.3")
def test_pages_at_the_door_load_nothing_from_elsewhere_and_no_fonts(
    weighed: dict[str, Pieces],
) -> None:
    for page, pieces in weighed.items():
        kinds = {piece["kind"] for piece in pieces}
        urls = [piece["url"] for piece in pieces]
        origins = {"/".join(url.split("/")[:3]) for url in urls}

        assert len(origins) == 1, page
        # A challenge, for whoever has a passkey.
        asked = {"JSON"} if page == "/login" else set()
        assert kinds - {"Icon"} == {"CSS", "HTML", "JavaScript"} | asked, page
        # Each file once.
        assert len(urls) == len(set(urls)), page


def test_the_table_in_the_documents_is_about_right(
    weighed: dict[str, Pieces],
) -> None:
    text = (ROOT / "docs/look.md").read_text("utf-8")
    row = re.search(r"\*\*Together\*\* \| \*\*\S+\*\* \| \*\*(\S+)\*\*", text)
    assert row
    sent = sum(piece["sent"] for piece in weighed["/login"]) / KB

    assert float(row[1]) == pytest.approx(sent, rel=0.2)
