"""The JSON contract of the auth service: bytes, statuses and cookies."""

import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from conftest import PASSWORD, Browser, Postbox, TurnableClock
from vestibule.auth import Auth
from vestibule.user import User

BOB = "bob@me.com"
ALICE = "alice@example.com"
NEW_PASSWORD = "seven purple llamas"
TOKEN = r"[A-Za-z0-9_-]{43}"

in_both_forms = pytest.mark.parametrize("body", ["data", "json"])
classroom = pytest.mark.settings(preset="classroom")
nist = pytest.mark.settings(preset="nist")
one_database = pytest.mark.parametrize(
    "database_url", ["sqlite"], indirect=True
)
https = pytest.mark.settings(base_url="https://id.example.com")


def call(
    client: FlaskClient, what: str, body: str = "data", **fields: str
) -> TestResponse:
    """Do ``POST /users`` and the like with a form or a JSON object."""
    method, path = what.split()
    sent: dict[str, Any] = {body: fields} if fields else {}
    return client.open(path, method=method, **sent)


def sign_in(client: FlaskClient, email: str = ALICE) -> TestResponse:
    """Sign in with the password that everybody of the cast has."""
    return call(client, "POST /sessions", email=email, password=PASSWORD)


def cookies(response: TestResponse) -> list[str]:
    """List the cookies that an answer sets."""
    return response.headers.getlist("Set-Cookie")


def assert_message(response: TestResponse, status: int) -> None:
    """See that an answer refuses in the contract's form, without a cookie."""
    assert response.status_code == status, response.text
    assert response.mimetype == "application/json"
    assert list(response.json or {}) == ["message"], response.text
    assert (response.json or {})["message"]
    assert cookies(response) == []


@classroom
@in_both_forms
def test_the_walk_of_the_original_service(
    program: FlaskClient, body: str
) -> None:
    def step(what: str, status: int, text: str, **fields: str) -> TestResponse:
        """Make one step and compare what the server says byte for byte."""
        response = call(program, what, body, **fields)
        assert response.status_code == status, response.text
        assert response.data == text.encode()
        return response

    step(
        "POST /users",
        200,
        '{"email":"bob@me.com","message":"user created"}',
        email=BOB,
        password="b4l0u",
    )
    step(
        "POST /users",
        400,
        '{"message":"email already registered"}',
        email=BOB,
        password="b4l0u",
    )
    wrong = call(
        program, "POST /sessions", body, email=BOB, password="t4rt1fl3tt3"
    )
    assert_message(wrong, 401)
    assert_message(call(program, "GET /profile"), 403)
    step(
        "POST /sessions",
        200,
        '{"email":"bob@me.com","message":"logged in"}',
        email=BOB,
        password="b4l0u",
    )
    step("GET /profile", 200, '{"email":"bob@me.com"}')
    assert step("DELETE /sessions", 302, "").headers["Location"] == "/"
    step("GET /", 200, '{"message":"Bienvenue"}')
    assert_message(call(program, "GET /profile"), 403)
    asked = call(program, "POST /reset_password", body, email=BOB)
    token = (asked.json or {})["reset_token"]
    assert asked.status_code == 200
    assert asked.data == (
        f'{{"email":"bob@me.com","reset_token":"{token}"}}'.encode()
    )
    step(
        "PUT /reset_password",
        200,
        '{"email":"bob@me.com","message":"Password updated"}',
        email=BOB,
        reset_token=token,
        new_password="t4rt1fl3tt3",
    )
    step(
        "POST /sessions",
        200,
        '{"email":"bob@me.com","message":"logged in"}',
        email=BOB,
        password="t4rt1fl3tt3",
    )


@pytest.mark.parametrize(
    ("name", "flags"),
    [
        pytest.param("session_id", ["HttpOnly", "Path=/", "SameSite=Lax"]),
        pytest.param(
            "__Host-session_id",
            ["HttpOnly", "Path=/", "SameSite=Lax", "Secure"],
            marks=https,
        ),
    ],
)
@one_database
def test_signing_in_sets_the_session_cookie_and_that_of_the_device(
    program: FlaskClient, alice: User, name: str, flags: list[str]
) -> None:
    cookie, device = cookies(sign_in(program))
    assert device.startswith(name.replace("session_id", "vestibule_device="))

    pair, *found = cookie.split("; ")
    assert re.fullmatch(f"{name}={TOKEN}", pair)
    # No Domain, and no Expires: the cookie ends with the browser.
    assert sorted(found) == flags
    assert call(program, "GET /profile").json == {"email": ALICE}


