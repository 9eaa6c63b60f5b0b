"""Confirming an address by the link that was mailed there."""

import pytest
from flask import Flask

from conftest import HTML, PASSWORD, Browser, Postbox, TurnableClock, notices
from stagecraft import at_once, counts, next_page, tables_holding
from vestibule.auth import Auth
from vestibule.capabilities.email_verification.outcomes import (
    EmailLinkInvalid,
    EmailVerified,
)
from vestibule.policy import OPERATOR
from vestibule.user import User

DEAD = (
    "This link has been used or is too old. Sign in, and you can ask for a "
    "new one"
)
DEAD_FOR_ME = "This link does not work any more. Ask for a new one"


@pytest.fixture
def unproven(auth: Auth) -> User:
    """Alice, who has just registered."""
    return auth.registration.register("alice@example.com", PASSWORD, "alice")


@pytest.fixture
def link(unproven: User, postbox: Postbox) -> str:
    """The path of the link in Alice's first letter."""
    return postbox.link("/verify-email/")


def is_proven(auth: Auth, user: User) -> bool:
    """Tell whether an account's address is confirmed."""
    return auth.db.find_user_by(id=user.id).email_verified_at is not None


@pytest.mark.attack(78, "A13", "A27")
def test_opening_the_link_does_nothing_and_the_button_confirms(
    browser: Browser, auth: Auth, unproven: User, link: str
) -> None:
    prefetch = {**HTML, "Sec-Purpose": "prefetch"}
    for _ in range(3):
        page = browser.follow(link)
        assert page.status_code == 200
        for path in (link, "/verify-email/confirm"):
            assert browser.client.head(path, headers=HTML).status_code < 400
            assert browser.client.get(path, headers=prefetch).status_code < 400
    # Whoever holds the link is not told in full whose it is.
    assert "Does a•••@example.com belong to you?" in page.text
    assert link.rpartition("/")[2] not in page.text
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert not is_proven(auth, unproven)

    response = browser.send(link, password=PASSWORD)

    assert response.location == "/login"
    shown = next_page(browser, response)
    assert notices(shown) == ["Your email address is confirmed"]
    assert is_proven(auth, unproven)
    assert browser.open("/profile").status_code == 302


def test_a_link_confirms_once(
    browser: Browser, auth: Auth, unproven: User, link: str
) -> None:
    next_page(browser, browser.send(link, password=PASSWORD))

    again = browser.open(link)

    assert again.location == "/login"
    assert notices(next_page(browser, again)) == [DEAD]
    browser.sign_in("alice")
    again = browser.open(link)
    assert again.location == "/profile"
    assert notices(next_page(browser, again)) == [DEAD_FOR_ME]


@pytest.mark.attack(75, "A25")
def test_a_form_from_elsewhere_confirms_nothing(
    app: Flask, auth: Auth, unproven: User, link: str
) -> None:
    browser = Browser(app)
    browser.follow(link)
    typed = {"password": PASSWORD}
    statuses = [
        browser.client.post(path, data=typed, headers=HTML).status_code
        for path in (link, "/verify-email/confirm")
    ]

    assert statuses == [303, 422]
    assert not is_proven(auth, unproven)


def test_a_link_is_dead_after_an_hour(
    auth: Auth, unproven: User, link: str, clock: TurnableClock
) -> None:
    token = link.rpartition("/")[2]
    clock.turn(minutes=59, seconds=59)
    assert auth.email_verification.look(token).address == "alice@example.com"

    clock.turn(seconds=1)
    with pytest.raises(EmailLinkInvalid):
        auth.email_verification.confirm(token, by=OPERATOR)
    assert not is_proven(auth, unproven)


@pytest.mark.attack("A11")
def test_only_the_fingerprint_of_the_link_is_kept(
    auth: Auth, unproven: User, link: str
) -> None:
    assert tables_holding(auth, link.rpartition("/")[2]) == set()


def test_a_newer_link_makes_the_older_one_void(
    auth: Auth, unproven: User, link: str, postbox: Postbox
) -> None:
    auth.email_verification.ask(unproven)
    newer = postbox.link("/verify-email/")

    with pytest.raises(EmailLinkInvalid):
        auth.email_verification.confirm(link.rpartition("/")[2], by=OPERATOR)
    auth.email_verification.confirm(newer.rpartition("/")[2], by=OPERATOR)
    assert is_proven(auth, unproven)


@pytest.mark.attack(10)
def test_a_link_opened_in_somebody_elses_session_is_its_owners(
    browser: Browser, auth: Auth, unproven: User, bob: User, link: str
) -> None:
    before = auth.db.find_user_by(id=bob.id)
    browser.sign_in("bob")
    page = browser.follow(link)
    assert "You are signed in as bob, and this message is about" in page.text
    main = page.text.partition("<main")[2]
    assert '<a href="/logout">Sign out</a>' in main
    assert "Choose a new password" not in page.text
    assert browser.send(link, password="a guess").status_code == 401
    assert not is_proven(auth, unproven)

    assert browser.send(link, password=PASSWORD).location == "/profile"

    after = auth.db.find_user_by(id=bob.id)
    assert is_proven(auth, unproven)
    assert (after.email, after.email_verified_at) == (
        before.email,
        before.email_verified_at,
    )


def test_of_several_at_once_one_confirms(
    auth: Auth, unproven: User, link: str
) -> None:
    token = link.rpartition("/")[2]

    results = at_once(
        [lambda: auth.email_verification.confirm(token, by=OPERATOR)] * 4
    )

    kinds = sorted(type(result).__name__ for result in results)
    assert kinds == ["EmailLinkInvalid"] * 3 + ["EmailVerified"]
    assert is_proven(auth, unproven)


@pytest.mark.settings(verified_email_required="true")
def test_a_sign_in_that_waits_for_the_letter_sends_a_fresh_one(
    browser: Browser, auth: Auth, unproven: User, link: str, postbox: Postbox
) -> None:
    response = browser.sign_in("alice")

    assert response.status_code == 403
    assert "Confirm your email address first" in response.text
    fresh = postbox.link("/verify-email/")
    assert browser.open(link).status_code == 302

    # The password was right a moment ago, so nobody asks for it again.
    assert (
        "Does alice@example.com belong to you?" in browser.follow(fresh).text
    )
    browser.send(fresh)
    assert browser.sign_in("alice").location == "/profile"


@pytest.mark.settings(verified_email_required="true")
def test_waiting_sign_ins_flood_no_mailbox(
    auth: Auth, unproven: User, link: str, postbox: Postbox
) -> None:
    for _ in range(12):
        with pytest.raises(Exception, match="Confirm your email"):
            auth.login.with_password("alice", PASSWORD)

    letters = postbox.empty()
    assert len(letters) == 5
    # Silence leaves the newest letter good.
    token = letters[-1].text.partition("/verify-email/")[2].split()[0]
    assert isinstance(
        auth.email_verification.confirm(token, by=OPERATOR), EmailVerified
    )
    assert counts(auth)["vestibule_sessions"] == 0
