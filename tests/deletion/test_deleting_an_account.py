"""Deleting an account: everything of it goes, and nothing comes back."""

from typing import ClassVar

import pytest
from sqlalchemy import text
from sqlalchemy.exc import NoResultFound

from conftest import PASSWORD, Postbox, account
from residents import NAMES_STAY, keys, lived_in, rows_of
from stagecraft import rows
from vestibule.auth import Auth
from vestibule.capability import Capability
from vestibule.policy import OPERATOR
from vestibule.user import User


@pytest.mark.attack(65, "A35")
def test_no_table_keeps_a_row_of_the_account(
    auth: Auth, alice: User, bob: User
) -> None:
    # The first administrator keeps the keys, and the next one gets them.
    for name in ("alice", "bob"):
        user = auth.administration.find(name)
        auth.administration.set_admin(user, is_admin=True, by=OPERATOR)
    lived_in(auth, alice)
    lived_in(auth, bob)
    before = rows_of(auth, alice.id)
    # Whoever makes a table with such a key lives in it here as well.
    assert {name for name, count in before.items() if not count} <= {
        "events.actor_id",
        "events.subject_id",
        "history.actor_id",
    }
    bobs = rows_of(auth, bob.id)

    auth.deletion.delete(alice, by=OPERATOR)

    assert {*left_of(auth, alice.id)} <= {*NAMES_STAY}
    assert {
        name: count
        for name, count in rows_of(auth, bob.id).items()
        if count != bobs[name]
    } == {"keeper.user_id": 1}


def left_of(auth: Auth, user_id: int) -> dict[str, int]:
    """Say by which columns an account can still be found."""
    return {k: count for k, count in rows_of(auth, user_id).items() if count}


def test_a_table_that_no_capability_answers_for_is_noticed(
    auth: Auth, alice: User
) -> None:
    auth.db.write(text("CREATE TABLE vestibule_notes (user_id BIGINT)"))
    auth.db.write(text(f"INSERT INTO vestibule_notes VALUES ({alice.id})"))

    auth.deletion.delete(alice, by=OPERATOR)

    left = left_of(auth, alice.id)
    assert {*left} - {*NAMES_STAY} == {"notes.user_id"}
    assert {*NAMES_STAY} <= {*keys(auth)}


def test_nothing_that_is_left_names_the_person(
    auth: Auth, alice: User
) -> None:
    lived_in(auth, alice)

    auth.deletion.delete(alice, by=OPERATOR)

    assert "alice" not in str(rows(auth)).casefold()
    [last] = [
        event
        for event in rows(auth)["vestibule_events"]
        if event["act"] == "deletion"
    ]
    assert (last["subject_id"], last["outcome"]) == (alice.id, "done")


def test_a_number_is_never_given_again(auth: Auth) -> None:
    seen = set()
    for _ in range(3):
        user = account(auth, "alice")
        assert user.id not in seen
        seen.add(user.id)
        auth.deletion.delete(user, by=OPERATOR)

    assert account(auth, "bob").id > max(seen)


@pytest.mark.attack("A35")
def test_a_new_account_of_the_same_name_inherits_nothing(
    auth: Auth, admin: User, alice: User, postbox: Postbox
) -> None:
    auth.administration.set_admin(alice, is_admin=True, by=OPERATOR)
    session, reset, confirming = lived_in(auth, admin)
    auth.deletion.delete(admin, by=OPERATOR)
    assert postbox.empty() == []

    heir = auth.registration.register(
        "admin@example.com", "the heir's own words", "admin", by_operator=True
    )

    assert heir.id != admin.id
    assert not auth.db.find_user_by(id=heir.id).is_admin
    assert auth.get_user_from_session_id(session) is None
    assert not auth.valid_login("admin", PASSWORD)
    with pytest.raises(ValueError, match="invalid or expired"):
        auth.update_password(reset, "another good password")
    with pytest.raises(Exception, match="does not work any more"):
        auth.email_verification.confirm(confirming, by=OPERATOR)
    assert auth.valid_login("admin", "the heir's own words")


def test_both_names_are_free_at_once(auth: Auth, alice: User) -> None:
    auth.deletion.delete(alice, by=OPERATOR)

    for name in ("alice", "alice@example.com"):
        with pytest.raises(NoResultFound):
            auth.db.find_user_called(name)
    auth.registration.register("heir@example.com", PASSWORD, "ALICE")
    auth.registration.register("Alice@example.com", PASSWORD, "heir")


def test_deleting_what_is_gone_does_no_harm(
    auth: Auth, alice: User, bob: User
) -> None:
    auth.deletion.delete(alice, by=OPERATOR)

    auth.deletion.delete(alice, by=OPERATOR)

    assert auth.db.find_user_by(id=bob.id).username == "bob"


class Sealed(Capability):
    """A capability whose part of an account cannot be removed."""

    name: ClassVar[str] = "sealed"

    def forget(self, user: User) -> None:
        """Fail in the middle of a deletion."""
        del user
        self.db.write(text("UPDATE vestibule_users SET first_name = 'gone'"))
        raise OSError("disk full")


@pytest.mark.asvs("2.3.3")
@pytest.mark.attack("A35")
def test_a_deletion_that_cannot_finish_deletes_nothing(
    auth: Auth, alice: User
) -> None:
    session, *_ = lived_in(auth, alice)
    auth.capabilities.append(Sealed(auth))
    before = rows(auth)

    with pytest.raises(OSError, match="disk full"):
        auth.deletion.delete(alice, by=OPERATOR)

    assert rows(auth) == before
    assert auth.get_user_from_session_id(session) is not None