@pytest.mark.parametrize(
    "name",
    ["session_id", pytest.param("__Host-session_id", marks=https)],
)
@one_database
def test_signing_out_takes_the_cookie_back_and_ends_the_session(
    program: FlaskClient, app: Flask, alice: User, name: str
) -> None:
    token = cookies(sign_in(program))[0].split(";")[0]

    response = call(program, "DELETE /sessions")

    assert response.status_code == 302
    assert response.headers["Location"] == "/"
    (cookie,) = cookies(response)
    assert cookie.startswith(f"{name}=; ")
    assert "Max-Age=0" in cookie
    thief = app.test_client()
    stolen = thief.get("/profile", headers={"Cookie": token})
    assert_message(stolen, 403)


def test_a_client_that_follows_with_its_dead_cookie_is_welcomed(
    app: Flask, alice: User
) -> None:
    program = app.test_client(use_cookies=False)
    cookie = cookies(sign_in(program))[0].split(";")[0]
    out = program.delete("/sessions", headers={"Cookie": cookie})

    response = program.get(out.location, headers={"Cookie": cookie})

    assert response.status_code == 200
    assert response.data == b'{"message":"Bienvenue"}'
    assert cookies(response) == []


@pytest.mark.attack(28, "A4")
@in_both_forms
def test_a_wrong_password_and_an_unknown_address_get_the_same_bytes(
    program: FlaskClient, alice: User, body: str
) -> None:
    wrong, unknown = [
        call(program, "POST /sessions", body, email=email, password="a guess")
        for email in (ALICE, "nobody@example.com")
    ]

    assert_message(wrong, 401)
    assert unknown.status_code == 401
    assert unknown.data == wrong.data
    assert unknown.headers == wrong.headers


def test_a_taken_address_is_refused_in_any_spelling(
    program: FlaskClient, alice: User
) -> None:
    for email in (ALICE, "Alice@EXAMPLE.com", " alice@example.com "):
        response = call(
            program, "POST /users", email=email, password=NEW_PASSWORD
        )

        assert response.status_code == 400
        assert response.data == b'{"message":"email already registered"}'
        assert cookies(response) == []


def test_two_addresses_of_one_name_become_two_usernames(
    program: FlaskClient, auth: Auth
) -> None:
    for domain in ("one.example", "two.example"):
        email = f"carol@{domain}"
        created = call(
            program, "POST /users", email=email, password=NEW_PASSWORD
        )
        assert created.status_code == 200

    first = auth.db.find_user_by(email="carol@one.example").username
    second = auth.db.find_user_by(email="carol@two.example").username
    assert first == "carol"
    assert re.fullmatch(r"carol\d{5}", second)


def test_letters_beyond_ascii_are_answered_as_they_are(
    program: FlaskClient,
) -> None:
    response = call(
        program,
        "POST /users",
        "json",
        email="bob@bücher.example",
        password=NEW_PASSWORD,
    )

    assert response.data == (
        '{"email":"bob@bücher.example","message":"user created"}'.encode()
    )


@pytest.mark.attack(18, "A4")
def test_asking_for_a_reset_says_the_same_whoever_asks(
    program: FlaskClient, alice: User
) -> None:
    known, unknown = [
        call(program, "POST /reset_password", email=email)
        for email in (ALICE, "nobody@example.com")
    ]

    assert known.status_code == unknown.status_code == 200
    assert known.data == unknown.data
    assert known.headers == unknown.headers
    assert list(known.json or {}) == ["message"]
    assert cookies(known) == []


@classroom
def test_in_a_classroom_a_reset_for_nobody_is_refused(
    program: FlaskClient, alice: User
) -> None:
    response = call(
        program, "POST /reset_password", email="nobody@example.com"
    )

    assert_message(response, 403)


