"""What operators do to accounts: find, list, promote, set a password."""

import pytest
from sqlalchemy import select

from conftest import PASSWORD, Browser, Postbox, account
from vestibule.auth import Auth
from vestibule.capabilities.administration.operations import NoSuchUser
from vestibule.errors import Malformed
from vestibule.history import Event
from vestibule.policy import OPERATOR
from vestibule.user import User

NEW = "another good password"


def test_an_account_is_found_by_any_of_its_names(
    auth: Auth, alice: User, bob: User
) -> None:
    for name in (
        "alice",
        " ALICE ",
        "Alice@Example.com",
        "ａｌｉｃｅ",
        f"id:{alice.id}",
    ):
        assert auth.administration.find(name).id == alice.id


def test_a_username_of_digits_is_no_number(auth: Auth) -> None:
    first = account(auth, "alice")
    second = auth.registration.register("n@example.com", PASSWORD, "12345")

    assert auth.administration.find("12345").id == second.id
    assert auth.administration.find(f"id:{first.id}").id == first.id


def test_a_name_that_nobody_has_gets_a_hint(
    auth: Auth, alice: User, bob: User
) -> None:
    for name, hint in (
        ("alcie", ". Did you mean alice?"),
        ("Alise", ". Did you mean alice?"),
        ("bob2", ". Did you mean bob?"),
        ("zebra", ""),
        ("", ""),
        ("%%", ""),
        ("__", ""),
        ("id:999", ""),
        ("id:" + "9" * 30, ""),
        ("id:", ""),
        ("-1", ""),
        ("١", ""),
        ("carol@example.com", ""),
    ):
        with pytest.raises(NoSuchUser) as missing:
            auth.administration.find(name)
        assert str(missing.value) == f"There is no user {name!r}{hint}"


def test_accounts_are_listed_by_number_a_page_at_a_time(auth: Auth) -> None:
    made = [account(auth, f"user{number}").id for number in range(5)]

    first = auth.administration.page(most=2)
    rest = auth.administration.page(after=first[-1].id)

    assert [user.id for user in first + rest] == made
    assert auth.administration.page(after=made[-1]) == []


@pytest.mark.asvs("7.2.4")
def test_a_role_changes_at_once_and_signs_its_owner_out(
    browser: Browser, auth: Auth, alice: User, bob: User, admin: User
) -> None:
    browser.sign_in("alice")
    for is_admin, act in ((True, "promote"), (False, "demote")):
        auth.administration.set_admin(alice, is_admin=is_admin, by=OPERATOR)

        assert auth.db.find_user_by(id=alice.id).is_admin is is_admin
        assert browser.open("/profile").status_code == 302
        [row] = auth.db.read(
            select(Event.outcome).where(
                Event.act == f"administration.{act}",
                Event.subject_id == alice.id,
            )
        )
        assert tuple(row) == ("done",)
        browser.sign_in("alice")

    assert not auth.db.find_user_by(id=bob.id).is_admin


def test_a_password_set_by_the_operator_replaces_all_that_was(
    auth: Auth, alice: User, postbox: Postbox
) -> None:
    session = auth.sessions.open(alice.id)
    reset = auth.password_reset.issue(alice)

    auth.administration.set_password(alice, NEW)

    assert auth.valid_login("alice", NEW)
    assert not auth.valid_login("alice", PASSWORD)
    assert auth.get_user_from_session_id(session) is None
    with pytest.raises(ValueError, match="invalid or expired"):
        auth.update_password(reset, "a third good password")
    [letter] = postbox.empty()
    assert letter.to == "alice@example.com"
    assert letter.subject == "Your Vestibule password was changed"


@pytest.mark.attack(37, "A22")
def test_a_password_set_by_the_operator_ends_the_wait_for_it(
    auth: Auth, alice: User
) -> None:
    for number in range(10):
        assert not auth.valid_login("alice", f"guess {number}")
    assert not auth.valid_login("alice", PASSWORD)

    auth.administration.set_password(alice, NEW)

    assert auth.valid_login("alice", NEW)


def test_the_operator_sets_no_password_that_may_not_be_one(
    auth: Auth, alice: User
) -> None:
    auth.db.update_user(alice.id, last_name="Featherstone")
    mine = auth.db.find_user_by(id=alice.id)

    for bad in ("short", "qwertyuiop", "alice2024!", "featherstone1"):
        with pytest.raises(Malformed):
            auth.administration.set_password(mine, bad)

    assert auth.valid_login("alice", PASSWORD)


def test_only_the_operator_may_use_a_reserved_name(auth: Auth) -> None:
    made = auth.registration.register(
        "root@example.com", PASSWORD, "root", by_operator=True
    )

    assert made.username == "root"
    assert not made.is_admin
