"""A code of the app opens once, and for a minute and a half at most."""

from collections.abc import Callable

import pytest
from flask import Flask

from conftest import (
    PASSWORD,
    Browser,
    TurnableClock,
    field_errors,
)
from phones import Phone, press, second_step, signed_in, with_app
from programs import Program, told
from vestibule.auth import Auth
from vestibule.errors import TooMany
from vestibule.outcomes import SecondFactorNeeded
from vestibule.policy import OPERATOR
from vestibule.user import User

INCORRECT = "second_factor.incorrect"


@pytest.fixture
def phone(auth: Auth, alice: User) -> Phone:
    """Alice's phone, with the app on."""
    return with_app(auth, alice)


def waiting(auth: Auth, name: str = "alice") -> str:
    """Begin a sign-in that waits for the second step."""
    outcome = auth.login.with_password(name, PASSWORD)
    assert isinstance(outcome, SecondFactorNeeded)
    return outcome.token


@pytest.mark.asvs("6.3.3", "6.5.5")
def test_the_password_and_then_a_code_sign_in(
    browser: Browser, phone: Phone
) -> None:
    browser.sign_in("alice")
    page = browser.open("/login/verify")
    assert "Code from your authenticator app" in page.text
    assert 'inputmode="numeric"' in page.text
    assert not signed_in(browser)

    typed = f" {phone.code()[:3]} {phone.code()[3:]} "
    assert second_step(browser, typed).status_code in (302, 303)

    assert signed_in(browser)


@pytest.mark.parametrize("steps", [-2, 2])
@pytest.mark.asvs("6.5.5", "6.5.8")
def test_a_code_of_two_steps_away_is_wrong(
    browser: Browser, phone: Phone, clock: TurnableClock, steps: int
) -> None:
    # Long after any code was used.
    clock.turn(minutes=5)
    browser.sign_in("alice")

    refused = second_step(browser, phone.code(steps))

    assert refused.status_code == 401
    assert "set automatically" in field_errors(refused)["code"]
    assert not signed_in(browser)


@pytest.mark.asvs("6.5.5")
def test_a_phone_may_be_half_a_minute_off(
    auth: Auth, phone: Phone, clock: TurnableClock
) -> None:
    clock.turn(minutes=5)
    for steps in (-1, 0, 1):
        auth.second_factors.finish(waiting(auth), phone.code(steps))


@pytest.mark.attack(45, "A42")
@pytest.mark.asvs("6.5.1")
def test_a_code_that_was_used_opens_nothing_more_anywhere(
    new_browser: Callable[[], Browser],
    app: Flask,
    phone: Phone,
    clock: TurnableClock,
) -> None:
    first, thief, later = new_browser(), new_browser(), new_browser()
    for each in (first, thief, later):
        each.sign_in("alice")
    code = phone.code()
    assert second_step(first, code).status_code in (302, 303)

    # At once, in a second session.
    assert second_step(thief, code).status_code == 401
    # Where one proves once more who one is.
    again = press(first, "/confirm", password=PASSWORD, code=code)
    assert again.status_code == 401
    # By the API.
    program = Program(app)
    held = program.sign_in("alice").json
    sent = {"waiting": held["waiting"], "code": code}
    refused = program.call("POST", "/sessions/second-factor", sent)
    assert told(refused) == (401, INCORRECT)
    # And half a minute later, though a phone might be as far off.
    clock.turn(seconds=30)
    assert phone.code(-1) == code
    assert second_step(later, code).status_code == 401
    assert second_step(later, phone.code()).status_code in (302, 303)


@pytest.mark.attack(45, "A42")
def test_an_older_code_is_worthless_once_a_newer_one_was_used(
    browser: Browser, phone: Phone, clock: TurnableClock
) -> None:
    clock.turn(minutes=1)
    browser.sign_in("alice")
    assert second_step(browser, phone.code(1)).status_code in (302, 303)
    browser.send("/logout")
    browser.sign_in("alice")

    for steps in (-1, 0, 1):
        assert second_step(browser, phone.code(steps)).status_code == 401


@pytest.mark.attack(45, "A42")
def test_the_code_of_the_set_up_signs_nobody_in(
    browser: Browser, auth: Auth, alice: User
) -> None:
    phone = Phone(auth.totp.begin(alice, by=OPERATOR).key, auth.clock)
    auth.totp.confirm(alice, phone.code(), by=OPERATOR)
    browser.sign_in("alice")

    assert second_step(browser, phone.code()).status_code == 401


@pytest.mark.attack(38, "A42")
@pytest.mark.asvs("6.3.5", "X19")
def test_guesses_at_codes_are_counted_and_then_refused_unread(
    browser: Browser, auth: Auth, phone: Phone
) -> None:
    browser.sign_in("alice")
    answers = [second_step(browser, phone.wrong()) for _ in range(11)]
    assert [one.status_code for one in answers[:9]] == [401] * 9
    assert answers[-1].status_code == 429

    # The right one is not even looked at.
    assert second_step(browser, phone.code()).status_code == 429
    with pytest.raises(TooMany):
        auth.second_factors.finish(waiting(auth), phone.code())


def test_a_code_of_somebody_elses_app_is_wrong(
    browser: Browser, auth: Auth, phone: Phone, bob: User
) -> None:
    theirs = with_app(auth, bob)
    browser.sign_in("alice")

    assert second_step(browser, theirs.code()).status_code == 401
    assert second_step(browser, phone.code()).status_code in (302, 303)


def test_digits_of_other_scripts_are_digits(
    browser: Browser, phone: Phone
) -> None:
    browser.sign_in("alice")
    wide = "".join(chr(ord(digit) + 0xFEE0) for digit in phone.code())

    assert second_step(browser, wide).status_code in (302, 303)
