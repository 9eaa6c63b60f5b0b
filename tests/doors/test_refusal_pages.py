"""Refusals as pages and as problem documents, whatever is broken."""

import logging
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import make_url
from werkzeug.exceptions import ServiceUnavailable, UnsupportedMediaType
from werkzeug.test import TestResponse

from conftest import HTML, PASSWORD, Browser, field_errors, form_token, run_sql
from programs import PROBLEM
from vestibule import Vestibule
from vestibule.auth import Auth
from vestibule.doors import outages
from vestibule.doors.guards import BUSY
from vestibule.errors import (
    Conflict,
    Expired,
    Malformed,
    Missing,
    NotAllowed,
    TooMany,
    Unavailable,
)
from vestibule.user import User

one_database = pytest.mark.parametrize(
    "database_url", ["sqlite"], indirect=True
)
classroom = pytest.mark.settings(preset="classroom")

EVIL = {"Origin": "https://evil.example"}
# A query whose bytes are no text, as no honest client sends it.
NO_TEXT = {"QUERY_STRING": "x=\xff"}
SECRET = "the password of the database"


@pytest.fixture
def troubled(app: Flask) -> Flask:
    """Give an application in which everything goes wrong at an address."""
    kinds: dict[str, Callable[[], Exception]] = {
        "not-allowed": NotAllowed,
        "missing": Missing,
        "conflict": Conflict,
        "expired": Expired,
        "media-type": UnsupportedMediaType,
        "malformed": Malformed,
        "too-many": lambda: TooMany(90),
        "unavailable": Unavailable,
        "abort": ServiceUnavailable,
        "bug": lambda: RuntimeError(SECRET),
    }
    for name, kind in kinds.items():

        def trouble(kind: Callable[[], Exception] = kind) -> str:
            """Raise what this address stands for."""
            raise kind()

        app.add_url_rule(f"/{name}", name, trouble)
    return app


@dataclass(frozen=True)
class Case:
    """How a status is provoked, and what must be said of it."""

    code: str
    english: str
    russian: str
    path: str
    method: str = "GET"
    headers: dict[str, str] = field(default_factory=dict)
    data: bytes = b""
    environ: dict[str, str] = field(default_factory=dict)

    def ask(
        self, app: Flask, headers: dict[str, str], method: str = ""
    ) -> TestResponse:
        """Provoke it as a reader who sends these headers besides."""
        return app.test_client().open(
            self.path,
            method=method or self.method,
            headers={**headers, **self.headers},
            data=self.data,
            environ_overrides=self.environ,
        )


# No page of ours answers 409, 410, 415 and 422 but with a form or a
# redirect; a host's views may, and so do addresses of the API below.
CASES = {
    400: Case(
        "http.bad_request",
        "Something is wrong with this request",
        "С этим запросом что-то не так",
        "/login",
        environ=NO_TEXT,
    ),
    401: Case(
        "auth.required",
        "Sign in to see this page",
        "Войдите, чтобы открыть страницу",
        "/profile",
        "POST",
    ),
    403: Case(
        "request.foreign",
        "You can’t open this page",
        "Эта страница недоступна",
        "/login",
        "POST",
        EVIL,
    ),
    404: Case(
        "http.not_found",
        "Page not found",
        "Страница не найдена",
        "/nowhere",
    ),
    405: Case(
        "http.method",
        "This can’t be done here",
        "Здесь это сделать нельзя",
        "/login",
        "PUT",
    ),
    409: Case(
        "conflict",
        "Something has changed",
        "Кое-что изменилось",
        "/conflict",
    ),
    410: Case(
        "expired",
        "This no longer works",
        "Это больше не действует",
        "/expired",
    ),
    413: Case(
        "http.too_large",
        "Too large to send",
        "Слишком большой объём",
        "/login",
        "POST",
        data=b"x" * 70_000,
    ),
    415: Case(
        "http.media_type",
        "The wrong kind of content",
        "Неподходящий вид данных",
        "/media-type",
    ),
    422: Case(
        "input.malformed",
        "Something needs to be corrected",
        "Нужно кое-что исправить",
        "/malformed",
    ),
    429: Case(
        "rate.wait",
        "Too many tries",
        "Слишком много попыток",
        "/too-many",
    ),
    500: Case(
        "http.internal",
        "There is a problem with the service",
        "Сервис временно не работает",
        "/bug",
    ),
    503: Case(
        "unavailable",
        "The service is unavailable",
        "Сервис недоступен",
        "/unavailable",
    ),
}
each_status = pytest.mark.parametrize("status", CASES)
each_language = pytest.mark.parametrize("language", ["en", "ru"])


