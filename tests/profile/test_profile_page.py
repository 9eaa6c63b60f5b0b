"""The page where people see and change themselves."""

from functools import partial

import pytest
from flask import Flask

from conftest import (
    HTML,
    PASSWORD,
    Browser,
    TurnableClock,
    field_errors,
    form_token,
    notices,
    unadvised,
)
from stagecraft import at_once, counts, next_page
from vestibule.auth import Auth
from vestibule.policy import OPERATOR
from vestibule.user import User

UPDATED = "Profile updated successfully"
SORRY = "Error while profile updating"
WRONG: list[tuple[str, str, dict[str, str]]] = [
    (
        "",
        "",
        {
            "username": "Enter a username",
            "email": "Enter your email address",
        },
    ),
    (
        "<i>alice</i>",
        "nonsense",
        {
            "username": "Username can contain letters, numbers, dots, "
            "dashes and underscores, and starts with a letter or number",
            "email": "Enter an email address in the correct format, "
            "like name@example.com",
        },
    ),
    (
        "a" * 21,
        "alice@example.com",
        {"username": "Username must be between 3 and 20 characters"},
    ),
    (
        "support",
        "new@example.com",
        {"username": "This username is reserved. Choose another one"},
    ),
    (
        "BOB",
        "new@example.com",
        {"username": "This username is already in use."},
    ),
    (
        "alice2",
        "bob@example.com",
        {
            "email": "There is already an account with this email "
            "address. Sign in or reset your password"
        },
    ),
]


def test_the_page_shows_who_is_signed_in(
    browser: Browser, alice: User
) -> None:
    browser.sign_in("alice")

    page = browser.open("/profile").text

    assert "<dd>alice</dd>" in page
    assert "<dd>alice@example.com " in page
    assert 'name="username" value="alice"' in page
    assert 'name="email" value="alice@example.com"' in page
    for path in ("/password/change", "/users/alice", "/logout"):
        assert f'href="{path}"' in page
    assert alice.hashed_password not in page


def test_strangers_are_sent_to_the_sign_in_page_and_back(
    browser: Browser, alice: User
) -> None:
    assert browser.open("/profile").location == "/login?next=/profile"

    sent = browser.client.post(
        "/profile", data={"username": "mallory"}, headers=HTML
    )
    assert sent.status_code == 401
    assert "Sign in to continue" in sent.text


@pytest.mark.settings(anonymous_status="401")
def test_the_operator_may_show_strangers_a_page_that_says_no(
    browser: Browser,
) -> None:
    for path in ("/profile", "/password/change", "/password/change/done"):
        response = browser.open(path)
        assert response.status_code == 401
        assert 'href="/login"' in response.text


def test_a_change_is_made_and_said(
    browser: Browser, auth: Auth, alice: User
) -> None:
    browser.sign_in("alice")

    response = browser.send(
        "/profile", username="Alice.B", email="alice@example.com"
    )

    assert (response.status_code, response.location) == (302, "/profile")
    page = next_page(browser, response)
    assert notices(page) == [UPDATED]
    assert "<dd>Alice.B</dd>" in page.text
    assert auth.valid_login("alice.b", PASSWORD)
    assert not auth.valid_login("alice", PASSWORD)
    auth.registration.register("heir@example.com", PASSWORD, "alice")


def test_saving_without_a_change_is_a_success(
    browser: Browser, auth: Auth, admin: User
) -> None:
    browser.sign_in("admin")

    response = browser.send(
        "/profile", username="admin", email="admin@example.com"
    )

    assert notices(next_page(browser, response)) == [UPDATED]
    assert auth.db.find_user_by(id=admin.id).is_admin


def test_after_an_error_the_typing_and_the_errors_are_shown_once(
    browser: Browser, auth: Auth, alice: User, bob: User
) -> None:
    browser.sign_in("alice")
    for username, email, errors in WRONG:
        response = browser.send("/profile", username=username, email=email)

        assert (response.status_code, response.location) == (302, "/profile")
        page = next_page(browser, response)
        assert notices(page) == [SORRY]
        assert unadvised(field_errors(page)) == errors
        shown = username.replace("<", "&lt;").replace(">", "&gt;")
        assert f'name="username" value="{shown}"' in page.text
        assert f'name="email" value="{email}"' in page.text

        later = browser.open("/profile")
        assert (notices(later), field_errors(later)) == ([], {})
        assert 'name="username" value="alice"' in later.text

    same = auth.db.find_user_by(id=alice.id)
    assert (same.username, same.email) == ("alice", "alice@example.com")
    assert counts(auth)["vestibule_mailed_tokens"] == 0


