"""Changing the address: the new one waits until its reader confirms it."""

import re
from functools import partial

import pytest
from flask import Flask

from conftest import (
    HTML,
    PASSWORD,
    Browser,
    Postbox,
    TurnableClock,
    account,
    field_errors,
    form_token,
    hidden,
    notices,
)
from stagecraft import at_once, counts, face, next_page, watched
from vestibule.auth import Auth
from vestibule.capabilities.email_verification.outcomes import (
    EmailLinkInvalid,
    EmailVerified,
)
from vestibule.policy import OPERATOR
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


@pytest.mark.attack("A15")
@pytest.mark.asvs("X9")
def test_a_new_address_waits_until_it_is_confirmed(
    browser: Browser, auth: Auth, alice: User, postbox: Postbox
) -> None:
    browser.sign_in("alice")

    said = ask(browser, "new@example.com")

    assert said == [
        UPDATED,
        "Confirm new@example.com: we have sent a message there. "
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


@pytest.mark.attack(15, "A15")
def test_a_second_thought_makes_the_first_link_void(
    auth: Auth, alice: User, postbox: Postbox
) -> None:
    auth.email_changes.start(alice, "first@example.com")
    first = token_in(postbox.link("/verify-email/"))
    auth.email_changes.start(alice, "second@example.com")
    second = token_in(postbox.link("/verify-email/"))

    with pytest.raises(EmailLinkInvalid):
        auth.email_verification.confirm(first, by=OPERATOR)
    auth.email_verification.confirm(second, by=OPERATOR)

    assert address(auth, alice) == "second@example.com"
    with pytest.raises(EmailLinkInvalid):
        auth.email_verification.confirm(second, by=OPERATOR)


@pytest.mark.attack(14, "A15")
def test_two_changes_at_once_confirm_only_what_was_mailed(
    auth: Auth, alice: User, postbox: Postbox
) -> None:
    wanted = ["attacker@example.com", "victim@example.com"]
    at_once([partial(auth.email_changes.start, alice, to) for to in wanted])
    mailed = {
        letter.text.partition("/verify-email/")[2].split()[0]: letter.to
        for letter in postbox.empty()
        if "/verify-email/" in letter.text
    }
    assert set(mailed.values()) == set(wanted)

    done = {}
    for token, to in mailed.items():
        try:
            done[to] = auth.email_verification.confirm(
                token, by=OPERATOR
            ).email
        except EmailLinkInvalid:
            continue

    assert len(done) == 1
    assert [address(auth, alice)] == list(done) == list(done.values())


def test_an_address_taken_meanwhile_stays_its_owners(
    browser: Browser, auth: Auth, alice: User, postbox: Postbox
) -> None:
    auth.email_changes.start(alice, "new@example.com")
    link = postbox.link("/verify-email/")
    browser.sign_in("alice")
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
        auth.email_changes.start(user, "wanted@example.com")
        tokens.append(token_in(postbox.link("/verify-email/")))

    results = at_once(
        [
            partial(auth.email_verification.confirm, token, by=OPERATOR)
            for token in tokens
        ]
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


def test_whoever_goes_back_to_the_old_address_wants_no_new_one(
    browser: Browser, auth: Auth, alice: User, postbox: Postbox
) -> None:
    browser.sign_in("alice")
    ask(browser, "new@example.com")
    link = postbox.link("/verify-email/")

    assert ask(browser, "Alice@Example.com") == [UPDATED]

    with pytest.raises(EmailLinkInvalid):
        auth.email_verification.look(token_in(link))


def test_a_change_that_waits_is_cancelled_by_a_button(
    browser: Browser, auth: Auth, alice: User, postbox: Postbox
) -> None:
    browser.sign_in("alice")
    ask(browser, "new@example.com")
    link, path = postbox.link("/verify-email/"), "/verify-email/cancel"
    page = browser.open("/profile")
    assert f'action="{path}"' in page.text

    foreign = browser.client.post(path, data={}, headers=HTML)
    assert foreign.location == "/profile"
    assert auth.email_verification.look(token_in(link))
    typed = {"csrf_token": form_token(page)}
    done = browser.client.post(path, data=typed, headers=HTML)

    assert notices(next_page(browser, done))[-1] == "The change is cancelled"
    with pytest.raises(EmailLinkInvalid):
        auth.email_verification.look(token_in(link))
    assert address(auth, alice) == "alice@example.com"
    assert f'action="{path}"' not in browser.open("/profile").text


@pytest.mark.attack(15)
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


@pytest.mark.attack(26, "A4")
@pytest.mark.settings(verified_email_required="true")
def test_where_addresses_must_be_proven_a_taken_one_is_not_told(
    app: Flask, auth: Auth, alice: User, bob: User, postbox: Postbox
) -> None:
    faces, subjects = [], []
    for email in ("bob@example.com", "nobody@example.com"):
        browser = Browser(app)
        browser.sign_in("alice")
        sent = browser.send("/profile", username="alice", email=email)
        pages = [next_page(browser, sent), browser.open("/profile")]
        seen = str([face(sent), *map(face, pages)])
        faces.append(seen.replace(email, "EMAIL"))
        sent_out = {letter.to: letter for letter in postbox.empty()}
        assert set(sent_out) == {"alice@example.com", email}
        subjects.append(sent_out[email].subject)

    assert faces[0] == faces[1]
    # Also the export, which lists them, shows the same.
    assert subjects[0] == subjects[1]
    assert address(auth, alice) == "alice@example.com"


@pytest.mark.attack(26, 30, "A4", "A15")
@pytest.mark.settings(verified_email_required="true")
def test_a_taken_address_costs_the_same_and_its_owner_is_told(
    auth: Auth, alice: User, bob: User, postbox: Postbox
) -> None:
    costs = []
    for email in ("nobody@example.com", "BOB@example.com"):
        with watched(auth) as seen:
            assert auth.email_changes.start(alice, email)
        costs.append([shape.partition("VALUES")[0] for shape in seen])
        assert auth.email_verification.pending(alice) == email
    letter = postbox.empty()[-1]

    assert costs[0] == costs[1]
    assert letter.to == "BOB@example.com"
    assert "belongs to another account already" in letter.text
    assert "/verify-email/" not in letter.text
    assert not re.search(r"\d{4} \d{4}", letter.text)
    # To send it again tells no more.
    auth.email_verification.send_again(alice)
    (again,) = postbox.empty()
    assert again.text == letter.text


@pytest.mark.attack(14, 15, "A15")
def test_changing_back_makes_every_letter_in_between_void(
    auth: Auth, alice: User, postbox: Postbox
) -> None:
    links = []
    for email in ("one@example.com", "two@example.com", "one@example.com"):
        auth.email_changes.start(alice, email)
        links.append(token_in(postbox.link("/verify-email/")))

    for dead in links[:2]:
        with pytest.raises(EmailLinkInvalid):
            auth.email_verification.confirm(dead, by=OPERATOR)
    auth.email_verification.confirm(links[2], by=OPERATOR)
    mine = auth.db.find_user_by(id=alice.id)
    auth.email_changes.start(mine, "alice@example.com")
    back = token_in(postbox.link("/verify-email/"))
    auth.email_verification.confirm(back, by=OPERATOR)

    assert address(auth, alice) == "alice@example.com"
    for dead in links:
        with pytest.raises(EmailLinkInvalid):
            auth.email_verification.confirm(dead, by=OPERATOR)


@pytest.mark.attack(101, "A15")
def test_whoever_reads_the_new_mail_does_not_get_the_account_by_that(
    app: Flask, auth: Auth, alice: User, postbox: Postbox
) -> None:
    auth.email_changes.start(alice, "mistyped@example.com")
    stranger, link = Browser(app), postbox.link("/verify-email/")

    page = stranger.follow(link)
    refused = stranger.send(link, password="a good guess")
    typed = {**hidden(page), "csrf_token": form_token(page)}
    path = "/verify-email/new-password"
    over = stranger.client.post(path, data=typed, headers=HTML)

    assert "<h1>Confirm the new address of alice</h1>" in page.text
    assert '<a href="/password_reset">Forgot Password?</a>' in page.text
    assert "Choose a new password" not in page.text
    assert refused.status_code == 401
    assert field_errors(refused) == {"password": "The password is not correct"}
    assert over.location == "/login"
    assert address(auth, alice) == "alice@example.com"


def test_all_other_sessions_end_when_the_address_changes(
    app: Flask, auth: Auth, alice: User, postbox: Postbox
) -> None:
    here, there = Browser(app), Browser(app)
    for browser in (here, there):
        browser.sign_in("alice")
    ask(here, "new@example.com")

    here.send(postbox.link("/verify-email/"))

    assert here.open("/profile").status_code == 200
    assert there.open("/profile").status_code == 302


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
