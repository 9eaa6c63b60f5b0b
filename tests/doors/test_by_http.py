"""Plain http: who is known to have come by it is led on, or refused."""

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from conftest import HTML, PASSWORD
from deeds import deeds
from hosts import hosting
from vestibule.auth import Auth
from vestibule.doors.app import create_app
from vestibule.history import Event
from vestibule.settings import Settings
from vestibule.user import User

AT = "https://id.example.com"
PROXY, STRANGER = "10.1.2.3", "192.0.2.9"
TOKEN = "VbR3-kQz81_uWmXe07PfHs5LdYt2NcGo"
CODE = "request.https_required"
TYPED = {"email": "alice@example.com", "password": PASSWORD}
NAMED = {"name": "alice", "password": PASSWORD}
JSON = {"Accept": "application/json"}
one_database = pytest.mark.parametrize(
    "database_url", ["sqlite"], indirect=True
)


def behind_a_proxy(**more: Any) -> pytest.MarkDecorator:
    """Put a trusted proxy in front of a site at an https address."""
    given = {"base_url": AT, "trusted_proxies": "10.0.0.0/8", **more}
    made: pytest.MarkDecorator = pytest.mark.settings(**given)
    return made


def knock(
    client: FlaskClient,
    method: str,
    path: str,
    said: str | None = "http",
    peer: str = PROXY,
    *,
    headers: dict[str, str] | None = None,
    json: dict[str, str] | None = None,
    data: dict[str, str] | None = None,
    **raw: str,
) -> TestResponse:
    """Send a request of which the peer says how it came to it."""
    headers = {"Host": "id.example.com", **(headers or {})}
    if said is not None:
        headers["X-Forwarded-Proto"] = said
    return client.open(
        path,
        method=method,
        headers=headers,
        json=json,
        data=data,
        environ_overrides={"REMOTE_ADDR": peer, **raw},
    )


def events(auth: Auth) -> int:
    """Count what is in the history."""
    row = auth.db.first(select(func.count()).select_from(Event))
    assert row is not None
    return int(row[0])


@behind_a_proxy()
@pytest.mark.asvs("4.1.2", "12.2.1")
def test_a_call_by_http_is_refused_before_anything_is_done(
    app: Flask, auth: Auth, alice: User
) -> None:
    before = events(auth)
    client = app.test_client()
    for path in ("/api/v1/sessions", "/api/v1/users", "/api/v1/nowhere"):
        refused = knock(client, "POST", path, json=TYPED)
        assert refused.status_code == 403, path
        assert refused.json is not None
        assert refused.json["code"] == CODE
        assert "https" in refused.json["title"]
        assert "Location" not in refused.headers
        assert "Set-Cookie" not in refused.headers
    for path in ("/sessions", "/users", "/reset_password"):
        refused = knock(client, "POST", path, data=TYPED)
        assert refused.status_code == 403, path
        assert refused.json == {
            "message": "This site is to be reached by https alone"
        }
        assert "Set-Cookie" not in refused.headers
    assert events(auth) == before
    assert auth.sessions.devices(alice) == []


@behind_a_proxy(metrics_token=TOKEN)
@pytest.mark.asvs("4.1.2")
def test_a_token_that_came_by_http_opens_nothing(
    app: Flask, auth: Auth, alice: User
) -> None:
    token = auth.sessions.open(alice.id)
    mine = {"Authorization": f"Bearer {token}"}
    cookie = {"Cookie": f"__Host-session_id={token}"}
    client = app.test_client(use_cookies=False)
    for headers in (mine, cookie, {**cookie, **HTML}, {**mine, **HTML}):
        for path in ("/api/v1/users/alice", "/check", "/check?or=sign-in"):
            refused = knock(client, "GET", path, headers=headers)
            assert refused.status_code == 403, (path, headers)
            assert refused.json is not None
            assert refused.json["code"] == CODE
            assert b"alice" not in refused.data
    # A page that refuses greets nobody.
    refused = knock(client, "POST", "/profile", headers={**cookie, **HTML})
    assert refused.status_code == 403
    assert b"alice" not in refused.data
    watching = {"Authorization": f"Bearer {TOKEN}"}
    for said, status in (("http", 403), ("https", 200), (None, 200)):
        told = knock(client, "GET", "/metrics", said, headers=watching)
        assert told.status_code == status
        known = knock(client, "GET", "/check", said, headers=mine)
        assert known.status_code == status
        for path in ("/healthz", "/readyz"):
            assert knock(client, "GET", path, said).status_code == 200


@one_database
@behind_a_proxy()
@pytest.mark.asvs("4.1.2")
def test_no_route_but_a_page_to_look_at_answers_by_http(app: Flask) -> None:
    client = app.test_client(use_cookies=False)
    statuses = {}
    for deed in deeds(app):
        path = deed.rule.replace("<", "").replace(">", "")
        for headers in (HTML, JSON):
            answer = knock(client, deed.method, path, headers=headers)
            looks = headers is HTML and deed.looks and not deed.is_api
            assert answer.status_code == (308 if looks else 403), str(deed)
            if looks:
                assert answer.location == f"{AT}{path}"
            assert "Set-Cookie" not in answer.headers
            statuses[answer.status_code] = True
    assert {*statuses} == {308, 403}