def words(page: TestResponse) -> list[str]:
    """Read the paragraphs and buttons of a page, without their markup."""
    main = page.text.partition("<main")[2].partition("</main>")[0]
    found = re.findall(r"<p[^>]*>(.*?)</p>", main, re.DOTALL)
    found += re.findall(r'<a class="button[^>]*>(.*?)</a>', main)
    return [unescape(re.sub("<[^>]+>", "", text)).strip() for text in found]


def check_headers(answer: TestResponse, status: int) -> None:
    """Look whether an answer carries what its status asks for."""
    assert answer.status_code == status
    assert "Set-Cookie" not in answer.headers
    assert ("Retry-After" in answer.headers) == (status in (429, 503))
    assert ("Allow" in answer.headers) == (status == 405)
    numbers = answer.headers.getlist("X-Request-ID")
    assert len(numbers) == (1 if status >= 500 else 0)


@one_database
@each_language
@each_status
def test_a_browser_is_told_what_happened_and_what_to_do_next(
    troubled: Flask, status: int, language: str
) -> None:
    case = CASES[status]
    page = case.ask(troubled, {**HTML, "Accept-Language": language})
    heading = case.english if language == "en" else case.russian
    number = page.headers.get("X-Request-ID", "none")
    told = words(page)

    check_headers(page, status)
    assert page.mimetype == "text/html"
    assert f'<html lang="{language}">' in page.text
    assert re.findall("<h1>(.*?)</h1>", page.text) == [heading]
    assert f"<title>{heading} — Vestibule</title>" in page.text
    # What happened, what to do, and where to go on; never a number.
    assert len(told) >= 3
    for text in told:
        assert len(text) >= len("Войти")
        assert str(status) not in text.replace(number, "")
        assert bool(re.search("[а-яё]{4}", text)) == (language == "ru"), text
    assert 'href="/"' in page.text
    assert (number in page.text) == (status >= 500)


@one_database
@each_language
@each_status
def test_a_program_is_told_a_code_that_never_changes(
    troubled: Flask, status: int, language: str
) -> None:
    case = CASES[status]
    document = case.ask(troubled, {"Accept-Language": language})
    told = document.json or {}

    check_headers(document, status)
    assert document.mimetype == PROBLEM
    assert (told["type"], told["status"]) == ("about:blank", status)
    assert (told["code"], told["errors"]) == (case.code, [])
    assert bool(re.search("[а-яё]", told["title"])) == (language == "ru")
    assert told.get("request_id") == document.headers.get("X-Request-ID")
    page = case.ask(troubled, {**HTML, "Accept-Language": language})
    assert words(page)[0] == f"{told['title']}."


@one_database
@pytest.mark.parametrize("headers", [HTML, {}], ids=["page", "document"])
@pytest.mark.parametrize(
    "status", [s for s, case in CASES.items() if case.method == "GET"]
)
def test_who_asks_for_the_head_gets_it_without_a_body(
    troubled: Flask, status: int, headers: dict[str, str]
) -> None:
    whole = CASES[status].ask(troubled, headers)
    head = CASES[status].ask(troubled, headers, "HEAD")

    check_headers(head, status)
    assert head.data == b""
    for name in ("Content-Type", "Content-Length", "Retry-After", "Vary"):
        assert head.headers.get(name) == whole.headers.get(name), name


API = "/api/v1"
JSON = "application/json"
CALLS: dict[int, tuple[str, str, dict[str, Any]]] = {
    400: ("GET", "/profile", {"environ_overrides": NO_TEXT}),
    401: ("GET", "/profile", {}),
    403: ("POST", "/sessions", {"headers": {**HTML, **EVIL}}),
    404: ("GET", "/nowhere", {}),
    405: ("PUT", "/sessions", {}),
    409: (
        "POST",
        "/users",
        {"json": {"email": "alice@example.com", "password": PASSWORD}},
    ),
    410: (
        "PUT",
        "/password-reset",
        {"json": {"token": "A" * 43, "new_password": PASSWORD}},
    ),
    413: ("POST", "/sessions", {"data": b"x" * 70_000}),
    415: ("POST", "/sessions", {"data": b"{}"}),
    422: ("POST", "/sessions", {"data": b"[]", "content_type": JSON}),
}


