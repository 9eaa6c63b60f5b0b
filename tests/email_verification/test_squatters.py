"""Somebody signs up with another's address, and gains nothing by it.

The classes of attack are those of Sudhodanan and Paverd, "Pre-hijacked
accounts", arXiv 2205.10174.
"""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from conftest import (
    HTML,
    PASSWORD,
    Browser,
    Postbox,
    field_errors,
    form_token,
    hidden,
    notices,
)
from stagecraft import counts
from vestibule.auth import Auth
from vestibule.policy import STRANGER
from vestibule.user import User

THEIRS = "the squatter's own password"
NEW = "the owner's new password"
MAIL = "vera@example.com"
required = pytest.mark.settings(verified_email_required="true")


@pytest.fixture
def squatted(auth: Auth) -> User:
    """An account that a stranger has made with Vera's address."""
    return auth.registration.register(MAIL, THEIRS, "squatter")


def owner(auth: Auth) -> User:
    """Read the account that has Vera's address."""
    return auth.db.find_user_by(email=MAIL)


@pytest.mark.asvs("6.3.6")
@pytest.mark.attack(99, 100, "A5")
def test_the_link_alone_confirms_no_strangers_account(
    browser: Browser, auth: Auth, squatted: User, postbox: Postbox
) -> None:
    link = postbox.link("/verify-email/")
    page = browser.follow(link)
    assert "Choose a new password" in page.text

    for typed in ({}, {"password": ""}, {"password": "not known to Vera"}):
        refused = browser.send(link, typed)
        assert refused.status_code in (401, 422)
        assert field_errors(refused).keys() == {"password"}
    assert owner(auth).email_verified_at is None


@pytest.mark.attack(99, 100, 101, "A5")
@pytest.mark.asvs("X8")
def test_the_owner_takes_the_account_over_by_the_same_letter(
    new_browser: Callable[[], Browser],
    auth: Auth,
    squatted: User,
    postbox: Postbox,
) -> None:
    squatter, vera = new_browser(), new_browser()
    squatter.sign_in("squatter", THEIRS)
    bearer = auth.sessions.open(squatted.id)
    auth.email_changes.start(squatted, "later@example.com")
    pending = postbox.link("/verify-email/").rpartition("/")[2]
    auth.email_verification.ask(squatted)
    page = vera.follow(postbox.link("/verify-email/"))
    typed = {**hidden(page), "csrf_token": form_token(page)}

    path = "/verify-email/new-password"
    over = vera.client.post(path, data=typed, headers=HTML)

    assert (over.status_code, over.location) == (303, "/password_reset/new")
    # Nothing has happened yet, and nothing is confirmed.
    assert owner(auth).email_verified_at is None
    assert auth.valid_login(MAIL, THEIRS)
    again = {"password": NEW, "confirm_password": NEW}
    assert vera.send(over.location, again).location == "/login"
    assert owner(auth).email_verified_at is not None
    assert auth.valid_login(MAIL, NEW)
    assert not auth.valid_login(MAIL, THEIRS)
    assert squatter.open("/profile").status_code == 302
    assert auth.get_user_from_session_id(bearer) is None
    with pytest.raises(Exception, match="does not work any more"):
        auth.email_verification.look(pending)
    assert counts(auth)["vestibule_mailed_tokens"] == 0
    # That of the owner, who has just set the password.
    assert counts(auth)["vestibule_known_devices"] == 1


@pytest.mark.attack(100, 101, 102, "A5", "A12")
def test_a_reset_ends_all_that_a_squatter_has_left(
    new_browser: Callable[[], Browser],
    auth: Auth,
    squatted: User,
    postbox: Postbox,
) -> None:
    squatter, vera = new_browser(), new_browser()
    squatter.sign_in("squatter", THEIRS)
    squatter.send("/profile", username="squatter", email="later@example.com")
    pending = postbox.link("/verify-email/")
    vera.send("/password_reset", email=MAIL)

    link = postbox.link("/password_reset/")
    vera.send(link, password=NEW, confirm_password=NEW)

    found = owner(auth)
    assert (found.id, found.email_verified_at is not None) == (
        squatted.id,
        True,
    )
    assert squatter.open("/profile").status_code == 302
    assert not auth.valid_login("squatter", THEIRS)
    assert squatter.open(pending).location == "/login"
    assert auth.email_verification.pending(found) is None
    # That of the owner, who has just set the password.
    assert counts(auth)["vestibule_known_devices"] == 1


