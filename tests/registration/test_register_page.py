"""The page where people create an account."""

import pytest

from conftest import (
    PASSWORD,
    Browser,
    Postbox,
    field_errors,
    notices,
    unadvised,
)
from stagecraft import counts, next_page
from vestibule.auth import Auth
from vestibule.user import User

SORRY = "Invalid credentials. Try again"
GOOD = {
    "username": "alice",
    "email": "alice@example.com",
    "password1": PASSWORD,
    "password2": PASSWORD,
}

WRONG: list[tuple[dict[str, str], dict[str, str]]] = [
    (
        dict.fromkeys(GOOD, ""),
        {
            "username": "Enter a username",
            "email": "Enter your email address",
            "password1": "Enter a password",
            "password2": "Enter the same password in both fields",
        },
    ),
    (
        {"password2": "something else"},
        {"password2": "Enter the same password in both fields"},
    ),
    (
        {"username": "a" * 21},
        {"username": "Username must be between 3 and 20 characters"},
    ),
    (
        {
            "username": "alice smith",
            "email": "alice",
            "password1": "shorty",
            "password2": "shorty",
        },
        {
            "username": "Username can contain letters, numbers, dots, "
            "dashes and underscores, and starts with a letter or number",
            "email": "Enter an email address in the correct format, "
            "like name@example.com",
            "password1": "Password must be at least 8 characters",
        },
    ),
    (
        {"username": "Admin"},
        {"username": "This username is reserved. Choose another one"},
    ),
    (
        {"email": f"{'a' * 243}@example.com"},
        {"email": "Email address must be 254 characters or fewer"},
    ),
    (
        {"password1": "Password1", "password2": "Password1"},
        {
            "password1": "This password is on a list of common "
            "passwords. Try three or four random words"
        },
    ),
    (
        {"password1": "alice2024!", "password2": "alice2024!"},
        {
            "password1": "Password must not contain your username or "
            "email address"
        },
    ),
    (
        {"username": "bob"},
        {"username": "This username is already in use."},
    ),
    (
        {"email": "BOB@example.com"},
        {
            "email": "There is already an account with this email "
            "address. Sign in or reset your password"
        },
    ),
]


def test_registering_leads_to_the_sign_in_page_and_signs_nobody_in(
    browser: Browser, auth: Auth
) -> None:
    response = browser.send("/register", GOOD)

    assert (response.status_code, response.location) == (302, "/login")
    page = next_page(browser, response)
    assert page.status_code == 200
    assert 'value="alice@example.com"' in page.text
    assert browser.open("/profile").status_code == 302
    assert counts(auth)["vestibule_sessions"] == 0
    assert browser.sign_in("alice").location == "/profile"


def test_a_form_that_is_not_valid_stays_and_helps_at_each_field(
    browser: Browser, auth: Auth, bob: User
) -> None:
    for typed, errors in WRONG:
        sent = {**GOOD, **typed}
        response = browser.send("/register", sent)
        assert 400 <= response.status_code < 500
        assert notices(response) == [SORRY]
        assert unadvised(field_errors(response)) == errors
        for field in ("username", "email"):
            assert f'name="{field}" value="{sent[field]}"' in response.text
        for secret in {sent["password1"], sent["password2"]} - {""}:
            assert secret not in response.text

    assert counts(auth)["vestibule_users"] == 1


@pytest.mark.attack(87, "A7", "A32")
def test_nobody_makes_themselves_an_administrator(
    browser: Browser, auth: Auth
) -> None:
    for extra in ("is_admin", "id", "hashed_password", "email_verified_at"):
        response = browser.send("/register", GOOD, **{extra: "1"})
        assert response.status_code == 422
        assert notices(response) == [SORRY]
        assert f"There is no field called {extra}" in response.text

    assert counts(auth)["vestibule_users"] == 0


@pytest.mark.attack(75, "A25")
def test_a_form_without_its_secret_creates_nothing(
    browser: Browser, auth: Auth
) -> None:
    browser.open("/register")

    for token in ({}, {"csrf_token": ""}, {"csrf_token": "guessed"}):
        answer = browser.client.post("/register", data={**GOOD, **token})
        assert answer.status_code == 422

    assert counts(auth)["vestibule_users"] == 0


@pytest.mark.attack(86)
def test_what_was_typed_is_shown_as_text(browser: Browser) -> None:
    hostile = '"><script>alert(1)</script>'

    response = browser.send("/register", {**GOOD, "username": hostile})

    assert "<script>" not in response.text
    assert "&lt;script&gt;" in response.text


