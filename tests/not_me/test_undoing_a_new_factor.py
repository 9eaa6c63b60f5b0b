"""The letter about a new way in undoes it by its link."""

import pytest

from conftest import PASSWORD, Browser, Postbox, TurnableClock
from phones import with_app
from vestibule.auth import Auth
from vestibule.capabilities.not_me.operations import NotMeLinkInvalid
from vestibule.user import User

NEW = "another long password"


def link_of(postbox: Postbox) -> str:
    """Read the token off the newest letter that has such a link."""
    return postbox.link("/security/not-me/").rsplit("/", 1)[1]


@pytest.mark.asvs("6.3.7", "7.4.3")
def test_an_owner_whose_password_was_found_gets_rid_of_a_thief_s_app(
    auth: Auth, alice: User, browser: Browser, postbox: Postbox
) -> None:
    browser.sign_in("alice")
    postbox.empty()
    with_app(auth, alice)
    token = link_of(postbox)

    auth.password_reset.finish(auth.not_me.secure(token).token, NEW)

    assert auth.second_factors.ways(alice) == []
    assert browser.open("/profile").status_code == 302
    assert browser.sign_in("alice", NEW).location == "/profile"
    with pytest.raises(NotMeLinkInvalid):
        auth.not_me.secure(token)


def test_the_link_of_a_new_device_works_beside_it(
    auth: Auth, alice: User, postbox: Postbox
) -> None:
    auth.login.with_password("alice", PASSWORD)
    postbox.empty()
    auth.login.with_password("alice", PASSWORD)
    of_device = link_of(postbox)
    with_app(auth, alice)

    of_factor = link_of(postbox)

    assert of_factor != of_device
    assert auth.not_me.look(of_device).id == alice.id
    assert auth.not_me.look(of_factor).id == alice.id
    # Either ends the other.
    auth.not_me.secure(of_device)
    with pytest.raises(NotMeLinkInvalid):
        auth.not_me.look(of_factor)


def test_the_link_works_for_as_long_as_it_undoes_anything(
    auth: Auth, alice: User, postbox: Postbox, clock: TurnableClock
) -> None:
    with_app(auth, alice)
    token = link_of(postbox)
    clock.turn(days=7)
    clock.turn(seconds=-1)
    assert auth.not_me.look(token)
    clock.turn(seconds=1)
    with pytest.raises(NotMeLinkInvalid):
        auth.not_me.look(token)


def test_an_address_that_nobody_confirmed_is_led_to_a_new_password(
    auth: Auth, postbox: Postbox
) -> None:
    eve = auth.registration.register("eve@example.com", PASSWORD)
    postbox.empty()

    with_app(auth, eve)

    (letter,) = [one for one in postbox.empty() if "New way" in one.subject]
    assert "/security/not-me" not in letter.text
    assert "/password_reset" in letter.text
