"""How passwords are hashed, and how old hashes are replaced."""

import hashlib

import pytest
from argon2 import PasswordHasher
from flask import Flask

from conftest import PASSWORD
from stagecraft import Opened, at_once, both_doors, tables_holding
from vestibule.auth import Auth
from vestibule.capabilities.passwords.hasher import Hasher
from vestibule.errors import Unavailable
from vestibule.outcomes import LoggedIn
from vestibule.sections import PasswordSettings
from vestibule.user import User

WEAKER = PasswordHasher(time_cost=1, memory_cost=16, parallelism=1)


def stored(auth: Auth, user: User) -> str:
    """Read the hash that the table holds."""
    return auth.db.find_user_by(id=user.id).hashed_password


def with_old_hash(auth: Auth, user: User) -> str:
    """Give an account a hash with parameters of another day."""
    old = WEAKER.hash(PASSWORD)
    auth.db.update_user(user.id, hashed_password=old)
    return old


@pytest.mark.asvs("11.4.2", "N9", "X1")
def test_the_default_is_argon2id_with_nineteen_mebibytes() -> None:
    hasher = Hasher(PasswordSettings(), lambda: False)

    hashed = hasher.hash(PASSWORD)

    assert hashed.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert hasher.verify(hashed, PASSWORD)
    assert not hasher.verify(hashed, PASSWORD + " ")
    assert not hasher.is_outdated(hashed)
    assert hasher.hash(PASSWORD) != hashed


@pytest.mark.asvs("14.2.4")
def test_a_password_is_nowhere_to_be_read(auth: Auth, alice: User) -> None:
    auth.login.with_password("alice", PASSWORD)

    assert tables_holding(auth, PASSWORD) == set()
    digest = hashlib.sha256(PASSWORD.encode()).hexdigest()
    assert tables_holding(auth, digest) == set()


@pytest.mark.asvs("N5")
def test_every_keyboard_types_the_same_password(auth: Auth) -> None:
    auth.registration.register("zoe@example.com", "Zoë und der Käse", "zoe")

    assert auth.valid_login("zoe", "Zoe\u0308 und der Ka\u0308se")
    assert not auth.valid_login("zoe", "Zoe und der Kase")


@pytest.mark.asvs("6.2.8", "6.2.9", "N2", "N4")
@pytest.mark.attack(74)
def test_every_byte_of_a_long_password_counts(auth: Auth) -> None:
    long = "".join(chr(97 + number % 26) for number in range(1024))
    auth.registration.register("long@example.com", long, "long")

    assert auth.valid_login("long", long)
    assert not auth.valid_login("long", long[:-1] + "!")
    assert not auth.valid_login("long", long[:72])


@pytest.mark.asvs("X3")
@both_doors
def test_a_hash_with_old_parameters_is_replaced_at_the_sign_in(
    app: Flask, auth: Auth, alice: User, opened: Opened
) -> None:
    old = with_old_hash(auth, alice)

    opened(app).sign_in("alice@example.com", "a wrong guess")
    assert stored(auth, alice) == old

    door = opened(app)
    assert door.sign_in("alice@example.com").status_code == door.works
    new = stored(auth, alice)
    assert new.startswith("$argon2id$v=19$m=8,t=1,p=1$")
    assert new != old

    assert auth.valid_login("alice", PASSWORD)
    assert stored(auth, alice) == new


def test_a_password_with_an_old_hash_can_be_changed(
    auth: Auth, alice: User
) -> None:
    with_old_hash(auth, alice)
    mine = auth.db.find_user_by(id=alice.id)

    auth.passwords.change(mine, PASSWORD, "another good password")

    assert auth.valid_login("alice", "another good password")


@pytest.mark.settings(verified_email_required="true")
def test_an_old_hash_is_replaced_even_when_the_sign_in_is_held_up(
    auth: Auth,
) -> None:
    made = auth.registration.register("alice@example.com", PASSWORD, "alice")
    old = with_old_hash(auth, made)

    with pytest.raises(Exception, match="Confirm your email address"):
        auth.login.with_password("alice", PASSWORD)

    assert stored(auth, made) != old


def test_people_who_sign_in_at_once_do_not_trip_over_an_old_hash(
    auth: Auth, alice: User
) -> None:
    for _ in range(3):
        with_old_hash(auth, alice)

        results = at_once(
            [lambda: auth.login.with_password("alice", PASSWORD)] * 4
        )

        assert [type(result) for result in results] == [LoggedIn] * 4
        assert not auth.passwords.hasher.is_outdated(stored(auth, alice))


def test_a_hash_never_waits_inside_a_transaction(
    auth: Auth, alice: User
) -> None:
    with auth.db.unit():
        auth.sessions.open(alice.id)
        with pytest.raises(RuntimeError, match="transaction"):
            auth.passwords.hasher.hash(PASSWORD)


@pytest.mark.parametrize(
    "password", ["x" * 1025, "half \ud83e", ""], ids=["long", "odd", "none"]
)
def test_what_can_be_no_password_is_right_for_nobody(
    auth: Auth, alice: User, password: str
) -> None:
    hasher = auth.passwords.hasher
    hasher.warm_up()
    before = hasher.count
    told = [auth.passwords.is_right(who, password) for who in (alice, None)]

    assert told == [False, False]
    # As much is computed for an account as for none.
    assert hasher.count - before == (0 if password else 2)


@pytest.mark.attack(23)
def test_without_an_account_no_password_is_right_and_a_hash_is_spent(
    auth: Auth,
) -> None:
    hasher = auth.passwords.hasher
    hasher.warm_up()
    before = hasher.count

    assert auth.passwords.is_right(None, PASSWORD) is False
    assert hasher.count == before + 1


def test_a_hash_of_an_unknown_kind_opens_nothing(
    auth: Auth, alice: User
) -> None:
    for odd in ("", "!", "plain", PASSWORD, "$argon2id$v=19$m=8", "$2b$12$"):
        auth.db.update_user(alice.id, hashed_password=odd)
        fresh = auth.db.find_user_by(id=alice.id)
        assert not auth.passwords.is_right(fresh, PASSWORD)
        assert not auth.passwords.is_right(fresh, odd)


@pytest.mark.attack("A8")
@pytest.mark.asvs("15.2.2", "X2")
def test_more_hashes_than_can_wait_are_refused_and_not_queued() -> None:
    hasher = Hasher(PasswordSettings(), lambda: False)
    places = hasher.lanes.most

    results = at_once([lambda: hasher.hash(PASSWORD)] * (places + 20))

    refused = [r for r in results if isinstance(r, Unavailable)]
    done = [r for r in results if isinstance(r, str)]
    assert refused
    assert len(done) >= places
    assert len(done) + len(refused) == places + 20
    assert hasher.verify(done[0], PASSWORD)
