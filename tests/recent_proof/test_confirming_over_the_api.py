"""A proof for programs: by cookie or by bearer token."""

import re
from typing import Any

import pytest
from flask import Flask

from conftest import PASSWORD, TurnableClock
from programs import Program, spots, told
from stagecraft import tables_holding
from vestibule.auth import Auth
from vestibule.user import User

PROOF = "/sessions/current/proof"
RIGHT = {"password": PASSWORD}
one_database = pytest.mark.parametrize(
    "database_url", ["sqlite"], indirect=True
)


@pytest.fixture
def bearer(app: Flask, alice: User, clock: TurnableClock) -> Program:
    """Give the test a program whose proof is too old."""
    program = Program(app)
    program.bear("alice")
    clock.turn(minutes=6)
    return program


def test_an_old_proof_is_told_as_the_standard_says(bearer: Program) -> None:
    calls: list[tuple[str, str, Any]] = [
        ("DELETE", "/users/alice", None),
        ("GET", "/users/alice/export", None),
        ("PATCH", "/profile", {"email": "new@example.com"}),
    ]
    for method, path, body in calls:
        refused = bearer.call(method, path, body)

        assert told(refused) == (401, "proof.too_old")
        assert refused.headers["WWW-Authenticate"] == (
            'Bearer error="insufficient_user_authentication", max_age=300'
        )
    # The session itself is as good as before.
    assert bearer.call("GET", "/profile").status_code == 200


@one_database
@pytest.mark.settings(session_proof="90")
def test_the_answer_names_the_age_that_the_operator_wants(
    bearer: Program,
) -> None:
    refused = bearer.call("DELETE", "/users/alice")

    assert refused.headers["WWW-Authenticate"].endswith(" max_age=90")


@pytest.mark.attack(59)
def test_a_bearer_gets_a_new_token_and_the_old_one_is_dead(
    bearer: Program, auth: Auth
) -> None:
    old = bearer.token
    term = auth.sessions.term(str(old))

    answer = bearer.call("POST", PROOF, RIGHT)

    assert answer.status_code == 200
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["Cache-Control"] == "no-store"
    new = answer.json["token"]
    assert re.fullmatch(r"[\w-]{43}", new)
    assert new != old
    assert tables_holding(auth, new) == set()
    assert told(bearer.call("GET", "/profile")) == (401, "auth.required")
    bearer.token = new
    assert bearer.call("GET", "/users/alice/export").status_code == 200
    assert auth.sessions.term(new).dies_at == term.dies_at
    assert answer.json["user"]["username"] == "alice"


def test_a_cookie_is_replaced_and_no_token_is_told(
    app: Flask, auth: Auth, alice: User, clock: TurnableClock
) -> None:
    program = Program(app)
    program.sign_in("alice")
    old = program.client.get_cookie("session_id")
    clock.turn(minutes=6)

    answer = program.call("POST", PROOF, RIGHT)

    assert "token" not in answer.json
    new = program.client.get_cookie("session_id")
    assert old
    assert new
    assert new.value != old.value
    assert auth.get_user_from_session_id(old.value) is None
    assert program.call("GET", "/users/alice/export").status_code == 200
    [cookie] = answer.headers.getlist("Set-Cookie")
    assert cookie.endswith("; HttpOnly; Path=/; SameSite=Lax")


def test_a_remembered_cookie_stays_remembered(
    app: Flask, alice: User, clock: TurnableClock
) -> None:
    program = Program(app)
    typed = {"name": "alice", "password": PASSWORD, "remember": True}
    program.call("POST", "/sessions", typed)
    clock.turn(days=20)

    answer = program.call("POST", PROOF, RIGHT)

    assert f"Max-Age={10 * 86400};" in answer.headers["Set-Cookie"]


@pytest.mark.attack(41)
def test_a_wrong_password_is_counted_like_a_sign_in(
    app: Flask, bearer: Program, auth: Auth, clock: TurnableClock
) -> None:
    for _ in range(10):
        refused = bearer.call("POST", PROOF, {"password": "wrong"})
        assert told(refused) == (401, "password.incorrect")
        assert spots(refused) == {"password": "password.incorrect"}

    refused = bearer.call("POST", PROOF, RIGHT)

    assert told(refused) == (429, "rate.wait")
    assert refused.headers["Retry-After"] == "60"
    assert told(Program(app).sign_in("alice")) == (429, "rate.wait")
    clock.turn(seconds=60)
    assert bearer.call("POST", PROOF, RIGHT).status_code == 200
    said = [
        event.outcome
        for event in auth.audit.of(1).items
        if event.act == "recent_proof"
    ]
    assert said == ["done", *["password.incorrect"] * 10]


def test_only_a_new_address_takes_a_proof(
    bearer: Program, auth: Auth, alice: User
) -> None:
    renamed = bearer.call("PATCH", "/profile", {"username": "alice2"})
    assert renamed.status_code == 200
    same = bearer.call("PATCH", "/profile", {"email": "alice@example.com"})
    assert same.status_code == 200

    both = {"username": "alice3", "email": "new@example.com"}
    refused = bearer.call("PATCH", "/profile", both)

    assert told(refused) == (401, "proof.too_old")
    assert auth.db.find_user_by(id=alice.id).username == "alice2"
    assert auth.email_verification.pending(alice) is None
    bearer.token = bearer.call("POST", PROOF, RIGHT).json["token"]
    changed = bearer.call("PATCH", "/profile", both)
    assert changed.json["pending_email"] == "new@example.com"


def test_a_new_password_takes_the_old_one_and_no_other_proof(
    bearer: Program, auth: Auth
) -> None:
    typed = {
        "old_password": PASSWORD,
        "new_password": "another good password",
    }

    answer = bearer.call("PUT", "/password", typed)

    assert answer.status_code == 204
    assert auth.valid_login("alice", "another good password")


@one_database
@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "password.required"),
        ({"password": ""}, "password.required"),
        ({"password": None}, "password.required"),
        ({"password": 7}, "field.type"),
        ({"password": "x" * 4097}, "field.too_long"),
        ({"password": PASSWORD, "username": "bob"}, "field.unknown"),
    ],
)
def test_a_body_of_another_shape_is_told_what_is_wrong(
    bearer: Program, body: dict[str, Any], code: str
) -> None:
    assert told(bearer.call("POST", PROOF, body)) == (422, code)


def test_strangers_and_dead_tokens_prove_nothing(
    app: Flask, bearer: Program, auth: Auth, alice: User
) -> None:
    stranger = Program(app)
    assert told(stranger.call("POST", PROOF, RIGHT)) == (401, "auth.required")

    auth.destroy_session(alice.id)

    refused = bearer.call("POST", PROOF, RIGHT)
    assert told(refused) == (401, "auth.required")
    assert 'error="invalid_token"' in refused.headers["WWW-Authenticate"]