@in_both_forms
def test_the_mailed_token_sets_a_new_password_once(
    program: FlaskClient, alice: User, postbox: Postbox, body: str
) -> None:
    call(program, "POST /reset_password", body, email=ALICE)
    token = postbox.link("/password_reset/").rpartition("/")[2]
    fields = {
        "email": ALICE,
        "reset_token": token,
        "new_password": NEW_PASSWORD,
    }

    first = call(program, "PUT /reset_password", body, **fields)
    second = call(program, "PUT /reset_password", body, **fields)

    assert first.status_code == 200
    assert first.data == (
        b'{"email":"alice@example.com","message":"Password updated"}'
    )
    assert cookies(first) == []
    assert_message(second, 403)
    assert_message(sign_in(program), 401)


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"email": "bob@example.com"}, id="the address of bob"),
        pytest.param({"email": "nobody@example.com"}, id="nobody's address"),
        pytest.param({"new_password": "short"}, id="a weak password"),
        pytest.param({"reset_token": "A" * 43}, id="another token"),
        pytest.param({"reset_token": ""}, id="no token"),
    ],
)
def test_a_refused_reset_leaves_the_token_good(
    program: FlaskClient,
    alice: User,
    bob: User,
    auth: Auth,
    wrong: dict[str, str],
) -> None:
    fields = {
        "email": ALICE,
        "reset_token": auth.get_reset_password_token(ALICE),
        "new_password": NEW_PASSWORD,
    }

    refused = call(program, "PUT /reset_password", **{**fields, **wrong})

    assert_message(refused, 403)
    assert sign_in(program, "bob@example.com").status_code == 200
    done = call(program, "PUT /reset_password", **fields)
    assert done.status_code == 200


MALFORMED = {
    "nothing": {},
    "no password": {"email": "carol@example.com"},
    "no address": {"password": NEW_PASSWORD},
    "no address but a word": {"email": "carol", "password": "x"},
    "an unknown field": {
        "email": "carol@example.com",
        "password": NEW_PASSWORD,
        "is_admin": "true",
    },
    "a short password": {"email": "carol@example.com", "password": "short"},
    "a common password": {
        "email": "carol@example.com",
        "password": "password1",
    },
    "a password made of the address": {
        "email": "carol.smith@example.com",
        "password": "carol.smith",
    },
}


@pytest.mark.attack(96)
@in_both_forms
def test_nobody_is_created_from_malformed_input(
    program: FlaskClient, auth: Auth, body: str
) -> None:
    for fields in MALFORMED.values():
        response = call(program, "POST /users", body, **fields)

        assert_message(response, 400)
    assert auth.administration.page() == []


AWRY = [
    ("POST /sessions", 400, {"email": ALICE}),
    ("POST /sessions", 400, {"password": PASSWORD}),
    (
        "POST /sessions",
        400,
        {"email": ALICE, "password": PASSWORD, "remember": "true"},
    ),
    ("POST /reset_password", 403, {}),
    ("POST /reset_password", 403, {"email": "no address"}),
    ("POST /reset_password", 403, {"email": ALICE, "user_id": "1"}),
    ("PUT /reset_password", 403, {"email": ALICE}),
    ("PUT /reset_password", 403, {"reset_token": "A" * 43}),
]


@in_both_forms
@one_database
def test_malformed_input_is_400_and_at_the_reset_routes_403(
    program: FlaskClient, alice: User, postbox: Postbox, body: str
) -> None:
    for what, status, fields in AWRY:
        assert_message(call(program, what, body, **fields), status)
    assert postbox.empty() == []


def test_without_a_session_there_is_nothing_to_see_or_end(
    app: Flask, alice: User
) -> None:
    program = app.test_client(use_cookies=False)
    for value in ("", "A" * 43, "x" * 8000, "\xe9\xff", '"a\\"; b', "=;=,"):
        cookie = {"Cookie": f"session_id={value}"}

        assert_message(program.get("/profile", headers=cookie), 403)
        assert_message(program.delete("/sessions", headers=cookie), 403)


def test_no_json_route_but_the_sessions_sets_a_cookie(
    program: FlaskClient, alice: User, auth: Auth
) -> None:
    token = auth.get_reset_password_token(ALICE)
    reset = {
        "email": ALICE,
        "reset_token": token,
        "new_password": NEW_PASSWORD,
    }
    sign_in(program)

    answers = [
        call(program, "GET /"),
        call(program, "GET /profile"),
        call(program, "POST /users", email=BOB, password=NEW_PASSWORD),
        call(program, "POST /reset_password", email=ALICE),
        call(program, "PUT /reset_password", **reset),
        call(program, "GET /users"),
        call(program, "GET /nowhere"),
    ]

    assert [cookies(answer) for answer in answers] == [[]] * len(answers)


