"""Whoever signs in with a password that everybody tries first is told so."""

import logging
from typing import Any

import pytest
from flask import Flask

from conftest import PASSWORD, Browser, account, notices
from phones import second_step, with_app
from vestibule.auth import Auth
from vestibule.capabilities.passwords import policy
from vestibule.user import User

API = "/api/v1/sessions"
COMMON = "password123"
ADVICE = "Your password is on a list of common passwords"


@pytest.fixture
def weak(auth: Auth) -> User:
    """Have an account whose password was set before the list had it."""
    person = account(auth, "weak")
    auth.passwords.set(person, auth.passwords.hasher.hash(COMMON))
    return person


@pytest.mark.asvs("6.2.12")
def test_one_is_told_on_the_next_page_and_once(
    browser: Browser, weak: User
) -> None:
    answer = browser.sign_in(weak.username, COMMON)

    assert answer.location == "/profile"
    assert ADVICE in browser.open("/profile").text
    assert ADVICE not in browser.open("/profile").text


def test_a_better_password_is_told_nothing(
    browser: Browser, alice: User
) -> None:
    browser.sign_in(alice.username)

    assert notices(browser.open("/profile")) == []


def test_one_is_told_in_ones_own_language(
    browser: Browser, auth: Auth, weak: User
) -> None:
    auth.preferences.choose(weak, language="ru")
    browser.sign_in(weak.username, COMMON)

    (said,) = notices(browser.open("/profile"))

    assert "пароль" in said.lower()
    assert ADVICE not in said


def test_a_second_step_between_forgets_it_not(
    browser: Browser, auth: Auth, weak: User
) -> None:
    phone = with_app(auth, weak)
    step = browser.sign_in(weak.username, COMMON)
    assert ADVICE not in browser.open(step.location).text

    second_step(browser, phone.code())

    assert ADVICE in browser.open("/profile").text


@pytest.mark.parametrize("bearer", [True, False])
def test_a_program_gets_a_code(
    app: Flask, weak: User, alice: User, *, bearer: bool
) -> None:
    def warned(name: str, password: str) -> Any:
        """Sign in, and read what is to be told."""
        typed = {"name": name, "password": password, "bearer": bearer}
        answer = app.test_client().post(API, json=typed)
        assert answer.status_code == 201
        assert answer.json
        return answer.json["warnings"]

    assert warned(weak.email, COMMON) == ["password.common"]
    assert warned(alice.email, PASSWORD) == []


@pytest.mark.settings(password_blocklist="false")
def test_where_common_passwords_are_allowed_nobody_is_warned(
    browser: Browser, weak: User
) -> None:
    browser.sign_in(weak.username, COMMON)

    assert notices(browser.open("/profile")) == []


def test_a_wrong_password_is_not_looked_up(
    browser: Browser, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(policy, "is_common", asked.append)

    answer = browser.sign_in(alice.username, COMMON)

    assert answer.status_code == 401
    assert asked == []


def test_no_log_says_whose_password_it_is(
    browser: Browser, weak: User, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        browser.sign_in(weak.username, COMMON)

    assert COMMON not in caplog.text
    assert "common" not in caplog.text
