"""A recovery code stands in for the second step, once."""

from collections.abc import Callable

import pytest
from flask import Flask

from conftest import PASSWORD, Browser, Postbox, field_errors
from phones import Phone, press, second_step, signed_in, with_app
from programs import Program, told
from vestibule.auth import Auth
from vestibule.policy import OPERATOR
from vestibule.user import User


@pytest.fixture
def phone(auth: Auth, alice: User) -> Phone:
    """Alice's phone, with the app on."""
    return with_app(auth, alice)


@pytest.fixture
def codes(auth: Auth, alice: User, phone: Phone) -> list[str]:
    """Alice's recovery codes."""
    return auth.recovery_codes.make(alice, by=OPERATOR)


@pytest.mark.asvs("6.4.4", "N14", "N15", "N18", "N19")
def test_a_code_signs_in_and_its_owner_is_told_how_many_are_left(
    browser: Browser, codes: list[str], postbox: Postbox
) -> None:
    postbox.empty()
    browser.sign_in("alice")
    page = browser.open("/login/verify?way=recovery_codes")
    assert "Recovery code" in page.text

    typed = codes[0].replace("-", " ").upper()
    assert second_step(browser, typed).status_code in (302, 303)

    assert signed_in(browser)
    letters = [one for one in postbox.empty() if "recovery" in one.subject]
    assert "9 codes left" in letters[0].text
    assert codes[0] not in letters[0].text


def test_whoever_has_two_left_is_advised_at_the_sign_in_to_make_new_ones(
    auth: Auth, alice: User, browser: Browser, app: Flask, codes: list[str]
) -> None:
    few = "You have few recovery codes left"
    for code in codes[:6]:
        with auth.db.unit():
            auth.recovery_codes.prove_factor(alice, code)
    browser.sign_in("alice")
    second_step(browser, codes[6])
    assert few not in browser.open("/profile").text
    browser.send("/logout")

    browser.sign_in("alice")
    second_step(browser, codes[7])

    assert few in browser.open("/profile").text
    program = Program(app)
    held = program.sign_in("alice").json
    sent = {"waiting": held["waiting"], "code": codes[8]}
    answer = program.call("POST", "/sessions/second-factor", sent)
    assert answer.json["warnings"] == ["recovery_codes.few"]


def test_letters_that_look_like_digits_are_taken_for_them(
    auth: Auth, alice: User, codes: list[str]
) -> None:
    typed = codes[0].replace("0", "O").replace("1", "I")

    with auth.db.unit():
        auth.recovery_codes.prove_factor(alice, typed)

    assert auth.recovery_codes.left(alice).count == 9


@pytest.mark.attack(45, "A42")
@pytest.mark.asvs("6.5.1")
def test_a_code_that_was_used_opens_nothing_more_anywhere(
    new_browser: Callable[[], Browser], app: Flask, codes: list[str]
) -> None:
    first, second = new_browser(), new_browser()
    first.sign_in("alice")
    second.sign_in("alice")
    second_step(first, codes[0])

    refused = second_step(second, codes[0])

    assert refused.status_code == 401
    assert field_errors(refused) == {
        "code": "This recovery code has already been used. Enter another one"
    }
    again = press(first, "/confirm", password=PASSWORD, code=codes[0])
    assert again.status_code == 401
    program = Program(app)
    held = program.sign_in("alice").json
    sent = {"waiting": held["waiting"], "code": codes[0]}
    answer = program.call("POST", "/sessions/second-factor", sent)
    assert told(answer) == (401, "recovery_codes.used")


@pytest.mark.attack("A42")
def test_a_code_of_somebody_else_is_none(
    browser: Browser, auth: Auth, codes: list[str], bob: User
) -> None:
    with_app(auth, bob)
    theirs = auth.recovery_codes.make(bob, by=OPERATOR)
    browser.sign_in("alice")

    refused = second_step(browser, theirs[0])

    assert refused.status_code == 401
    assert "none of your recovery codes" in field_errors(refused)["code"]
    assert auth.recovery_codes.left(bob).count == 10


@pytest.mark.asvs("N15", "6.3.5")
@pytest.mark.attack(38)
def test_guesses_at_recovery_codes_spend_the_same_budget(
    browser: Browser, codes: list[str], phone: Phone
) -> None:
    browser.sign_in("alice")
    answers = [second_step(browser, "0" * 25) for _ in range(11)]

    assert answers[-1].status_code == 429
    for code in (codes[0], phone.code()):
        assert second_step(browser, code).status_code == 429
