"""Where addresses must be confirmed, sign-up does not tell who is here."""

import re

import pytest
from flask import Flask

from conftest import PASSWORD, Postbox
from stagecraft import Opened, both_doors, counts, face, next_page, rows
from vestibule.auth import Auth
from vestibule.user import User

pytestmark = pytest.mark.settings(verified_email_required="true")


@pytest.mark.asvs("6.3.8")
@pytest.mark.attack(27, "A4")
@both_doors
def test_a_taken_address_gets_the_same_answer_as_a_free_one(
    app: Flask, auth: Auth, bob: User, opened: Opened
) -> None:
    faces = []
    costs = []
    for email in ("bob@example.com", "new@example.com"):
        door, before = opened(app), auth.passwords.hasher.count
        answer = door.sign_up(email, username="newcomer")
        seen = [face(answer)]
        if answer.status_code == 302:
            seen.append(face(next_page(door.browser, answer)))
        faces.append(str(seen).replace(email, "EMAIL"))
        costs.append(auth.passwords.hasher.count - before)
        assert answer.status_code == door.works
        assert door.whoami() is None

    assert faces[0] == faces[1]
    assert costs == [1, 1]
    assert counts(auth)["vestibule_users"] == 2


@both_doors
def test_the_owner_is_told_by_mail_and_nothing_else_happens(
    app: Flask, auth: Auth, bob: User, postbox: Postbox, opened: Opened
) -> None:
    before = {
        table: found
        for table, found in rows(auth).items()
        if table not in ("vestibule_outbox", "vestibule_events")
    }

    opened(app).sign_up("BOB@example.com", "a stranger's password", "newcomer")

    [letter] = postbox.empty()
    assert letter.to == "bob@example.com"
    assert letter.subject == "You already have a Vestibule account"
    assert "http://localhost:5000/password_reset\n" in letter.text
    after = rows(auth)
    del before["vestibule_attempts"]
    for table, found in before.items():
        assert after[table] == found
    assert opened(app).sign_in("bob").status_code == opened.works


@pytest.mark.attack(26, 27)
def test_a_taken_username_tells_nothing_about_the_address(
    app: Flask, auth: Auth, alice: User, bob: User
) -> None:
    from stagecraft import PageDoor

    faces = [
        str(face(PageDoor(app).sign_up(email, username="alice"))).replace(
            email, "EMAIL"
        )
        for email in ("bob@example.com", "new@example.com")
    ]
    # The free usernames that it names end in digits made by chance.
    faces = [re.sub(r"(alice\D?)\d+", r"\1", text) for text in faces]

    assert faces[0] == faces[1]
    assert "This username is already in use" in faces[0]


def test_nobody_floods_the_owner_with_letters(
    auth: Auth, bob: User, postbox: Postbox
) -> None:
    for number in range(12):
        auth.registration.sign_up("Bob@example.com", PASSWORD, f"eve{number}")

    assert len(postbox.empty()) == 5
