"""Passkeys as a second step, and to confirm who one is."""

import json
from typing import Any

import pytest

from conftest import PASSWORD
from passkeyring import Ring
from vestibule.auth import Auth
from vestibule.outcomes import LoggedIn, SecondFactorNeeded
from vestibule.policy import OPERATOR
from vestibule.testing.authenticators import Authenticator
from vestibule.user import User

pytest_plugins = ["passkeyring_fixtures"]


@pytest.fixture
def waiting(auth: Auth, alice: User, ring: Ring) -> str:
    """Give the token of alice's sign-in, which waits for her passkey."""
    ring.added(alice)
    held_up = auth.login.with_password(alice.username, PASSWORD)
    assert isinstance(held_up, SecondFactorNeeded)
    assert held_up.ways == ["passkeys"]
    return held_up.token


@pytest.mark.attack(47, 48)
@pytest.mark.asvs("6.3.3")
def test_beside_a_password_a_touch_will_do(
    auth: Auth, waiting: str, ring: Ring
) -> None:
    ring.device.verifies = False
    options = auth.passkeys.second_options(waiting)

    arrived = auth.passkeys.finish(
        waiting, json.dumps(ring.device.get(options))
    )

    assert isinstance(arrived, LoggedIn)


@pytest.mark.attack(50, "A44")
@pytest.mark.asvs("X30")
def test_a_passkey_of_somebody_else_finishes_no_sign_in(
    auth: Auth, waiting: str, bob: User, ring: Ring
) -> None:
    stick = Authenticator()
    ring.added(bob, stick)
    options = auth.passkeys.second_options(waiting)
    answer = json.dumps(stick.get(options, stick.kept[0]))

    assert (
        ring.code_of(auth.passkeys.finish, waiting, answer)
        == "passkey.unknown"
    )


@pytest.mark.attack(50)
@pytest.mark.asvs("X29", "X30")
def test_what_was_asked_elsewhere_finishes_no_sign_in(
    auth: Auth, alice: User, waiting: str, ring: Ring
) -> None:
    other = auth.login.with_password(alice.username, PASSWORD).token
    for options in (
        auth.passkeys.sign_in_options(),
        auth.passkeys.confirm_options(alice, waiting),
        auth.passkeys.second_options(other),
    ):
        answer = json.dumps(ring.device.get(options))

        found = ring.code_of(auth.passkeys.finish, waiting, answer)
        assert found == "passkey.incorrect"


@pytest.mark.attack(55)
def test_nothing_and_codes_are_no_passkey(
    auth: Auth, waiting: str, ring: Ring
) -> None:
    finish = auth.second_factors.finish

    answers: list[Any] = ["", "123456", {}, None]
    for answer in answers:
        found = ring.code_of(finish, waiting, answer, "passkeys")
        assert found == "passkey.incorrect"


@pytest.mark.asvs("6.3.1")
def test_wrong_passkeys_are_counted_as_wrong_codes_are(
    auth: Auth, waiting: str, ring: Ring
) -> None:
    ring.device.origin = "https://evil.example"
    found = ""
    for _ in range(11):
        options = auth.passkeys.second_options(waiting)
        answer = json.dumps(ring.device.get(options))
        found = ring.code_of(auth.passkeys.finish, waiting, answer)

    assert found == "rate.wait"


def test_a_passkey_confirms_who_one_is(
    auth: Auth, alice: User, ring: Ring
) -> None:
    ring.added(alice)
    token = ring.sign_in(ring.device).token
    options = auth.passkeys.confirm_options(alice, token)

    renewed = auth.passkeys.confirm(
        alice, json.dumps(ring.device.get(options)), token
    )

    assert auth.get_user_from_session_id(renewed.token)
    assert auth.get_user_from_session_id(token) is None


@pytest.mark.attack(50, 51)
@pytest.mark.asvs("7.5.1", "X30")
def test_only_ones_own_passkey_with_a_check_confirms_who_one_is(
    auth: Auth, alice: User, bob: User, ring: Ring
) -> None:
    stick = Authenticator()
    ring.added(alice)
    ring.added(bob, stick)
    token = ring.sign_in(ring.device).token
    confirm = auth.passkeys.confirm

    options = auth.passkeys.confirm_options(alice, token)
    answer = json.dumps(stick.get(options, stick.kept[0]))
    assert ring.code_of(confirm, alice, answer, token) == "passkey.unknown"

    answer = json.dumps(stick.get(auth.passkeys.confirm_options(bob, token)))
    assert ring.code_of(confirm, alice, answer, token) == "passkey.incorrect"

    options = auth.passkeys.confirm_options(alice, "another session")
    answer = json.dumps(ring.device.get(options))
    assert ring.code_of(confirm, alice, answer, token) == "passkey.incorrect"

    ring.device.verifies = False
    options = auth.passkeys.confirm_options(alice, token)
    answer = json.dumps(ring.device.get(options))
    assert ring.code_of(confirm, alice, answer, token) == "passkey.unverified"


def test_one_that_was_made_unasked_demands_nothing(
    auth: Auth, alice: User, ring: Ring
) -> None:
    quiet = Authenticator(touches=False)
    ring.added(alice, quiet, quiet=True)

    assert auth.login.with_password(alice.username, PASSWORD).token
    quiet.touches = True
    assert isinstance(
        auth.login.with_password(alice.username, PASSWORD), LoggedIn
    )
    assert ring.sign_in(quiet).token


def test_the_operator_takes_passkeys_away_with_all_other_second_steps(
    auth: Auth, alice: User, ring: Ring
) -> None:
    ring.added(alice)
    auth.second_factors.reset(alice, by=OPERATOR)

    assert auth.passkeys.of(alice) == []
    assert isinstance(
        auth.login.with_password(alice.username, PASSWORD), LoggedIn
    )
