"""Bearer tokens: they are sessions, and nobody is taken for another."""

import dataclasses

import pytest
from flask import Flask

from conftest import HTML, PASSWORD, Browser, TurnableClock
from programs import HERE, Program, told
from stagecraft import rows, tables_holding
from vestibule import Vestibule, current_user, login_required
from vestibule.auth import Auth
from vestibule.doors.answers import BearerSession
from vestibule.policy import OPERATOR
from vestibule.shape import Shape
from vestibule.user import User

PRIVATE = [
    ("DELETE", "/feedback/{number}"),
    ("DELETE", "/passkeys/{number}"),
    ("DELETE", "/profile/picture"),
    ("DELETE", "/sessions"),
    ("DELETE", "/sessions/current"),
    ("DELETE", "/sessions/{handle}"),
    ("DELETE", "/totp"),
    ("DELETE", "/users/{username}"),
    ("GET", "/activity"),
    ("GET", "/feedback/{number}"),
    ("GET", "/passkeys"),
    ("GET", "/preferences"),
    ("GET", "/profile"),
    ("GET", "/sessions"),
    ("GET", "/sessions/current"),
    ("GET", "/users/{username}"),
    ("GET", "/users/{username}/export"),
    ("GET", "/users/{username}/feedback"),
    ("GET", "/recovery-codes"),
    ("GET", "/totp"),
    ("PATCH", "/passkeys/{number}"),
    ("PATCH", "/preferences"),
    ("PATCH", "/profile"),
    ("POST", "/email-verification"),
    ("POST", "/not-me"),
    ("POST", "/passkey-options"),
    ("POST", "/passkeys"),
    ("POST", "/recovery-codes"),
    ("POST", "/totp"),
    ("PUT", "/totp"),
    ("POST", "/sessions/current/proof"),
    ("POST", "/sessions/current/proof/passkey"),
    ("POST", "/sessions/current/proof/passkey/options"),
    ("POST", "/users/{username}/feedback"),
    ("PUT", "/feedback/{number}"),
    ("PUT", "/password"),
    ("PUT", "/profile/picture"),
]
one_database = pytest.mark.parametrize(
    "database_url", ["sqlite"], indirect=True
)


@pytest.fixture
def bearer(app: Flask, alice: User) -> Program:
    """Give the test a program that came as a bearer."""
    program = Program(app)
    assert program.bear("alice").status_code == 201
    return program


def test_a_bearer_gets_a_token_and_no_cookie(
    app: Flask, alice: User, auth: Auth
) -> None:
    program = Program(app)

    answer = program.bear("alice")

    assert answer.status_code == 201
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in answer.headers
    assert answer.json["token_type"] == "Bearer"
    assert len(answer.json["token"]) == 43
    assert answer.json["user"]["username"] == "alice"
    assert tables_holding(auth, answer.json["token"]) == set()
    session = program.call("GET", "/sessions/current").json
    assert session["by"] == "bearer"
    assert "token" not in session
    for field in ("user", "created_at", "idle_until", "expires_at"):
        assert session[field] == answer.json[field]


def test_a_bearer_signs_out_of_its_own_session_only(
    app: Flask, bearer: Program
) -> None:
    other = Program(app)
    other.bear("alice")

    answer = bearer.call("DELETE", "/sessions/current")

    assert answer.status_code == 204
    assert "Set-Cookie" not in answer.headers
    assert bearer.whoami() is None
    assert other.whoami() == "alice"


def test_a_cookie_and_a_token_are_the_same_session(
    app: Flask, bearer: Program
) -> None:
    program = Program(app)
    assert bearer.token
    program.client.set_cookie("session_id", bearer.token)
    assert program.whoami() == "alice"

    program.call("DELETE", "/sessions/current")

    assert bearer.whoami() is None


