"""The shipped files, and what the documentation says of them."""

import re

import pytest

from processes import ROOT
from proxies import SHIPPED
from snippets import blocks

PAGE = ROOT / "docs/operators/forward-auth.md"
LAYOUTS = ("one_host", "two_hosts")


def test_what_the_page_shows_stands_in_the_files() -> None:
    files = [p.read_text("utf-8") for p in SHIPPED.glob("*/*") if p.is_file()]
    shown = [block for block in blocks(PAGE) if block.verb == "not"]
    assert len(shown) == 2
    for block in shown:
        wanted = [line.strip() for line in block.text.splitlines()]
        assert any(
            "\n".join(wanted) in re.sub(r"(?m)^\s+", "", text)
            for text in files
        ), block.place


@pytest.mark.parametrize("layout", LAYOUTS)
def test_traefik_s_file_says_that_it_is_untested(layout: str) -> None:
    first, *_ = (SHIPPED / layout / "traefik.yml").read_text().splitlines()

    assert first.startswith("# UNTESTED")
    assert "**Untested**" in PAGE.read_text("utf-8")
