"""Signing in by a passkey alone."""

import json
from typing import Any

import pytest

from conftest import Postbox, TurnableClock
from passkeyring import Ring
from vestibule.auth import Auth
from vestibule.history import Circumstances, under
from vestibule.policy import OPERATOR
from vestibule.testing.authenticators import Authenticator
from vestibule.user import User

pytest_plugins = ["passkeyring_fixtures"]


def test_somebody_signs_in_by_a_passkey_alone(
    auth: Auth, alice: User, ring: Ring
) -> None:
    ring.added(alice)

    arrived = ring.sign_in(ring.device)

    owner = auth.get_user_from_session_id(arrived.token)
    assert owner is not None
    assert owner.id == alice.id


def test_each_of_two_passkeys_opens_its_own_account(
    alice: User, bob: User, ring: Ring
) -> None:
    phone, stick = Authenticator(), Authenticator()
    ring.added(alice, phone)
    ring.added(bob, stick)

    assert ring.sign_in(stick).user.id == bob.id
    assert ring.sign_in(phone).user.id == alice.id


@pytest.mark.attack(48)
@pytest.mark.asvs("6.3.3", "N28", "X32")
def test_a_passkey_whose_device_checks_its_owner_is_two_factors(
    auth: Auth, alice: User, ring: Ring
) -> None:
    ring.added(alice)

    assert auth.second_factors.ways(alice)
    assert ring.sign_in(ring.device).token


@pytest.mark.attack(48)
@pytest.mark.asvs("X29", "X32")
def test_a_device_that_has_not_checked_its_owner_signs_nobody_in(
    alice: User, ring: Ring
) -> None:
    ring.added(alice)
    ring.device.verifies = False

    assert ring.code_of(ring.sign_in, ring.device) == "passkey.unverified"


@pytest.mark.attack(49, "A44")
@pytest.mark.asvs("X29")
def test_what_was_shown_once_is_not_taken_again(
    auth: Auth, alice: User, ring: Ring
) -> None:
    # A device that never counts, as those of telephones.
    ring.device.counts = 0
    ring.added(alice)
    answer = json.dumps(ring.device.get(auth.passkeys.sign_in_options()))
    auth.passkeys.sign_in(answer)

    assert ring.code_of(auth.passkeys.sign_in, answer) == "passkey.incorrect"


@pytest.mark.asvs("X29")
@pytest.mark.parametrize(
    "lie",
    [
        {"origin": "http://127.0.0.1:5000"},
        {"origin": "https://localhost:5000"},
        {"origin": "http://localhost.evil.example"},
        {"rp_id": "evil.example"},
        {"type": "webauthn.create"},
        {"cross_origin": True},
        {"touches": False},
        {"tells_handle": False},
        {"is_synced": True},
        {"challenge": "bm90aGluZyB0aGF0IHdlIGhhdmUgYXNrZWQ"},
    ],
    ids=str,
)
def test_what_a_dishonest_browser_shows_is_refused(
    alice: User, lie: dict[str, Any], ring: Ring
) -> None:
    ring.added(alice)
    vars(ring.device).update(lie)

    assert ring.code_of(ring.sign_in, ring.device) == "passkey.incorrect"


@pytest.mark.asvs("X29")
@pytest.mark.settings(
    base_url="https://id.example.com",
    passkey_origins="https://shop.example.org",
)
@pytest.mark.parametrize(
    ("origin", "works"),
    [
        ("https://id.example.com", True),
        ("https://shop.example.org", True),
        ("https://example.com", False),
        ("http://localhost:5000", False),
    ],
)
def test_only_the_site_and_what_it_names_take_its_passkeys(
    alice: User, origin: str, works: bool, ring: Ring
) -> None:
    ring.device.origin = "https://id.example.com"
    ring.added(alice)
    ring.device.origin = origin

    if works:
        assert ring.sign_in(ring.device).token
    else:
        assert ring.code_of(ring.sign_in, ring.device) == "passkey.incorrect"


def test_a_challenge_ends_after_five_minutes(
    auth: Auth, alice: User, clock: TurnableClock, ring: Ring
) -> None:
    ring.added(alice)
    answer = json.dumps(ring.device.get(auth.passkeys.sign_in_options()))
    clock.turn(seconds=301)

    assert ring.code_of(auth.passkeys.sign_in, answer) == "passkey.incorrect"


@pytest.mark.attack(49, "A44")
@pytest.mark.asvs("X29")
def test_what_was_shown_is_not_taken_again_in_its_last_second(
    auth: Auth, alice: User, clock: TurnableClock, ring: Ring
) -> None:
    ring.device.counts = 0
    ring.added(alice)
    answer = ring.shown()
    auth.passkeys.sign_in(answer)
    clock.turn(seconds=300)

    auth.passkeys.sweep(clock.now())

    assert ring.code_of(auth.passkeys.sign_in, answer) == "passkey.incorrect"