@pytest.mark.attack(97)
def test_who_comes_as_a_bearer_is_never_the_owner_of_the_cookie(
    app: Flask, bearer: Program, bob: User
) -> None:
    browser = Program(app)
    browser.sign_in("bob")
    assert browser.whoami() == "bob"
    alices = bearer.token
    for header in (
        "Bearer",
        "bearer ",
        "Bearer x",
        "Bearer \u00e9",
        f"Bearer {'A' * 43}",
        f"Bearer {'A' * 5000}",
        f"Bearer {alices} {alices}",
        f"Bearer {alices},",
        f"Bearer {alices}, Bearer {alices}",
        f"Basic Ym9iOmJvYg==, Bearer {alices}",
        f"Bearer, Bearer {alices}",
        f'Bearer "{alices}"',
        f"Bearer\t{alices}",
        f"Bearer {alices}==",
        # As granian hands over what is not ASCII, alone or among others.
        "",
        "Basic Ym9iOmJvYg==,",
        ",Basic Ym9iOmJvYg==",
        "Basic Ym9iOmJvYg==,,Basic Ym9iOmJvYg==",
    ):
        sent = {"Authorization": header}
        refused = browser.call("GET", "/profile", headers=sent)
        assert told(refused) == (401, "auth.required"), header
        challenge = refused.headers["WWW-Authenticate"]
        assert challenge == 'Bearer error="invalid_token"', header
        checked = browser.client.get("/check", headers=sent)
        assert checked.status_code == 401, header
        assert checked.headers["WWW-Authenticate"] == challenge, header

    for scheme in ("Bearer", "bearer", "BEARER", "Bearer   "):
        sent = {"Authorization": f"{scheme} {alices}"}
        answer = browser.call("GET", "/profile", headers=sent)
        assert answer.json["username"] == "alice"


@pytest.mark.attack(97)
@one_database
def test_other_schemes_are_not_ours(
    app: Flask, bob: User, bearer: Program
) -> None:
    # A proxy may ask everybody for a password of its own.
    browser = Program(app)
    browser.sign_in("bob")

    for header in ("Basic Ym9iOmJvYg==", "Bearerish x", "Digest bearer=1"):
        answer = browser.call(
            "GET", "/profile", headers={"Authorization": header}
        )
        assert answer.json["username"] == "bob", header
        checked = browser.client.get(
            "/check", headers={"Authorization": header}
        )
        assert checked.json is not None
        assert checked.json["username"] == "bob", header


@pytest.mark.parametrize(("method", "path"), PRIVATE)
@one_database
def test_every_private_call_asks_who_is_there(
    app: Flask, bearer: Program, auth: Auth, method: str, path: str
) -> None:
    before = rows(auth)
    stranger = Program(app)
    body = None if method == "GET" else {"nonsense": 1}

    plain = stranger.call(method, path, body, HTML)
    dead = stranger.call(method, path, body, {"Authorization": "Bearer x"})

    assert told(plain) == told(dead) == (401, "auth.required")
    assert plain.headers["WWW-Authenticate"] == "Bearer"
    assert dead.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'
    assert plain.data == dead.data
    assert rows(auth) == before


@one_database
def test_the_list_of_private_calls_is_complete(app: Flask) -> None:
    document = app.test_client().get("/api/openapi.json").get_json()
    declared = {
        (method.upper(), path.removeprefix(HERE))
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if operation.get("security")
    }

    assert declared == {*PRIVATE}


@pytest.mark.attack(64, 126)
def test_a_token_ends_like_any_session(
    bearer: Program,
    auth: Auth,
    alice: User,
    bob: User,
    clock: TurnableClock,
) -> None:
    auth.db.update_user(bob.id, is_admin=True)
    clock.turn(hours=11)
    assert bearer.whoami() == "alice"
    clock.turn(hours=12)
    assert bearer.whoami() is None
    for end in (
        lambda: auth.sessions.end_all(alice.id),
        lambda: auth.administration.set_admin(
            alice, is_admin=True, by=OPERATOR
        ),
        lambda: auth.deletion.delete(alice, by=OPERATOR),
    ):
        assert bearer.bear("alice").status_code == 201
        end()
        assert bearer.whoami() is None


