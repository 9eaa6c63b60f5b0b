"""The operator's brand: a folder that is read at the start, and served."""

import logging
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from conftest import HTML, Browser
from processes import run
from vestibule import Vestibule, testing
from vestibule.doors import files
from vestibule.doors.app import create_app
from vestibule.ground.brand import Brand
from vestibule.ground.colours import TEXT, Colour, contrast, nearest
from vestibule.ground.knobs import SettingsError

LOGO = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9">'
    "<script>alert(1)</script><path d='M0 0h9v9z'/></svg>"
)
PNG = b"\x89PNG\r\n\x1a\n and so on"


def folder(where: Path, css: str = "", **logos: str | bytes) -> str:
    """Make the folder of a brand."""
    where.mkdir(exist_ok=True)
    if css:
        (where / "brand.css").write_text(f":root {{ {css} }}", "utf-8")
    for kind, logo in logos.items():
        content = logo.encode() if isinstance(logo, str) else logo
        (where / f"logo.{kind}").write_bytes(content)
    return str(where)


def faults(where: Path, css: str) -> list[str]:
    """Read what is said of a stylesheet's colours."""
    return Brand.read(folder(where, css)).faults()


def branded(brand: str) -> Iterator[Flask]:
    """Give the standalone application with a brand, and close it."""
    app = create_app(testing.settings(brand=brand))
    yield app
    testing.close(app)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Give the test a place for a brand."""
    return tmp_path / "brand"


@pytest.fixture
def app(place: Path) -> Iterator[Flask]:
    """Give the test a site with a brand of all three files."""
    css = "--vestibule-primary: #7A1F5C;"
    yield from branded(folder(place, css, svg=LOGO, png=PNG))


# -- what is served ---------------------------------------------------------


def test_pages_load_the_stylesheet_after_ours_and_show_the_logo(
    app: Flask,
) -> None:
    page = Browser(app).open("/login").text
    sheets = re.findall(r'rel="stylesheet" href="([^"?]+)', page)
    logo = re.search(r'<img src="(/brand/logo\.svg\?v=[0-9a-f]{8})"', page)

    assert sheets == ["/static/vestibule/vestibule.css", "/brand/brand.css"]
    assert logo
    assert 'alt="Vestibule"' in page
    assert '<meta name="theme-color" content="#F7F4EE"' in page
    found = app.test_client().get(logo[1])
    assert found.data == LOGO.encode()
    assert found.cache_control.immutable


@pytest.mark.asvs("3.2.1")
@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("brand.css", "text/css; charset=utf-8"),
        ("logo.svg", "image/svg+xml; charset=utf-8"),
        ("logo.png", "image/png"),
    ],
)
def test_a_file_of_the_brand_can_do_nothing_but_be_shown(
    app: Flask, name: str, kind: str
) -> None:
    found = app.test_client().get(f"/brand/{name}")

    assert found.status_code == 200
    assert found.content_type == kind
    assert found.headers["X-Content-Type-Options"] == "nosniff"
    assert found.headers["Content-Security-Policy"] == (
        "default-src 'none'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'; sandbox; style-src 'unsafe-inline'"
    )
    assert found.cache_control.max_age == 300
    assert found.cache_control.public
    assert "Set-Cookie" not in found.headers


@pytest.mark.asvs("13.4.7")
@pytest.mark.parametrize(
    "name", ["", "secret.txt", "../vestibule.db", "%2e%2e/x", "logo.gif"]
)
def test_nothing_else_in_the_folder_is_served(
    app: Flask, place: Path, name: str
) -> None:
    (place / "secret.txt").write_text("secret")
    (place / "logo.gif").write_text("secret")

    assert app.test_client().get(f"/brand/{name}").status_code == 404


def test_a_changed_file_is_served_at_once_and_a_lost_one_is_missing(
    app: Flask, place: Path
) -> None:
    client = app.test_client()
    old = re.findall(
        r"/brand/brand\.css[^\"]*",
        client.get("/login", headers={"Accept": "text/html"}).text,
    )
    (place / "brand.css").write_text(":root{--vestibule-bg:#FFFFFF}")
    (place / "logo.svg").unlink()

    page = Browser(app).open("/login").text

    assert old[0] not in page
    assert client.get("/brand/brand.css").text.endswith("#FFFFFF}")
    assert client.get("/brand/logo.svg").status_code == 404


@pytest.mark.parametrize(
    ("css", "logos", "shown"),
    [
        ("", {"png": PNG}, "/brand/logo.png"),
        ("--vestibule-radius: 0", {}, ""),
        ("", {"svg": LOGO, "png": PNG}, "/brand/logo.svg"),
    ],
)
def test_a_brand_may_lack_a_logo_or_a_stylesheet(
    place: Path, css: str, logos: dict[str, str | bytes], shown: str
) -> None:
    for app in branded(folder(place, css, **logos)):
        page = Browser(app).open("/login").text
        loaded = re.findall(r'"(/brand/[^"?]+)', page)
        assert loaded == [
            *(["/brand/brand.css"] if css else []),
            *([shown] if shown else []),
        ]


def test_without_a_brand_there_is_nothing_of_it() -> None:
    app = create_app(testing.settings())

    assert "/brand/" not in Browser(app).open("/login").text
    for name in ("brand.css", "logo.svg", "logo.png"):
        assert app.test_client().get(f"/brand/{name}").status_code == 404
    testing.close(app)


def test_a_host_sets_it_in_its_configuration_and_below_its_prefix(
    place: Path,
) -> None:
    brand = folder(place, "--vestibule-radius: 0", svg=LOGO)
    app = Flask("shop")
    app.config.from_mapping(testing.config(brand=brand))
    Vestibule(app, url_prefix="/account")
    page = Browser(app).open("/account/login").text

    assert re.search(r'href="/account/brand/brand\.css\?v=', page)
    assert app.test_client().get("/account/brand/logo.svg").status_code == 200
    testing.close(app)


def test_the_manifest_and_the_bar_of_the_browser_have_its_wall(
    place: Path,
) -> None:
    css = "--vestibule-bg: #FFFFFF; --vestibule-bg-dark: #101010"
    for app in branded(folder(place, css)):
        found = app.test_client().get("/manifest.webmanifest")
        told: dict[str, str] = found.get_json()
        page = Browser(app).open("/login").text
        assert told["theme_color"] == told["background_color"] == "#FFFFFF"
        assert re.findall(r'theme-color" content="([^"]+)', page) == [
            "#FFFFFF",
            "#101010",
        ]


# -- what is refused at the start -------------------------------------------


def test_a_folder_that_shows_nothing_is_refused(place: Path) -> None:
    with pytest.raises(SettingsError, match="VESTIBULE_BRAND: there is no fo"):
        create_app(testing.settings(brand=str(place)))
    place.mkdir()
    (place / "Brand.css").write_text("")
    with pytest.raises(SettingsError, match=r"holds neither brand\.css nor "):
        create_app(testing.settings(brand=str(place)))
    (place / "brand.css").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsError, match="cannot read"):
        create_app(testing.settings(brand=str(place)))


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("primry", r" Did you mean --vestibule-primary\?"),
        ("background", ""),
        ("", ""),
    ],
)
def test_a_property_that_there_is_not_is_refused(
    place: Path, name: str, hint: str
) -> None:
    brand = folder(place, f"--vestibule-{name}: #000000")

    with pytest.raises(
        SettingsError, match=f"sets --vestibule-{name},.*{hint}"
    ):
        Brand.read(brand)


@pytest.mark.parametrize("name", ["bg", "bg-dark", "primary"])
def test_a_colour_that_is_set_twice_is_refused_for_none_can_be_checked(
    place: Path, name: str
) -> None:
    twice = (
        f"--vestibule-{name}: #FFFFFF }} @media (prefers-color-scheme: dark) "
        f"{{ :root {{ --vestibule-{name}: #888888 }}"
    )
    words = (
        rf"sets --vestibule-{name} twice, .* "
        rf"--vestibule-{name.removesuffix('-dark')}-dark is the one for "
    )

    with pytest.raises(SettingsError, match=words):
        Brand.read(folder(place, twice))


def test_corners_may_differ_from_screen_to_screen(place: Path) -> None:
    css = "--vestibule-radius: 1rem } :root { --vestibule-radius: 0"

    assert Brand.read(folder(place, css)).declared == {"radius": "0"}


def test_what_is_only_used_or_a_comment_is_not_set(place: Path) -> None:
    read = Brand.read(
        folder(
            place,
            "/* --vestibule-old: 1; */ color: var(--vestibule-mine, #fff);"
            "--vestibule-font: Georgia, serif; --vestibule-bg:#FFF !important",
        )
    )

    assert read.declared == {"font": "Georgia, serif", "bg": "#FFF"}
    assert read.faults() == []


def test_the_command_refuses_before_it_serves(tmp_path: Path) -> None:
    missing = str(tmp_path / "none")

    done = run("dev", home=tmp_path, VESTIBULE_BRAND=missing)

    assert done.returncode == 2
    assert done.stderr.startswith("VESTIBULE_BRAND: there is no folder ")


# -- colours ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("css", "said"),
    [
        (
            "--vestibule-primary: #FFD54F",
            r"-primary: .*#FFD54F .*#F7F4EE is 1",
        ),
        ("--vestibule-primary-dark: #333", r"-primary-dark: .*#333333 "),
        # Fine on the page, and too faint on a card.
        ("--vestibule-primary-dark: #808080", r"to the background #1B1F21"),
        ("--vestibule-bg: #888888", r"-bg: .*#888888 to the text #55605A"),
        ("--vestibule-bg-dark: #FFFFFF", r"-bg-dark: .*to the text #A9B0A9"),
        ("--vestibule-bg: #0E5A4A", r"-primary: .*#0E5A4A to the background"),
        ("--vestibule-primary: teal", r"-primary is not written like #0E5A4A"),
    ],
)
def test_a_colour_that_people_cannot_see_is_said(
    place: Path, css: str, said: str
) -> None:
    assert any(re.search(said, fault) for fault in faults(place, css))


def test_the_shade_that_is_named_instead_passes(place: Path) -> None:
    (fault,) = faults(place, "--vestibule-primary: #FFD54F")
    named = re.search(r"nearest shade that passes is (#\w{6})", fault)
    assert named

    assert faults(place, f"--vestibule-primary: {named[1]}") == []


def test_our_own_colours_and_good_ones_are_not_spoken_of(
    place: Path,
) -> None:
    good = (
        "--vestibule-primary: #1F4E9E; --vestibule-primary-dark: #8FB8FF;"
        "--vestibule-bg: #FFFFFF; --vestibule-bg-dark: #101418"
    )

    assert Brand.read("").faults() == []
    assert faults(place, good) == []


def test_a_host_reads_it_once_in_its_log(
    place: Path, caplog: pytest.LogCaptureFixture
) -> None:
    brand = folder(place, "--vestibule-primary: #FFD54F")
    app = Flask("shop")
    app.config.from_mapping(testing.config(brand=brand))
    with caplog.at_level(logging.WARNING, "vestibule"):
        Vestibule(app)
        for _ in range(2):
            Browser(app).open("/login")

    said = [
        r.getMessage() for r in caplog.records if "#FFD54F" in r.getMessage()
    ]
    assert len(said) == 1
    testing.close(app)


channels = st.integers(0, 255)
colours = st.builds(Colour, channels, channels, channels)


@given(colour=colours, ground=colours)
def test_the_nearest_shade_passes_and_there_always_is_one_on_one_ground(
    colour: Colour, ground: Colour
) -> None:
    found = nearest(colour, (ground,))

    assert found
    assert contrast(found, ground) >= TEXT
    if contrast(colour, ground) >= TEXT:
        # Only what rounding to steps of lightness takes or gives.
        assert max(abs(a - b) for a, b in zip(found, colour, strict=True)) <= 3


@given(colour=colours)
def test_a_colour_reads_back_as_it_is_written(colour: Colour) -> None:
    assert Colour.read(str(colour)) == colour
    assert Colour.read(f" {str(colour).lower()} ") == colour


@pytest.mark.parametrize("text", ["", "#", "#12", "#1234", "#12345g", "red"])
def test_other_ways_to_write_a_colour_are_not_read(text: str) -> None:
    assert Colour.read(text) is None


def test_a_file_that_cannot_be_read_any_more_breaks_no_page(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Path) -> bytes:
        """Refuse, as a disk or the rights of a file may."""
        raise PermissionError

    files._read.cache_clear()
    monkeypatch.setattr(Path, "read_bytes", fail)
    client = app.test_client()

    assert client.get("/login", headers=HTML).status_code == 200
    assert client.get("/brand/logo.svg", headers=HTML).status_code == 404
    monkeypatch.undo()
    files._read.cache_clear()
