"""Signing in by name and password, at the page and by JSON."""

import pytest
from flask import Flask

from conftest import (
    PASSWORD,
    Browser,
    TurnableClock,
    field_errors,
    form_token,
    notices,
)
from stagecraft import Opened, both_doors, counts
from vestibule.auth import Auth
from vestibule.ground.randomness import Randomness
from vestibule.user import User

SORRY = "Invalid credentials. Try again"


@pytest.mark.parametrize("name", ["alice", "ALICE", "Alice@Example.com"])
def test_alice_signs_in_by_any_spelling_of_her_names(
    browser: Browser, alice: User, name: str
) -> None:
    response = browser.sign_in(name)

    assert response.status_code == 302
    assert response.location == "/profile"
    assert "alice@example.com" in browser.open("/profile").text


@pytest.mark.attack(28, "A4")
@both_doors
def test_a_wrong_password_says_the_same_as_an_unknown_account(
    app: Flask, alice: User, opened: Opened
) -> None:
    door = opened(app)
    wrong = door.sign_in("alice@example.com", "not her password")
    unknown = door.sign_in("nobody@example.com", "not her password")

    assert wrong.status_code == unknown.status_code == 401
    assert notices(wrong) == notices(unknown)
    assert field_errors(wrong) == field_errors(unknown)
    assert wrong.json == unknown.json if wrong.is_json else True
    assert "session_id" not in str(wrong.headers) + str(unknown.headers)
    assert door.whoami() is None


@pytest.mark.attack(52)
def test_a_failed_sign_in_keeps_what_was_typed_but_the_password(
    browser: Browser, alice: User
) -> None:
    response = browser.send(
        "/login", email="alice", password="a wrong guess", remember="true"
    )

    assert response.status_code == 401
    assert notices(response) == [SORRY]
    assert 'name="email" value="alice"' in response.text
    assert 'name="remember" value="true" checked' in response.text
    assert "a wrong guess" not in response.text


@pytest.mark.attack(44, 55)
def test_empty_fields_are_told_one_by_one(browser: Browser) -> None:
    response = browser.send("/login", email="", password="")

    assert notices(response) == [SORRY]
    assert list(field_errors(response)) == ["email", "password"]


def test_the_eleventh_guess_is_told_to_wait(
    browser: Browser, alice: User, clock: TurnableClock
) -> None:
    for _ in range(10):
        assert browser.sign_in("alice", "a guess").status_code == 401

    refused = browser.sign_in("alice", PASSWORD)

    assert refused.status_code == 429
    assert refused.headers["Retry-After"] == "60"
    assert "Try again in 1 minute" in refused.text
    clock.turn(minutes=1)
    assert browser.sign_in("alice", PASSWORD).status_code == 302


def test_the_form_field_may_be_called_username(
    browser: Browser, alice: User
) -> None:
    response = browser.send("/login", username="alice", password=PASSWORD)

    assert response.location == "/profile"


def test_two_names_at_once_are_refused(
    browser: Browser, alice: User, bob: User
) -> None:
    response = browser.send(
        "/login", email="alice", username="bob", password=PASSWORD
    )

    assert response.status_code == 422
    assert browser.open("/profile").status_code == 302


def test_the_page_leads_to_registering_and_to_the_reset(
    browser: Browser,
) -> None:
    page = browser.open("/login").text

    assert 'href="/register"' in page
    assert '<a href="/password_reset">Forgot Password?</a>' in page


@pytest.mark.attack(78, "A27")
def test_nobody_signs_in_by_opening_an_address(
    browser: Browser, auth: Auth, alice: User
) -> None:
    browser.open(f"/login?email=alice&password={PASSWORD}")

    assert counts(auth)["vestibule_sessions"] == 0


@pytest.mark.asvs("7.2.2", "7.2.4")
@pytest.mark.attack(58)
@both_doors
def test_a_planted_session_never_becomes_somebodys(
    app: Flask, auth: Auth, alice: User, opened: Opened
) -> None:
    door, planted = opened(app), Randomness().token()
    door.program.set_cookie("session_id", planted)

    assert door.sign_in("alice@example.com").status_code == door.works

    cookie = door.program.get_cookie("session_id")
    assert cookie is not None
    assert cookie.value != planted
    assert auth.get_user_from_session_id(planted) is None
    assert door.whoami() == "alice@example.com"


@pytest.mark.attack(76)
@both_doors
def test_a_form_from_before_the_sign_in_is_worthless_after(
    app: Flask, auth: Auth, alice: User, opened: Opened
) -> None:
    door = opened(app)
    planted = form_token(door.browser.open("/login"))
    door.sign_in("alice@example.com")

    for path, typed in (
        ("/profile", {"username": "mallory", "email": "m@example.com"}),
        ("/logout", {}),
        (
            "/password/change",
            {
                "old_password": PASSWORD,
                "new_password": "another good password",
                "new_password2": "another good password",
            },
        ),
    ):
        door.program.post(path, data={**typed, "csrf_token": planted})

    assert auth.db.find_user_by(username="alice").id == alice.id
    assert auth.valid_login("alice", PASSWORD)
    assert door.whoami() == "alice@example.com"


@pytest.mark.asvs("7.2.2")
@pytest.mark.attack(60, "A16")
def test_every_sign_in_gets_a_session_of_its_own(
    app: Flask, auth: Auth, alice: User
) -> None:
    tokens = {auth.login.with_password("alice", PASSWORD).token}
    for opened in (Browser(app), Browser(app)):
        opened.sign_in("alice")
        cookie = opened.client.get_cookie("session_id")
        assert cookie is not None
        tokens.add(cookie.value)

    assert len(tokens) == counts(auth)["vestibule_sessions"] == 3
