"""A hash is replaced at a sign-in, while somebody else changes it as well."""

from collections.abc import Callable

import pytest
from sqlalchemy import delete, update

from conftest import PASSWORD
from foreign_systems import with_phpass
from vestibule.auth import Auth
from vestibule.capabilities.passwords.derivations import HashUnknown
from vestibule.capabilities.passwords.foreign import NONE_YET
from vestibule.errors import Conflict
from vestibule.user import User

OLD = with_phpass(PASSWORD)


@pytest.fixture
def zoe(auth: Auth) -> User:
    """Zoe, whose hash was made by another system."""
    return auth.db.add_user("zoe@example.com", OLD)


def meanwhile(
    auth: Auth, act: Callable[[], object], patch: pytest.MonkeyPatch
) -> None:
    """Have somebody act while the next hash is made."""
    make = auth.passwords.hasher.hash

    def slow(password: str) -> str:
        """Make a hash, and let the other one be faster."""
        made = make(password)
        patch.undo()
        act()
        return made

    patch.setattr(auth.passwords.hasher, "hash", slow)


def put(auth: Auth, user: User, encoded: str) -> None:
    """Put another hash in place."""
    changed = update(User).where(User.id == user.id)
    auth.db.write(changed.values(hashed_password=encoded))


def stored(auth: Auth, user: User) -> str:
    """Read the hash that the table holds."""
    return auth.db.find_user_by(id=user.id).hashed_password


@pytest.mark.asvs("11.4.2")
def test_a_hash_of_another_system_is_replaced_and_that_is_noted(
    auth: Auth, zoe: User
) -> None:
    assert auth.passwords.is_right(zoe, PASSWORD)

    assert stored(auth, zoe) == zoe.hashed_password
    assert zoe.hashed_password.startswith("$argon2id$")
    [event] = auth.audit.of(zoe.id).items
    assert (event.act, event.outcome) == ("password.rehash", "done")
    assert auth.passwords.is_right(zoe, PASSWORD)
    assert len(auth.audit.of(zoe.id).items) == 1
    assert not auth.passwords.is_right(zoe, "another one")


def test_where_the_same_password_was_hashed_meanwhile_that_hash_stays(
    auth: Auth, zoe: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = auth.passwords.hasher.hash(PASSWORD)
    meanwhile(auth, lambda: put(auth, zoe, theirs), monkeypatch)

    assert auth.passwords.is_right(zoe, PASSWORD)
    assert stored(auth, zoe) == zoe.hashed_password == theirs
    assert not auth.audit.of(zoe.id).items


def test_where_the_password_was_changed_meanwhile_the_old_one_is_wrong(
    auth: Auth, zoe: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = auth.passwords.hasher.hash("another one entirely")
    meanwhile(auth, lambda: put(auth, zoe, theirs), monkeypatch)

    assert not auth.passwords.is_right(zoe, PASSWORD)
    assert stored(auth, zoe) == theirs


def test_where_the_account_was_deleted_meanwhile_nothing_is_right(
    auth: Auth, zoe: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = delete(User).where(User.id == zoe.id)
    meanwhile(auth, lambda: auth.db.write(gone), monkeypatch)

    assert not auth.passwords.is_right(zoe, PASSWORD)


def test_a_password_that_was_changed_meanwhile_is_not_changed_again(
    auth: Auth, alice: User
) -> None:
    mine = auth.passwords.hasher.hash("a third one entirely")
    put(auth, alice, auth.passwords.hasher.hash("another one entirely"))

    with pytest.raises(Conflict):
        auth.passwords.set(alice, mine)


def test_a_locked_account_is_opened_by_no_password(
    auth: Auth, alice: User, bob: User
) -> None:
    auth.passwords.lock(alice)

    assert stored(auth, alice) == alice.hashed_password == NONE_YET
    assert not auth.passwords.is_right(alice, PASSWORD)
    assert not auth.passwords.is_right(alice, NONE_YET)
    assert auth.passwords.is_right(bob, PASSWORD)


def test_a_stranger_s_mailbox_is_not_flooded_by_new_passwords(
    auth: Auth,
) -> None:
    zoe = auth.registration.register("zoe@example.com", PASSWORD, "zoe")
    for _ in range(30):
        auth.passwords.set(zoe, auth.passwords.hasher.hash(PASSWORD))
    told = [one.subject for one in auth.outbox.latest(50)]
    few = sum("password" in subject.lower() for subject in told)

    assert 0 < few < 6
    auth.passwords.set(zoe, zoe.hashed_password, is_proven=True)
    assert len(auth.outbox.latest(50)) == len(told) + 1

    # Others are written to as before.
    yan = auth.registration.register("yan@example.com", PASSWORD, "yan")
    auth.passwords.set(yan, auth.passwords.hasher.hash(PASSWORD))
    hers = [
        one.subject
        for one in auth.outbox.latest(50)
        if one.recipient == "yan@example.com"
    ]
    assert any("password" in subject.lower() for subject in hers)


def test_a_hash_of_fewer_rounds_than_anybody_makes_is_none(
    auth: Auth,
) -> None:
    auth.passwords.check_hash(with_phpass(PASSWORD, 7))
    with pytest.raises(HashUnknown):
        auth.passwords.check_hash(with_phpass(PASSWORD, 6))


def test_what_stands_for_no_password_is_kept_as_one_mark(auth: Auth) -> None:
    for encoded in ("!", "!!", "!$2b$04$of another system"):
        assert auth.passwords.check_hash(encoded) == NONE_YET == "!"
    assert auth.passwords.check_hash(OLD) == OLD


def test_no_event_is_left_of_a_password_that_was_right_at_once(
    auth: Auth, alice: User
) -> None:
    before = len(auth.audit.of(alice.id).items)
    assert auth.passwords.is_right(alice, PASSWORD)
    assert len(auth.audit.of(alice.id).items) == before
