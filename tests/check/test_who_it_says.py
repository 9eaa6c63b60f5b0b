"""GET /check: who a session belongs to, in headers and JSON, or 401."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

import pytest
from flask import Flask
from sqlalchemy import update
from werkzeug.http import parse_cookie
from werkzeug.test import TestResponse

from checking import ask, by_bearer, by_cookie
from conftest import PASSWORD, TurnableClock
from stagecraft import watched
from vestibule.auth import Auth
from vestibule.policy import OPERATOR
from vestibule.user import User

one_database = pytest.mark.parametrize(
    "database_url", ["sqlite"], indirect=True
)


@pytest.mark.parametrize("way", [by_cookie, by_bearer])
def test_it_says_who_comes(
    app: Flask, auth: Auth, alice: User, way: Callable[[str], dict[str, str]]
) -> None:
    answer = ask(app, way(auth.sessions.open(alice.id)))

    assert answer.status_code == 200
    assert answer.headers["X-Vestibule-User"] == "alice"
    assert answer.headers["X-Vestibule-Id"] == str(alice.id)
    assert answer.headers["X-Vestibule-Email"] == "alice@example.com"
    assert answer.headers["X-Vestibule-Admin"] == "false"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Vary"] == "Cookie, Authorization"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "Set-Cookie" not in answer.headers
    assert answer.json == {
        "id": alice.id,
        "username": "alice",
        "email": "alice@example.com",
        "email_verified": True,
        "is_admin": False,
    }


def test_it_tells_administrators_and_unconfirmed_addresses(
    app: Flask, auth: Auth, admin: User
) -> None:
    dan = auth.registration.register("dan@example.com", PASSWORD, "dan")

    told = [
        ask(app, by_cookie(auth.sessions.open(who.id))).json
        for who in (admin, dan)
    ]

    assert [t["is_admin"] for t in told if t] == [True, False]
    assert [t["email_verified"] for t in told if t] == [True, False]


@one_database
@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("alice", "alice"),
        ("a b", "a b"),
        ("Ёжик", "%D0%81%D0%B6%D0%B8%D0%BA"),
        ("100%", "100%25"),
        ("a\r\nX-Admin: true", "a%0D%0AX-Admin: true"),
        ("\x00\x7f\U0001f600", "%00%7F%F0%9F%98%80"),
    ],
)
def test_a_header_holds_any_name(
    app: Flask, auth: Auth, alice: User, name: str, written: str
) -> None:
    token = auth.sessions.open(alice.id)
    # No door would take some of these; a host's own statement might.
    auth.db.write(update(User).values(username=name))

    answer = ask(app, by_cookie(token))

    assert answer.headers["X-Vestibule-User"] == written
    assert unquote(written) == name
    assert answer.headers["X-Vestibule-Admin"] == "false"
    assert answer.json is not None
    assert answer.json["username"] == name


def test_a_head_is_answered_without_the_body(
    app: Flask, auth: Auth, alice: User
) -> None:
    headers = by_cookie(auth.sessions.open(alice.id))
    whole = ask(app, headers)

    head = ask(app, headers, method="HEAD")

    assert (head.status_code, head.data) == (200, b"")
    assert dict(head.headers) == dict(whole.headers)


@one_database
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "X"])
def test_other_methods_are_refused(app: Flask, method: str) -> None:
    answer = ask(app, {}, method=method)

    assert answer.status_code == 405
    assert answer.headers["Allow"] == "GET, HEAD"
    assert json.loads(answer.data)["code"] == "http.method"


def test_a_stranger_is_refused_in_the_words_of_the_api(app: Flask) -> None:
    for headers in ({}, {"Authorization": "Bearer x"}):
        refused = ask(app, headers)
        api = app.test_client().get("/api/v1/profile", headers=headers)

        assert refused.status_code == api.status_code == 401
        for name in ("WWW-Authenticate", "Content-Type", "Cache-Control"):
            assert refused.headers[name] == api.headers[name]
        assert refused.data == api.data


@pytest.mark.asvs("7.2.1", "7.4.1", "8.3.2")
def test_what_is_over_is_refused_at_the_very_next_request(
    app: Flask, auth: Auth, alice: User, bob: User, clock: TurnableClock
) -> None:
    def ended(act: Callable[[str], Any], who: User = alice) -> TestResponse:
        """Sign in, be let through, do it, and ask once more."""
        token = auth.sessions.open(who.id)
        assert ask(app, by_cookie(token)).status_code == 200
        act(token)
        return ask(app, by_cookie(token))

    def disabled(_: str) -> None:
        """Close the account."""
        auth.administration.set_active(bob, is_active=False, by=OPERATOR)

    def turned(_: str) -> None:
        """Let half a day pass."""
        clock.turn(hours=12)

    acts: list[tuple[Callable[[str], Any], User]] = [
        (auth.sessions.end, alice),
        (lambda _: auth.sessions.end_all(alice.id), alice),
        (auth.sessions.renew, alice),
        (turned, alice),
        (disabled, bob),
        (lambda _: auth.db.write(update(User).values(is_active=False)), alice),
    ]
    for act, who in acts:
        assert ended(act, who).status_code == 401


def test_a_deleted_account_is_refused(
    app: Flask, auth: Auth, alice: User
) -> None:
    token = auth.sessions.open(alice.id)
    assert ask(app, by_cookie(token)).status_code == 200

    auth.deletion.delete(alice, by=OPERATOR)

    assert ask(app, by_cookie(token)).status_code == 401


def test_a_bearer_is_never_taken_for_the_owner_of_the_cookie(
    app: Flask, auth: Auth, alice: User, bob: User
) -> None:
    cookie = by_cookie(auth.sessions.open(alice.id))
    his = auth.sessions.open(bob.id)
    claims = {
        f"Bearer {his}": "bob",
        f"bEaReR   {his}": "bob",
        "Bearer": None,
        "Bearer ": None,
        "Bearer x": None,
        f"Bearer {his} {his}": None,
        f"Bearer {his}, Basic eA==": None,
        f"Basic eA==, Bearer {his}": None,
        "Bearer ы": None,
        "Basic eA==": "alice",
        "Bearers x": "alice",
        # As granian hands over what is not ASCII.
        "": None,
        "Basic eA==,": None,
    }
    for claim, who in claims.items():
        raw = claim.encode().decode("latin1")
        answer = ask(app, {**cookie, "Authorization": raw})
        api = app.test_client(use_cookies=False).get(
            "/api/v1/profile", headers={**cookie, "Authorization": raw}
        )
        assert answer.headers.get("X-Vestibule-User") == who, claim
        assert answer.status_code == api.status_code, claim


@one_database
def test_cookies_are_read_as_the_pages_read_them(
    app: Flask, auth: Auth, alice: User, bob: User
) -> None:
    a, b = auth.sessions.open(alice.id), auth.sessions.open(bob.id)
    headers = [
        f"session_id={a}",
        f"x=1; session_id={a}; y=2",
        f"x=1;session_id={a};y=2",
        f"x=1 ;  session_id = {a} ;y",
        f'session_id="{a}"',
        f'session_id="{a}',
        f'x="; session_id={a}; y="',
        f"session_id={a}; session_id={b}",
        f"session_id={b}; session_id={a}",
        f"session_id=; session_id={a}",
        f"session_id; session_id={a}",
        f"my_session_id={a}; session_id={b}",
        f"my_session_id={a}",
        f"session_id_x={a}",
        f"SESSION_ID={a}",
        f"__Host-session_id={a}",
        f"=session_id={a}",
        f"={a}",
        f";;; session_id={a};;",
        f"\tsession_id={a}",
        f"session_id={a}\t",
        f"session_id={a}==",
        f"session_id={a},session_id={b}",
        f"session_id={a}%00",
        'session_id="\\"',
        'session_id="',
        "session_id=" + '"\\054' * 50,
        "session_id",
        "session_id=\xff\xfe",
        "session_id=\x00",
        "",
        ";",
        "=",
        "; ".join(f"c{n}={n}" for n in range(5000)) + f"; session_id={a}",
        f"session_id={b}; ".join([""] * 3) + f"session_id={a}",
    ]
    for header in headers:
        answer = ask(app, {"Cookie": header})
        try:
            token = parse_cookie(header).get("session_id")
        except UnicodeDecodeError:
            token = None
        owner = auth.get_user_from_session_id(token)
        expected = owner.username if owner else None
        assert answer.headers.get("X-Vestibule-User") == expected, header
        assert answer.status_code == (200 if owner else 401), header


@one_database
@pytest.mark.parametrize(
    "planted", ["{own}; x=\xff", "x=\xff; {own}", 'x="\xff"; {own}']
)
@pytest.mark.parametrize("path", ["/check", "/api/v1/profile", "/profile"])
def test_a_neighbour_s_cookie_that_is_no_text_signs_nobody_out(
    app: Flask, auth: Auth, alice: User, path: str, planted: str
) -> None:
    own = f"session_id={auth.sessions.open(alice.id)}"

    answer = ask(app, {"Cookie": planted.format(own=own)}, path=path)

    assert answer.status_code == 200
    assert "alice@example.com" in answer.text


@one_database
def test_what_nobody_means_well_is_refused_and_breaks_nothing(
    app: Flask, auth: Auth, alice: User
) -> None:
    big = "x" * 1_000_000
    texts = ["", "\x00", "\xff\xfe", "\r", "'--", '"', "%00", "=" * 500, big]
    for text in texts:
        for headers in (
            {"Cookie": f"session_id={text}"},
            {"Cookie": text},
            {"Cookie": f"{text}; session_id={text}"},
            {"Cookie": f"session_id={text}; " * 20},
            {"Authorization": text},
            {"Authorization": f"Bearer {text}"},
            {"Authorization": f"Bearer {text}", "Cookie": text},
        ):
            for query in ("", "or=sign-in", text[:5000], f"or={text[:99]}"):
                answer = ask(app, headers, query)
                assert answer.status_code == 401, headers
    many = "; ".join(["session_id=no"] * 20_000)
    assert ask(app, {"Cookie": many}).status_code == 401


def test_it_is_one_look_and_neither_flask_nor_a_hash(
    app: Flask,
    auth: Auth,
    alice: User,
    clock: TurnableClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    token = auth.sessions.open(alice.id)
    monkeypatch.setattr(Flask, "wsgi_app", None)
    monkeypatch.setattr(Flask, "request_context", None)
    monkeypatch.setattr(auth.passwords, "hasher", None)

    with watched(auth) as statements:
        assert ask(app, by_cookie(token)).status_code == 200
    assert [s.split()[0] for s in statements] == ["SELECT"]

    with watched(auth) as statements:
        assert ask(app, by_cookie("x" * 43)).status_code == 401
    assert [s.split()[0] for s in statements] == ["SELECT"]

    with watched(auth) as statements:
        assert ask(app, {}).status_code == 401
        assert ask(app, by_cookie("x" * 200)).status_code == 401
    assert statements == []