@pytest.mark.asvs("6.7.2", "X29", "X31")
def test_a_challenge_is_for_one_purpose_one_account_and_one_browser(
    auth: Auth, alice: User, bob: User, ring: Ring
) -> None:
    ring.added(alice)
    asked = [
        auth.passkeys.confirm_options(alice, "here"),
        auth.passkeys.confirm_options(bob, "here"),
        auth.passkeys.sign_in_options("another browser"),
    ]
    for options in asked:
        options.pop("allowCredentials", None)
        answer = json.dumps(ring.device.get(options))

        assert len(options["challenge"]) > 22
        assert (
            ring.code_of(auth.passkeys.sign_in, answer) == "passkey.incorrect"
        )


@pytest.mark.asvs("6.7.1", "X29")
def test_another_key_than_the_one_that_is_known_opens_nothing(
    alice: User, bob: User, ring: Ring
) -> None:
    ring.added(alice)
    thief = Authenticator()
    ring.added(bob, thief)
    mine, own = thief.kept[0], ring.device.kept[0]
    mine.id, mine.user_handle = own.id, own.user_handle

    assert ring.code_of(ring.sign_in, thief) == "passkey.incorrect"


@pytest.mark.attack(50)
def test_a_passkey_that_names_another_account_opens_neither(
    alice: User, bob: User, ring: Ring
) -> None:
    ring.added(alice)
    stick = Authenticator()
    ring.added(bob, stick)
    stick.kept[0].user_handle = ring.device.kept[0].user_handle

    assert ring.code_of(ring.sign_in, stick) == "passkey.incorrect"


def test_a_passkey_that_was_removed_opens_nothing_and_can_be_forgotten(
    auth: Auth, alice: User, ring: Ring
) -> None:
    one = ring.added(alice)
    auth.passkeys.remove(one.id, by=ring.fresh(alice))

    assert ring.code_of(ring.sign_in, ring.device) == "passkey.unknown"


@pytest.mark.asvs("X29")
def test_a_count_that_goes_back_is_refused_and_its_owner_told(
    auth: Auth, alice: User, postbox: Postbox, ring: Ring
) -> None:
    ring.added(alice)
    ring.sign_in(ring.device)
    postbox.empty()
    ring.device.kept[0].count = 0

    assert ring.code_of(ring.sign_in, ring.device) == "passkey.copied"
    assert "copy" in postbox.empty()[-1].subject
    # The owner's own count is as it was.
    ring.device.kept[0].count = 1
    assert ring.sign_in(ring.device).token


@pytest.mark.parametrize("door", ["disabled", "gone"])
def test_a_closed_account_has_no_passkeys_that_open_it(
    auth: Auth, alice: User, admin: User, door: str, ring: Ring
) -> None:
    ring.added(alice)
    if door == "gone":
        auth.deletion.delete(alice, by=OPERATOR)
        assert ring.code_of(ring.sign_in, ring.device) == "passkey.unknown"
    else:
        auth.administration.set_active(alice, is_active=False, by=OPERATOR)
        assert ring.code_of(ring.sign_in, ring.device) == "account.disabled"


@pytest.mark.attack(48)
@pytest.mark.settings(verified_email_required="true")
def test_where_an_address_must_be_confirmed_a_passkey_waits_for_that(
    auth: Auth, alice: User, ring: Ring
) -> None:
    ring.added(alice)
    auth.db.update_user(alice.id, email_verified_at=None)

    assert ring.code_of(ring.sign_in, ring.device) == "email.unverified"


@pytest.mark.settings(attempts_per_address=3)
@pytest.mark.asvs("6.3.1")
def test_who_shows_wrong_passkeys_from_one_place_must_wait(
    alice: User, ring: Ring
) -> None:
    ring.added(alice)
    stranger = Authenticator(verifies=False, kept=ring.device.kept)
    with under(Circumstances(address="203.0.113.7")):
        found = [ring.code_of(ring.sign_in, stranger) for _ in range(4)]
    assert found[2:] == ["passkey.unverified", "rate.wait"]
    with under(Circumstances(address="203.0.113.8")):
        assert ring.sign_in(ring.device).token


def test_it_is_noted_when_a_passkey_was_used_and_whether_it_moved(
    auth: Auth, alice: User, clock: TurnableClock, ring: Ring
) -> None:
    phone = Authenticator(is_synced=True, verifies=False)
    ring.added(alice, phone)
    before = auth.passkeys.of(alice)[0]
    clock.turn(minutes=5)
    phone.verifies = True
    ring.sign_in(phone)
    after = auth.passkeys.of(alice)[0]

    assert (before.used_at, after.used_at) == (None, clock.now())
    assert (before.is_verified, after.is_verified) == (False, True)
    assert after.is_backed_up
    assert after.may_be_backed_up
