"""What is set up while an owner takes an account back, or just before."""

import json
from collections.abc import Callable
from copy import copy
from typing import Any

import pytest

from conftest import PASSWORD, TurnableClock
from passkeyring import HERE, Ring
from phones import Phone, with_app
from vestibule.auth import Auth
from vestibule.errors import NotAllowed, NotProven
from vestibule.policy import Actor
from vestibule.user import User

pytest_plugins = ["passkeyring_fixtures"]
NEW = "another long password"
WEEK = 7 * 86400


def moved(auth: Auth, user: User) -> str:
    """Change the address; give the way back in the old mailbox."""
    auth.email_changes.make(user, "mallory@example.com")
    text = auth.outbox.latest(1)[0].text
    return text.partition("/verify-email/undo/")[2].split()[0]


@pytest.mark.asvs("6.3.3", "7.4.3")
def test_whoever_takes_an_address_back_finds_no_factor_of_a_thief(
    auth: Auth, alice: User, ring: Ring
) -> None:
    with_app(auth, alice)
    ring.added(alice)
    auth.recovery_codes.make(alice, by=ring.fresh(alice))
    link = moved(auth, alice)

    undone = auth.email_changes.undo(link)

    assert undone.email == "alice@example.com"
    assert auth.second_factors.ways(alice) == []
    assert auth.passkeys.of(alice) == []
    assert auth.recovery_codes.left(alice).count == 0


def test_their_own_factor_stays_where_they_take_an_address_back(
    auth: Auth, alice: User, ring: Ring, clock: TurnableClock
) -> None:
    with_app(auth, alice)
    clock.turn(seconds=WEEK + 1)
    ring.added(alice)
    link = moved(auth, alice)

    auth.email_changes.undo(link)

    assert [way.name for way in auth.second_factors.ways(alice)] == ["totp"]
    assert auth.passkeys.of(alice) == []


def test_codes_of_an_app_that_a_thief_has_replaced_go_with_it(
    auth: Auth, alice: User, ring: Ring, clock: TurnableClock
) -> None:
    with_app(auth, alice)
    auth.recovery_codes.make(alice, by=ring.fresh(alice))
    clock.turn(seconds=WEEK + 1)
    begun = ring.added(alice)
    auth.totp.remove(alice, by=ring.fresh(alice))
    assert auth.passkeys.one(begun.id, by=ring.fresh(alice))
    assert auth.recovery_codes.left(alice).count == 10
    link = moved(auth, alice)

    auth.email_changes.undo(link)

    assert auth.recovery_codes.left(alice).count == 0


def add_passkey(auth: Auth, ring: Ring, user: User) -> Callable[[Actor], Any]:
    """Have a passkey made, which is not added yet."""
    made = json.dumps(ring.made(user))
    return lambda by: auth.passkeys.add(made, HERE, by=by)


def make_codes(auth: Auth, ring: Ring, user: User) -> Callable[[Actor], Any]:
    """Have an app on, to which codes are to be made."""
    del ring
    with_app(auth, user)
    # As it was read before the request went on.
    read = copy(user)
    return lambda by: auth.recovery_codes.make(read, by=by)


@pytest.mark.attack(145)
@pytest.mark.asvs("7.4.3", "15.4.2")
@pytest.mark.parametrize("adding", [add_passkey, make_codes])
def test_what_is_under_way_when_the_password_changes_comes_too_late(
    auth: Auth, alice: User, ring: Ring, adding: Callable[..., Any]
) -> None:
    add = adding(auth, ring, alice)
    thief = ring.fresh(copy(alice))
    auth.administration.set_password(alice, NEW)

    with pytest.raises(NotProven):
        add(thief)

    assert auth.passkeys.of(alice) == []
    assert auth.recovery_codes.left(alice).count == 0


@pytest.mark.asvs("8.2.2")
def test_nobody_changes_the_factors_of_somebody_else(
    auth: Auth, alice: User, admin: User, ring: Ring
) -> None:
    phone = with_app(auth, alice)
    auth.recovery_codes.make(alice, by=ring.fresh(alice))
    stranger = ring.fresh(admin)
    acts: list[Callable[[], object]] = [
        lambda: auth.totp.begin(alice, by=stranger),
        lambda: auth.totp.begun(alice, by=stranger),
        lambda: auth.totp.confirm(alice, phone.code(1), by=stranger),
        lambda: auth.totp.remove(alice, by=stranger),
        lambda: auth.recovery_codes.make(alice, by=stranger),
        lambda: auth.recovery_codes.check(alice, ["x"], by=stranger),
    ]

    for act in acts:
        with pytest.raises(NotAllowed):
            act()

    assert signs_in(auth, alice, phone)
    assert auth.recovery_codes.left(alice).count == 10


def signs_in(auth: Auth, user: User, phone: Phone) -> bool:
    """Tell whether somebody's app works still."""
    held = auth.login.with_password(user.email, PASSWORD)
    return bool(auth.second_factors.finish(held.token, phone.code()).token)


def test_a_passkey_that_nobody_is_asked_for_stays_when_the_app_goes(
    auth: Auth, alice: User, ring: Ring
) -> None:
    with_app(auth, alice)
    quiet = ring.added(alice, quiet=True)
    auth.recovery_codes.make(alice, by=ring.fresh(alice))

    auth.totp.remove(alice, by=ring.fresh(alice))

    assert [one.id for one in auth.passkeys.of(alice)] == [quiet.id]
    assert auth.recovery_codes.left(alice).count == 0
    assert auth.second_factors.ways(alice) == []
