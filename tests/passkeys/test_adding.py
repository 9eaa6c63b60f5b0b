"""Adding passkeys, and keeping them."""

import json
from typing import Any

import pytest

from conftest import Postbox, TurnableClock
from passkeyring import Ring
from vestibule.auth import Auth
from vestibule.capabilities.passkeys.keeping import MOST
from vestibule.policy import STRANGER, Actor
from vestibule.testing.authenticators import Authenticator
from vestibule.user import User

pytest_plugins = ["passkeyring_fixtures"]


def test_a_new_passkey_is_in_the_list_and_told_of(
    auth: Auth, alice: User, postbox: Postbox, ring: Ring
) -> None:
    google = bytes.fromhex("ea9b8d664d011d213ce4b6b48cb575d4")
    phone = Authenticator(aaguid=google, is_synced=True)
    ring.added(alice, phone)
    ring.added(alice, phone)

    names = [one.name for one in auth.passkeys.of(alice)]
    assert names == ["Google Password Manager", "Google Password Manager 2"]
    assert "sign in" in postbox.empty()[-1].subject


def test_devices_know_an_account_by_chance_alone(
    auth: Auth, alice: User, bob: User, ring: Ring
) -> None:
    handles = [
        ring.made(user, ring.device) and ring.device.kept[-1].user_handle
        for user in (alice, alice, bob)
    ]

    assert handles[0] == handles[1] != handles[2]
    assert {len(handle) for handle in handles} == {64}


def test_a_browser_is_asked_for_what_the_standard_says(
    auth: Auth, alice: User, ring: Ring
) -> None:
    ring.added(alice)

    asked = auth.passkeys.creation_options("here", by=ring.fresh(alice))

    assert asked["rp"] == {"id": "localhost", "name": "Vestibule"}
    assert asked["attestation"] == "none"
    assert asked["authenticatorSelection"]["residentKey"] == "required"
    assert asked["authenticatorSelection"]["userVerification"] == "preferred"
    assert [one["alg"] for one in asked["pubKeyCredParams"]] == [-7, -8, -257]
    assert len(asked["excludeCredentials"]) == 1
    assert alice.email not in asked["user"]["id"]


@pytest.mark.attack(49)
@pytest.mark.asvs("X29")
def test_what_was_added_once_is_not_taken_again(
    alice: User, ring: Ring
) -> None:
    credential = ring.made(alice, ring.device)
    ring.add(alice, credential)

    assert ring.code_of(ring.add, alice, credential) == "passkey.unusable"


def test_one_passkey_belongs_to_one_account(
    alice: User, bob: User, ring: Ring
) -> None:
    first = ring.made(alice)
    ring.add(alice, first)
    twin = _Same(ring.device.kept[0].id)

    assert ring.code_of(ring.add, bob, ring.made(bob, twin)) == "passkey.taken"


class _Same(Authenticator):
    """Makes passkeys that are called like one there is."""

    def __init__(self, name: bytes) -> None:
        super().__init__()
        self.named = name

    def _attested(self, passkey: Any) -> bytes:
        passkey.id = self.named
        return super()._attested(passkey)


@pytest.mark.asvs("X29")
@pytest.mark.parametrize(
    "lie",
    [
        {"origin": "https://evil.example"},
        {"rp_id": "evil.example"},
        {"type": "webauthn.get"},
        {"touches": False},
        {"cross_origin": True},
        {"challenge": "bm90aGluZyB0aGF0IHdlIGhhdmUgYXNrZWQ"},
    ],
    ids=str,
)
def test_what_a_dishonest_browser_makes_is_refused(
    auth: Auth, alice: User, lie: dict[str, Any], ring: Ring
) -> None:
    vars(ring.device).update(lie)

    assert (
        ring.code_of(ring.add, alice, ring.made(alice, ring.device))
        == "passkey.unusable"
    )
    assert auth.passkeys.of(alice) == []


@pytest.mark.asvs("X29")
def test_a_passkey_that_was_made_for_somebody_else_is_refused(
    alice: User, bob: User, ring: Ring
) -> None:
    assert (
        ring.code_of(ring.add, bob, ring.made(alice, ring.device))
        == "passkey.unusable"
    )


