"""One set of operations: pages, classic routes and API share everything."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from conftest import PASSWORD, Browser, Postbox
from programs import Program, told
from stagecraft import JsonDoor, PageDoor, counts, face, watched
from vestibule.auth import Auth
from vestibule.history import Event
from vestibule.user import User

secret_accounts = pytest.mark.settings(verified_email_required="true")


def test_a_session_of_the_page_works_at_the_api_and_ends_there(
    app: Flask, alice: User
) -> None:
    browser, api = Browser(app), Program(app)
    browser.sign_in("alice")
    api.client = browser.client
    assert api.whoami() == "alice"

    assert api.call("DELETE", "/sessions/current").status_code == 204

    assert browser.open("/profile").status_code == 302


def test_a_session_of_the_api_works_on_the_page_and_ends_there(
    app: Flask, alice: User
) -> None:
    browser, api = Browser(app), Program(app)
    api.sign_in("alice")
    browser.client = api.client
    assert browser.open("/profile").status_code == 200

    assert browser.send("/logout").status_code == 302

    assert api.whoami() is None


@pytest.mark.asvs("6.3.1", "6.3.4")
@pytest.mark.attack(42, "A21")
def test_guesses_at_all_doors_spend_one_budget(
    app: Flask, alice: User
) -> None:
    page, classic, api = PageDoor(app), JsonDoor(app), Program(app)
    for _ in range(5):
        assert api.sign_in("alice", "a guess").status_code == 401
    for _ in range(3):
        page.sign_in("alice@example.com", "a guess")
    for _ in range(2):
        classic.sign_in("alice@example.com", "a guess")

    assert told(api.sign_in("alice")) == (429, "rate.wait")
    assert page.sign_in("alice").status_code == 429
    assert classic.sign_in("alice@example.com").status_code == 429


@pytest.mark.attack(41)
def test_guesses_at_the_old_password_spend_the_same_budget(
    app: Flask, alice: User
) -> None:
    api = Program(app)
    api.sign_in("alice")
    typed = {"old_password": "a guess", "new_password": "four random words"}
    for _ in range(10):
        assert api.call("PUT", "/password", typed).status_code == 401

    assert told(api.call("PUT", "/password", typed)) == (429, "rate.wait")
    # They came from a device that is known, so they hold up no other one.
    assert told(api.sign_in("alice")) == (429, "rate.wait")
    assert Program(app).sign_in("alice").status_code == 201


@pytest.mark.attack(40)
def test_letters_are_counted_at_all_doors_together(
    app: Flask, alice: User, postbox: Postbox
) -> None:
    page, api = PageDoor(app), Program(app)
    for _ in range(4):
        api.call("POST", "/password-reset", {"email": alice.email})
        page.ask_reset(alice.email)

    assert len(postbox.empty()) == 5


def test_a_reset_link_of_the_page_is_used_up_at_the_api(
    app: Flask, alice: User, postbox: Postbox
) -> None:
    page, api = PageDoor(app), Program(app)
    page.ask_reset(alice.email)
    token = postbox.link("/password_reset/").rpartition("/")[2]
    typed = {"token": token, "new_password": "four other random words"}

    assert api.call("PUT", "/password-reset", typed).status_code == 200

    again = page.finish_reset(token, "yet another random word")
    assert again.location == "/password_reset"
    assert page.sign_in("alice", typed["new_password"]).status_code == 302


def test_events_name_the_door(app: Flask, auth: Auth, alice: User) -> None:
    Program(app).sign_in("alice")
    PageDoor(app).sign_in("alice")
    JsonDoor(app).sign_in("alice@example.com")

    done = select(Event.door).where(Event.act == "login")
    assert sorted(row[0] for row in auth.db.read(done)) == [
        "api",
        "json",
        "page",
    ]


def test_a_look_at_the_profile_reads_the_session_once(
    app: Flask, auth: Auth, alice: User
) -> None:
    api = Program(app)
    api.bear("alice")

    with watched(auth) as seen:
        assert api.whoami() == "alice"

    assert len([s for s in seen if "vestibule_sessions" in s]) == 1
    assert [s for s in seen if not s.startswith("SELECT")] == []


Ask = Callable[[Program, str], Any]
# Calls that must not tell who has an account.
CALLS: dict[str, Ask] = {
    "sign-up": lambda api, email: api.call(
        "POST", "/users", {"email": email, "password": PASSWORD}
    ),
    "sign-up with a name": lambda api, email: api.call(
        "POST",
        "/users",
        {"email": email, "password": PASSWORD, "username": "newcomer"},
    ),
    "sign-in": lambda api, email: api.sign_in(email, "a guess"),
    "reset": lambda api, email: api.call(
        "POST", "/password-reset", {"email": email}
    ),
}


@pytest.mark.attack(18, 27, 28, "A4")
@secret_accounts
@pytest.mark.parametrize("call", [*CALLS])
def test_no_answer_tells_whether_an_address_has_an_account(
    app: Flask, auth: Auth, bob: User, call: str
) -> None:
    faces = []
    for email in ("bob@example.com", "new@example.com"):
        before = auth.passwords.hasher.count
        answer = CALLS[call](Program(app), email)
        seen = str(face(answer)).replace(email, "EMAIL")
        faces.append((seen, auth.passwords.hasher.count - before))

    assert faces[0] == faces[1]


@pytest.mark.attack(26, "A4")
@secret_accounts
def test_a_new_address_that_is_taken_waits_like_a_free_one(
    app: Flask, alice: User, bob: User
) -> None:
    seen = []
    for email in ("bob@example.com", "new@example.com"):
        api = Program(app)
        api.sign_in("alice")
        answer = api.call("PATCH", "/profile", {"email": email})
        seen.append(str(face(answer)).replace(email, "EMAIL"))

    assert seen[0] == seen[1]
    assert "'pending_email': None" not in seen[0]


@pytest.mark.attack(29)
@secret_accounts
def test_an_unconfirmed_address_is_told_to_its_owner_alone(
    app: Flask, auth: Auth, postbox: Postbox
) -> None:
    api = Program(app)
    made = CALLS["sign-up"](api, "carol@example.com")
    assert made.json["verification_required"] is True

    assert told(api.sign_in("carol@example.com", "a guess")) == (
        401,
        "credentials.incorrect",
    )
    held_up = api.bear("carol@example.com")
    assert told(held_up) == (403, "email.unverified")
    assert counts(auth)["vestibule_sessions"] == 0
    token = postbox.link("/verify-email/").rpartition("/")[2]
    proven = {"token": token, "password": PASSWORD}
    api.call("PUT", "/email-verification", proven)
    assert api.bear("carol@example.com").status_code == 201