def test_the_eleventh_guess_is_told_to_wait(
    program: FlaskClient, alice: User, clock: TurnableClock
) -> None:
    for _ in range(10):
        guess = call(program, "POST /sessions", email=ALICE, password="guess")
        assert guess.status_code == 401

    refused = sign_in(program)

    assert_message(refused, 429)
    assert refused.headers["Retry-After"] == "60"
    clock.turn(minutes=1)
    assert sign_in(program).status_code == 200


@nist
def test_with_nist_nobody_signs_in_before_the_address_is_confirmed(
    program: FlaskClient, browser: Browser, postbox: Postbox
) -> None:
    fields = {"email": BOB, "password": NEW_PASSWORD}
    created = call(program, "POST /users", **fields)
    assert created.status_code == 200

    early = call(program, "POST /sessions", **fields)

    assert_message(early, 401)
    assert "Confirm your email address" in early.text
    browser.send(postbox.link("/verify-email/"), password=NEW_PASSWORD)
    assert call(program, "POST /sessions", **fields).status_code == 200


@pytest.mark.attack(27, "A4")
@nist
def test_with_nist_a_taken_address_is_answered_as_a_free_one(
    program: FlaskClient, alice: User, postbox: Postbox, auth: Auth
) -> None:
    taken, free = [
        call(program, "POST /users", email=email, password=NEW_PASSWORD)
        for email in (ALICE, "abbie@example.com")
    ]

    assert taken.status_code == free.status_code == 200
    assert taken.data == b'{"email":"alice@example.com",' + (
        b'"message":"user created"}'
    )
    assert taken.data.replace(b"alice", b"abbie") == free.data
    assert taken.headers == free.headers
    assert [letter.to for letter in postbox.empty()] == [
        ALICE,
        "abbie@example.com",
    ]
    assert len(auth.administration.page()) == 2
    assert sign_in(program).status_code == 200


@nist
@one_database
def test_with_nist_a_password_has_fifteen_characters(
    program: FlaskClient,
) -> None:
    short, long = [
        call(
            program, "POST /users", email=BOB, password="qzvk-wyxh-plmoijn"[:n]
        )
        for n in (14, 15)
    ]

    assert_message(short, 400)
    assert long.status_code == 200


ACCEPTS = {
    None: "program",
    "": "program",
    "*/*": "program",
    "application/json": "program",
    "application/json, */*;q=0.5": "program",
    "text/*": "program",
    "application/xhtml+xml": "program",
    "text/htmlish": "program",
    "!!!, ;;;=, \\": "program",
    "text/html": "browser",
    "text/html,application/xhtml+xml,*/*;q=0.8": "browser",
    "text/html;q=0.1,*/*": "browser",
    "application/json, text/html;q=0.9": "browser",
    "Text/HTML": "browser",
    "text/html;level=1": "browser",
    "text/html; charset=utf-8": "browser",
}


@pytest.mark.parametrize(
    "preset", ["default", pytest.param("classroom", marks=classroom)]
)
@pytest.mark.parametrize(
    "signed_in", [False, True], ids=["signed out", "signed in"]
)
@one_database
def test_a_browser_is_who_names_html(
    program: FlaskClient, alice: User, preset: str, signed_in: bool
) -> None:
    if signed_in:
        assert sign_in(program).status_code == 200

    for accept, who in ACCEPTS.items():
        headers = {} if accept is None else {"Accept": accept}
        hall = program.get("/", headers=headers)
        profile = program.get("/profile", headers=headers)

        assert hall.status_code == 200
        if who == "browser":
            assert hall.mimetype == "text/html", accept
            assert profile.status_code == (200 if signed_in else 302)
            assert profile.mimetype == "text/html"
        else:
            assert hall.data == b'{"message":"Bienvenue"}', accept
            assert profile.status_code == (200 if signed_in else 403)
            assert profile.mimetype == "application/json"