@one_database
@behind_a_proxy()
@pytest.mark.parametrize(
    ("asked", "led"),
    [
        ("/login?next=%2Fprofile&x=%D1%8F", None),
        ("/nowhere/caf\xc3\xa9 %", f"{AT}/nowhere/caf%C3%A9%20%25"),
        # No address of anybody else is made of a path or a query.
        ("//evil.example/login", f"{AT}/evil.example/login"),
        ("/login?a=\\evil\n", f"{AT}/login?a=%5Cevil%0A"),
    ],
)
def test_a_browser_that_looks_is_led_to_the_same_page_by_https(
    app: Flask, asked: str, led: str | None
) -> None:
    path, _, query = asked.partition("?")
    for method in ("GET", "HEAD"):
        answer = knock(
            app.test_client(),
            method,
            "/",
            headers={**HTML, "Host": "evil.example"},
            PATH_INFO=path,
            QUERY_STRING=query,
        )
        assert answer.status_code == 308
        assert answer.location == (led or f"{AT}{asked}")
        assert answer.headers["Cache-Control"] == "no-store"
        assert "Set-Cookie" not in answer.headers


@one_database
@pytest.mark.parametrize(
    ("settings", "paths"),
    [
        pytest.param(None, paths, marks=behind_a_proxy(**more))
        for more, paths in (
            (
                {"url_prefix": "/account"},
                {
                    "/account/login": f"{AT}/account/login",
                    "/.well-known/change-password": f"{AT}/.well-known"
                    "/change-password",
                },
            ),
            (
                {"url_prefix": "/account", "base_url": f"{AT}/account"},
                {
                    "/account/login": f"{AT}/account/login",
                    "/accounting": f"{AT}/accounting",
                },
            ),
            # The proxy cuts the path off.
            ({"base_url": f"{AT}/account"}, {"/login": f"{AT}/account/login"}),
        )
    ],
    indirect=["settings"],
)
def test_below_a_path_the_way_to_https_is_that_of_the_links_in_mails(
    app: Flask, paths: dict[str, str]
) -> None:
    for asked, led in paths.items():
        answer = knock(app.test_client(), "GET", asked, headers=HTML)
        assert (answer.status_code, answer.location) == (308, led)


@one_database
@behind_a_proxy()
@pytest.mark.parametrize(
    ("said", "peer", "is_served"),
    [
        ("http", PROXY, False),
        ("HTTP", PROXY, False),
        ("http, https", PROXY, False),
        # By https to the proxy in front, and plain between the two.
        ("https, http", PROXY, True),
        ("https", PROXY, True),
        ("", PROXY, True),
        ("gopher", PROXY, True),
        (None, PROXY, True),
        # Whoever is no proxy of ours says nothing that counts.
        ("http", STRANGER, True),
        ("http", "", True),
        ("http", "x", True),
    ],
)
def test_only_a_trusted_proxy_says_how_somebody_came(
    app: Flask, alice: User, said: str | None, peer: str, is_served: bool
) -> None:
    client = app.test_client()
    signed = knock(client, "POST", "/api/v1/sessions", said, peer, json=NAMED)
    assert signed.status_code == (201 if is_served else 403)
    page = knock(client, "GET", "/login", said, peer, headers=HTML)
    assert (page.status_code == 308) is not is_served
    check = knock(client, "GET", "/check", said, peer)
    assert (check.status_code == 403) is not is_served


@one_database
@pytest.mark.parametrize(
    "settings",
    [
        pytest.param(None, marks=behind_a_proxy(trusted_proxies="")),
        pytest.param(None, marks=behind_a_proxy(base_url="http://localhost")),
    ],
    indirect=True,
)
def test_without_a_proxy_or_an_https_address_nothing_changes(
    app: Flask, alice: User
) -> None:
    client = app.test_client()
    signed = knock(client, "POST", "/api/v1/sessions", json=NAMED)
    assert signed.status_code == 201
    assert knock(client, "GET", "/check").status_code == 200


@one_database
@behind_a_proxy()
def test_within_a_host_our_routes_refuse_and_its_own_are_its_own(
    settings: Settings,
) -> None:
    with hosting(settings) as host:
        host.add_url_rule("/theirs", "theirs", lambda: "theirs")
        client = host.test_client()
        refused = knock(client, "POST", "/sessions", data=TYPED)
        assert refused.status_code == 403
        assert knock(client, "GET", "/theirs").status_code == 200


@one_database
@pytest.mark.parametrize(("base", "is_told"), [(AT, True), ("", False)])
def test_the_document_of_the_api_tells_of_the_refusal(
    settings: Settings, auth: Auth, base: str, is_told: bool
) -> None:
    auth.settings = settings.having("test", BASE_URL=base)
    told = create_app(auth=auth).test_client().get("/api/openapi.json").text
    assert (CODE in told) is is_told
