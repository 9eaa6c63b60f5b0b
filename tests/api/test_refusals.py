"""Every refusal of the API is a problem document, whoever reads it."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from conftest import HTML, PASSWORD, TurnableClock
from programs import HERE, JSON, PROBLEM, Program, told
from stagecraft import rows
from vestibule import Vestibule
from vestibule.auth import Auth
from vestibule.errors import Unavailable
from vestibule.policy import OPERATOR
from vestibule.user import User

one_database = pytest.mark.parametrize(
    "database_url", ["sqlite"], indirect=True
)
FORM = "application/x-www-form-urlencoded"
# A call that reads a body, with one that works.
NO_CREDENTIAL = {"id": "x", "rawId": "x", "type": "", "response": {}}
BODIES: dict[tuple[str, str], dict[str, Any]] = {
    ("POST", "/users"): {"email": "carol@example.com", "password": PASSWORD},
    ("POST", "/sessions"): {"name": "alice", "password": PASSWORD},
    ("PATCH", "/profile"): {"username": "alicia"},
    ("PATCH", "/preferences"): {"theme": "dark"},
    ("PUT", "/password"): {
        "old_password": PASSWORD,
        "new_password": "four other random words",
    },
    ("POST", "/password-reset"): {"email": "alice@example.com"},
    ("PUT", "/password-reset"): {
        "token": "A" * 43,
        "new_password": "four other random words",
    },
    ("POST", "/email-verification"): {},
    ("PUT", "/email-verification"): {"token": "A" * 43},
    ("PUT", "/email-verification/code"): {"code": "12345678"},
    ("PUT", "/email-verification/undo"): {"token": "A" * 43},
    ("POST", "/not-me"): {},
    ("PUT", "/not-me"): {"token": "A" * 43},
    ("POST", "/passkeys"): {"credential": NO_CREDENTIAL},
    ("POST", "/passkey-options"): {},
    ("PATCH", "/passkeys/{number}"): {"name": "My own"},
    ("DELETE", "/passkeys/{number}"): {},
    ("POST", "/passkey-sessions"): {"credential": NO_CREDENTIAL},
    ("POST", "/passkey-sessions/options"): {},
    ("POST", "/sessions/mailed-code"): {"name": "alice"},
    ("POST", "/sessions/mailed-code/code"): {
        "name": "alice",
        "code": "12345678",
        "ticket": "A" * 64,
    },
    ("POST", "/sessions/mailed-code/link"): {"token": "A" * 43},
    ("POST", "/sessions/second-factor/passkey"): {
        "waiting": "A" * 43,
        "credential": NO_CREDENTIAL,
    },
    ("POST", "/sessions/second-factor/passkey/options"): {"waiting": "A" * 43},
    ("POST", "/sessions/current/proof/passkey"): {"credential": NO_CREDENTIAL},
    ("POST", "/sessions/current/proof/passkey/options"): {},
    ("POST", "/sessions/second-factor"): {
        "waiting": "A" * 43,
        "code": "123456",
    },
    ("POST", "/totp"): {},
    ("PUT", "/totp"): {"code": "123456"},
    ("DELETE", "/totp"): {},
    ("POST", "/recovery-codes"): {},
    ("DELETE", "/sessions"): {},
    ("DELETE", "/sessions/{handle}"): {},
    ("DELETE", "/sessions/current"): {},
    ("DELETE", "/profile/picture"): {},
    ("POST", "/sessions/current/proof"): {"password": PASSWORD},
    ("POST", "/users/{username}/feedback"): {
        "title": "A door",
        "content": "It is heavy",
    },
    ("PUT", "/feedback/{number}"): {
        "title": "A door",
        "content": "It is light",
    },
    ("DELETE", "/feedback/{number}"): {},
    ("DELETE", "/users/{username}"): {},
}
# Attempts are counted, and events noted, of what is refused as well.
LIVING = {"vestibule_attempts", "vestibule_events"}
every_body = pytest.mark.parametrize(("method", "path"), [*BODIES])


@pytest.fixture
def api(app: Flask, auth: Auth, alice: User) -> Program:
    """Give the test a program that is signed in by a cookie."""
    auth.feedback.add(alice, "A door", "It is heavy", by=OPERATOR)
    program = Program(app)
    assert program.sign_in("alice").status_code == 201
    return program


def state(auth: Auth) -> dict[str, Any]:
    """Read all that a refused call must not change."""
    found = rows(auth)
    return {name: found[name] for name in found.keys() - LIVING}


@one_database
def test_the_list_of_bodies_is_complete(app: Flask) -> None:
    document = app.test_client().get("/api/openapi.json").get_json()
    acting = {
        (method.upper(), path.removeprefix(HERE))
        for path, methods in document["paths"].items()
        for method in methods
    }

    assert {c for c in acting if c[0] != "GET"} - {*BODIES} == {
        ("PUT", "/profile/picture")
    }


@pytest.mark.asvs("3.5.2")
@pytest.mark.attack(137, "A26")
@every_body
@one_database
def test_json_alone_is_read(
    api: Program, auth: Auth, method: str, path: str
) -> None:
    before = state(auth)
    body = BODIES[method, path]
    text = json.dumps(body) if body else "{}"
    for kind in (FORM, "multipart/form-data", "text/plain", "text/json", ""):
        refused = api.call(
            method, path, data=text, content_type=kind, headers=HTML
        )
        assert told(refused) == (415, "http.media_type"), kind
    typed = {**HTML, "Content-Type": f"{FORM}, {JSON}"}
    refused = api.call(method, path, data=text, headers=typed)
    assert told(refused) == (415, "http.media_type")
    assert state(auth) == before


BROKEN = [
    b"{",
    b"[]",
    b"null",
    b"true",
    b"1",
    b'"email"',
    b"NaN",
    b'{"email":NaN}',
    b'{"email":-Infinity}',
    b"{'email':'x'}",
    b'{"a":1} x',
    b'\xef\xbb\xbf{"email":"carol@example.com"}',
    b'{"email":"\xff\xfe"}',
    '{"email":"carol@example.com"}'.encode("utf-16"),
    b"[" * 30_000,
    b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
    b"9" * 60_000,
    b'{"a":' + b"9" * 60_000 + b"}",
]


@pytest.mark.attack(96, 137)
@every_body
@one_database
def test_a_body_that_is_no_json_object_is_refused(
    api: Program, auth: Auth, method: str, path: str
) -> None:
    before = state(auth)
    for body in BROKEN:
        refused = api.call(method, path, data=body, content_type=JSON)
        assert told(refused) == (422, "json.broken"), body[:40]
    assert state(auth) == before


@pytest.mark.asvs("2.2.1")
@pytest.mark.attack(87, "A32")
@every_body
def test_members_that_nobody_asked_for_are_refused(
    api: Program, auth: Auth, method: str, path: str
) -> None:
    before = state(auth)
    body = BODIES[method, path]
    for name in (
        "is_admin",
        "id",
        "user_id",
        "hashed_password",
        "email_verified_at",
        "password1",
        "__class__",
        "é",
        "",
        "x" * 20_000,
    ):
        refused = api.call(method, path, {**body, name: True})
        assert told(refused) == (422, "field.unknown"), name
    for name in ("\x00", "\ud800"):
        refused = api.call(method, path, {**body, name: True})
        assert told(refused) == (422, "field.characters"), name
    assert state(auth) == before


@pytest.mark.attack("A36")
@pytest.mark.asvs("1.5.3", "15.3.7")
@every_body
@one_database
def test_members_that_come_twice_are_refused(
    api: Program, auth: Auth, method: str, path: str
) -> None:
    before = state(auth)
    body = BODIES[method, path]
    for name, value in body.items():
        again = f",{json.dumps(name)}:{json.dumps(value)}}}"
        text = json.dumps(body)[:-1] + again
        refused = api.call(method, path, data=text, content_type=JSON)
        assert told(refused) == (422, "field.repeated"), name
    assert state(auth) == before


ODD_VALUES: list[Any] = [
    None,
    True,
    False,
    0,
    1.5,
    10**400,
    [],
    ["carol@example.com"],
    {},
    {"$ne": ""},
    [[[[[[[[[[{"a": [None]}]]]]]]]]]],
    "",
    "carol\ud800",
    "carol\x00",
    "carol\ue000",
    "x" * 20_000,
]


@pytest.mark.attack(5, 95, 96, "A36")
@pytest.mark.asvs("2.2.1", "15.3.5")
@every_body
def test_values_that_are_no_such_text_are_refused_at_their_field(
    api: Program, auth: Auth, method: str, path: str
) -> None:
    before = state(auth)
    body = BODIES[method, path]
    for name in body:
        for odd in ODD_VALUES:
            if odd in (None, "") and path == "/preferences":
                # There both are a choice.
                continue
            refused = api.call(method, path, {**body, name: odd})
            fields = {e["field"] for e in refused.json["errors"]}
            assert told(refused)[0] == 422, (name, odd)
            assert fields == {name}, (name, odd)
    assert state(auth) == before


@pytest.mark.asvs("15.3.5")
@pytest.mark.parametrize("odd", [None, "true", "on", 1, 0, 1.0, "", [], {}])
def test_a_switch_is_true_or_false_and_nothing_like_it(
    api: Program, odd: object
) -> None:
    for name in ("remember", "bearer"):
        body = {**BODIES["POST", "/sessions"], name: odd}
        refused = api.call("POST", "/sessions", body)
        assert told(refused) == (422, "field.switch")


@pytest.mark.attack(44, 55)
@every_body
@one_database
def test_every_member_is_missed(
    api: Program, auth: Auth, method: str, path: str
) -> None:
    body = BODIES[method, path]
    before = state(auth)
    for name in body if method != "PATCH" else ():
        sent = {key: body[key] for key in body if key != name}
        refused = api.call(method, path, sent)
        status, code = told(refused)
        assert status == 422
        assert code.endswith(".required")
        assert [e["field"] for e in refused.json["errors"]] == [name]
    assert state(auth) == before


@every_body
@one_database
def test_an_act_that_another_site_started_is_refused(
    api: Program, auth: Auth, method: str, path: str
) -> None:
    before = state(auth)
    for foreign in (
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:5000.evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ):
        refused = api.call(method, path, BODIES[method, path], foreign)
        assert told(refused) == (403, "request.foreign"), foreign
        assert "Access-Control-Allow-Origin" not in refused.headers
    assert state(auth) == before


@one_database
def test_our_own_pages_may_call(api: Program) -> None:
    for own in (
        {"Origin": "http://localhost:5000", "Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
        {},
    ):
        typed = {"username": "alicia"}
        assert api.call("PATCH", "/profile", typed, own).status_code == 200


@one_database
def test_a_bearer_of_another_site_is_refused_as_well(
    app: Flask, alice: User
) -> None:
    api = Program(app)
    api.bear("alice")
    foreign = {"Origin": "https://evil.example"}

    refused = api.call("PATCH", "/profile", {"username": "x"}, foreign)

    assert told(refused) == (403, "request.foreign")


def hosts() -> list[Any]:
    """List how the API can be reached: alone, in a host, under a prefix."""

    def mounted(prefix: str) -> Callable[[Flask, Auth], Flask]:
        """Make a host with answers of its own."""

        def make(_: Flask, auth: Auth) -> Flask:
            """Mount everything in it."""
            host = Flask("shop")
            Vestibule().init_app(host, auth, url_prefix=prefix)
            return host

        return make

    return [
        pytest.param("", lambda app, _: app, id="alone"),
        pytest.param("", mounted(""), id="mounted"),
        pytest.param(
            "/account",
            mounted("/account"),
            id="prefix",
            marks=pytest.mark.settings(url_prefix="/account"),
        ),
    ]


@pytest.mark.parametrize(("prefix", "host_of"), hosts())
@one_database
def test_below_the_api_every_address_is_ours(
    app: Flask,
    auth: Auth,
    alice: User,
    prefix: str,
    host_of: Callable[[Flask, Auth], Flask],
) -> None:
    api = Program(host_of(app, auth), prefix)
    for path in ("/nothing", "/users/a/b", "/users/", "/", "", "/a/../b/%2e"):
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
            refused = api.call(method, path, headers=HTML)
            assert told(refused) == (404, "http.not_found"), (method, path)
    refused = api.call("GET", "/users", headers=HTML)
    assert told(refused) == (405, "http.method")
    assert {*refused.allow} == {"POST", "OPTIONS"}
    for method in ("TRACE", "PUT", "PATCH"):
        refused = api.call(method, "/sessions", headers=HTML)
        assert told(refused) == (405, "http.method")
    large = {"email": "x" * 70_000}
    refused = api.call("POST", "/users", large, HTML)
    assert told(refused) == (413, "http.too_large")
    refused = api.call("POST", "/users", data="a=b", headers=HTML)
    assert told(refused) == (415, "http.media_type")
    assert told(api.call("GET", "/profile", headers=HTML))[0] == 401


@pytest.mark.asvs("4.1.4")
@one_database
def test_standing_alone_odd_methods_are_answered_in_json(
    app: Flask,
) -> None:
    for path in ("/users", "/nothing"):
        refused = Program(app).call("PROPFIND", path, headers=HTML)
        assert told(refused) == (405, "http.method")


@one_database
def test_the_calls_of_a_host_beside_ours_stay_its_own(auth: Auth) -> None:
    host = Flask("shop")
    Vestibule().init_app(host, auth)
    host.add_url_rule("/api/v1/orders", "orders", lambda: "orders")
    client = host.test_client()

    assert client.get("/api/v1/orders").text == "orders"
    assert client.get("/api/v2/users").mimetype == "text/html"
    assert client.get("/api").mimetype == "text/html"


@pytest.mark.asvs("3.4.2")
@one_database
def test_options_tell_the_methods_and_nothing_for_other_sites(
    api: Program,
) -> None:
    asked = {
        "Origin": "https://evil.example",
        "Access-Control-Request-Method": "PATCH",
    }
    answer = api.call("OPTIONS", "/profile", headers=asked)

    assert answer.status_code == 204
    assert {*answer.allow} == {"GET", "HEAD", "OPTIONS", "PATCH"}
    assert "Access-Control" not in str(answer.headers)


@one_database
def test_a_name_of_ours_in_an_address_is_no_session_of_that_name(
    api: Program,
) -> None:
    ours = api.call("OPTIONS", "/sessions/second-factor")
    theirs = api.call("OPTIONS", "/sessions/5f1d3c0e9a7b4862")

    assert {*ours.allow} == {"OPTIONS", "POST"}
    assert {*theirs.allow} == {"DELETE", "OPTIONS"}


@one_database
def test_a_head_is_a_get_without_a_body(api: Program) -> None:
    whole = api.call("GET", "/profile")
    head = api.call("HEAD", "/profile")

    assert head.status_code == 200
    assert head.data == b""
    assert head.headers["Content-Length"] == whole.headers["Content-Length"]


def test_too_many_tries_say_when_to_come_back(
    app: Flask, alice: User, clock: TurnableClock
) -> None:
    api = Program(app)
    for _ in range(10):
        assert api.sign_in("alice", "a guess").status_code == 401

    refused = api.sign_in("alice", "a guess")

    assert told(refused) == (429, "rate.wait")
    assert int(refused.headers["Retry-After"]) > 0
    clock.turn(seconds=int(refused.headers["Retry-After"]))
    assert api.sign_in("alice").status_code == 201


@pytest.mark.attack(93)
def test_a_database_that_does_not_answer_is_a_503(
    api: Program, auth: Auth, monkeypatch: pytest.MonkeyPatch
) -> None:
    def silent(*_: object, **__: object) -> None:
        """Refuse as the store does when nobody answers."""
        raise Unavailable

    monkeypatch.setattr(auth.sessions, "actor", silent)
    refused = api.call("GET", "/profile", headers=HTML)

    assert told(refused) == (503, "unavailable")
    assert refused.headers["Retry-After"] == "2"
    assert refused.json["request_id"]


@pytest.mark.attack(31, "A38")
@pytest.mark.asvs("16.5.1")
def test_a_bug_is_a_500_that_tells_nothing(
    api: Program, auth: Auth, monkeypatch: pytest.MonkeyPatch
) -> None:
    def bug(*_: object) -> None:
        """Divide by nothing."""
        raise ZeroDivisionError("a secret")

    monkeypatch.setattr(auth.email_verification, "pending", bug)
    refused = api.call("GET", "/profile", headers=HTML)

    assert told(refused) == (500, "http.internal")
    assert refused.json["request_id"]
    assert "secret" not in refused.text


def test_the_texts_are_in_the_language_of_the_reader(app: Flask) -> None:
    russian = {"Accept-Language": "ru"}
    answer = Program(app).call("GET", "/profile", headers=russian)

    assert answer.mimetype == PROBLEM
    assert answer.json["title"] == "Войдите, чтобы продолжить"
    assert answer.json["code"] == "auth.required"


@pytest.mark.settings(loopback_only="true")
@one_database
def test_outsiders_are_refused_where_this_machine_is_served_alone(
    app: Flask,
) -> None:
    refused = Program(app).call(
        "GET", "/profile", environ_base={"REMOTE_ADDR": "192.0.2.1"}
    )

    assert told(refused) == (403, "request.not_local")
