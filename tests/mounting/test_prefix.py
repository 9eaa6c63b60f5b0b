"""Under a prefix every address is under it: pages, letters and answers."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from flask import Flask
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.test import Client, TestResponse

from conftest import HTML, PASSWORD, Browser, account, form_token
from hosts import hosting, one_database
from processes import PATIENCE, serving
from vestibule import Settings, Vestibule, create_app, testing
from vestibule.auth import Auth
from vestibule.ground.knobs import SettingsError

# What names the site, and not a page of it, has no path. Source: W3C Web
# Authentication Level 2, 5.1.2 (the RP ID); RFC 6454, 4 (an origin).
WITHOUT_PATH = re.compile(
    r"from vestibule\.ground\.base_url import origin_of"
    r"|urlsplit\(self\.settings\.base_url\)\.hostname"
    r"|origin_of\(self\.settings\.base_url\)"
    r"|not self\.settings\.site\.base_url"
)
LINKS = re.compile(r'(?:href|src)="([^"#]+)"')
TARGETS = re.compile(r'action="([^"#]+)"')


@pytest.fixture
def host(settings: Settings) -> Iterator[Flask]:
    """Give the test a host, its accounts where the settings say."""
    with hosting(settings) as app:
        yield app


def walk(browser: Browser, start: str) -> dict[str, int]:
    """Follow every link there is, as a crawler does; say what answers."""
    seen: dict[str, int] = {}
    waiting = [start]
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        page = browser.open(path)
        seen[path] = page.status_code
        if page.mimetype == "text/html":
            waiting += LINKS.findall(page.text)
            # What is sent there is not followed, but must stay inside too.
            seen.update(dict.fromkeys(TARGETS.findall(page.text), 200))
        if page.location:
            waiting.append(page.location)
        page.close()
    return seen


# -- pages ------------------------------------------------------------------


@pytest.mark.settings(url_prefix="/account")
@pytest.mark.parametrize(
    ("signs_in", "reached"),
    [
        (False, {"login", "register", "password_reset", "static/vestibule"}),
        (True, {"profile", "logout", "password/change", "static/vestibule"}),
    ],
    ids=["signed out", "signed in"],
)
def test_every_link_of_every_page_stays_under_the_prefix(
    host: Flask, signs_in: bool, reached: set[str]
) -> None:
    browser = Browser(host)
    if signs_in:
        testing.sign_in(host, testing.user(host), browser.client)

    seen = walk(browser, "/account/")

    for place in reached:
        assert any(path.startswith(f"/account/{place}") for path in seen)
    assert all(path.startswith("/account/") for path in seen), seen
    assert {*seen.values()} <= {200, 302}, seen


@one_database
@pytest.mark.settings(url_prefix="/account")
def test_forms_and_redirects_stay_under_the_prefix(host: Flask) -> None:
    browser = Browser(host)
    led = [
        browser.open("/orders").location,
        browser.send(
            "/account/register",
            username="carol",
            email="carol@example.com",
            password1=PASSWORD,
            password2=PASSWORD,
        ).location,
        browser.send(
            "/account/login", email="carol", password=PASSWORD
        ).location,
        browser.open("/account/login").location,
        browser.open("/account/logut").location,
        browser.send("/account/logout").location,
        browser.open("/account/profile").location,
    ]

    assert led == [
        "/account/login?next=/orders",
        "/account/login",
        "/account/profile",
        "/account/profile",
        "/account/logout",
        "/account/login",
        "/account/login?next=/account/profile",
    ]


@one_database
@pytest.mark.settings(url_prefix="/account")
def test_the_entrance_needs_no_slash_behind_the_prefix(host: Flask) -> None:
    for path in ("/account", "/account/"):
        assert "Welcome to" in Browser(host).open(path).text, path
        assert host.test_client().get(path).json == {"message": "Bienvenue"}


@one_database
@pytest.mark.parametrize(
    ("prefix", "home"),
    [
        pytest.param("", "/", id="none"),
        pytest.param(
            "/account",
            "/account/",
            marks=pytest.mark.settings(url_prefix="/account"),
        ),
    ],
)
def test_a_program_that_signs_out_is_led_to_the_entrance(
    host: Flask, prefix: str, home: str
) -> None:
    client = testing.sign_in(host, testing.user(host))

    out = client.delete(f"{prefix}/sessions")

    assert (out.status_code, out.location) == (302, home)
    assert client.get(out.location).json == {"message": "Bienvenue"}


@one_database
def test_the_prefix_given_in_code_wins_over_the_setting(
    settings: Settings,
) -> None:
    app = Flask("shop")
    app.testing = True
    Vestibule(app, settings.having("option", URL_PREFIX="/x"), url_prefix="/y")

    assert app.test_client().get("/y/login", headers=HTML).status_code == 200
    assert app.test_client().get("/x/login", headers=HTML).status_code == 404
    assert testing.auth(app).settings.site_root.endswith("/y")
    testing.close(app)


def test_operations_that_know_another_prefix_are_refused(auth: Auth) -> None:
    with pytest.raises(SettingsError, match="opened for the prefix ''"):
        Vestibule().init_app(Flask("shop"), auth, url_prefix="/account")


# -- values -----------------------------------------------------------------


@pytest.mark.parametrize(
    "prefix",
    ["/account", "/a/b-c/d.e", "/~anna", "/..a", ""],
)
def test_what_a_prefix_may_be(prefix: str) -> None:
    assert Settings.load({}, url_prefix=prefix).site.url_prefix == prefix


@pytest.mark.parametrize(
    "prefix",
    [
        "account",
        "/",
        "/account/",
        "//account",
        "/a//b",
        "/..",
        "/a/../b",
        "/./a",
        "/a?b",
        "/a#b",
        "/a b",
        "/a\tb",
        "/a\n",
        "/<name>",
        "/a\\b",
        "/%2e%2e",
        "/наш",
        "https://evil.example",
    ],
)
def test_what_no_prefix_may_be(prefix: str, settings: Settings) -> None:
    text = f" {prefix} " if prefix.isprintable() else f"{prefix}x"
    with pytest.raises(SettingsError) as refused:
        Settings.load({"VESTIBULE_URL_PREFIX": text})
    with pytest.raises(SettingsError):
        Vestibule(Flask("shop"), settings, url_prefix=text)

    why = "is not written like /account|cannot be typed"
    assert re.match(rf"VESTIBULE_URL_PREFIX: .*({why})", str(refused.value))


# -- letters ----------------------------------------------------------------


def cause_every_letter(auth: Auth) -> None:
    """Do all that sends a letter with a link."""
    dave = auth.registration.register("dave@example.com", PASSWORD, "dave")
    auth.passwords.change(dave, PASSWORD, "another long phrase", None)
    auth.password_reset.ask("dave@example.com")
    auth.email_changes.start(dave, "new@example.com")


@pytest.mark.parametrize(
    ("base", "prefix", "root"),
    [
        ("https://shop.example", "", "https://shop.example"),
        (
            "https://shop.example/",
            "/account",
            "https://shop.example/account",
        ),
        (
            "https://shop.example/account",
            "/account",
            "https://shop.example/account",
        ),
        (
            "https://shop.example/account/",
            "/account",
            "https://shop.example/account",
        ),
        (
            "https://shop.example/beta",
            "/account",
            "https://shop.example/beta/account",
        ),
        (
            "https://shop.example/my-account",
            "/account",
            "https://shop.example/my-account/account",
        ),
        ("https://account", "/account", "https://account/account"),
        ("", "/account", "http://localhost:5000/account"),
    ],
)
def test_links_in_letters_begin_with_address_and_prefix(
    base: str, prefix: str, root: str
) -> None:
    found = Settings.load({}, base_url=base, url_prefix=prefix)

    assert found.site_root == root


@pytest.mark.settings(base_url="https://shop.example", url_prefix="/account")
def test_the_links_of_letters_lead_to_pages_under_the_prefix(
    host: Flask,
) -> None:
    cause_every_letter(testing.auth(host))
    texts = [letter.text for letter in testing.Outbox(host).letters]

    links = re.findall(r"https?://\S+", "\n".join(texts))

    assert len({*links}) >= 3
    for link in links:
        path = link.removeprefix("https://shop.example")
        page = Browser(host).open(path)
        assert path.startswith("/account/")
        assert page.status_code in (200, 302, 303), path


def test_no_capability_builds_a_link_without_the_prefix() -> None:
    source = Path(testing.__file__).parents[1] / "capabilities"
    found = [
        str(file.relative_to(source))
        for file in source.rglob("*.py")
        if "base_url" in WITHOUT_PATH.sub("", file.read_text("utf-8"))
    ]

    assert found == []


# -- below another application, and standing alone --------------------------


def below(app: Flask, root: str) -> Client:
    """Put an application below a path, as a WSGI server does."""
    return Client(DispatcherMiddleware(Flask("outside"), {root: app}))


@one_database
@pytest.mark.parametrize("prefix", ["", "/account"])
def test_below_a_script_name_everything_is_below_it(
    settings: Settings, prefix: str
) -> None:
    set_up = settings.having("option", URL_PREFIX=prefix)
    with hosting(set_up) as app:
        account(testing.auth(app), "alice")
        client = below(app, "/app")
        asked = client.get("/app/orders?a=1&b=%20", headers=HTML)
        page = client.get(asked.location, headers=HTML)
        typed = {"email": "alice", "password": PASSWORD}
        answer = client.post(
            asked.location,
            data={**typed, "csrf_token": form_token(page)},
            headers=HTML,
        )
        back = client.get(answer.location, headers=HTML)

    where = "next=/app/orders?a%3D1%26b%3D%2520"
    assert asked.location == f"/app{prefix}/login?{where}"
    for link in LINKS.findall(page.text):
        assert link.startswith(f"/app{prefix}/"), link
    assert answer.location == "/app/orders?a=1&b=%20"
    assert back.text == "The orders of alice"


@one_database
def test_two_vestibules_on_one_host_do_not_share_their_cookies(
    settings: Settings, tmp_path: Path
) -> None:
    second = testing.settings(session_cookie="staff", data=tmp_path / "two")
    with hosting(settings) as shop, hosting(second, "staff") as staff:
        for app in (shop, staff):
            account(testing.auth(app), "alice")
        front = DispatcherMiddleware(shop, {"/staff": staff})
        client = Client(front)

        def whoami(root: str) -> int:
            """Ask one of the two who is signed in."""
            return client.get(f"{root}/profile").status_code

        def enter(root: str) -> TestResponse:
            """Sign in at one of the two."""
            page = client.get(f"{root}/login", headers=HTML)
            typed = {"email": "alice", "password": PASSWORD}
            return client.post(
                f"{root}/login",
                data={**typed, "csrf_token": form_token(page)},
                headers=HTML,
            )

        assert enter("/staff").status_code == 302
        assert (whoami(""), whoami("/staff")) == (403, 200)
        assert enter("").status_code == 302
        assert (whoami(""), whoami("/staff")) == (200, 200)
        client.delete("/sessions")
        assert (whoami(""), whoami("/staff")) == (403, 200)


@one_database
@pytest.mark.settings(url_prefix="/id")
def test_standing_alone_everything_is_under_the_prefix(auth: Auth) -> None:
    browser = Browser(create_app(auth=auth))

    seen = walk(browser, "/id")

    assert all(path.startswith("/id") for path in seen), seen
    missing = browser.open("/login")
    assert missing.status_code == 404
    assert 'href="/id/"' in missing.text
    assert "Content-Security-Policy" in missing.headers


def test_a_served_site_lies_under_the_prefix_of_its_proxy(
    tmp_path: Path,
) -> None:
    with serving(tmp_path, VESTIBULE_URL_PREFIX="/id") as server:
        root = f"{server.url}/id"
        welcome = requests.get(root, timeout=PATIENCE)
        page = requests.get(f"{root}/profile", headers=HTML, timeout=PATIENCE)

    assert welcome.json() == {"message": "Bienvenue"}
    assert page.url == f"{root}/login?next=/id/profile"
    assert page.status_code == 200