def test_a_wrong_old_password_does_not_call_the_token_dead(
    bearer: Program,
) -> None:
    typed = {"old_password": "x", "new_password": "four random words more"}

    refused = bearer.call("PUT", "/password", typed)

    assert told(refused) == (401, "old_password.incorrect")
    assert refused.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.attack(97)
def test_pages_and_classic_routes_know_the_cookie_alone(
    app: Flask, bearer: Program, bob: User
) -> None:
    sent = {"Authorization": f"Bearer {bearer.token}"}
    browser = Browser(app)
    browser.sign_in("bob")

    page = browser.client.get("/profile", headers={**HTML, **sent})
    classic = browser.client.get("/profile", headers=sent)
    stranger = app.test_client()

    assert "bob@example.com" in page.text
    assert classic.json == {"email": "bob@example.com"}
    assert stranger.get("/profile", headers=sent).status_code == 403
    assert stranger.delete("/sessions", headers=sent).status_code == 403
    refused = stranger.post("/password/change", headers=sent)
    assert "WWW-Authenticate" not in refused.headers
    assert bearer.whoami() == "alice"


@one_database
def test_a_token_opens_the_views_of_a_host(auth: Auth, alice: User) -> None:
    host = Flask("shop")
    Vestibule().init_app(host, auth)

    @host.get("/orders")
    @login_required
    def orders() -> str:
        """Say whose orders these are."""
        return f"The orders of {current_user.username}"

    program = Program(host)
    program.bear("alice")
    sent = {"Authorization": f"Bearer {program.token}"}

    assert program.client.get("/orders", headers=sent).text == (
        "The orders of alice"
    )
    for header in ({}, {"Authorization": "Bearer x"}):
        refused = program.client.get("/orders", headers=header)
        assert told(refused) == (401, "auth.required")
        assert refused.headers["WWW-Authenticate"].startswith("Bearer")
    program.sign_in("alice")
    dead = {"Authorization": "Bearer x"}
    assert program.client.get("/orders").status_code == 200
    assert program.client.get("/orders", headers=dead).status_code == 401


def test_a_form_that_a_cookie_was_shown_is_not_sent_by_a_token(
    app: Flask, bearer: Program
) -> None:
    browser = Browser(app)
    browser.sign_in("alice")
    sent = browser.send(
        "/password/change",
        old_password=PASSWORD,
        new_password="four other random words",
        new_password2="four other random words",
    )

    assert sent.status_code == 302
    # The cookie's session stays, the token's is one of the others.
    assert browser.open("/profile").status_code == 200
    assert bearer.whoami() is None


@pytest.mark.attack(71, 88)
def test_a_token_is_in_no_representation(auth: Auth, alice: User) -> None:
    outcome = auth.login.with_password("alice", PASSWORD)
    term = auth.sessions.term(outcome.token)
    answer = BearerSession.of(
        alice, term, token=outcome.token, token_type="Bearer"
    )
    assert outcome.token not in repr(answer)
    assert answer.token == outcome.token
    for shape in Shape.__subclasses__():
        for field in dataclasses.fields(shape):
            if "token" in field.name:
                assert not field.repr, (shape, field.name)


@pytest.mark.asvs("7.2.4")
@pytest.mark.attack(60)
def test_a_session_whose_cookie_is_replaced_is_over(
    app: Flask, alice: User
) -> None:
    program = app.test_client()
    typed = {"name": "alice", "password": PASSWORD}
    program.post("/api/v1/sessions", json=typed)
    first = program.get_cookie("session_id")
    assert first is not None
    program.post("/api/v1/sessions", json=typed)
    assert program.get("/api/v1/profile").status_code == 200

    bearer = {"Authorization": f"Bearer {first.value}"}
    again = app.test_client().get("/api/v1/profile", headers=bearer)

    assert again.status_code == 401
