"""Changing the address: the new one waits until its reader confirms it."""

from functools import partial

import pytest
from flask import Flask

from conftest import (
    PASSWORD,
    Browser,
    Postbox,
    TurnableClock,
    account,
    field_errors,
    notices,
)
from stagecraft import at_once, counts, face, next_page
from vestibule.auth import Auth
from vestibule.capabilities.email_verification.operations import (
    EmailLinkInvalid,
    EmailVerified,
)
from vestibule.user import EmailTaken, User

UPDATED = "Profile updated successfully"


def ask(browser: Browser, email: str, username: str = "alice") -> list[str]:
    """Send the profile form with an address; say what the next page says."""
    response = browser.send("/profile", username=username, email=email)
    return notices(next_page(browser, response))


def address(auth: Auth, user: User) -> str:
    """Read the address that an account has at the moment."""
    return auth.db.find_user_by(id=user.id).email


def token_in(link: str) -> str:
    """Take the token out of a link."""
    return link.rpartition("/")[2]


def test_a_new_address_waits_until_it_is_confirmed(
    browser: Browser, auth: Auth, alice: User, postbox: Postbox
) -> None:
    browser.sign_in("alice")

    said = ask(browser, "new@example.com")

    assert said == [
        UPDATED,
        "Confirm new@example.com: we have sent a link there. "
        "Until then alice@example.com stays.",
    ]
    assert address(auth, alice) == "alice@example.com"
    assert auth.valid_login("alice@example.com", PASSWORD)
    assert not auth.valid_login("new@example.com", PASSWORD)
    letters = {letter.to: letter for letter in postbox.empty()}
    assert set(letters) == {"alice@example.com", "new@example.com"}
    assert "is being changed" in letters["alice@example.com"].subject
    assert "/verify-email/" not in letters["alice@example.com"].text
    assert "/verify-email/" in letters["new@example.com"].text


def test_confirming_puts_the_new_address_in_place(
    browser: Browser, auth: Auth, alice: User, postbox: Postbox
) -> None:
    browser.sign_in("alice")
    ask(browser, "new@example.com")

    assert browser.send(postbox.link("/verify-email/")).location == "/profile"

    changed = auth.db.find_user_by(id=alice.id)
    assert changed.email == "new@example.com"
    assert changed.email_verified_at
    assert "Until then" not in browser.open("/profile").text
    assert auth.valid_login("new@example.com", PASSWORD)
    assert not auth.valid_login("alice@example.com", PASSWORD)
    assert account(auth, "alice2").id != alice.id
    auth.registration.register("alice@example.com", PASSWORD, "heir")


def test_a_wait_is_over_after_an_hour(
    browser: Browser, auth: Auth, alice: User, clock: TurnableClock
) -> None:
    browser.sign_in("alice")
    ask(browser, "new@example.com")

    clock.turn(hours=1)

    assert "Until then" not in browser.open("/profile").text
    assert address(auth, alice) == "alice@example.com"


def test_a_second_thought_makes_the_first_link_void(
    auth: Auth, alice: User, postbox: Postbox
) -> None:
    auth.email_verification.start_change(alice, "first@example.com")
    first = token_in(postbox.link("/verify-email/"))
    auth.email_verification.start_change(alice, "second@example.com")
    second = token_in(postbox.link("/verify-email/"))

    with pytest.raises(EmailLinkInvalid):
        auth.email_verification.confirm(first)
    auth.email_verification.confirm(second)

    assert address(auth, alice) == "second@example.com"
    with pytest.raises(EmailLinkInvalid):
        auth.email_verification.confirm(second)


def test_two_changes_at_once_confirm_only_what_was_mailed(
    auth: Auth, alice: User, postbox: Postbox
) -> None:
    wanted = ["attacker@example.com", "victim@example.com"]
    at_once(
        [
            partial(auth.email_verification.start_change, alice, to)
            for to in wanted
        ]
    )
    mailed = {
        letter.text.partition("/verify-email/")[2].split()[0]: letter.to
        for letter in postbox.empty()
        if "/verify-email/" in letter.text
    }
    assert set(mailed.values()) == set(wanted)

    done = {}
    for token, to in mailed.items():
        try:
            done[to] = auth.email_verification.confirm(token).email
        except EmailLinkInvalid:
            continue

    assert len(done) == 1
    assert [address(auth, alice)] == list(done) == list(done.values())


