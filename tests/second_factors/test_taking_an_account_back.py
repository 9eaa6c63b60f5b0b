"""What is set up while an owner takes an account back, or just before."""

import json
from collections.abc import Callable
from copy import copy
from typing import Any

import pytest
from sqlalchemy import select

from conftest import PASSWORD, Postbox, TurnableClock
from passkeyring import HERE, Ring
from phones import Phone, with_app
from vestibule.auth import Auth
from vestibule.errors import NotAllowed, NotProven
from vestibule.history import Event
from vestibule.mailed_tokens import LASTING
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


@pytest.mark.asvs("7.4.3")
def test_what_a_thief_set_up_in_the_week_before_the_change_goes_to_the_last(
    auth: Auth, alice: User, ring: Ring, clock: TurnableClock
) -> None:
    own = ring.added(alice)
    clock.turn(seconds=1)
    ring.added(alice)
    clock.turn(seconds=WEEK)
    link = moved(auth, alice)
    clock.turn(seconds=WEEK - 1)

    auth.email_changes.undo(link)

    assert [one.id for one in auth.passkeys.of(alice)] == [own.id]
    told = select(Event.subject_id).where(Event.act == "second_factor.reset")
    assert [row[0] for row in auth.db.read(told)] == [alice.id]


@pytest.mark.attack(54)
@pytest.mark.asvs("6.3.7")
@pytest.mark.parametrize("has_app", [True, False])
def test_a_reset_of_an_unproven_account_tells_that_its_factors_went(
    auth: Auth, postbox: Postbox, *, has_app: bool
) -> None:
    eve = auth.registration.register("eve@example.com", PASSWORD)
    if has_app:
        with_app(auth, eve)
    postbox.empty()
    # Of letters from when the address was confirmed once, and given up.
    old = auth.mailed_tokens.issue(eve.id, LASTING[0], eve.email, WEEK)

    auth.password_reset.finish(auth.password_reset.issue(eve), NEW)

    assert auth.mailed_tokens.look(old, *LASTING) is None
    assert auth.second_factors.ways(eve) == []
    (letter,) = postbox.empty()
    assert letter.to == "eve@example.com"
    assert letter.subject == "Your Vestibule password was changed"
    assert ("authenticator app, passkeys" in flat(letter.text)) is has_app
    assert ("page “Security”" in flat(letter.text)) is has_app
    told = select(Event.subject_id).where(Event.act == "second_factor.reset")
    assert len(auth.db.read(told)) == has_app


def test_a_reset_of_a_proven_account_leaves_its_factors_and_says_nothing(
    auth: Auth, alice: User, ring: Ring, postbox: Postbox
) -> None:
    ring.added(alice)
    postbox.empty()

    auth.password_reset.finish(auth.password_reset.issue(alice), NEW)

    assert len(auth.passkeys.of(alice)) == 1
    (letter,) = postbox.empty()
    assert "passkeys" not in letter.text
    told = select(Event.subject_id).where(Event.act == "second_factor.reset")
    assert auth.db.read(told) == []


def flat(text: str) -> str:
    """Undo the breaks of lines in a letter."""
    return " ".join(text.split())


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


def begin_app(auth: Auth, ring: Ring, user: User) -> Callable[[Actor], Any]:
    """Have an app asked for, which is not begun yet."""
    del ring
    read = copy(user)
    return lambda by: auth.totp.begin(read, by=by)


def confirm_app(auth: Auth, ring: Ring, user: User) -> Callable[[Actor], Any]:
    """Have an app begun, of which no code was shown yet."""
    phone = Phone(auth.totp.begin(user, by=ring.fresh(user)).key, auth.clock)
    read = copy(user)
    return lambda by: auth.totp.confirm(read, phone.code(), by=by)


@pytest.mark.attack(145)
@pytest.mark.asvs("7.4.3", "15.4.2")
@pytest.mark.parametrize(
    "adding", [add_passkey, make_codes, begin_app, confirm_app]
)
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
    # That of the codes was on before.
    app = auth.totp.app(alice)
    assert (app is None) == (adding is not make_codes)


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
