"""Addresses that password managers, researchers and crawlers look for."""

import io
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from PIL import Image

from conftest import PASSWORD, Browser, TurnableClock
from hosts import hosting, one_database
from vestibule import Vestibule, testing
from vestibule.doors.app import create_app
from vestibule.ground.knobs import SettingsError
from vestibule.settings import Settings
from vestibule.user import User

CHANGE = "/.well-known/change-password"
SECURITY = "/.well-known/security.txt"
HOSTS_OWN = "the shop's own"


def security_of(text: str) -> dict[str, str]:
    """Read the fields of a security.txt."""
    lines = text.splitlines()
    found = dict(line.split(": ", 1) for line in lines)
    assert len(found) == len(lines)
    return found


def shop(**options: object) -> Flask:
    """Give a host without a Vestibule yet, and what it needs for one."""
    app = Flask("shop")
    app.testing = True
    app.config.from_mapping(testing.config(**options))
    return app


# -- the password -----------------------------------------------------------


@one_database
def test_a_password_manager_is_led_to_the_form_and_its_owner_back_to_it(
    browser: Browser, alice: User
) -> None:
    led = browser.open(CHANGE)
    asked = browser.open(led.location)
    signed_in = browser.send(asked.location, email="alice", password=PASSWORD)

    assert led.status_code == 302
    assert led.location == "/password/change"
    assert signed_in.location == "/password/change"
    assert "Change" in browser.open(signed_in.location).text
    assert browser.open(CHANGE).location == "/password/change"


@one_database
def test_an_address_that_should_not_exist_does_not(browser: Browser) -> None:
    nonsense = "resource-that-should-not-exist-whose-status-code-should-not"

    for path in (f"/.well-known/{nonsense}-be-200", "/.well-known/", SECURITY):
        assert browser.open(path).status_code == 404, path
        assert browser.client.get(path).status_code == 404, path


def test_it_stays_at_the_root_when_all_else_is_below_a_prefix() -> None:
    app = shop(security_contact="team@example.com")
    Vestibule(app, url_prefix="/account")
    browser = Browser(app)

    assert browser.open(CHANGE).location == "/account/password/change"
    assert browser.open(SECURITY).status_code == 200
    assert browser.open(f"/account{CHANGE}").status_code == 404
    testing.close(app)


# -- what a host has already ------------------------------------------------


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("path", [CHANGE, SECURITY])
def test_an_address_of_the_host_s_own_stays_so(path: str, when: str) -> None:
    app = shop(security_contact="team@example.com")
    if when == "after":
        Vestibule(app)
    app.add_url_rule(path, "own", lambda: HOSTS_OWN)
    if when == "before":
        Vestibule(app)

    found = app.test_client().get(path)

    assert found.text == HOSTS_OWN
    assert "Content-Security-Policy" not in found.headers
    other = SECURITY if path == CHANGE else CHANGE
    assert app.test_client().get(other).status_code in (200, 302)
    testing.close(app)


@pytest.mark.parametrize("pattern", ["<name>", "<path:name>"])
def test_a_pattern_of_the_host_s_own_keeps_all_it_had(pattern: str) -> None:
    app = shop(security_contact="team@example.com")
    rule = f"/.well-known/{pattern}"
    app.add_url_rule(rule, "own", lambda name: f"{HOSTS_OWN} {name}")
    Vestibule(app)

    for path in (CHANGE, SECURITY):
        assert app.test_client().get(path).text.startswith(HOSTS_OWN)
    testing.close(app)


def test_a_host_that_answers_everywhere_is_no_obstacle() -> None:
    app = shop()
    app.add_url_rule("/<path:rest>", "all", lambda **_: HOSTS_OWN)
    Vestibule(app)
    client = app.test_client()

    assert client.get(CHANGE).status_code == 302
    assert client.get("/.well-known/other").text == HOSTS_OWN
    testing.close(app)


@one_database
def test_a_host_keeps_its_icons_and_its_word_for_robots(
    settings: Settings,
) -> None:
    with hosting(settings) as app:
        for path in ("/robots.txt", "/favicon.ico", "/apple-touch-icon.png"):
            assert app.test_client().get(path).status_code == 404, path


# -- where to report a vulnerability ----------------------------------------


