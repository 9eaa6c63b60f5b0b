"""Making it look like one's own, in three steps that need no copy."""

import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, render_template_string
from jinja2 import StrictUndefined

from conftest import PASSWORD, Browser, form_token
from processes import (
    ROOT,
    Server,
    developing,
    environment,
    free_port,
    started,
)
from snippets import blocks
from vestibule import Vestibule, testing
from vestibule.ground.colours import TEXT, Colour, contrast
from windows import Window

pytest_plugins = ["chromium"]

LOGO = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="120" height="40">'
    '<rect width="120" height="40" fill="#7A1F5C"/></svg>'
)
SIX = {
    "primary": "#7A1F5C",
    "primary-dark": "#E9A6D3",
    "bg": "#FFFDF5",
    "bg-dark": "#201018",
    "radius": "13px",
    "font": "Courier, monospace",
}
# What a browser makes of any way to write a colour.
SEEN = """(place) => {
  const asked = getComputedStyle(place);
  const brush = new OffscreenCanvas(1, 1).getContext('2d');
  const drawn = colour => {
    brush.clearRect(0, 0, 1, 1);
    brush.fillStyle = colour;
    brush.fillRect(0, 0, 1, 1);
    return [...brush.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  return {
    color: drawn(asked.color), background: drawn(asked.backgroundColor),
    radius: asked.borderTopLeftRadius, font: asked.fontFamily,
  };
}"""
HOST = """
from flask import Flask
from vestibule import Vestibule

app = Flask(__name__)
app.config["VESTIBULE_BRAND"] = "brand"
Vestibule(app, url_prefix="/account")


@app.get("/")
def home() -> str:
    return "The shop"
"""


def write_brand(folder: Path, **properties: str) -> None:
    """Write the files of a brand."""
    folder.mkdir(exist_ok=True)
    (folder / "logo.svg").write_text(LOGO)
    lines = [f"--vestibule-{name}: {v};" for name, v in properties.items()]
    (folder / "brand.css").write_text(f":root {{ {' '.join(lines)} }}")


