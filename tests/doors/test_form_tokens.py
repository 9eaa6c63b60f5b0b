"""Acts in somebody's name: form tokens, foreign sites and the visit."""

import random
import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from conftest import (
    HTML,
    PASSWORD,
    Browser,
    TurnableClock,
    form_token,
    notices,
)
from stagecraft import rows
from vestibule.auth import Auth
from vestibule.user import User

one_database = pytest.mark.parametrize(
    "database_url", ["sqlite"], indirect=True
)
https = pytest.mark.settings(base_url="https://id.example.com")
pytestmark = one_database

TOO_OLD = "This page was open too long"
SIGN_UP = {
    "username": "carol",
    "email": "carol@example.com",
    "password1": "seven purple llamas",
    "password2": "seven purple llamas",
}


def send(
    browser: Browser, path: str, token: str | None, **typed: str
) -> TestResponse:
    """Send a form with some token, or without one."""
    data = typed if token is None else {**typed, "csrf_token": token}
    return browser.client.post(path, data=data, headers=HTML)


def visit_cookie(browser: Browser, name: str = "vestibule_visit") -> str:
    """Read the browser's visit as it stands in the cookie jar."""
    cookie = browser.client.get_cookie(name)
    return "" if cookie is None else cookie.value


def forged(token: str) -> str:
    """Change what a signed text says, and keep its signature."""
    middle = len(token.split(".", maxsplit=1)[0]) // 2
    changed = "A" if token[middle] != "A" else "B"
    return token[:middle] + changed + token[middle + 1 :]


def assert_form_came_back(response: TestResponse) -> None:
    """See that a form was refused, and kept what was typed but secrets."""
    assert response.status_code == 422
    assert TOO_OLD in response.text
    assert "<title>Error: " in response.text
    assert 'value="carol"' in response.text
    assert 'value="carol@example.com"' in response.text
    assert "llamas" not in response.text
    assert form_token(response)


@pytest.mark.parametrize(
    "token", ["missing", "empty", "forged", "another visit's", "old", "twice"]
)
def test_a_form_with_a_bad_token_comes_back_with_what_was_typed(
    browser: Browser, app: Flask, auth: Auth, clock: TurnableClock, token: str
) -> None:
    own = form_token(browser.open("/register"))
    other = Browser(app)
    tokens: dict[str, Any] = {
        "missing": None,
        "empty": "",
        "forged": forged(own),
        "another visit's": form_token(other.open("/register")),
        "old": own,
        "twice": [own, own],
    }
    if token == "old":
        clock.turn(hours=2, seconds=1)
    before = rows(auth)

    response = send(browser, "/register", tokens[token], **SIGN_UP)

    assert_form_came_back(response)
    assert rows(auth) == before
    again = send(browser, "/register", form_token(response), **SIGN_UP)
    assert again.status_code == 302
    assert again.location == "/login"


def test_a_form_may_lie_open_for_two_hours(
    browser: Browser, clock: TurnableClock
) -> None:
    token = form_token(browser.open("/register"))

    clock.turn(hours=2)

    assert send(browser, "/register", token, **SIGN_UP).location == "/login"


@pytest.mark.attack(76)
@pytest.mark.asvs("N23", "X15")
def test_a_token_from_before_the_sign_in_is_worthless_after(
    browser: Browser, alice: User, auth: Auth
) -> None:
    planted = form_token(browser.open("/login"))
    visit = visit_cookie(browser)
    assert browser.sign_in("alice").status_code == 302
    # Even if whoever planted the token could plant the visit as well.
    browser.client.set_cookie("vestibule_visit", visit)
    before = rows(auth)

    changed = send(
        browser, "/profile", planted, username="mallory", email=alice.email
    )
    ended = send(browser, "/logout", planted)

    assert changed.status_code == 302
    assert notices(browser.open("/profile")) == [
        "Error while profile updating"
    ]
    assert ended.status_code == 422
    assert TOO_OLD in ended.text
    assert rows(auth) == before


@pytest.mark.attack(76, 77)
@pytest.mark.asvs("N23", "X15")
def test_a_token_of_the_last_session_is_worthless_in_the_next(
    browser: Browser, alice: User, bob: User
) -> None:
    browser.sign_in("alice")
    left = form_token(browser.open("/profile"))
    assert browser.send("/logout").status_code == 302
    browser.sign_in("bob")

    send(browser, "/profile", left, username="robert", email=bob.email)

    assert notices(browser.open("/profile")) == [
        "Error while profile updating"
    ]
    assert "robert" not in Browser.open(browser, "/").text


@pytest.mark.attack(75, "A25")
@pytest.mark.asvs("3.5.1", "N23", "X15")
@pytest.mark.parametrize(
    "path", ["/login", "/register", "/logout", "/password_reset"]
)
def test_no_page_acts_without_a_token(
    browser: Browser, auth: Auth, alice: User, path: str
) -> None:
    if path == "/logout":
        browser.sign_in("alice")
    before = rows(auth)

    response = send(
        browser,
        path,
        None,
        **SIGN_UP,
        password=PASSWORD,
    )

    assert response.status_code == 422
    assert TOO_OLD in response.text
    assert rows(auth) == before


