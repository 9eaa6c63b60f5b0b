"""A session from before the first factor reaches nothing that undoes it."""

from collections.abc import Callable

import pytest

from conftest import PASSWORD, Browser
from phones import Phone, press, second_step, with_app
from vestibule.auth import Auth
from vestibule.errors import ProofTooOld
from vestibule.policy import OPERATOR, Actor
from vestibule.user import User


def actor_of(auth: Auth, user: User) -> Actor:
    """Sign somebody in, and give who acts by the session."""
    return auth.sessions.actor(auth.sessions.open(user.id))


@pytest.mark.asvs("7.5.1")
def test_who_came_in_with_the_password_alone_removes_no_new_factor(
    auth: Auth, alice: User
) -> None:
    thief = auth.sessions.open(alice.id)
    own = auth.sessions.open(alice.id)
    by = auth.sessions.actor(own)
    phone = Phone(auth.totp.begin(alice, by=by).key, auth.clock)

    auth.totp.confirm(alice, phone.code(-1), by=by)

    with pytest.raises(ProofTooOld):
        auth.totp.remove(alice, by=auth.sessions.actor(thief))
    with pytest.raises(ProofTooOld):
        auth.recovery_codes.make(alice, by=auth.sessions.actor(thief))
    # Whoever has added it goes on.
    assert auth.recovery_codes.make(alice, by=auth.sessions.actor(own))


def test_the_thief_s_page_asks_for_a_code_then(
    auth: Auth, alice: User, new_browser: Callable[[], Browser]
) -> None:
    thief = new_browser()
    thief.sign_in("alice")
    with_app(auth, alice)

    led = thief.open("/account/2fa/remove")

    assert led.location.startswith("/confirm")
    assert press(thief, "/confirm", password=PASSWORD).status_code == 401


@pytest.mark.asvs("7.4.5")
def test_whom_an_administrator_signs_out_is_trusted_nowhere(
    auth: Auth, alice: User, new_browser: Callable[[], Browser]
) -> None:
    phone = with_app(auth, alice)
    trusted, waiting = new_browser(), new_browser()
    trusted.sign_in("alice")
    second_step(trusted, phone.code(), trust="on")
    waiting.sign_in("alice")
    assert auth.second_factors.trusted(alice)

    auth.administration.end_sessions(alice, by=OPERATOR)

    assert auth.second_factors.trusted(alice) == []
    assert trusted.sign_in("alice").location == "/login/verify"
    assert waiting.open("/login/verify").location == "/login"


@pytest.mark.asvs("7.4.3")
def test_this_was_not_me_ends_trust_and_what_waits_as_well(
    auth: Auth, alice: User, new_browser: Callable[[], Browser]
) -> None:
    phone = with_app(auth, alice)
    thief, waiting, own = new_browser(), new_browser(), new_browser()
    own.sign_in("alice")
    second_step(own, phone.code())
    thief.sign_in("alice")
    second_step(thief, phone.code(1), trust="on")
    waiting.sign_in("alice")

    auth.not_me.shut_out(alice, None, by=actor_of(auth, alice))

    assert auth.second_factors.trusted(alice) == []
    assert thief.sign_in("alice").location == "/login/verify"
    assert waiting.open("/login/verify").location == "/login"
