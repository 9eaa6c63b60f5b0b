"""Changing a password: at the page, and what ends by it."""

from functools import partial

import pytest

from conftest import (
    HTML,
    PASSWORD,
    Browser,
    Postbox,
    TurnableClock,
    field_errors,
)
from stagecraft import at_once, counts, next_page
from vestibule.auth import Auth
from vestibule.capabilities.passwords.operations import PasswordChanged
from vestibule.errors import Conflict, NotProven, TooMany
from vestibule.policy import OPERATOR
from vestibule.user import User

NEW = "another good password"


def change(browser: Browser, old: str, new: str, again: str = "") -> str:
    """Send the form of the page; say where it leads, or how it ended."""
    response = browser.send(
        "/password/change",
        old_password=old,
        new_password=new,
        new_password2=again or new,
    )
    return response.location or str(response.status_code)


@pytest.mark.asvs("6.2.2")
def test_the_new_password_opens_the_account_and_the_old_one_does_not(
    browser: Browser, auth: Auth, alice: User
) -> None:
    browser.sign_in("alice")

    response = browser.send(
        "/password/change",
        old_password=PASSWORD,
        new_password=NEW,
        new_password2=NEW,
    )

    assert response.location == "/password/change/done"
    page = next_page(browser, response)
    assert "Congrats. Your password was changed. " in page.text
    assert 'href="/profile"' in page.text
    assert auth.valid_login("alice", NEW)
    assert not auth.valid_login("alice", PASSWORD)


def test_the_page_calls_its_fields_as_the_texts_do(
    browser: Browser, alice: User
) -> None:
    browser.sign_in("alice")

    page = browser.open("/password/change").text

    for name, label in (
        ("old_password", "Old password"),
        ("new_password", "New Password"),
        ("new_password2", "New Password (Again)"),
    ):
        assert f'<label for="{name}">{label}</label>' in page
        assert f'type="password" id="{name}"' in page


@pytest.mark.asvs("7.4.3")
def test_other_devices_are_signed_out_and_this_one_is_not(
    browser: Browser, auth: Auth, alice: User, bob: User
) -> None:
    others = [auth.sessions.open(alice.id) for _ in range(3)]
    bobs = auth.sessions.open(bob.id)
    browser.sign_in("alice")

    assert change(browser, PASSWORD, NEW) == "/password/change/done"

    assert browser.open("/profile").status_code == 200
    assert [auth.get_user_from_session_id(t) for t in others] == [None] * 3
    assert auth.get_user_from_session_id(bobs) is not None


@pytest.mark.asvs("6.3.7")
def test_the_owner_is_told_by_mail(
    browser: Browser, alice: User, postbox: Postbox
) -> None:
    browser.sign_in("alice")

    change(browser, PASSWORD, NEW)

    [letter] = postbox.empty()
    assert letter.to == "alice@example.com"
    assert letter.subject == "Your Vestibule password was changed"
    assert NEW not in letter.text


@pytest.mark.asvs("2.2.3", "6.2.3", "6.2.4", "7.5.1")
def test_what_may_be_no_password_stays_on_the_page(
    browser: Browser, auth: Auth, alice: User
) -> None:
    browser.sign_in("alice")
    other = auth.sessions.open(alice.id)

    for old, new, again, field, text in (
        (PASSWORD, "short", "short", "new_password", "at least 8 characters"),
        (PASSWORD, "qwertyuiop", "qwertyuiop", "new_password", "common"),
        (PASSWORD, "Alice-2024", "Alice-2024", "new_password", "username"),
        (PASSWORD, "a" * 1025, "a" * 1025, "new_password", "1024 bytes"),
        (PASSWORD, PASSWORD, PASSWORD, "new_password", "already using"),
        (PASSWORD, NEW, "something else", "new_password2", "same password"),
        (PASSWORD, "", "", "new_password", "Enter a password"),
        ("", NEW, NEW, "old_password", "Enter your old password"),
        ("a wrong guess", NEW, NEW, "old_password", "not correct"),
    ):
        response = browser.send(
            "/password/change",
            old_password=old,
            new_password=new,
            new_password2=again,
        )
        assert 400 <= response.status_code < 500
        assert text in field_errors(response)[field]
        assert PASSWORD not in response.text

    assert auth.valid_login("alice", PASSWORD)
    assert auth.get_user_from_session_id(other) is not None