def test_names_are_not_asked_for_by_default(
    browser: Browser, auth: Auth
) -> None:
    assert "first_name" not in browser.open("/register").text

    refused = browser.send("/register", GOOD, first_name="Alice")

    assert refused.status_code == 422
    assert counts(auth)["vestibule_users"] == 0


@pytest.mark.settings(name_fields="true")
def test_names_are_kept_where_the_operator_asks_for_them(
    browser: Browser, auth: Auth
) -> None:
    typed = {**GOOD, "first_name": " Älice ", "last_name": "O'Neil-Ибн"}
    assert browser.send("/register", typed).status_code == 302
    nameless = {**GOOD, "username": "bob", "email": "bob@example.com"}
    assert browser.send("/register", nameless).status_code == 302

    alice = auth.db.find_user_by(username="alice")
    bob = auth.db.find_user_by(username="bob")
    assert (alice.first_name, alice.last_name) == ("Älice", "O'Neil-Ибн")
    assert (bob.first_name, bob.last_name) == (None, None)


@pytest.mark.settings(name_fields="true")
def test_a_name_has_thirty_characters_at_most(
    browser: Browser, auth: Auth
) -> None:
    typed = {**GOOD, "first_name": "ä" * 31, "last_name": "ö" * 30}
    refused = browser.send("/register", typed)
    assert field_errors(refused) == {"first_name": "This field is too long"}

    typed["first_name"] = "ä" * 30
    assert browser.send("/register", typed).status_code == 302
    assert auth.db.find_user_by(username="alice").first_name == "ä" * 30


@pytest.mark.settings(name_fields="true")
def test_a_first_name_makes_no_password(browser: Browser) -> None:
    typed = {**GOOD, "first_name": "Konstantin"}
    typed |= dict.fromkeys(("password1", "password2"), "konstantin1!")

    assert list(field_errors(browser.send("/register", typed))) == [
        "password1"
    ]


@pytest.mark.parametrize(
    "is_sent",
    [
        pytest.param(False, id="no mail server"),
        pytest.param(
            True,
            id="a mail server",
            marks=pytest.mark.settings(
                mail_server="mail.example.com",
                mail_sender="accounts@example.com",
            ),
        ),
        pytest.param(
            True,
            id="development",
            marks=pytest.mark.settings(development="true"),
        ),
    ],
)
def test_a_letter_is_announced_where_letters_leave(
    browser: Browser, is_sent: bool
) -> None:
    page = next_page(browser, browser.send("/register", GOOD))

    letter = (
        "We have sent a message with a link and a code to "
        "alice@example.com, to confirm the address. You can sign in now"
    )
    assert notices(page) == [
        f"Your account is ready. {letter if is_sent else 'Sign in'}"
    ]
    # Whoever waits for no letter is offered no place for its code.
    way = '<a href="/verify-email">Enter the code'
    assert (way in page.text) is is_sent
    if is_sent:
        code = browser.open("/verify-email")
        assert "Only the newest code works" in code.text
        again = '<a href="/login?next=/verify-email/again">Sign in to get a'
        assert again in code.text


def test_whose_address_is_taken_is_led_to_their_account(
    browser: Browser, bob: User
) -> None:
    ways = 'Is it your address? <a href="/login">Sign in</a> · <a href="/pass'

    taken = browser.send("/register", GOOD, email="bob@example.com")
    wrong = browser.send("/register", GOOD, email="no address")

    assert ways in taken.text
    assert ways not in wrong.text
    assert ways not in browser.open("/register").text


@pytest.mark.settings(verified_email_required="true")
def test_where_addresses_must_be_confirmed_the_letter_is_announced(
    browser: Browser, postbox: Postbox
) -> None:
    page = next_page(browser, browser.send("/register", GOOD))

    assert notices(page) == [
        "We have sent a message to alice@example.com. Open the link in it, "
        "or enter its code here; then sign in"
    ]
    assert [letter.to for letter in postbox.empty()] == ["alice@example.com"]


@pytest.mark.asvs("2.2.3")
def test_each_field_says_what_is_wrong_with_it_at_once(
    browser: Browser,
) -> None:
    response = browser.send(
        "/register",
        username="x y",
        email="nobody",
        password1=PASSWORD,
        password2="something else",
    )

    assert response.status_code == 422
    assert set(field_errors(response)) == {"username", "email", "password2"}
