"""Sessions shared with subdomains: the cookie, the way back, the setting."""

from collections.abc import Callable

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from conftest import HTML, PASSWORD, Browser
from hostility import tries
from vestibule.auth import Auth
from vestibule.doors.destinations import checked, sharing_origins
from vestibule.ground.knobs import SettingsError
from vestibule.settings import Settings
from vestibule.user import User

sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
shared = pytest.mark.settings(
    base_url="https://id.example.com", session_domain="example.com"
)
plain = pytest.mark.settings(
    base_url="http://id.example.com", session_domain="example.com"
)
BASE = "https://id.example.com"
ALONE = Settings.load({}, base_url=BASE)
SETTINGS = Settings.load({}, base_url=BASE, session_domain="example.com")


def given_cookies(answer: TestResponse) -> list[str]:
    """List the cookies that an answer sets, without their values."""
    return [
        text.partition("=")[0] + ";" + text.partition(";")[2]
        for text in answer.headers.getlist("Set-Cookie")
    ]


def about(answer: TestResponse, name: str) -> list[str]:
    """List what an answer says of one cookie."""
    return [c for c in given_cookies(answer) if c.startswith(f"{name};")]


def send(browser: Browser, path: str, **typed: str) -> TestResponse:
    """Send a form of the site by its real address."""
    page = browser.open(path, base_url=BASE)
    token = page.text.partition('name="csrf_token" value="')[2].partition('"')
    return browser.client.post(
        path,
        data={**typed, "csrf_token": token[0]},
        headers=HTML,
        base_url=BASE,
    )


@pytest.mark.asvs("3.3.3")
@sqlite
@shared
def test_only_the_cookie_of_the_session_is_shared(
    browser: Browser, alice: User
) -> None:
    answer = send(browser, "/login", email="alice", password=PASSWORD)

    [cookie] = about(answer, "__Secure-session_id")
    for part in ("Domain=example.com", "Secure", "HttpOnly", "SameSite=Lax"):
        assert part in cookie
    others = [c for c in given_cookies(answer) if c != cookie]
    assert others
    for other in others:
        assert other.startswith("__Host-vestibule_")
        assert "Domain" not in other

    there = browser.client.get("/check", base_url="https://wiki.example.com")
    assert there.headers["X-Vestibule-User"] == "alice"
    elsewhere = browser.client.get("/check", base_url="https://example.org")
    assert elsewhere.status_code == 401

    left = send(browser, "/logout")
    [cookie] = about(left, "__Secure-session_id")
    assert "Domain=example.com" in cookie
    assert "Max-Age=0" in cookie
    again = browser.client.get("/check", base_url="https://wiki.example.com")
    assert again.status_code == 401


@sqlite
@plain
def test_the_cookie_from_before_it_was_shared_is_taken_back(
    app: Flask, auth: Auth, alice: User, bob: User
) -> None:
    base = "http://id.example.com"
    client = app.test_client()
    old = auth.sessions.open(bob.id)
    client.set_cookie("session_id", old, domain="id.example.com")

    typed = {"email": "alice@example.com", "password": PASSWORD}
    answer = client.post("/sessions", json=typed, base_url=base)

    alone, new = sorted(about(answer, "session_id"), key=len)
    assert "Domain" not in min(alone, new, key=lambda c: "Domain" in c)
    assert any("Max-Age=0" in c and "Domain" not in c for c in (alone, new))
    seen = client.get("/check", base_url=base)
    assert seen.headers["X-Vestibule-User"] == "alice"


@sqlite
@shared
def test_forms_may_lead_on_to_the_subdomains(browser: Browser) -> None:
    policy = browser.open("/login").headers["Content-Security-Policy"]
    assert (
        "form-action 'self' https://example.com https://*.example.com; "
    ) in policy


@sqlite
@shared
def test_signing_in_leads_back_to_a_subdomain(
    new_browser: Callable[[], Browser], alice: User
) -> None:
    for wanted, led in (
        ("https://wiki.example.com/a?b=c", "https://wiki.example.com/a?b=c"),
        ("https://evil.example/", "/profile"),
        ("/feedback", "/feedback"),
    ):
        path = f"/login?next={wanted}"
        typed = {"email": "alice", "password": PASSWORD}
        answer = send(new_browser(), path, **typed)
        assert answer.location == led