@one_database
@pytest.mark.parametrize("status", CALLS)
def test_below_the_api_browsers_as_well_get_documents(
    app: Flask, alice: User, status: int
) -> None:
    method, path, more = CALLS[status]
    answer = app.test_client().open(
        API + path, method=method, **{"headers": HTML, **more}
    )

    assert (answer.status_code, answer.mimetype) == (status, PROBLEM)
    assert (answer.json or {})["status"] == status


@pytest.mark.attack(142)
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


@one_database
def test_how_much_may_be_sent_is_told_to_who_sent_too_much(
    app: Flask, browser: Browser, alice: User
) -> None:
    small = browser.client.post("/login", data=b"x" * 70_000, headers=HTML)
    browser.sign_in("alice")
    large = browser.client.post(
        "/profile",
        data=b"x" * 9_000_000,
        content_type="multipart/form-data; boundary=x",
        headers=HTML,
    )
    # Not its size, but how many fields it has.
    fields = {f"field{n}": "" for n in range(200)}
    many = Browser(app).send("/login", fields)

    assert "At most 64 KB can be sent here." in words(small)
    assert "At most 8 MB can be sent here." in words(large)
    assert many.status_code == 413
    assert "At most" not in many.text


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
    # Never "sign in": that is done.
    assert "<h1>You can’t open this page with this account</h1>" in page.text
    assert "/login" not in page.text
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
@pytest.mark.settings(anonymous_status=401)
def test_the_way_to_the_sign_in_leads_back_to_what_was_looked_at(
    browser: Browser, alice: User
) -> None:
    page = browser.open("/profile?x=1&y=%2F%2Fevil.example")
    (way_in,) = re.findall('class="button" href="([^"]+)"', page.text)
    done = browser.send(unescape(way_in), email="alice", password=PASSWORD)

    assert way_in.startswith("/login?next=/profile?x")
    assert done.location == "/profile?x=1&y=//evil.example"
    assert browser.open(done.location).status_code == 200


@pytest.mark.attack(22, 84, "A28")
@one_database
@pytest.mark.settings(anonymous_status=401)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/profile/picture/delete"),
        ("GET", f"/profile?x={'y' * 600}"),
    ],
    ids=["sent", "too long"],
)
def test_the_way_to_the_sign_in_leads_back_nowhere_else(
    app: Flask, method: str, path: str
) -> None:
    page = app.test_client().open(path, method=method, headers=HTML)

    assert page.status_code == 401
    assert re.findall('class="button" href="([^"]+)"', page.text) == ["/login"]


@pytest.mark.attack(31, "A38")
@pytest.mark.asvs("13.4.2", "16.3.4", "16.5.1")
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
    assert number[0] in response.text
    assert number[0] == response.headers["X-Request-ID"]


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


@pytest.mark.asvs("16.3.4")
@one_database
@pytest.mark.parametrize("path", ["/unavailable", "/abort"])
def test_what_is_unavailable_is_in_the_log_by_its_number(
    troubled: Flask, caplog: pytest.LogCaptureFixture, path: str
) -> None:
    page = troubled.test_client().get(path, headers=HTML)

    assert page.status_code == 503
    number = page.headers["X-Request-ID"]
    assert f"number: {number}" in page.text
    logged = [r.getMessage() for r in caplog.records if r.levelno >= 30]
    assert logged == [f"answered with 503, request {number}"]
    document = troubled.test_client().get(path)
    # Never that the request was bad.
    assert (document.json or {})["code"] in ("unavailable", "http.internal")


