"""What somebody adds who has found a password does not stay."""

import pytest

from conftest import PASSWORD, Browser, Postbox, TurnableClock
from phones import with_app
from vestibule.auth import Auth
from vestibule.policy import OPERATOR
from vestibule.user import User

NEW = "another long password"


@pytest.mark.asvs("7.4.3")
def test_this_was_not_me_removes_the_factors_of_a_thief(
    browser: Browser, auth: Auth, alice: User, postbox: Postbox
) -> None:
    auth.login.with_password(alice.email, PASSWORD)
    auth.login.with_password(alice.email, PASSWORD)
    link = postbox.link("/security/not-me/")
    with_app(auth, alice)
    assert auth.second_factors.ways(alice)

    secured = auth.not_me.secure(link.rsplit("/", 1)[1])

    assert auth.second_factors.ways(alice) == []
    auth.password_reset.finish(secured.token, NEW)
    assert browser.sign_in(alice.username, NEW).location == "/profile"


def test_what_was_there_long_before_stays(
    auth: Auth, alice: User, postbox: Postbox, clock: TurnableClock
) -> None:
    auth.login.with_password(alice.email, PASSWORD)
    phone = with_app(auth, alice)
    clock.turn(days=8)
    postbox.empty()
    held = auth.login.with_password(alice.email, PASSWORD)
    auth.second_factors.finish(held.token, phone.code())
    link = postbox.link("/security/not-me/")

    auth.not_me.secure(link.rsplit("/", 1)[1])

    assert [way.name for way in auth.second_factors.ways(alice)] == ["totp"]


def test_an_address_that_nobody_confirmed_gets_few_letters(
    auth: Auth, postbox: Postbox
) -> None:
    eve = auth.registration.register("eve@example.com", PASSWORD)
    assert eve.email_verified_at is None
    with_app(auth, eve)
    postbox.empty()

    for _ in range(20):
        auth.recovery_codes.make(eve, by=OPERATOR)

    assert len(postbox.empty()) <= 10