@one_database
@pytest.mark.settings(
    security_contact="team@example.com",
    base_url="https://id.example.com",
    language="ru",
)
def test_a_researcher_learns_whom_to_tell(
    browser: Browser, clock: TurnableClock
) -> None:
    for _ in range(3):
        found = browser.open(SECURITY)
        told = security_of(found.text)
        now = datetime.fromtimestamp(clock.now(), UTC)
        end = datetime.fromisoformat(told["Expires"])

        assert found.status_code == 200
        assert found.content_type == "text/plain; charset=utf-8"
        assert told["Contact"] == "mailto:team@example.com"
        assert told["Canonical"] == f"https://id.example.com{SECURITY}"
        assert told["Preferred-Languages"] == "ru, en"
        assert timedelta(days=90) < end - now < timedelta(days=365)
        clock.turn(days=200)


@pytest.mark.asvs("1.2.2")
@pytest.mark.parametrize(
    ("contact", "written"),
    [
        ("https://example.com/report?a=b", "https://example.com/report?a=b"),
        ("o'hara+x%@example.com", "mailto:o%27hara%2Bx%25@example.com"),
    ],
)
def test_a_contact_is_written_as_a_link(contact: str, written: str) -> None:
    app = create_app(testing.settings(security_contact=contact))
    told = security_of(app.test_client().get(SECURITY).text)

    assert told["Contact"] == written
    # Without https there is no address to call its own (RFC 9116, 2.5.2).
    assert "Canonical" not in told
    testing.close(app)


@pytest.mark.parametrize("name", ["SECURITY_CONTACT", "SUPPORT"])
@pytest.mark.parametrize(
    "text",
    [
        "somebody",
        "@example.com",
        "two@a.example two@b.example",
        "http://example.com",
        "https://",
        "https://user@example.com",
        "https://exa mple.com",
        "mailto:team@example.com",
        "javascript:alert(1)",
    ],
)
def test_what_is_no_contact_is_refused_at_the_start(
    name: str, text: str
) -> None:
    with pytest.raises(SettingsError, match=rf"VESTIBULE_{name}: .*e-mail"):
        Settings.load({f"VESTIBULE_{name}": text})
    assert Settings.load({f"VESTIBULE_{name}": ""})


# -- robots and icons -------------------------------------------------------


@pytest.mark.parametrize("prefix", ["", "/account"])
def test_search_engines_may_show_the_entrance_alone(prefix: str) -> None:
    app = create_app(testing.settings(url_prefix=prefix))
    told = app.test_client().get("/robots.txt")

    assert told.content_type == "text/plain; charset=utf-8"
    assert told.text.splitlines() == [
        "User-agent: *",
        f"Allow: {prefix}/$",
        f"Allow: {prefix}/static/vestibule/",
        "Disallow: /",
    ]
    testing.close(app)


@one_database
def test_the_icon_of_a_tab_has_three_sizes(browser: Browser) -> None:
    found = browser.open("/favicon.ico")
    icon = Image.open(io.BytesIO(found.data))

    assert found.content_type == "image/vnd.microsoft.icon"
    assert icon.format == "ICO"
    assert icon.info["sizes"] == {(16, 16), (32, 32), (48, 48)}


@one_database
def test_the_icon_of_a_home_screen_has_a_plaster_wall(
    browser: Browser,
) -> None:
    found = browser.open("/apple-touch-icon.png")
    icon = Image.open(io.BytesIO(found.data)).convert("RGBA")

    assert found.content_type == "image/png"
    assert icon.size == (180, 180)
    assert icon.getpixel((0, 0)) == (0xF7, 0xF4, 0xEE, 255)


# -- the manifest -----------------------------------------------------------


@pytest.mark.parametrize("prefix", ["", "/account"])
def test_the_manifest_names_the_site_and_icons_that_are_there(
    prefix: str,
) -> None:
    app = create_app(
        testing.settings(url_prefix=prefix, site_name="Клуб", language="ru")
    )
    client = app.test_client()
    page = Browser(app).open(f"{prefix}/login").text
    linked = re.search(r'<link rel="manifest" href="([^"]+)"', page)
    assert linked
    found = client.get(linked[1])
    told: dict[str, Any] = found.get_json()

    assert linked[1] == f"{prefix}/manifest.webmanifest"
    assert found.content_type == "application/manifest+json"
    assert found.cache_control.max_age == 300
    assert told["name"] == "Клуб"
    assert told["lang"] == "ru"
    assert told["start_url"] == told["scope"] == f"{prefix}/"
    assert told["background_color"] == "#F7F4EE"
    assert len(told["icons"]) == 4
    for icon in told["icons"]:
        sent = client.get(icon["src"])
        assert sent.mimetype == icon["type"]
        assert sent.cache_control.immutable
        if icon["sizes"] != "any":
            size = "x".join(map(str, Image.open(io.BytesIO(sent.data)).size))
            assert size == icon["sizes"]
    assert "maskable" in {icon["purpose"] for icon in told["icons"]}
    testing.close(app)
