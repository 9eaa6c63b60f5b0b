"""Signing out ends the one session it is asked in."""

import pytest
from flask import Flask

from conftest import HTML, Browser, notices
from stagecraft import Opened, both_doors, counts
from vestibule.auth import Auth
from vestibule.user import User


@pytest.mark.asvs("3.5.3")
def test_the_page_asks_first_and_opening_it_signs_nobody_out(
    browser: Browser, alice: User
) -> None:
    browser.sign_in("alice")

    page = browser.open("/logout").text

    assert "Are you sure you want to logout?" in page
    assert ">LogOut</button>" in page
    assert browser.client.head("/logout", headers=HTML).status_code == 200
    assert browser.open("/profile").status_code == 200


def test_the_button_signs_out_and_leads_to_the_sign_in_page(
    browser: Browser, auth: Auth, alice: User
) -> None:
    browser.sign_in("alice")

    response = browser.send("/logout")

    assert (response.status_code, response.location) == (302, "/login")
    assert browser.client.get_cookie("session_id") is None
    assert notices(browser.open("/login")) == ["You have signed out"]
    assert browser.open("/profile").location == "/login?next=/profile"
    assert counts(auth)["vestibule_sessions"] == 0


def test_the_misspelt_address_leads_to_the_right_one(
    browser: Browser,
) -> None:
    assert browser.open("/logut").location == "/logout"


@pytest.mark.asvs("7.4.1")
@both_doors
def test_signing_out_ends_this_session_and_no_other(
    app: Flask, auth: Auth, alice: User, opened: Opened
) -> None:
    here, there = opened(app), opened(app)
    here.sign_in("alice@example.com")
    there.sign_in("alice@example.com")
    cookie = here.program.get_cookie("session_id")
    assert cookie is not None

    assert here.sign_out().status_code == 302

    assert auth.get_user_from_session_id(cookie.value) is None
    here.program.set_cookie("session_id", cookie.value)
    assert here.whoami() is None
    assert there.whoami() == "alice@example.com"


def test_a_program_is_led_to_the_welcome_with_its_dead_cookie(
    app: Flask, alice: User
) -> None:
    program = app.test_client()
    program.post(
        "/sessions",
        json={
            "email": "alice@example.com",
            "password": "correct horse battery staple",
        },
    )
    cookie = program.get_cookie("session_id")
    assert cookie is not None

    response = program.delete("/sessions")
    assert (response.status_code, response.location) == (302, "/")
    program.set_cookie("session_id", cookie.value)

    assert program.get("/").get_data() == b'{"message":"Bienvenue"}'
    assert program.delete("/sessions").status_code == 403


def test_another_page_cannot_press_the_button(
    browser: Browser, alice: User
) -> None:
    browser.sign_in("alice")

    for data in ({}, {"csrf_token": "guessed"}):
        browser.client.post("/logout", data=data, headers=HTML)
    foreign = browser.client.post(
        "/logout", headers={**HTML, "Sec-Fetch-Site": "cross-site"}
    )

    assert foreign.status_code == 403
    assert browser.open("/profile").status_code == 200


@pytest.mark.settings(logout_on_get="true")
def test_the_operator_may_let_the_address_alone_sign_out(
    browser: Browser, auth: Auth, alice: User
) -> None:
    browser.sign_in("alice")

    response = browser.open("/logout")

    assert (response.status_code, response.location) == (302, "/")
    assert browser.open("/profile").status_code == 302
    assert counts(auth)["vestibule_sessions"] == 0
    assert browser.open("/logout").location == "/"
