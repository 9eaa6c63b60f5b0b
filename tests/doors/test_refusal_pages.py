"""Refusals as pages and as problem documents, whatever is broken."""

import logging
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import make_url
from werkzeug.test import TestResponse

from conftest import HTML, PASSWORD, Browser, field_errors, form_token, run_sql
from vestibule.auth import Auth
from vestibule.errors import Missing, NotAllowed, TooMany, Unavailable
from vestibule.user import User

one_database = pytest.mark.parametrize(
    "database_url", ["sqlite"], indirect=True
)
classroom = pytest.mark.settings(preset="classroom")

EVIL = {"Origin": "https://evil.example"}
SECRET = "the password of the database"


@pytest.fixture
def troubled(app: Flask) -> Flask:
    """Give an application in which everything goes wrong at an address."""
    kinds: dict[str, Callable[[], Exception]] = {
        "not-allowed": NotAllowed,
        "missing": Missing,
        "too-many": lambda: TooMany(90),
        "unavailable": Unavailable,
        "bug": lambda: RuntimeError(SECRET),
    }
    for name, kind in kinds.items():

        def trouble(kind: Callable[[], Exception] = kind) -> str:
            """Raise what this address stands for."""
            raise kind()

        app.add_url_rule(f"/{name}", name, trouble)
    return app


CASES: dict[int, tuple[str, str, dict[str, Any], str]] = {
    401: ("POST", "/profile", {}, "auth.required"),
    403: ("POST", "/login", {"headers": EVIL}, "request.foreign"),
    404: ("GET", "/nowhere", {}, "http.not_found"),
    405: ("PUT", "/login", {}, "http.method"),
    413: ("POST", "/login", {"data": b"x" * 70_000}, "http.too_large"),
    429: ("GET", "/too-many", {}, "rate.wait"),
    500: ("GET", "/bug", {}, "http.internal"),
    503: ("GET", "/unavailable", {}, "unavailable"),
}


@one_database
@pytest.mark.parametrize("status", CASES)
def test_a_refusal_is_a_page_for_browsers_and_a_document_for_programs(
    troubled: Flask, status: int
) -> None:
    method, path, more, code = CASES[status]
    client = troubled.test_client()
    own = more.get("headers", {})
    rest = {key: more[key] for key in more if key != "headers"}

    page = client.open(path, method=method, headers={**HTML, **own}, **rest)
    document = client.open(path, method=method, headers=own, **rest)

    assert page.status_code == document.status_code == status
    assert page.mimetype == "text/html"
    assert len(re.findall("<h1>", page.text)) == 1
    assert 'href="/"' in page.text
    assert document.mimetype == "application/problem+json"
    told = document.json or {}
    assert (told["type"], told["status"]) == ("about:blank", status)
    assert told["code"] == code
    assert told["title"]
    assert told["title"] in page.text
    for answer in (page, document):
        assert "Set-Cookie" not in answer.headers
        assert ("Retry-After" in answer.headers) == (status in (429, 503))
        assert ("Allow" in answer.headers) == (status == 405)


@one_database
def test_an_address_that_is_not_there_is_not_repeated(
    browser: Browser,
) -> None:
    response = browser.open("/your-account-is-locked-call-555-0100")

    assert response.status_code == 404
    assert "555-0100" not in response.text


@one_database
def test_the_wait_is_told_in_words_and_in_seconds(troubled: Flask) -> None:
    page = troubled.test_client().get("/too-many", headers=HTML)

    assert page.headers["Retry-After"] == "90"
    assert "Try again in 2 minutes" in page.text


@pytest.mark.parametrize(
    "status",
    [
        pytest.param(403, marks=one_database),
        pytest.param(401, marks=[one_database, classroom]),
    ],
)
def test_who_is_signed_in_and_not_allowed_may_change_the_account(
    troubled: Flask, alice: User, status: int
) -> None:
    browser = Browser(troubled)
    browser.sign_in("alice")

    page = browser.open("/not-allowed")

    assert page.status_code == status
    assert "You are signed in as alice." in page.text
    assert 'href="/logout"' in page.text


@one_database
def test_a_stranger_is_led_to_the_sign_in_or_told_to_sign_in(
    browser: Browser,
) -> None:
    looked = browser.open("/password/change?x=1")
    acted = browser.client.post("/password/change", headers=HTML)

    assert looked.status_code == 302
    assert looked.location == "/login?next=/password/change?x%3D1"
    assert acted.status_code == 401
    assert 'href="/login"' in acted.text


