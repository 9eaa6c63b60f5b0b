"""Somebody whose message got lost asks for another link."""

from conftest import (
    HTML,
    PASSWORD,
    Browser,
    Postbox,
    form_token,
    notices,
)
from vestibule.auth import Auth
from vestibule.user import User


def test_a_lost_link_is_sent_again_and_only_the_newest_works(
    browser: Browser, auth: Auth, postbox: Postbox
) -> None:
    auth.registration.register("zoe@example.com", PASSWORD, "zoe")
    lost = postbox.link("/verify-email/")
    browser.sign_in("zoe")
    page = browser.open("/profile")
    assert notices(page) == ["zoe@example.com is not confirmed yet."]
    assert (
        '<a href="/verify-email/again">Send the message again</a>' in page.text
    )

    sent = browser.send("/verify-email/again")

    assert (sent.status_code, sent.location) == (302, "/verify-email")
    assert notices(browser.open("/verify-email"))[0] == (
        "We have sent a message to zoe@example.com"
    )
    assert browser.open(lost).status_code == 302
    browser.send(postbox.link("/verify-email/"))
    assert "Not confirmed" not in browser.open("/profile").text


def test_the_address_that_waits_gets_it_and_not_the_old_one(
    browser: Browser, alice: User, postbox: Postbox
) -> None:
    browser.sign_in("alice")
    browser.send("/profile", username="alice", email="new@example.com")
    postbox.empty()
    page = browser.open("/profile")
    assert (
        '<a href="/verify-email/again">Send the message again</a>' in page.text
    )

    browser.send("/verify-email/again")

    assert [letter.to for letter in postbox.empty()] == ["new@example.com"]


def test_the_sixth_letter_has_to_wait(
    browser: Browser, auth: Auth, postbox: Postbox
) -> None:
    auth.registration.register("zoe@example.com", PASSWORD, "zoe")
    browser.sign_in("zoe")
    for _ in range(5):
        assert browser.send("/verify-email/again").status_code == 302
    postbox.empty()

    refused = browser.send("/verify-email/again")

    assert refused.status_code == 429
    assert refused.headers["Retry-After"] == "60"
    assert postbox.empty() == []


def test_nobody_else_can_ask(browser: Browser) -> None:
    for path in ("/verify-email", "/verify-email/again"):
        assert browser.open(path).location.startswith("/login?next=")


def test_where_nothing_waits_there_is_nothing_to_confirm(
    browser: Browser, alice: User, postbox: Postbox
) -> None:
    browser.sign_in("alice")
    postbox.empty()

    answers = [
        browser.open("/verify-email"),
        browser.open("/verify-email/again"),
    ]

    for answer in answers:
        assert answer.location == "/profile"
    assert set(notices(browser.open("/profile"))) == {
        "Your email address is confirmed"
    }
    form = {"csrf_token": form_token(browser.open("/profile"))}
    sent = browser.client.post("/verify-email/again", data=form, headers=HTML)
    assert sent.location == "/profile"
    assert postbox.empty() == []
