"""The shipped files, and what the documentation says of them."""

import re
from itertools import product

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


@pytest.mark.parametrize("layout", LAYOUTS)
def test_traefik_takes_out_every_spelling_of_what_it_says_itself(
    layout: str,
) -> None:
    """WSGI has one name for a header, with hyphens or underscores."""
    text = (SHIPPED / layout / "traefik.yml").read_text("utf-8")
    (block,) = re.findall(
        r"(?s) made-up:\n +headers:\n +customRequestHeaders:\n(.+?)\n\n", text
    )
    words = [
        *product(("Forwarded",), ("For", "Host", "Proto", "Uri", "Method")),
        *product(("Vestibule",), ("User", "Id", "Email", "Admin")),
        ("Request", "ID"),
    ]
    wanted = {
        f"X{one}{kind}{two}{word}"
        for (kind, word), one, two in product(words, "-_", "-_")
        if kind != "Forwarded" or "_" in (one, two)
    }

    emptied = [line.strip() for line in block.splitlines()]
    assert sorted(emptied) == sorted(f'{name}: ""' for name in wanted)
    routers = text.count("rule:")
    assert text.count("middlewares: [made-up, ") == routers == 2


@pytest.mark.asvs("16.2.1")
@pytest.mark.parametrize(
    ("name", "address", "number"),
    [
        (
            "nginx.conf",
            "proxy_set_header X-Forwarded-For ",
            "proxy_set_header X-Request-ID $request_id;",
        ),
        (
            "Caddyfile",
            "request_header -X-Forwarded-*",
            "request_header X-Request-ID {http.request.uuid}",
        ),
    ],
)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_wherever_the_address_is_told_the_number_is_the_proxy_s(
    layout: str, name: str, address: str, number: str
) -> None:
    text = (SHIPPED / layout / name).read_text("utf-8")

    assert text.count(number) == text.count(address) > 0