@one_database
def test_a_flood_of_503_is_a_line_a_second_in_the_log(
    troubled: Flask,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [100.0]
    monkeypatch.setattr(outages, "monotonic", lambda: now[0])
    client = troubled.test_client()

    def numbers(path: str, times: int) -> list[str]:
        """Ask so often; give the numbers of the answers."""
        answers = [client.get(path) for _ in range(times)]
        return [answer.headers["X-Request-ID"] for answer in answers]

    first = numbers("/unavailable", 40)
    now[0] += 0.9
    # Each bug is in the log, whatever else there is.
    bugs = numbers("/bug", 3)
    numbers("/abort", 2)
    now[0] += 0.2
    later = numbers("/unavailable", 1)
    now[0] += 60
    last = numbers("/unavailable", 1)

    logged = [r.getMessage() for r in caplog.records if r.levelno >= 30]
    assert logged == [
        f"answered with 503, request {first[0]}",
        *(f"unhandled error, request {bug}" for bug in bugs),
        f"answered with 503, request {later[0]}, and 41 before it",
        f"answered with 503, request {last[0]}",
    ]


@one_database
@pytest.mark.parametrize(
    ("language", "heading", "step"),
    [
        (
            "en",
            "The service is busy at this moment",
            "Nothing was saved. Go back and try again in a few seconds.",
        ),
        (
            "ru",
            "Сервис сейчас перегружен",
            "Ничего не сохранено. Вернитесь и попробуйте ещё раз через "
            "несколько секунд.",
        ),
    ],
)
def test_whom_the_gate_refuses_is_told_that_nothing_was_begun(
    app: Flask,
    caplog: pytest.LogCaptureFixture,
    language: str,
    heading: str,
    step: str,
) -> None:
    refused: dict[str, Any] = {
        "environ_overrides": {BUSY: True},
        "headers": {**HTML, "Accept-Language": language},
    }
    page = app.test_client().post("/login", **refused)
    call = app.test_client().post("/api/v1/sessions", **refused)

    assert (page.status_code, page.headers["Retry-After"]) == (503, "2")
    assert re.findall("<h1>(.*?)</h1>", page.text) == [heading]
    assert words(page)[0] == step
    # A copy of it goes to many, and none of them has a number.
    assert len(words(page)) == 2
    assert "X-Request-ID" not in {**page.headers, **call.headers}
    assert call.json is not None
    assert call.json["code"] == "unavailable"
    assert "request_id" not in call.json
    assert "answered with" not in caplog.text


@one_database
def test_a_page_of_something_broken_does_not_guess_who_reads_it(
    troubled: Flask, alice: User
) -> None:
    browser = Browser(troubled)
    browser.sign_in("alice")

    for path in ("/bug", "/unavailable"):
        page = browser.open(path)
        assert page.status_code >= 500
        assert "alice" not in page.text
        assert "Sign in" not in page.text


@pytest.mark.asvs("16.5.4")
def test_a_bug_is_told_even_where_nobody_can_be_looked_up(
    troubled: Flask,
    alice: User,
    database_url: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    browser = Browser(troubled)
    browser.sign_in("alice")
    run_sql(database_url, "DROP TABLE vestibule_sessions")

    page = browser.open("/bug")

    assert page.status_code == 500
    number = page.headers["X-Request-ID"]
    assert f"number: {number}" in page.text
    # That bug and no other: nobody was looked up to tell of it.
    (record,) = (r for r in caplog.records if r.levelno >= logging.ERROR)
    assert number in record.getMessage()


@one_database
def test_a_view_of_a_host_that_has_no_database_has_a_number_too(
    auth: Auth,
) -> None:
    host = Flask("shop")
    Vestibule().init_app(host, auth)

    @host.get("/mine")
    def mine() -> str:
        """Miss the database."""
        raise Unavailable

    page = host.test_client().get("/mine", headers=HTML)

    check_headers(page, 503)
    assert page.headers["X-Request-ID"] in page.text


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


@pytest.mark.attack(93, "A51")
@pytest.mark.asvs("16.5.2", "16.5.3")
@pytest.mark.usefixtures("alice", "bob")
def test_without_a_database_everybody_is_told_to_come_back(
    app: Flask,
    auth: Auth,
    database_url: str,
    caplog: pytest.LogCaptureFixture,
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
            "API": browser.client.get("/api/v1/profile", headers=HTML),
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
        (number,) = answer.headers.getlist("X-Request-ID")
        if "<h1>The service is unavailable</h1>" in answer.text:
            assert f"number: {number}" in answer.text, name
        # Never a sign-out: the cookie of the session stays.
        assert not any(
            cookie.startswith("session_id=")
            for cookie in answer.headers.getlist("Set-Cookie")
        ), name
    first = next(iter(answers.values())).headers["X-Request-ID"]
    assert f"answered with 503, request {first}" in caplog.text
    assert "busy" in answers["profile"].text
    assert "The service is unavailable" in answers["change"].text
    problem = answers["API"].json or {}
    assert problem["code"] == "unavailable"
    assert problem["request_id"] == answers["API"].headers["X-Request-ID"]
    assert 'value="bob@example.com"' in answers["sign-in"].text
    assert field_errors(answers["sign-in"]) == {}
    # What needs no database to be refused is refused as ever.
    assert missing.status_code == 404
    assert foreign.status_code == 403
    assert browser.client.get_cookie("session_id")
    assert "alice@example.com" in browser.open("/profile").text
    assert stranger.sign_in("bob").status_code == 302