GOOD = [
    "https://example.com",
    "https://example.com/",
    "https://a.example.com",
    "https://a.b-c.example.com/x?y=z#w",
    "https://xn--e1afmkfd.example.com/@x//y",
    "https://1.example.com/%2f%5c",
]
BAD = [
    *("http://a.example.com/", "//a.example.com/", "ftp://a.example.com/"),
    *("https:a.example.com", "https:/a.example.com", "https:///a.example.com"),
    *("HTTPS://a.example.com/", "https://A.example.com/"),
    *("https://example.com.evil.org", "https://evilexample.com/"),
    *("https://example.com@evil.org/", "https://u:p@a.example.com/"),
    *("https://@a.example.com/", "https://evil.org#.example.com"),
    *("https://evil.org?.example.com", "https://evil.org/.example.com"),
    *("https://evil.org\\.example.com", "https://a.example.com\\@evil.org"),
    *("https://evil.org%2f.example.com/", "https://evil.org%00.example.com"),
    *("https://a.example.com:443/", "https://a.example.com:8443/"),
    *("https://a.example.com:@evil.org/", "https://a.example.com:/"),
    *("https://a.example.com./", "https://.example.com/", "https://./"),
    *("https://a..example.com/", "https://-a.example.com/"),
    *("https://a-.example.com/", "https://a_b.example.com/"),
    *("https://[::1].example.com/", "https://*.example.com/"),
    *("https://evil.org/https://a.example.com", "https://com/"),
    *("https://a.example.com?x", "https://a.example.com#x"),
    *(" https://a.example.com/", "https://a.example.com/ ", "\thttps:"),
    *("https://a.example.com/\n", "https://a.example.com/\\x"),
    *("https://a.exam\tple.com/", "https://ex\u00e4mple.com/"),
    *("https://example\u3002com/", "https://a.example.com/\u0430"),
    *("https://evil\uff0eorg.example.com\uff0f", "https://\u2100example.com"),
    *("javascript:alert(1)//.example.com/", "data:,https://a.example.com/"),
    *(
        "https://" + "a" * 64 + ".example.com/",
        "https://",
        "https://a.example",
    ),
    "https://a.example.com/" + "x" * 500,
    "https://" + "a." * 300 + "example.com/",
]


@pytest.mark.parametrize("wanted", GOOD)
def test_addresses_of_the_domain_pass(wanted: str) -> None:
    assert checked(wanted, SETTINGS) == wanted
    assert checked(wanted) is None
    assert checked(wanted, ALONE) is None


@pytest.mark.asvs("3.7.2")
@pytest.mark.parametrize("wanted", BAD)
def test_no_other_address_passes(wanted: str) -> None:
    assert checked(wanted, SETTINGS) is None


@tries(300)
@given(
    st.text("a.:/\\@#?%e[]*-_ \t\n\x00o\u3002", max_size=8),
    st.text("a.:/\\@#?%e[]*-_ \t\n\x00o\u3002", max_size=8),
)
def test_what_passes_has_just_such_a_host(before: str, after: str) -> None:
    passed = checked(f"https://{before}example.com{after}", SETTINGS)
    if passed is not None:
        host = passed.removeprefix("https://").partition("/")[0]
        assert f".{host}".endswith(".example.com")
        assert set(host) <= set("abcdefghijklmnopqrstuvwxyz0123456789.-")


def test_a_port_is_that_of_the_site() -> None:
    settings = Settings.load(
        {},
        base_url="http://id.localhost:8080",
        session_domain="localhost",
        development="true",
    )
    for good in ("http://a.localhost:8080/x", "http://localhost:8080"):
        assert checked(good, settings) == good
    for bad in ("http://a.localhost/x", "http://a.localhost:80/"):
        assert checked(bad, settings) is None
    assert sharing_origins(settings) == (
        "http://localhost:8080 http://*.localhost:8080"
    )


@pytest.mark.parametrize(
    ("base_url", "domain"),
    [
        ("https://id.example.com", "com"),
        ("https://id.example.com", "example.org"),
        ("https://id.example.com", "wiki.example.com"),
        ("https://idexample.com", "example.com"),
        ("https://id.example.com", ".example.com"),
        ("https://id.example.com", "example.com."),
        ("https://id.example.com", "EXAMPLE.com"),
        ("https://id.example.com", "*.example.com"),
        ("https://id.example.com", "https://example.com"),
        ("https://id.example.com", "example.com:443"),
        ("https://id.example.com", "example..com"),
        ("https://id.example.com", "-example.com"),
        ("https://192.0.2.1", "192.0.2.1"),
        ("https://192.0.2.1", "2.1"),
        ("https://[2001:db8::1]", "2001:db8::1"),
        ("http://localhost:5000", "localhost"),
        ("", "example.com"),
    ],
)
def test_a_domain_that_cannot_be_is_refused(
    base_url: str, domain: str
) -> None:
    with pytest.raises(SettingsError, match="VESTIBULE_SESSION_DOMAIN"):
        Settings.load({}, base_url=base_url, session_domain=domain)


@pytest.mark.parametrize("host", ["example.com", "id.example.com"])
def test_a_domain_that_holds_the_site_is_taken(host: str) -> None:
    read = Settings.load(
        {}, base_url=f"https://{host}/x", session_domain="example.com"
    )
    assert read.sessions.domain == "example.com"