def test_an_address_taken_meanwhile_stays_its_owners(
    browser: Browser, auth: Auth, alice: User, postbox: Postbox
) -> None:
    auth.email_verification.start_change(alice, "new@example.com")
    link = postbox.link("/verify-email/")
    owner = auth.registration.register("New@example.com", PASSWORD, "winner")

    response = browser.send(link)

    assert response.status_code == 409
    assert "There is already an account with this email" in response.text
    assert address(auth, alice) == "alice@example.com"
    assert auth.db.find_user_by(email="new@example.com").id == owner.id


def test_of_two_who_confirm_one_address_at_once_one_gets_it(
    auth: Auth, alice: User, bob: User, postbox: Postbox
) -> None:
    tokens = []
    for user in (alice, bob):
        auth.email_verification.start_change(user, "wanted@example.com")
        tokens.append(token_in(postbox.link("/verify-email/")))

    results = at_once(
        [partial(auth.email_verification.confirm, token) for token in tokens]
    )

    assert {type(r) for r in results} == {EmailVerified, EmailTaken}, results
    owner = auth.db.find_user_by(email="wanted@example.com")
    loser = bob if owner.id == alice.id else alice
    assert address(auth, loser) == loser.email
    assert auth.db.find_user_by(email=loser.email).id == loser.id
    assert counts(auth)["vestibule_identifiers"] == 4


def test_another_spelling_of_the_own_address_needs_no_letter(
    browser: Browser, auth: Auth, alice: User, postbox: Postbox
) -> None:
    browser.sign_in("alice")

    assert ask(browser, "Alice@Example.com") == [UPDATED]

    changed = auth.db.find_user_by(id=alice.id)
    assert changed.email == "Alice@Example.com"
    assert changed.email_verified_at
    assert postbox.empty() == []


def test_a_first_letter_still_works_after_the_spelling_changed(
    browser: Browser, auth: Auth, postbox: Postbox
) -> None:
    made = auth.registration.register("alice@example.com", PASSWORD, "alice")
    link = postbox.link("/verify-email/")
    browser.sign_in("alice")

    assert ask(browser, "Alice@Example.com") == [
        UPDATED,
        "Alice@Example.com is not confirmed yet.",
    ]
    browser.send(link)

    changed = auth.db.find_user_by(id=made.id)
    assert changed.email == "Alice@Example.com"
    assert changed.email_verified_at


def test_a_taken_address_is_a_field_error(
    browser: Browser, auth: Auth, alice: User, bob: User, postbox: Postbox
) -> None:
    browser.sign_in("alice")

    response = browser.send(
        "/profile", username="alice", email="BOB@example.com"
    )

    page = next_page(browser, response)
    assert "There is already an account" in field_errors(page)["email"]
    assert postbox.empty() == []
    assert counts(auth)["vestibule_mailed_tokens"] == 0


def test_nobody_floods_a_strangers_mailbox_from_a_profile(
    browser: Browser, auth: Auth, alice: User, postbox: Postbox
) -> None:
    browser.sign_in("alice")
    for number in range(12):
        said = ask(browser, "Stranger@example.com", f"alice{number}")

    assert said[0] == "Error while profile updating"
    assert auth.db.find_user_by(id=alice.id).username == "alice4"
    strangers = [
        letter
        for letter in postbox.empty()
        if letter.to.casefold() == "stranger@example.com"
    ]
    assert len(strangers) == 5


@pytest.mark.settings(verified_email_required="true")
def test_where_addresses_must_be_proven_a_taken_one_is_not_told(
    app: Flask, auth: Auth, alice: User, bob: User, postbox: Postbox
) -> None:
    faces = []
    for email in ("bob@example.com", "nobody@example.com"):
        browser = Browser(app)
        browser.sign_in("alice")
        sent = browser.send("/profile", username="alice", email=email)
        pages = [next_page(browser, sent), browser.open("/profile")]
        seen = str([face(sent), *map(face, pages)])
        faces.append(seen.replace(email, "EMAIL"))
        letters = [letter.to for letter in postbox.empty()]
        assert "alice@example.com" in letters
        assert "bob@example.com" not in letters

    assert faces[0] == faces[1]
    assert address(auth, alice) == "alice@example.com"


@pytest.mark.settings(email_change_immediate="true")
def test_the_operator_may_let_a_change_happen_at_once(
    browser: Browser, auth: Auth, alice: User, postbox: Postbox
) -> None:
    token = auth.password_reset.issue(alice)
    browser.sign_in("alice")

    assert ask(browser, "new@example.com") == [
        UPDATED,
        "new@example.com is not confirmed yet.",
    ]

    changed = auth.db.find_user_by(id=alice.id)
    assert changed.email == "new@example.com"
    assert changed.email_verified_at is None
    with pytest.raises(ValueError, match="invalid or expired"):
        auth.update_password(token, "another good password")
    assert browser.open("/profile").status_code == 200