@pytest.mark.asvs("X29")
def test_the_name_outside_is_that_inside(alice: User, ring: Ring) -> None:
    credential = ring.made(alice, ring.device)
    other = ring.made(alice, ring.device)
    for wrong in (
        {**credential, "id": other["id"]},
        {**credential, "id": other["id"], "rawId": other["id"]},
    ):
        assert ring.code_of(ring.add, alice, wrong) == "passkey.unusable"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        "{",
        "[" * 3000,
        '{"response": 5}',
        '{"id": "", "response": {"clientDataJSON": "e30"}}',
        '{"id": "é", "response": {"clientDataJSON": "é"}}',
        "1" * 20_000,
    ],
)
def test_what_is_no_passkey_at_all_is_refused(
    auth: Auth, alice: User, text: str, ring: Ring
) -> None:
    adding = auth.passkeys.add

    found = ring.code_of(adding, text, "here", by=ring.fresh(alice))
    assert found == "passkey.unusable"
    assert ring.code_of(auth.passkeys.sign_in, text) == "passkey.incorrect"


@pytest.mark.attack(56)
@pytest.mark.asvs("7.5.1")
def test_a_passkey_is_added_and_removed_by_a_fresh_proof_alone(
    auth: Auth, alice: User, clock: TurnableClock, ring: Ring
) -> None:
    one = ring.added(alice)
    credential = json.dumps(ring.made(alice, ring.device))
    stale = Actor(alice, clock.now() - 3600)
    own = auth.passkeys

    assert ring.code_of(own.creation_options, "", by=stale) == "proof.too_old"
    assert ring.code_of(own.add, credential, "", by=stale) == "proof.too_old"
    assert ring.code_of(own.remove, one.id, by=stale) == "proof.too_old"
    assert ring.code_of(own.rename, one.id, "x", by=stale) == "proof.too_old"
    assert (
        ring.code_of(own.add, credential, "", by=STRANGER) == "auth.required"
    )


@pytest.mark.attack(56)
def test_nobody_touches_the_passkeys_of_others(
    auth: Auth, alice: User, bob: User, ring: Ring
) -> None:
    one = ring.added(alice)
    for act in (auth.passkeys.remove, auth.passkeys.one):
        assert ring.code_of(act, one.id, by=ring.fresh(bob)) == "forbidden"
    assert len(auth.passkeys.of(alice)) == 1


@pytest.mark.attack(57)
def test_the_most_are_counted_again_when_one_is_added(
    auth: Auth, alice: User, ring: Ring
) -> None:
    waiting = [ring.made(alice, Authenticator()) for _ in range(2)]
    for _ in range(MOST - 1):
        ring.added(alice, Authenticator())
    ring.add(alice, waiting[0])

    assert ring.code_of(ring.add, alice, waiting[1]) == "passkey.too_many"
    ask = auth.passkeys.creation_options
    assert ring.code_of(ask, "", by=ring.fresh(alice)) == "passkey.too_many"


@pytest.mark.attack(54)
@pytest.mark.settings(verified_email_required="true")
def test_where_addresses_are_confirmed_nobody_adds_one_before(
    auth: Auth, ring: Ring
) -> None:
    squatter = auth.register_user("carol@example.com", "seven purple llamas")
    ask = auth.passkeys.creation_options

    found = ring.code_of(ask, "", by=ring.fresh(squatter))
    assert found == "second_factor.email_unconfirmed"


def test_an_account_takes_its_passkeys_along_and_leaves_none(
    auth: Auth, alice: User, ring: Ring
) -> None:
    ring.added(alice)
    told = auth.passkeys.export(alice).facts
    auth.passkeys.forget(alice)

    assert isinstance(told, dict)
    assert told["passkeys"][0]["name"] == "Passkey"
    assert not {"public_key", "credential_id"} & {*told["passkeys"][0]}
    assert auth.passkeys.of(alice) == []


def test_used_challenges_go_once_they_are_over(
    auth: Auth, alice: User, clock: TurnableClock, ring: Ring
) -> None:
    ring.added(alice)
    assert auth.passkeys.sweep(clock.now()) == 0
    clock.turn(minutes=6)
    assert auth.passkeys.sweep(clock.now()) == 1


def test_who_declines_is_left_alone_for_ninety_days(
    auth: Auth, alice: User, clock: TurnableClock, ring: Ring
) -> None:
    assert auth.passkeys.is_offered(alice)
    auth.passkeys.decline(alice)
    assert not auth.passkeys.is_offered(alice)
    clock.turn(days=90)
    assert auth.passkeys.is_offered(alice)
    ring.added(alice)
    assert not auth.passkeys.is_offered(alice)
