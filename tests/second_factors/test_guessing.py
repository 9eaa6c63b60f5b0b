"""Whoever has the password guesses at codes no longer than at passwords."""

from collections.abc import Callable

import pytest

from conftest import PASSWORD, Browser, Postbox, TurnableClock
from phones import second_step, signed_in, with_app
from vestibule.auth import Auth
from vestibule.errors import NotProven, TooMany
from vestibule.outcomes import LoggedIn
from vestibule.policy import OPERATOR
from vestibule.user import User


@pytest.mark.asvs("6.3.1", "6.6.3", "X19")
def test_ten_wrong_codes_make_everybody_wait_and_the_owner_is_told(
    browser: Browser,
    auth: Auth,
    alice: User,
    postbox: Postbox,
    clock: TurnableClock,
) -> None:
    phone = with_app(auth, alice)
    postbox.empty()
    browser.sign_in(alice.username)
    for _ in range(10):
        assert second_step(browser, phone.wrong()).status_code == 401

    refused = second_step(browser, phone.code())

    assert refused.status_code == 429
    assert "Retry-After" in refused.headers
    assert not signed_in(browser)
    (letter,) = postbox.empty()
    assert letter.subject == "Wrong codes for your Vestibule account"
    # The pages of a sign-in that waits live no longer than the wait.
    clock.turn(minutes=16)
    browser.sign_in(alice.username)
    assert second_step(browser, phone.code()).location == "/profile"


@pytest.mark.attack(38)
def test_a_new_sign_in_gives_no_new_guesses(auth: Auth, alice: User) -> None:
    phone = with_app(auth, alice)
    for _ in range(10):
        held = auth.login.with_password(alice.email, PASSWORD)
        with pytest.raises(NotProven):
            auth.second_factors.finish(held.token, phone.wrong())

    held = auth.login.with_password(alice.email, PASSWORD)
    with pytest.raises(TooMany):
        auth.second_factors.finish(held.token, phone.wrong())


@pytest.mark.asvs("N13")
def test_a_right_code_clears_the_count(auth: Auth, alice: User) -> None:
    phone = with_app(auth, alice)
    for steps in (0, 1):
        held = auth.login.with_password(alice.email, PASSWORD)
        for _ in range(9):
            with pytest.raises(NotProven):
                auth.second_factors.finish(held.token, phone.wrong())
        done = auth.second_factors.finish(held.token, phone.code(steps))
        assert isinstance(done, LoggedIn)


def test_strangers_never_keep_the_owner_out_on_a_known_device(
    auth: Auth, alice: User, clock: TurnableClock
) -> None:
    known = auth.login.with_password(alice.email, PASSWORD).device
    phone = with_app(auth, alice)
    held = auth.login.with_password(alice.email, PASSWORD)
    for _ in range(10):
        with pytest.raises(NotProven):
            auth.second_factors.finish(held.token, phone.wrong())
    with pytest.raises(TooMany):
        auth.second_factors.finish(held.token, phone.code())

    own = auth.login.with_password(alice.email, PASSWORD, device=[known])
    done = auth.second_factors.finish(own.token, phone.code(), device=[known])

    assert isinstance(done, LoggedIn)


def test_a_wrong_code_is_in_the_history_and_a_right_one_a_sign_in(
    new_browser: Callable[[], Browser], auth: Auth, alice: User
) -> None:
    phone = with_app(auth, alice)
    browser = new_browser()
    browser.sign_in(alice.username)
    second_step(browser, phone.wrong())
    second_step(browser, phone.code())

    page = browser.open("/account/activity").text

    assert "Second step of a sign-in" in page
    assert "Sign-in" in page


def test_whoever_guesses_slowly_is_told_of_at_the_hard_stop(
    auth: Auth, alice: User, clock: TurnableClock, postbox: Postbox
) -> None:
    phone = with_app(auth, alice)
    postbox.empty()
    wrong = 0
    while wrong < 100:
        held = auth.login.with_password(alice.email, PASSWORD)
        for _ in range(min(9, 100 - wrong)):
            with pytest.raises(NotProven):
                auth.second_factors.finish(held.token, phone.wrong())
            wrong += 1
        clock.turn(seconds=901)

    subjects = [letter.subject for letter in postbox.empty()]

    assert "Wrong codes for your Vestibule account" in subjects


def test_the_last_of_many_tries_by_a_used_code_is_told_of_at_once(
    auth: Auth, alice: User, postbox: Postbox
) -> None:
    phone = with_app(auth, alice)
    code, *_ = auth.recovery_codes.make(alice, by=OPERATOR)
    held = auth.login.with_password(alice.email, PASSWORD)
    auth.second_factors.finish(held.token, code)
    postbox.empty()
    held = auth.login.with_password(alice.email, PASSWORD)
    for _ in range(9):
        with pytest.raises(NotProven):
            auth.second_factors.finish(held.token, phone.wrong())

    with pytest.raises(NotProven):
        auth.second_factors.finish(held.token, code)

    (letter,) = postbox.empty()
    assert letter.subject == "Wrong codes for your Vestibule account"
