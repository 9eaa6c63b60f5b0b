"""What somebody adds who has found a password does not stay."""

from collections.abc import Callable

import pytest

from conftest import PASSWORD, Browser, Postbox, TurnableClock
from passkeyring import Ring
from phones import with_app
from stagecraft import rows
from vestibule.auth import Auth
from vestibule.policy import OPERATOR
from vestibule.user import User

pytest_plugins = ["passkeyring_fixtures"]
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


def guess(auth: Auth, user: User, ring: Ring) -> str:
    """Guess at codes until the owner is to be told."""
    phone = with_app(auth, user)
    held = auth.login.with_password(user.email, PASSWORD)
    act = auth.second_factors.finish
    return [ring.code_of(act, held.token, phone.wrong()) for _ in range(10)][9]


def copy_passkey(auth: Auth, user: User, ring: Ring) -> str:
    """Show a passkey that counts backwards."""
    ring.added(user)
    ring.sign_in()
    ring.device.kept[0].count = 0
    return ring.code_of(ring.sign_in)


@pytest.mark.parametrize(
    ("act", "noted"),
    [(guess, "second_factor"), (copy_passkey, "passkeys.copied")],
)
def test_warnings_are_among_the_few_letters_to_an_unconfirmed_address(
    auth: Auth,
    postbox: Postbox,
    ring: Ring,
    act: Callable[[Auth, User, Ring], str],
    noted: str,
) -> None:
    eve = auth.registration.register("eve@example.com", PASSWORD)
    for _ in range(20):
        auth.throttle.may_write_to(eve.email)
    postbox.empty()

    refusal = act(auth, eve, ring)

    assert refusal in {"second_factor.incorrect", "passkey.copied"}
    assert postbox.empty() == []
    assert noted in [row["act"] for row in rows(auth)["vestibule_events"]]