def test_nobody_gives_themselves_what_is_no_field(
    browser: Browser, auth: Auth, alice: User
) -> None:
    browser.sign_in("alice")

    for extra in ("is_admin", "id", "hashed_password", "first_name"):
        typed = {"username": "alice2", "email": "alice@example.com"}
        response = browser.send("/profile", {**typed, extra: "1"})
        assert notices(next_page(browser, response)) == [SORRY]

    same = auth.db.find_user_by(id=alice.id)
    assert same.username == "alice"
    assert not same.is_admin


def test_a_form_from_elsewhere_changes_nothing(
    browser: Browser, auth: Auth, alice: User
) -> None:
    browser.sign_in("alice")
    typed = {"username": "mallory", "email": "alice@example.com"}

    for token in ({}, {"csrf_token": "guessed"}):
        sent = browser.client.post(
            "/profile", data={**typed, **token}, headers=HTML
        )
        assert notices(next_page(browser, sent)) == [SORRY]

    assert auth.db.find_user_by(id=alice.id).username == "alice"


def test_typing_without_end_is_cut_and_still_answered(
    browser: Browser, auth: Auth, alice: User
) -> None:
    browser.sign_in("alice")

    for endless in ("a" * 20_000, "ы" * 5_000, "\x00" * 3_000):
        response = browser.send(
            "/profile", username=endless, email=endless + "@example.com"
        )
        cookies = response.headers.getlist("Set-Cookie")
        assert all(len(cookie) < 4096 for cookie in cookies)
        assert notices(next_page(browser, response)) == [SORRY]

    assert auth.db.find_user_by(id=alice.id).username == "alice"


def test_of_two_who_take_one_username_at_once_one_gets_it(
    auth: Auth, alice: User, bob: User
) -> None:
    for turn in range(3):
        wanted = f"wanted{turn}"
        people = [auth.db.find_user_by(id=u.id) for u in (alice, bob)]
        results = at_once(
            [
                partial(
                    auth.profile.update,
                    user,
                    wanted,
                    user.email,
                    by=OPERATOR,
                )
                for user in people
            ]
        )

        kinds = sorted(type(result).__name__ for result in results)
        assert kinds == ["ProfileUpdated", "UsernameTaken"], results
        names = {auth.db.find_user_by(id=u.id).username for u in (alice, bob)}
        assert wanted in names
        assert len(names) == 2


def test_a_program_gets_the_address_and_nothing_more(
    app: Flask, auth: Auth, alice: User
) -> None:
    program = app.test_client()
    assert program.get("/profile").status_code == 403

    program.set_cookie("session_id", auth.sessions.open(alice.id))

    answer = program.get("/profile")
    assert answer.get_data() == b'{"email":"alice@example.com"}'


@pytest.mark.settings(name_fields="true")
def test_names_can_be_changed_where_they_are_asked_for(
    browser: Browser, auth: Auth, alice: User
) -> None:
    browser.sign_in("alice")
    typed = {"username": "alice", "email": "alice@example.com"}

    browser.send("/profile", typed, first_name="Älice", last_name="Smith")
    page = browser.open("/profile").text
    assert 'name="first_name" value="Älice"' in page

    response = browser.send("/profile", typed, first_name="x" * 31)
    errors = field_errors(next_page(browser, response))
    assert list(errors) == ["first_name"]

    browser.send("/profile", typed, first_name=" ", last_name="")
    found = auth.db.find_user_by(id=alice.id)
    assert (found.first_name, found.last_name) == (None, None)


def test_a_program_whose_proof_is_too_old_gets_no_cookie(
    browser: Browser, alice: User, clock: TurnableClock
) -> None:
    browser.sign_in(alice.username)
    typed = {
        "username": alice.username,
        "email": "alice@new.example",
        "csrf_token": form_token(browser.open("/profile")),
    }
    clock.turn(minutes=10)

    refused = browser.client.post("/profile", data=typed)

    assert refused.status_code == 401
    assert refused.mimetype == "application/problem+json"
    assert refused.headers.getlist("Set-Cookie") == []