def test_the_password_page_does_not_act_without_a_token(
    browser: Browser, auth: Auth, alice: User
) -> None:
    browser.sign_in("alice")
    new = "seven purple llamas"

    response = send(
        browser,
        "/password/change",
        None,
        old_password=PASSWORD,
        new_password=new,
        new_password2=new,
    )

    assert response.status_code == 422
    assert auth.valid_login("alice@example.com", PASSWORD)


FOREIGN = {
    "another origin": {"Origin": "https://evil.example"},
    "another port": {"Origin": "http://localhost:1"},
    "another scheme": {"Origin": "https://localhost"},
    "a longer host": {"Origin": "http://localhost.evil.example"},
    "a null origin": {"Origin": "null"},
    "a null origin of another site": {
        "Origin": "null",
        "Sec-Fetch-Site": "cross-site",
    },
    "an empty origin": {"Origin": ""},
    "another site": {"Sec-Fetch-Site": "cross-site"},
    "a sibling": {"Sec-Fetch-Site": "same-site"},
    "an unknown site": {"Sec-Fetch-Site": "nonsense"},
    "another site with our origin": {
        "Origin": "http://localhost",
        "Sec-Fetch-Site": "cross-site",
    },
}


@pytest.mark.attack(75, "A25")
@pytest.mark.asvs("X14")
@pytest.mark.parametrize("headers", FOREIGN.values(), ids=FOREIGN.keys())
def test_a_foreign_site_can_start_nothing(
    browser: Browser,
    app: Flask,
    auth: Auth,
    alice: User,
    headers: dict[str, str],
) -> None:
    browser.sign_in("alice")
    stranger = Browser(app)
    own, theirs = (
        form_token(browser.open("/logout")),
        form_token(stranger.open("/login")),
    )
    before = rows(auth)
    acting = [
        (rule, method)
        for rule in app.url_map.iter_rules()
        for method in {"POST", "PUT", "DELETE"} & (rule.methods or set())
    ]
    assert len(acting) >= 12
    for rule, method in acting:
        path = re.sub("<.*>", "A" * 43, rule.rule)
        is_json = rule.endpoint.startswith("vestibule.classic.")
        is_api = rule.endpoint.startswith("vestibule.api.")
        for who, token in ((browser, own), (stranger, theirs)):
            response = who.client.open(
                path,
                method=method,
                data={
                    "email": "alice@example.com",
                    "password": PASSWORD,
                    **({} if is_json else {"csrf_token": token}),
                },
                headers={**({} if is_json else HTML), **headers},
            )
            assert response.status_code == 403, (method, path)
            assert "Set-Cookie" not in response.headers
            assert "another site" in response.text
            if is_json:
                assert [*(response.json or {})] == ["message"]
            else:
                kind = "application/problem+json" if is_api else "text/html"
                assert response.mimetype == kind
    assert rows(auth) == before


OWN = {
    "neither header": {},
    "our origin": {"Origin": "http://localhost"},
    "our origin and site": {
        "Origin": "http://localhost",
        "Sec-Fetch-Site": "same-origin",
    },
    "a hidden origin of our site": {
        "Origin": "null",
        "Sec-Fetch-Site": "same-origin",
    },
    "an address typed in": {"Sec-Fetch-Site": "none"},
}


@pytest.mark.parametrize("headers", OWN.values(), ids=OWN.keys())
def test_our_own_pages_and_programs_pass(
    browser: Browser, app: Flask, alice: User, headers: dict[str, str]
) -> None:
    typed = {"email": "alice", "password": PASSWORD}
    program = app.test_client().post("/sessions", data=typed, headers=headers)
    token = form_token(browser.open("/login"))
    page = browser.client.post(
        "/login",
        data={**typed, "csrf_token": token},
        headers={**HTML, **headers},
    )

    assert program.status_code == 200
    assert page.status_code == 302


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("https://id.example.com", 200),
        ("https://id.example.com:443", 403),
        ("http://id.example.com", 403),
        ("https://example.com", 403),
        # With a public address the Host header proves nothing.
        ("http://localhost", 403),
    ],
)
@pytest.mark.parametrize(
    "base_url",
    [
        pytest.param("https://id.example.com", marks=https),
        pytest.param(
            "https://ID.Example.com:443/",
            marks=pytest.mark.settings(base_url="https://ID.Example.com:443/"),
        ),
    ],
)
def test_the_public_address_says_what_is_our_origin(
    program: FlaskClient, alice: User, origin: str, status: int, base_url: str
) -> None:
    response = program.post(
        "/sessions",
        data={"email": "alice", "password": PASSWORD},
        headers={"Origin": origin},
    )

    assert response.status_code == status