def test_the_same_password_typed_otherwise_is_still_the_same(
    auth: Auth, alice: User
) -> None:
    auth.passwords.change(alice, PASSWORD, "caf\u00e9 au lait, please")

    with pytest.raises(Exception, match="already using that password"):
        auth.passwords.change(
            alice, "caf\u00e9 au lait, please", "cafe\u0301 au lait, please"
        )


@pytest.mark.asvs("6.2.3")
@pytest.mark.attack(41)
def test_wrong_old_passwords_spend_the_attempts_of_the_account(
    browser: Browser, auth: Auth, alice: User, clock: TurnableClock
) -> None:
    browser.sign_in("alice")
    browser.client.delete_cookie("vestibule_device")
    for _ in range(6):
        assert change(browser, "a wrong guess", NEW) == "401"
    for _ in range(4):
        assert not auth.valid_login("alice", "a wrong guess")

    assert change(browser, PASSWORD, NEW) == "429"
    with pytest.raises(TooMany):
        auth.login.with_password("alice", PASSWORD)

    clock.turn(minutes=1)
    assert change(browser, PASSWORD, NEW) == "/password/change/done"
    assert browser.open("/profile").status_code == 200


def test_nobody_changes_a_password_signed_out(
    browser: Browser, alice: User
) -> None:
    for path in ("/password/change", "/password/change/done"):
        assert browser.open(path).location == f"/login?next={path}"
    sent = browser.client.post(
        "/password/change",
        data={"old_password": PASSWORD, "new_password": NEW},
        headers=HTML,
    )
    assert sent.status_code == 401


@pytest.mark.attack(102, "A11")
def test_links_mailed_before_the_change_are_dead_after_it(
    auth: Auth, alice: User
) -> None:
    reset = auth.password_reset.issue(alice)
    auth.passwords.change(alice, PASSWORD, NEW)

    with pytest.raises(ValueError, match="invalid or expired token"):
        auth.update_password(reset, "yet another password")


@pytest.mark.attack(102)
def test_a_new_password_cancels_a_change_of_address_that_waits(
    auth: Auth, alice: User, postbox: Postbox
) -> None:
    # The letter to the old address says that a new password helps.
    auth.email_changes.start(alice, "mallory@example.com")
    link = postbox.link("/verify-email/")
    auth.passwords.change(alice, PASSWORD, NEW)

    assert auth.email_verification.pending(alice) is None
    with pytest.raises(Exception, match="does not work any more"):
        auth.email_verification.confirm(link.rpartition("/")[2], by=OPERATOR)
    assert auth.db.find_user_by(id=alice.id).email == "alice@example.com"


def test_the_link_that_proves_the_own_address_survives_a_new_password(
    auth: Auth, postbox: Postbox
) -> None:
    alice = auth.registration.register("alice@example.com", PASSWORD, "alice")
    link = postbox.link("/verify-email/")
    auth.passwords.change(alice, PASSWORD, NEW)

    auth.email_verification.confirm(link.rpartition("/")[2], by=OPERATOR)

    assert auth.db.find_user_by(id=alice.id).email_verified_at


def test_of_several_changes_at_once_exactly_one_wins(
    auth: Auth, alice: User
) -> None:
    wanted = [f"good new password {number}" for number in range(4)]

    def one(new: str) -> PasswordChanged:
        """Change the password with a view of the account of one's own."""
        mine = auth.db.find_user_by(id=alice.id)
        return auth.passwords.change(mine, PASSWORD, new)

    results = at_once([partial(one, new) for new in wanted])

    winners = [
        new
        for new, result in zip(wanted, results, strict=True)
        if isinstance(result, PasswordChanged)
    ]
    losers = [r for r in results if not isinstance(r, PasswordChanged)]
    assert len(winners) == 1, results
    assert all(isinstance(r, Conflict | NotProven) for r in losers)
    assert auth.valid_login("alice", winners[0])
    assert counts(auth)["vestibule_outbox"] == 1
