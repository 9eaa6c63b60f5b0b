"""Deleting an account: everything of it goes, and nothing comes back."""

from typing import ClassVar

import pytest
from sqlalchemy import MetaData, func, select, text
from sqlalchemy.exc import NoResultFound

from conftest import PASSWORD, Postbox, account
from paintings import painted
from stagecraft import rows
from vestibule.auth import Auth
from vestibule.capability import Capability
from vestibule.uploads import Upload
from vestibule.user import User


def rows_of(auth: Auth, user_id: int) -> dict[str, int]:
    """Count, in every table of the database, the rows of one account."""
    metadata = MetaData()
    metadata.reflect(auth.db.engine)
    counted = {}
    for table in metadata.tables.values():
        column = table.columns.get("user_id")
        if column is None and table.name.endswith("_users"):
            column = table.columns["id"]
        if column is not None:
            query = select(func.count()).where(column == user_id)
            [row] = auth.db.read(query)
            counted[table.name.removeprefix("vestibule_")] = row[0]
    return counted


def lived_in(auth: Auth, user: User) -> tuple[str, str, str]:
    """Use an account everywhere; give its session and mailed tokens."""
    session = auth.login.with_password(user.username, PASSWORD).token
    auth.password_reset.ask(user.email)
    auth.email_verification.start_change(user, f"new-{user.email}")
    auth.host_fields.keep(user, {"town": f"{user.username}ville"})
    auth.profile.update(
        user,
        user.username,
        user.email,
        picture=Upload("me.png", painted()),
    )
    return (
        session,
        auth.password_reset.issue(user),
        auth.mailed_tokens.issue(user.id, "email_verification", user.email),
    )


def test_no_table_keeps_a_row_of_the_account(
    auth: Auth, alice: User, bob: User
) -> None:
    lived_in(auth, alice)
    lived_in(auth, bob)
    before = rows_of(auth, alice.id)
    assert min(before.values()) > 0, before
    bobs = rows_of(auth, bob.id)

    auth.deletion.delete(alice)

    assert rows_of(auth, alice.id) == dict.fromkeys(before, 0)
    assert rows_of(auth, bob.id) == bobs


def test_nothing_that_is_left_names_the_person(
    auth: Auth, alice: User
) -> None:
    lived_in(auth, alice)

    auth.deletion.delete(alice)

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
        auth.deletion.delete(user)

    assert account(auth, "bob").id > max(seen)


def test_a_new_account_of_the_same_name_inherits_nothing(
    auth: Auth, admin: User, postbox: Postbox
) -> None:
    session, reset, confirming = lived_in(auth, admin)
    auth.deletion.delete(admin)
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
        auth.email_verification.confirm(confirming)
    assert auth.valid_login("admin", "the heir's own words")


def test_both_names_are_free_at_once(auth: Auth, alice: User) -> None:
    auth.deletion.delete(alice)

    for name in ("alice", "alice@example.com"):
        with pytest.raises(NoResultFound):
            auth.db.find_user_called(name)
    auth.registration.register("heir@example.com", PASSWORD, "ALICE")
    auth.registration.register("Alice@example.com", PASSWORD, "heir")


def test_deleting_what_is_gone_does_no_harm(
    auth: Auth, alice: User, bob: User
) -> None:
    auth.deletion.delete(alice)

    auth.deletion.delete(alice)

    assert auth.db.find_user_by(id=bob.id).username == "bob"


class Sealed(Capability):
    """A capability whose part of an account cannot be removed."""

    name: ClassVar[str] = "sealed"

    def forget(self, user: User) -> None:
        """Fail in the middle of a deletion."""
        del user
        self.db.write(text("UPDATE vestibule_users SET first_name = 'gone'"))
        raise OSError("disk full")


def test_a_deletion_that_cannot_finish_deletes_nothing(
    auth: Auth, alice: User
) -> None:
    session, *_ = lived_in(auth, alice)
    auth.capabilities.append(Sealed(auth))
    before = rows(auth)

    with pytest.raises(OSError, match="disk full"):
        auth.deletion.delete(alice)

    assert rows(auth) == before
    assert auth.get_user_from_session_id(session) is not None