@pytest.mark.attack(62)
def test_who_only_looks_gets_no_cookie_and_no_row(
    browser: Browser, auth: Auth
) -> None:
    before = rows(auth)
    for path in ("/", "/profile", "/nowhere", "/logut", "/dev/mail"):
        assert "Set-Cookie" not in browser.open(path).headers, path
        assert "Set-Cookie" not in browser.client.get(path).headers, path

    # A form needs a visit, and even that is no row.
    for path in ("/login", "/register", "/password_reset"):
        browser.open(path)

    assert visit_cookie(browser)
    assert rows(auth) == before


@pytest.mark.parametrize(
    ("name", "flags"),
    [
        ("vestibule_visit", {"HttpOnly", "Path=/", "SameSite=Lax"}),
        pytest.param(
            "__Host-vestibule_visit",
            {"HttpOnly", "Path=/", "SameSite=Lax", "Secure"},
            marks=https,
        ),
    ],
)
def test_the_visit_lives_two_hours_and_no_script_reads_it(
    browser: Browser, name: str, flags: set[str]
) -> None:
    (cookie,) = browser.open("/login").headers.getlist("Set-Cookie")

    pair, *found = cookie.split("; ")
    assert pair.startswith(f"{name}=")
    life = {
        flag for flag in found if flag.startswith(("Expires=", "Max-Age="))
    }
    assert "Max-Age=7200" in life
    assert {*found} - life == flags


def test_a_notice_is_shown_once(browser: Browser) -> None:
    assert browser.send("/register", SIGN_UP).status_code == 302

    first, second = browser.open("/login"), browser.open("/login")

    assert notices(first) == ["Your account is ready. Sign in"]
    assert 'value="carol@example.com"' in first.text
    assert notices(second) == []
    assert "carol@example.com" not in second.text


def test_a_notice_waits_for_the_next_page_that_shows_notices(
    browser: Browser,
) -> None:
    browser.send("/register", SIGN_UP)

    browser.open("/nowhere")
    browser.client.get("/")

    assert notices(browser.open("/")) == ["Your account is ready. Sign in"]


@pytest.mark.attack(92)
@pytest.mark.asvs("9.1.1", "9.2.2")
@pytest.mark.parametrize("spoiled", ["forged", "another's key", "garbage"])
def test_a_visit_that_we_did_not_write_says_nothing(
    browser: Browser, app: Flask, alice: User, spoiled: str
) -> None:
    browser.send("/register", SIGN_UP)
    seal = app.extensions["vestibule"].form_seal
    carried = {"n": "x" * 22, "f": [["error", "Call 555-0100"]], "k": {}}
    value = {
        "forged": forged(visit_cookie(browser)),
        "another's key": seal.close(carried),
        "garbage": "e30.x.y",
    }[spoiled]
    browser.client.set_cookie("vestibule_visit", value)

    page = browser.open("/login")

    assert page.status_code == 200
    assert notices(page) == []
    assert browser.sign_in("alice").status_code == 302


@pytest.mark.asvs("3.3.5", "4.2.5")
@pytest.mark.settings(name_fields=True)
def test_more_than_a_cookie_holds_is_dropped_and_nothing_breaks(
    browser: Browser, alice: User
) -> None:
    browser.sign_in("alice")
    chance = random.Random(1)
    names = ("username", "email", "first_name", "last_name")
    typed = {
        name: "".join(
            chr(chance.randrange(0x4E00, 0x9FFF)) for _ in range(300)
        )
        for name in names
    }

    response = browser.send("/profile", typed)

    assert response.status_code == 302
    sizes = [len(c) for c in response.headers.getlist("Set-Cookie")]
    assert sizes
    assert max(sizes) < 4096
    page = browser.open("/profile")
    assert notices(page) == ["Error while profile updating"]
    assert 'name="username" value="alice"' in page.text
    saved = browser.send("/profile", username="alicia", email=alice.email)
    assert saved.status_code == 302
    assert notices(browser.open("/profile")) == [
        "Profile updated successfully"
    ]


@pytest.mark.attack(60)
def test_what_one_person_typed_is_not_shown_to_the_next(
    browser: Browser, alice: User, bob: User
) -> None:
    browser.sign_in("alice")
    browser.send("/profile", username="a secret", email="s@secret.example")
    browser.send("/logout")
    browser.sign_in("bob")

    page = browser.open("/profile")

    assert "secret" not in page.text
    assert 'name="username" value="bob"' in page.text


@pytest.mark.attack(86)
def test_what_was_typed_is_shown_as_text_and_never_as_markup(
    browser: Browser, alice: User
) -> None:
    evil = "\"><script>alert(1)</script>{{31337*31337}}'"
    pages = [
        browser.send("/register", username=evil, email=evil),
        browser.send("/login", email=evil, password=evil),
        browser.send("/password_reset", email=evil),
        browser.send("/register", {evil: evil}),
        browser.open(f"/{evil}"),
        browser.open(f"/login?next={evil}"),
    ]
    browser.sign_in("alice")
    browser.send("/profile", username=evil, email=evil)
    pages.append(browser.open("/profile"))

    for page in pages:
        assert "<script>" not in page.text
        assert str(31337 * 31337) not in page.text
    assert "&lt;script&gt;" in pages[0].text
