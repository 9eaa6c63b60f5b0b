"""GET /check?or=sign-in: a browser that looks is led in, and back."""

from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask

from checking import ask, by_bearer, by_cookie
from conftest import HTML
from vestibule.auth import Auth
from vestibule.user import User

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
public = pytest.mark.settings(base_url="https://id.example.com")
shared = pytest.mark.settings(
    base_url="https://id.example.com", session_domain="example.com"
)
AT_PAGE = {
    **HTML,
    "Host": "id.example.com",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "id.example.com",
    "X-Forwarded-Uri": "/wiki?page=1",
}
SIGN_IN = "https://id.example.com/login"


def back(app: Flask, **changed: str) -> str | None:
    """Ask as a signed-out browser, and say where it would be led back."""
    named = {name.replace("_", "-"): text for name, text in changed.items()}
    answer = ask(app, {**AT_PAGE, **named}, "or=sign-in")
    assert answer.status_code == 302
    assert answer.headers["Cache-Control"] == "no-store"
    address, _, query = answer.headers["Location"].partition("?")
    assert address == SIGN_IN
    return parse_qs(query)["next"][0] if query else None


@public
def test_a_browser_that_looks_is_led_to_the_sign_in_page(app: Flask) -> None:
    assert back(app) == "/wiki?page=1"
    assert back(app, X_Forwarded_Host="ID.example.com:443") == "/wiki?page=1"
    assert back(app, X_Forwarded_Method="HEAD") == "/wiki?page=1"
    # Which of several is asked for does not matter.
    for query in ("a=b&or=sign-in", "or=sign-in&or=x"):
        assert ask(app, AT_PAGE, query).status_code == 302
    head = ask(app, AT_PAGE, "or=sign-in", method="HEAD")
    assert head.status_code == 302


@public
@pytest.mark.parametrize(
    "changed",
    [
        {"Accept": "application/json"},
        {"Accept": "*/*"},
        {"Accept": "text/html;q=0"},
        {"Accept": "text/htmlx, x" * 9999},
        {"Accept": ""},
        {"X-Forwarded-Method": "POST"},
        {"X-Forwarded-Method": "get"},
        {"Sec-Fetch-Mode": "cors"},
        {"Authorization": "Bearer dead"},
    ],
)
def test_everybody_else_is_told_401(
    app: Flask, changed: dict[str, str]
) -> None:
    answer = ask(app, {**AT_PAGE, **changed}, "or=sign-in")
    assert answer.status_code == 401
    assert "Location" not in answer.headers


@public
@pytest.mark.parametrize("query", ["", "or=", "or=sign-in2", "xor=sign-in"])
def test_nobody_is_led_who_did_not_ask(app: Flask, query: str) -> None:
    assert ask(app, AT_PAGE, query).status_code == 401


@pytest.mark.settings(anonymous_status="401", url_prefix="/account")
def test_the_proxy_decides_and_the_prefix_is_kept(app: Flask) -> None:
    answer = ask(
        app,
        {**AT_PAGE, "Host": "a.example", "X-Forwarded-Host": "a.example"},
        "or=sign-in",
        path="/account/check",
    )
    # Without a public address the browser stays where it is.
    assert answer.headers["Location"] == (
        "/account/login?next=%2Fwiki%3Fpage%3D1"
    )


@public
def test_who_is_signed_in_is_not_led_anywhere(
    app: Flask, auth: Auth, alice: User
) -> None:
    token = auth.sessions.open(alice.id)
    cookie = {"Cookie": f"__Host-session_id={token}"}
    for headers in (cookie, by_bearer(token)):
        answer = ask(app, {**AT_PAGE, **headers}, "or=sign-in")
        assert answer.status_code == 200
    # The cookie of a site without https is none of this one's.
    assert ask(app, by_cookie(token)).status_code == 401


@public
@pytest.mark.parametrize(
    "changed",
    [
        {"X_Forwarded_Host": "evil.example"},
        {"X_Forwarded_Host": "app.example.com"},
        {"X_Forwarded_Host": "id.example.com.evil.example"},
        {"X_Forwarded_Host": "id.example.com@evil.example"},
        {"X_Forwarded_Host": "id.example.com:8443"},
        {"X_Forwarded_Host": "app.example.com", "Host": "app.example.com"},
        {"X_Forwarded_Proto": "http"},
        {"X_Forwarded_Proto": "javascript"},
        {"X_Forwarded_Uri": "//evil.example"},
        {"X_Forwarded_Uri": "/\\evil.example"},
        {"X_Forwarded_Uri": "https://evil.example/"},
        {"X_Forwarded_Uri": "/a\r\nSet-Cookie: x=y"},
        {"X_Forwarded_Uri": "/\tx"},
        {"X_Forwarded_Uri": ""},
        {"X_Forwarded_Uri": "/" + "x" * 1000},
    ],
)
def test_nobody_is_led_back_elsewhere(
    app: Flask, changed: dict[str, str]
) -> None:
    assert back(app, **changed) is None


@shared
@pytest.mark.parametrize(
    "host", ["app.example.com", "example.com", "a.b.example.com"]
)
def test_a_page_of_the_shared_domain_is_led_back_to(
    app: Flask, host: str
) -> None:
    wanted = back(app, X_Forwarded_Host=host)
    assert wanted == f"https://{host}/wiki?page=1"
    assert urlsplit(wanted).hostname == host


@shared
@pytest.mark.parametrize(
    "changed",
    [
        {"X_Forwarded_Host": "evil.example"},
        {"X_Forwarded_Host": "evilexample.com"},
        {"X_Forwarded_Host": "app.example.com.evil.example"},
        {"X_Forwarded_Host": "app.example.com:8443"},
        {"X_Forwarded_Host": "app.example.com", "X_Forwarded_Proto": "http"},
        {"X_Forwarded_Host": "evil.example/.example.com"},
        {"X_Forwarded_Host": "evil.example\\.example.com"},
    ],
)
def test_a_page_elsewhere_is_still_not(
    app: Flask, changed: dict[str, str]
) -> None:
    assert back(app, **changed) is None
