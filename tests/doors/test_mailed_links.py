"""The secret of a mailed link leaves the address before a page is shown."""

import pytest
from flask import Flask

from conftest import (
    HTML,
    PASSWORD,
    Browser,
    TurnableClock,
    field_errors,
    form_token,
    hidden,
    notices,
)
from vestibule.auth import Auth
from vestibule.user import User

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
NEW = "another good password"
TYPED = {"password": NEW, "confirm_password": NEW}
FORMS = ("/password_reset/new", "/verify-email/confirm", "/verify-email/undo")


@pytest.fixture
def token(auth: Auth, alice: User) -> str:
    """The token of a reset link of Alice's."""
    return auth.password_reset.issue(alice)


@pytest.mark.attack("A13")
@pytest.mark.asvs("3.4.5", "14.2.1", "X4")
@pytest.mark.parametrize(
    "path", ["/password_reset/{}", "/password_reset?token={}"]
)
def test_an_address_with_a_secret_shows_no_page(
    browser: Browser, token: str, path: str
) -> None:
    opened = browser.open(path.format(token))

    assert (opened.status_code, opened.location) == (
        303,
        "/password_reset/new",
    )
    assert opened.headers["Referrer-Policy"] == "no-referrer"
    assert opened.headers["Cache-Control"] == "no-store"
    form = browser.open(opened.location)
    assert token not in form.text
    assert form.headers["Referrer-Policy"] == "no-referrer"
    assert 'action="' not in form.text.partition("<main")[2].split("</main")[0]


@pytest.mark.asvs("3.7.5")
@pytest.mark.parametrize("path", FORMS)
def test_whoever_keeps_no_cookies_is_told_so_and_sent_nowhere(
    browser: Browser, path: str
) -> None:
    page = browser.open(path)

    assert page.status_code == 410
    assert "your browser keeps no cookies for this site" in page.text
    assert "<h1>Open the link again</h1>" in page.text
    assert "ask for a new link" not in page.text


@pytest.mark.attack(10, "A13")
def test_of_two_windows_the_newer_link_wins_and_the_older_is_told(
    browser: Browser, auth: Auth, token: str, bob: User
) -> None:
    first = browser.follow(f"/password_reset/{token}")
    second = browser.follow(
        f"/password_reset/{auth.password_reset.issue(bob)}"
    )
    assert "b•••@example.com" in second.text

    old = {**TYPED, **hidden(first), "csrf_token": form_token(first)}
    refused = browser.client.post(FORMS[0], data=old, headers=HTML)

    assert refused.status_code == 409
    assert "You have opened another link since" in refused.text
    assert "b•••@example.com" in refused.text
    assert field_errors(refused) == {}
    assert auth.valid_login("alice", PASSWORD)
    assert auth.valid_login("bob", PASSWORD)
    assert browser.send(FORMS[0], TYPED).location == "/login"
    assert auth.valid_login("bob", NEW)
    assert auth.valid_login("alice", PASSWORD)


def test_the_cookie_goes_when_all_is_done_or_over(
    browser: Browser, auth: Auth, token: str, clock: TurnableClock
) -> None:
    browser.send(f"/password_reset/{token}", TYPED)
    assert browser.client.get_cookie("vestibule_reset") is None

    alice = auth.db.find_user_by(username="alice")
    browser.follow(f"/password_reset/{auth.password_reset.issue(alice)}")
    clock.turn(hours=1, seconds=1)
    over = browser.open(FORMS[0])
    assert over.status_code == 410
    newer = auth.password_reset.issue(alice)
    browser.follow(f"/password_reset/{newer}")
    auth.password_reset.issue(alice)
    replaced = browser.open(FORMS[0])
    assert replaced.location == "/password_reset"
    assert notices(browser.open(replaced.location))[-2:] == [
        "That is an invalid or expired token",
        "If you asked more than once, use the newest message",
    ]
    assert browser.client.get_cookie("vestibule_reset") is None


@pytest.mark.attack(11, 92)
@pytest.mark.asvs("2.3.1", "9.1.1", "9.2.2")
def test_a_cookie_of_another_kind_or_from_elsewhere_opens_nothing(
    app: Flask, auth: Auth, token: str
) -> None:
    browser = Browser(app)
    browser.follow(f"/password_reset/{token}")
    cookie = browser.client.get_cookie("vestibule_reset")
    assert cookie
    for name, value in (
        ("confirm", cookie.value),
        ("undo", cookie.value),
        ("reset", cookie.value[:-1]),
        ("reset", token),
        ("reset", ""),
    ):
        other = Browser(app)
        other.client.set_cookie(f"vestibule_{name}", value)
        for path in FORMS:
            assert other.open(path).status_code == 410
