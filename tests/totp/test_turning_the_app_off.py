"""Turning an authenticator app off, and what is left of it."""

from collections.abc import Callable

import pytest

from conftest import Browser, Postbox, TurnableClock, notices
from phones import Phone, press, second_step, signed_in, with_app
from stagecraft import counts, rows
from vestibule.auth import Auth
from vestibule.policy import OPERATOR, Actor
from vestibule.user import User

REMOVE = "/account/2fa/remove"


@pytest.fixture
def phone(auth: Auth, alice: User) -> Phone:
    """Alice's phone, with the app on."""
    return with_app(auth, alice)


@pytest.fixture
def inside(browser: Browser, phone: Phone) -> Browser:
    """A browser in which Alice is signed in by both factors."""
    browser.sign_in("alice")
    second_step(browser, phone.code())
    assert signed_in(browser)
    return browser


@pytest.mark.asvs("6.3.7", "6.5.6", "X18")
def test_an_app_is_turned_off_and_its_owner_is_told(
    inside: Browser, auth: Auth, alice: User, postbox: Postbox
) -> None:
    auth.recovery_codes.make(alice, by=OPERATOR)
    postbox.empty()

    done = press(inside, REMOVE)

    assert (done.status_code, done.location) == (303, "/account/security")
    page = inside.open("/account/security")
    assert notices(page) == ["Your authenticator app is off"]
    assert auth.second_factors.ways(alice) == []
    left = counts(auth)
    # Codes on paper stand in for nothing any more.
    assert left["vestibule_totp"] == left["vestibule_recovery_codes"] == 0
    [letter] = postbox.empty()
    assert "was removed" in letter.subject
    assert "Authenticator app" in letter.text
    assert inside.open(REMOVE).location == "/account/2fa"


@pytest.mark.asvs("7.5.1", "X18")
@pytest.mark.attack("A20", 56)
def test_turning_off_asks_for_a_fresh_proof(
    inside: Browser, auth: Auth, alice: User, clock: TurnableClock
) -> None:
    page = inside.open(REMOVE)
    assert page.status_code == 200
    clock.turn(minutes=6)

    shown = inside.open(REMOVE)
    assert shown.location.startswith("/confirm?next=")
    with pytest.raises(Exception, match="Confirm that it is you"):
        auth.totp.remove(alice, by=Actor(alice, clock.now() - 400))
    assert auth.totp.app(alice) is not None


def test_after_that_the_password_alone_signs_in(
    inside: Browser, new_browser: Callable[[], Browser]
) -> None:
    press(inside, REMOVE)
    fresh = new_browser()
    fresh.sign_in("alice")
    assert signed_in(fresh)


@pytest.mark.attack("A42")
def test_an_account_takes_along_when_and_never_what(
    inside: Browser, auth: Auth, alice: User, phone: Phone
) -> None:
    told = auth.totp.export(alice).facts
    assert told == {
        "created_at": auth.clock.now(),
        "confirmed_at": auth.clock.now(),
        "used_at": auth.clock.now(),
    }
    assert phone.key not in str(auth.export.take(alice, by=OPERATOR))

    auth.deletion.delete(alice, by=OPERATOR)
    assert rows(auth)["vestibule_totp"] == []
    assert auth.totp.export(alice).facts is None
