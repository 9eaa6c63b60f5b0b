"""Files for everybody: kept long, sent small, and never the wrong one."""

import gzip
import os
import re
from pathlib import Path

import pytest
from flask import Flask, url_for
from flask.testing import FlaskClient

from conftest import Browser
from hosts import one_database
from vestibule.doors import files
from vestibule.settings import Settings

pytestmark = one_database
CSS = "/static/vestibule/vestibule.css"
PACKED = {"Accept-Encoding": "gzip, deflate, br"}
YEAR = 365 * 86400


def address(app: Flask, name: str = "vestibule.css") -> str:
    """Ask where a file is, as any template does."""
    with app.test_request_context():
        return url_for("vestibule.static", filename=name)


@pytest.mark.asvs("13.4.7")
def test_every_file_is_kept_for_a_year_under_an_address_of_its_content(
    app: Flask, program: FlaskClient
) -> None:
    names = [path.name for path in files.FOLDER.iterdir()]
    assert len(names) >= 8
    for name in names:
        where = address(app, name)
        found = program.get(where)

        assert re.fullmatch(rf".*/{name}\?v=[0-9a-f]{{8}}", where)
        assert found.status_code == 200
        assert found.cache_control.public
        assert found.cache_control.max_age == YEAR
        assert found.cache_control.immutable
        assert found.mimetype != "application/octet-stream", name
        assert found.data == (files.FOLDER / name).read_bytes()


@pytest.mark.parametrize("query", ["", "?v=", "?v=00000000", "?v=<script>"])
def test_any_other_address_is_kept_for_minutes_only(
    program: FlaskClient, query: str
) -> None:
    found = program.get(CSS + query)

    assert found.status_code == 200
    assert found.cache_control.max_age == 300
    assert not found.cache_control.immutable


def test_a_page_names_all_its_files_by_their_content(
    browser: Browser,
) -> None:
    page = browser.open("/login").text
    named = re.findall(r'(?:href|src)="(/static/[^"]+)"', page)

    assert len(named) >= 4
    for where in named:
        assert re.search(r"\?v=[0-9a-f]{8}$", where), where


def test_what_a_browser_has_already_is_not_sent_again(
    app: Flask, program: FlaskClient
) -> None:
    for headers in ({}, PACKED):
        first = program.get(CSS, headers=headers)
        mark = {"If-None-Match": first.headers["ETag"]}
        again = program.get(CSS, headers={**headers, **mark})

        assert again.status_code == 304
        assert again.data == b""
        assert again.headers["ETag"] == first.headers["ETag"]


def test_text_is_sent_compressed_to_who_can_read_it(
    program: FlaskClient,
) -> None:
    plain, packed = program.get(CSS), program.get(CSS, headers=PACKED)
    refused = program.get(CSS, headers={"Accept-Encoding": "gzip;q=0"})

    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data == refused.data
    assert len(packed.data) < len(plain.data) / 2
    for found in (plain, packed, refused):
        assert "Accept-Encoding" in found.vary
    for found in (plain, refused):
        assert "Content-Encoding" not in found.headers
    assert plain.headers["ETag"] != packed.headers["ETag"]


def test_what_is_compressed_already_is_sent_as_it_is(
    app: Flask, program: FlaskClient
) -> None:
    found = program.get(address(app, "icon-512.png"), headers=PACKED)

    assert "Content-Encoding" not in found.headers
    assert found.data.startswith(b"\x89PNG")


def test_pages_are_never_compressed(browser: Browser) -> None:
    found = browser.client.get(
        "/login", headers={**PACKED, "Accept": "text/html"}
    )

    assert "Content-Encoding" not in found.headers


def test_the_sign_in_page_weighs_little(browser: Browser) -> None:
    page = browser.open("/login")
    loaded = re.findall(
        r'(?:rel="stylesheet" href|<script src|<img[^>]* src)="([^"]+)"',
        page.text,
    )
    sizes = {
        where: len(browser.client.get(where, headers=PACKED).data)
        for where in loaded
    }

    assert len(sizes) >= 2
    assert len(page.data) + sum(sizes.values()) <= 50_000
    scripts = [size for where, size in sizes.items() if ".js" in where]
    assert sum(scripts) <= 10_000


def test_a_file_that_changes_gets_another_address_at_once(
    app: Flask,
    program: FlaskClient,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(files, "FOLDER", tmp_path)
    file = tmp_path / "vestibule.css"
    file.write_text("one")
    old = address(app)
    assert program.get(old).text == "one"
    file.write_text("two")
    os.utime(file, ns=(0, 0))

    new = address(app)

    assert new != old
    assert program.get(new).text == "two"
    # A page of before, held by somebody, must not nail down the new file.
    assert program.get(old).cache_control.max_age == 300


@pytest.mark.asvs("13.4.1", "13.4.3", "13.4.7")
@pytest.mark.parametrize(
    "name",
    ["", "..", "../app.py", "%2e%2e/app.py", "%00", "a" * 5000, "/etc/passwd"],
)
def test_nothing_else_is_a_file_of_ours(
    app: Flask, settings: Settings, name: str
) -> None:
    found = app.test_client().get(f"/static/vestibule/{name}")

    assert found.status_code == 404
    assert found.headers["Cache-Control"] == "no-store"
    with app.test_request_context():
        assert "v=" not in url_for("vestibule.static", filename=name)