@one_database
@pytest.mark.settings(anonymous_status=401)
def test_a_stranger_who_looks_is_told_401_where_the_operator_wants_it(
    browser: Browser,
) -> None:
    assert browser.open("/profile").status_code == 401


@one_database
@pytest.mark.parametrize("headers", [HTML, {}], ids=["page", "document"])
def test_a_bug_tells_a_number_that_is_in_the_log_and_nothing_else(
    troubled: Flask,
    caplog: pytest.LogCaptureFixture,
    headers: dict[str, str],
) -> None:
    with caplog.at_level(logging.ERROR):
        response = troubled.test_client().get("/bug", headers=headers)

    assert response.status_code == 500
    for word in (SECRET, "RuntimeError", "Traceback", "raise", ".py"):
        assert word not in response.text
    (record,) = caplog.records
    number = re.search(r"[0-9a-f]{8}-[0-9a-f-]{27}", record.getMessage())
    assert number
    assert record.exc_info
    assert SECRET in str(record.exc_info[1])
    if headers:
        assert number[0] in response.text


@one_database
def test_every_bug_has_a_number_of_its_own(troubled: Flask) -> None:
    client = troubled.test_client()
    numbers = {
        match
        for _ in range(3)
        for match in re.findall(
            r"number: (\S+?)<", client.get("/bug", headers=HTML).text
        )
    }

    assert len(numbers) == 3


@contextmanager
def gone(auth: Auth, database_url: str) -> Iterator[None]:
    """Take the database away for a while, as a broken server does."""
    url = make_url(database_url)
    if url.get_backend_name() == "sqlite":
        assert url.database
        auth.db.close()
        path, aside = Path(url.database), Path(f"{url.database}.aside")
        shutil.move(path, aside)
        path.mkdir()
        yield
        auth.db.close()
        path.rmdir()
        shutil.move(aside, path)
        return
    server = url.set(database="postgres").render_as_string(hide_password=False)
    run_sql(server, f"ALTER DATABASE {url.database} ALLOW_CONNECTIONS false")
    run_sql(
        server,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        f"WHERE datname = '{url.database}'",
    )
    yield
    run_sql(server, f"ALTER DATABASE {url.database} ALLOW_CONNECTIONS true")


def test_without_a_database_everybody_is_told_to_come_back(
    app: Flask, auth: Auth, alice: User, bob: User, database_url: str
) -> None:
    browser, stranger = Browser(app), Browser(app)
    browser.sign_in("alice")
    own, theirs = (
        form_token(browser.open("/profile")),
        form_token(stranger.open("/login")),
    )
    typed = {"email": "bob@example.com", "password": PASSWORD}

    with gone(auth, database_url):
        answers: dict[str, TestResponse] = {
            "hall": browser.open("/"),
            "profile": browser.open("/profile"),
            "sign-in page": browser.open("/login"),
            "change": browser.client.post(
                "/profile",
                data={"username": "alicia", "csrf_token": own},
                headers=HTML,
            ),
            "sign-out": browser.client.post(
                "/logout", data={"csrf_token": own}, headers=HTML
            ),
            "sign-in": stranger.client.post(
                "/login",
                data={**typed, "csrf_token": theirs},
                headers=HTML,
            ),
            "reset link": stranger.open(f"/password_reset/{'A' * 43}"),
            "GET /profile": browser.client.get("/profile"),
            "DELETE /sessions": browser.client.delete("/sessions"),
            "POST /sessions": stranger.client.post("/sessions", data=typed),
            "POST /users": stranger.client.post(
                "/users", data={**typed, "email": "carol@example.com"}
            ),
            "PUT": stranger.client.put(
                "/reset_password",
                json={
                    "email": "bob@example.com",
                    "reset_token": "A" * 43,
                    "new_password": "seven purple llamas",
                },
            ),
        }
        missing = browser.open("/nowhere")
        foreign = browser.client.post("/logout", headers={**HTML, **EVIL})

    for name, answer in answers.items():
        assert answer.status_code == 503, (name, answer.text)
        assert int(answer.headers["Retry-After"]) >= 1, name
        # Never a sign-out: the cookie of the session stays.
        assert not any(
            cookie.startswith("session_id=")
            for cookie in answer.headers.getlist("Set-Cookie")
        ), name
    assert "busy" in answers["profile"].text
    assert 'value="bob@example.com"' in answers["sign-in"].text
    assert field_errors(answers["sign-in"]) == {}
    # What needs no database to be refused is refused as ever.
    assert missing.status_code == 404
    assert foreign.status_code == 403
    assert browser.client.get_cookie("session_id")
    assert "alice@example.com" in browser.open("/profile").text
    assert stranger.sign_in("bob").status_code == 302
