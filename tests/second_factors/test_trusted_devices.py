"""A device that is trusted stands for the second factor, for thirty days."""

from collections.abc import Callable
from typing import Any

import pytest

from conftest import PASSWORD, Browser, TurnableClock, form_token
from phones import Phone, second_step, signed_in, with_app
from vestibule.auth import Auth
from vestibule.outcomes import LoggedIn, SecondFactorNeeded
from vestibule.policy import OPERATOR
from vestibule.user import User


def trusting(browser: Browser, user: User, phone: Phone) -> None:
    """Sign in with both steps, and have the device trusted."""
    browser.sign_in(user.username)
    second_step(browser, phone.code(), trust="true")
    assert signed_in(browser)


def sign_out(browser: Browser) -> None:
    """Sign out by the page."""
    browser.send("/logout")
    assert not signed_in(browser)


def test_a_trusted_device_is_asked_again_after_thirty_days(
    browser: Browser, auth: Auth, alice: User, clock: TurnableClock
) -> None:
    trusting(browser, alice, with_app(auth, alice))
    sign_out(browser)
    clock.turn(days=29)
    assert browser.sign_in(alice.username).location == "/profile"
    sign_out(browser)

    clock.turn(days=1)

    assert browser.sign_in(alice.username).location == "/login/verify"


def test_whoever_does_not_ask_for_it_is_not_trusted(
    browser: Browser, auth: Auth, alice: User
) -> None:
    phone = with_app(auth, alice)
    browser.sign_in(alice.username)
    second_step(browser, phone.code())
    sign_out(browser)

    assert browser.sign_in(alice.username).location == "/login/verify"


@pytest.mark.asvs("6.5.1")
def test_the_token_of_a_trusted_device_works_once(
    auth: Auth, alice: User
) -> None:
    phone = with_app(auth, alice)
    held = auth.login.with_password(alice.email, PASSWORD)
    done = auth.second_factors.finish(held.token, phone.code(), trust=True)
    token = done.keeps["trusted"]

    first = auth.login.with_password(alice.email, PASSWORD, trusted=[token])
    again = auth.login.with_password(alice.email, PASSWORD, trusted=[token])

    assert isinstance(first, LoggedIn)
    assert first.keeps["trusted"] != token
    assert isinstance(again, SecondFactorNeeded)
    fresh = [first.keeps["trusted"]]
    third = auth.login.with_password(alice.email, PASSWORD, trusted=fresh)
    assert isinstance(third, LoggedIn)


def test_it_is_trusted_for_one_account_alone(
    browser: Browser, auth: Auth, alice: User, bob: User
) -> None:
    trusting(browser, alice, with_app(auth, alice))
    with_app(auth, bob)
    sign_out(browser)

    assert browser.sign_in(bob.username).location == "/login/verify"


def test_two_people_can_trust_one_browser(
    browser: Browser, auth: Auth, alice: User, bob: User
) -> None:
    for person in (alice, bob):
        trusting(browser, person, with_app(auth, person))
        sign_out(browser)

    for person in (alice, bob):
        assert browser.sign_in(person.username).location == "/profile"
        sign_out(browser)


def test_a_trusted_device_does_not_replace_the_password(
    browser: Browser, auth: Auth, alice: User
) -> None:
    trusting(browser, alice, with_app(auth, alice))
    sign_out(browser)

    assert browser.sign_in(alice.username, "wrong one").status_code == 401


@pytest.mark.asvs("7.4.3")
@pytest.mark.parametrize("change", ["password", "factor", "reset"])
def test_what_changes_the_way_in_ends_the_trust(
    browser: Browser,
    auth: Auth,
    alice: User,
    change: str,
    clock: TurnableClock,
) -> None:
    trusting(browser, alice, with_app(auth, alice))
    sign_out(browser)
    password = PASSWORD
    if change == "password":
        password = "another long password"
        auth.administration.set_password(alice, password)
    elif change == "factor":
        auth.totp.remove(alice, by=OPERATOR)
        with_app(auth, alice)
    else:
        auth.second_factors.reset(alice, by=OPERATOR)
        clock.turn(minutes=2)
        with_app(auth, alice)

    answer = browser.sign_in(alice.username, password)

    assert answer.location == "/login/verify"


@pytest.mark.asvs("6.5.6")
def test_devices_are_listed_and_can_be_trusted_no_more(
    new_browser: Callable[[], Browser],
    auth: Auth,
    alice: User,
    clock: TurnableClock,
) -> None:
    phone = with_app(auth, alice)
    here, there = new_browser(), new_browser()
    trusting(there, alice, phone)
    sign_out(there)
    clock.turn(minutes=1)
    here.sign_in(alice.username)
    second_step(here, phone.code())

    page = here.open("/account/security")
    assert "Trusted devices" in page.text
    (one,) = auth.second_factors.trusted(alice)
    press_at = f"/account/security/trusted/{one.handle}/end"
    token = form_token(page)
    done = here.client.post(press_at, data={"csrf_token": token})

    assert done.status_code == 303
    assert "Trusted devices" not in here.open("/account/security").text
    assert there.sign_in(alice.username).location == "/login/verify"


def test_nobody_ends_the_trust_of_somebody_elses_device(
    new_browser: Callable[[], Browser], auth: Auth, alice: User, bob: User
) -> None:
    alices, bobs = new_browser(), new_browser()
    trusting(alices, alice, with_app(auth, alice))
    sign_out(alices)
    bobs.sign_in(bob.username)
    (one,) = auth.second_factors.trusted(alice)

    press_at = f"/account/security/trusted/{one.handle}/end"
    token = form_token(bobs.open("/confirm"))
    refused = bobs.client.post(press_at, data={"csrf_token": token})

    assert refused.status_code == 403
    assert alices.sign_in(alice.username).location == "/profile"


def test_what_is_kept_of_trusted_devices_goes_along_and_goes_away(
    browser: Browser, auth: Auth, alice: User, clock: TurnableClock
) -> None:
    trusting(browser, alice, with_app(auth, alice))
    facts: Any = auth.second_factors.export(alice).facts
    assert [set(one) for one in facts] == [
        {
            "created_at",
            "seen_at",
            "ends_at",
            "address",
            "agent",
        }
    ]

    clock.turn(days=31)

    assert auth.second_factors.sweep(clock.now()) == 1


@pytest.mark.asvs("7.5.1", "N30")
def test_a_sign_in_on_trust_is_no_fresh_proof(
    browser: Browser, auth: Auth, alice: User
) -> None:
    phone = with_app(auth, alice)
    trusting(browser, alice, phone)
    sign_out(browser)
    browser.sign_in(alice.username)

    asked = browser.open("/account/2fa/remove")

    assert asked.location == "/confirm?next=/account/2fa/remove"
    assert auth.second_factors.ways(alice)