@pytest.mark.attack(100, 102, "A5")
def test_the_drill_by_the_api(
    app: Flask, auth: Auth, postbox: Postbox
) -> None:
    squatter, vera = app.test_client(), app.test_client()
    own = {"email": MAIL, "password": THEIRS}
    squatter.post("/api/v1/users", json=own)
    token = postbox.link("/verify-email/").rpartition("/")[2]
    named = {"name": MAIL, "password": THEIRS, "bearer": True}
    bearer = squatter.post("/api/v1/sessions", json=named).get_json()["token"]
    theirs = {"Authorization": f"Bearer {bearer}"}

    path = "/api/v1/email-verification"
    refused = vera.put(path, json={"token": token})
    assert (refused.status_code, refused.get_json()["code"]) == (
        401,
        "email.password",
    )
    wrong = vera.put(path, json={"token": token, "password": "a guess"})
    assert (wrong.status_code, wrong.get_json()["code"]) == (
        401,
        "password.incorrect",
    )
    vera.post("/api/v1/password-reset", json={"email": MAIL})
    reset = postbox.link("/password_reset/").rpartition("/")[2]
    done = vera.put(
        "/api/v1/password-reset", json={"token": reset, "new_password": NEW}
    )

    assert done.status_code == 200
    assert owner(auth).email_verified_at is not None
    assert squatter.get("/api/v1/profile", headers=theirs).status_code == 401
    named = {"name": MAIL, "password": THEIRS}
    assert squatter.post("/api/v1/sessions", json=named).status_code == 401
    # The letter from before opens nothing any more, for nobody.
    late = squatter.put(path, json={"token": token, "password": THEIRS})
    assert late.status_code == 410


@pytest.mark.attack(27, 99, "A4", "A5")
@required
def test_a_second_sign_up_looks_as_always_and_the_letter_leads_in(
    new_browser: Callable[[], Browser],
    auth: Auth,
    squatted: User,
    postbox: Postbox,
) -> None:
    postbox.empty()
    vera = new_browser()
    twice = {"password1": NEW, "password2": NEW}
    sent = vera.send("/register", {"username": "vera", "email": MAIL}, **twice)
    assert sent.location == "/login"
    (letter,) = postbox.empty()
    assert "Nobody has confirmed yet" in letter.text
    assert "/password_reset\n" in letter.text

    # Attack: the squatter has codes sent, which Vera is asked to type where
    # she signed up: that confirms nothing with the squatter's password.
    squatter = new_browser()
    assert squatter.sign_in("squatter", THEIRS).status_code == 403
    lured = postbox.empty()[-1].text
    code = lured.partition("asked for it:\n")[2].split("\n")[0]
    refused = vera.send("/verify-email", code=code)
    assert refused.status_code == 401
    assert owner(auth).email_verified_at is None

    vera.send("/password_reset", email=MAIL)
    vera.send(
        postbox.link("/password_reset/"), password=NEW, confirm_password=NEW
    )
    assert vera.sign_in(MAIL, NEW).location == "/profile"
    assert squatter.sign_in("squatter", THEIRS).status_code == 401


@pytest.mark.asvs("2.3.1")
@pytest.mark.attack(92, 100, "A5")
@required
def test_a_ticket_dies_with_the_password_it_was_given_for(
    new_browser: Callable[[], Browser],
    auth: Auth,
    squatted: User,
    postbox: Postbox,
) -> None:
    squatter = new_browser()
    squatter.sign_in("squatter", THEIRS)
    auth.update_password(auth.get_reset_password_token(MAIL), NEW)
    auth.db.update_user(squatted.id, email_verified_at=None)
    auth.email_verification.ask(squatted)
    page = squatter.follow(postbox.link("/verify-email/"))

    assert "Then enter the password" in page.text
    fresh = owner(auth)
    for forged in ("", "x", auth.email_verification.ticket(None), "é"):
        assert not auth.email_verification.is_ones_own(
            fresh, by=STRANGER, ticket=forged
        )


def test_signed_up_on_one_device_and_confirmed_on_another(
    new_browser: Callable[[], Browser], auth: Auth, postbox: Postbox
) -> None:
    laptop, phone = new_browser(), new_browser()
    twice = {"password1": PASSWORD, "password2": PASSWORD}
    laptop.send("/register", {"username": "vera", "email": MAIL}, **twice)
    link = postbox.link("/verify-email/")
    # Where she signed up she is known; elsewhere she types what she chose.
    assert f"Does {MAIL} belong to you?" in laptop.follow(link).text
    assert "Then enter the password" in phone.follow(link).text

    done = phone.send(link, password=PASSWORD)

    assert done.location == "/login"
    assert notices(phone.open("/login")) == ["Your email address is confirmed"]
    assert owner(auth).email_verified_at is not None
    assert laptop.sign_in("vera").location == "/profile"


@pytest.mark.attack(43, "A6")
def test_an_address_is_no_username_so_nobody_is_called_by_anothers(
    browser: Browser, program: FlaskClient, auth: Auth
) -> None:
    twice = {"password1": PASSWORD, "password2": PASSWORD}
    refused = browser.send(
        "/register", {"username": MAIL, "email": "s@example.com"}, **twice
    )
    assert field_errors(refused).keys() == {"username"}
    for name in (MAIL, "vera＠example.com", "VERA@EXAMPLE.COM"):
        typed = {"email": "s@example.com", "password": PASSWORD}
        answer = program.post(
            "/api/v1/users", json={**typed, "username": name}
        )
        assert answer.status_code == 422
    assert counts(auth)["vestibule_users"] == 0