def six(**changed: str) -> dict[str, str]:
    """Give the six properties by names that Python takes, some changed."""
    return {**SIX, **changed}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a folder with a brand in it."""
    made = tmp_path_factory.mktemp("home")
    write_brand(made / "brand", **SIX)
    (made / "shop.py").write_text(HOST)
    return made


@pytest.fixture(scope="module", params=["standalone", "mounted"])
def place(
    request: pytest.FixtureRequest, home: Path
) -> Iterator[tuple[Server, str]]:
    """Run a site of its own, and a host, with the same brand."""
    if request.param == "standalone":
        with developing(home, VESTIBULE_BRAND="brand") as running:
            yield running, ""
        return
    port = free_port()
    env = environment(home, VESTIBULE_DATA="shop-data")
    command = [sys.executable, "-m", "flask", "--app", "shop", "run"]
    command += ["--port", str(port)]
    with started(command, port, home, env) as running:
        yield running, "/account"


def look(window: Window, selector: str) -> dict[str, Any]:
    """See how the first of some elements is shown."""
    found: dict[str, Any] = window.page.locator(selector).first.evaluate(SEEN)
    return found


def as_colour(parts: list[int]) -> str:
    """Write a colour that was seen."""
    return str(Colour(*parts))


@contextmanager
def at_sign_in(
    new_window: Callable[..., Window],
    place: tuple[Server, str],
    scheme: str = "light",
) -> Iterator[Window]:
    """Open the sign-in page of a place."""
    server, prefix = place
    window = new_window(color_scheme=scheme)
    window.server = server
    window.open(f"{prefix}/login")
    yield window


@pytest.mark.browser
@pytest.mark.parametrize(("scheme", "end"), [("light", ""), ("dark", "-dark")])
def test_six_properties_and_a_logo_restyle_a_page(
    new_window: Callable[..., Window],
    place: tuple[Server, str],
    home: Path,
    scheme: str,
    end: str,
) -> None:
    write_brand(home / "brand", **SIX)
    with at_sign_in(new_window, place, scheme) as window:
        button = look(window, "main button.button")
        link = look(window, "main a")
        page = look(window, "body")
        logo = window.page.get_by_role("img", name="Vestibule").first
        size = logo.bounding_box()

    assert as_colour(button["background"]) == SIX[f"primary{end}"]
    assert as_colour(link["color"]) == SIX[f"primary{end}"]
    assert as_colour(page["background"]) == SIX[f"bg{end}"]
    assert button["radius"] == SIX["radius"]
    assert page["font"] == SIX["font"]
    assert button["font"] == SIX["font"]
    assert size
    assert size["width"] > size["height"] > 16
    assert logo.evaluate("picture => picture.naturalWidth") == 120


@pytest.mark.browser
@pytest.mark.parametrize(
    "primary",
    ["#0B3D2E", "#FFD400", "#777777", "#7B7B7B", "#D0021B", "#1F4E9E"],
)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_on_a_button_can_be_read_whatever_its_colour(
    new_window: Callable[..., Window],
    place: tuple[Server, str],
    home: Path,
    primary: str,
    scheme: str,
) -> None:
    both = {"primary": primary, "primary-dark": primary}
    write_brand(home / "brand", **both)
    with at_sign_in(new_window, place, scheme) as window:
        button = look(window, "main button.button")

    assert as_colour(button["background"]) == primary
    seen = contrast(Colour(*button["color"]), Colour(*button["background"]))
    assert seen >= TEXT


# -- blocks, single pages, and a frame of the host's own --------------------


# The frame is the one that docs/look.md prints, saved last of its name.
PRINTED = {
    block.rest.removeprefix("templates/"): block.text
    for block in blocks(ROOT / "docs/look.md")
    if block.rest.startswith("templates/")
}
SITE, FRAME = PRINTED["site.html"], PRINTED["vestibule/base.html"]
# A word of the host's own context processor beside its link.
SITE = SITE.replace("</header>", " {{ greeting }} {{ me }}</header>")
OWN = {"site.html": SITE, "vestibule/base.html": FRAME}
BLOCKS = """{% extends "vestibule/frame.html" %}
{% block head %}<meta name="shop" content="yes">{% endblock %}
{% block wordmark %}The Shop{% endblock %}
{% block foot %}<footer>Shop Ltd</footer>{% endblock %}"""
ONE_PAGE = """{% extends "vestibule/door.html" %}
{% from "vestibule/parts.html" import field, sent, summary with context %}
{% block title %}Come in{% endblock %}
{% block main %}{{ summary(form) }}<h1>Come in</h1>
{% call sent(form, 'Enter') %}{{ field(form.email) }}{{ field(form.password) }}
{% endcall %}{% endblock %}"""


@contextmanager
def shop(folder: Path, templates: Mapping[str, str]) -> Iterator[Flask]:
    """Give a host with templates and a context processor of its own."""
    for name, text in templates.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    app = Flask("shop", template_folder=str(folder))
    app.config.from_mapping(
        testing.config(site_name="Lamps", support="help@lamps.example")
    )
    Vestibule(app)
    app.context_processor(
        lambda: {"greeting": "Hello", "me": "nobody", "site": "the shop"}
    )
    app.add_url_rule(
        "/own",
        "own",
        lambda: render_template_string("{{ greeting }} {{ me }} {{ site }}"),
    )
    testing.user(app, "anna", password=PASSWORD)
    yield app
    testing.close(app)


def walk(app: Flask) -> dict[str, str]:
    """Meet an error at a form, sign in, and look at pages behind it."""
    browser = Browser(app)
    wrong = browser.send("/login", email="anna", password="wrong")
    missing = browser.send("/login", email="", password="x")
    opened = browser.sign_in("anna")

    assert wrong.status_code == 401
    assert missing.status_code == 422
    assert 'value="anna"' in wrong.text
    assert re.search(r'id="email-error\d*"', missing.text)
    assert opened.location == "/profile"
    saved = browser.send(
        "/profile", username="annette", email="anna@example.com"
    )
    shown = browser.open(saved.location)
    refused = browser.client.get(
        "/admin/users", headers={"Accept": "text/html"}
    )
    assert refused.status_code == 403
    return {
        "password": browser.open("/password/change").text,
        "wrong": wrong.text,
        "missing": missing.text,
        "saved": shown.text,
        "profile": browser.open("/profile").text,
        "refused": refused.text,
    }


def test_blocks_are_filled_without_a_copy_of_anything(tmp_path: Path) -> None:
    with shop(tmp_path, {"vestibule/base.html": BLOCKS}) as app:
        for name, page in walk(app).items():
            assert page.count("<footer>Shop Ltd</footer>") == 1, name
            assert '<meta name="shop" content="yes">' in page, name
            assert re.search(r'class="wordmark"[^>]*>The Shop</a>', page), name
            assert "vestibule.css" in page, name


def test_what_a_page_fills_is_the_page_s_and_all_else_the_host_s(
    tmp_path: Path,
) -> None:
    names = ("title", "head", "side", "top", "bar", "main", "foot")
    filled = "".join(
        f"{{% block {name} %}}[{name}]{{% endblock %}}" for name in names
    )
    base = f'{{% extends "vestibule/frame.html" %}}{filled}'
    with shop(tmp_path, {"vestibule/base.html": base}) as app:
        page = Browser(app).open("/login").text

        for name in ("head", "top", "foot", "bar"):
            assert f"[{name}]" in page, name
        assert "[main]" not in page
        assert "Sign in" in page


def test_one_page_is_replaced_and_works(tmp_path: Path) -> None:
    with shop(tmp_path, {"vestibule/login/login.html": ONE_PAGE}) as app:
        browser = Browser(app)
        page = browser.open("/login")

        assert "<h1>Come in</h1>" in page.text
        assert form_token(page)
        assert "There is a problem" in browser.sign_in("anna", "wrong").text
        assert browser.sign_in("anna").location == "/profile"
        assert "Come in" not in browser.open("/profile").text


def test_pages_stand_in_the_frame_of_the_host(tmp_path: Path) -> None:
    with shop(tmp_path, OWN) as app:
        for name, page in walk(app).items():
            assert page.count("<html") == page.count("<h1") == 1, name
            assert '<header><a href="/">Boats</a> Hello ' in page, name
            assert page.count("<footer>Down by the river</footer>") == 1, name
            assert re.search(r"<title>.+ – Rowing Club</title>", page), name
            assert "vestibule.css" in page, name
            assert 'class="wordmark"' not in page, name
        # The host's names mean in its own templates what they meant.
        assert app.test_client().get("/own").text == "Hello nobody the shop"


def test_nothing_is_lost_in_the_frame_that_is_printed(tmp_path: Path) -> None:
    with shop(tmp_path, OWN) as app:
        pages = walk(app)
        for name, page in pages.items():
            assert '<a class="skip" href="#main">Skip to main' in page, name
            assert 'id="main"' in page, name
            assert 'action="/language"' in page, name
            assert "mailto:help@lamps.example" in page, name
            way = "/login" if name in ("wrong", "missing") else "/logout"
            out = 'href="/logout">Sign out</a>' in page
            assert out == (way == "/logout"), name
            title = re.search("<title>(Error: )?", page)
            assert title
            assert bool(title[1]) == (way == "/login"), name
        assert 'href="/profile"><img' in pages["password"]


def test_the_frame_that_is_printed_speaks_and_looks_as_somebody_wishes(
    tmp_path: Path,
) -> None:
    with shop(tmp_path, OWN) as app:
        browser = Browser(app)
        assert '<html lang="en">' in browser.open("/login").text
        browser.sign_in("anna")
        browser.send("/preferences", language="ru", theme="dark")

        page = browser.open("/profile").text

        assert '<html lang="ru" data-theme="dark">' in page
        assert ">Перейти к содержанию</a>" in page


def test_the_site_that_is_printed_holds_the_host_s_own_pages_as_well(
    tmp_path: Path,
) -> None:
    with shop(tmp_path, OWN) as app:
        app.jinja_env.undefined = StrictUndefined
        app.add_url_rule(
            "/boats",
            "boats",
            lambda: render_template_string('{% extends "site.html" %}'),
        )

        page = app.test_client().get("/boats").text

        assert '<html lang="en">' in page
        assert "Skip to main content" in page
        walk(app)


@pytest.mark.parametrize("is_included", [True, False])
def test_a_notice_reaches_people_where_the_frame_includes_it(
    tmp_path: Path, is_included: bool
) -> None:
    line = '{% include "vestibule/notices.html" %}'
    frame = FRAME if is_included else FRAME.replace(line, "")
    own = {"site.html": SITE, "vestibule/base.html": frame}
    with shop(tmp_path, own) as app:
        saved = walk(app)["saved"]

    assert ("Profile updated successfully" in saved) == is_included
