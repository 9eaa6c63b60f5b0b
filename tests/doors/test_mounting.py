"""Mounting: Vestibule inside somebody else's Flask application."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask import Flask, current_app
from werkzeug.exceptions import HTTPException

from conftest import HTML, PASSWORD, Browser, account, form_token
from vestibule import Vestibule, current_user, login_required
from vestibule.auth import Auth
from vestibule.doors.app import create_app
from vestibule.doors.hall import auth as auth_of_app
from vestibule.history import circumstances
from vestibule.user import User

one_database = pytest.mark.parametrize(
    "database_url", ["sqlite"], indirect=True
)


def eight_lines() -> Flask:
    """Make the host that the README shows."""
    app = Flask("shop")
    Vestibule(app)

    @app.get("/orders")
    @login_required
    def orders() -> str:
        return f"The orders of {current_user.username}"

    return app


@pytest.fixture
def configured(
    monkeypatch: pytest.MonkeyPatch, database_url: str, tmp_path: Path
) -> None:
    """Configure this process as an operator does, by its environment."""
    monkeypatch.chdir(tmp_path)
    for key, value in {
        "DATABASE_URL": database_url,
        "DATA": str(tmp_path / "data"),
        "SITE_NAME": "Shop",
        "HASH_MEMORY": "8",
        "HASH_PASSES": "1",
    }.items():
        monkeypatch.setenv(f"VESTIBULE_{key}", value)


@contextmanager
def operations(app: Flask) -> Iterator[Auth]:
    """Give the operations of a host, and close its database at the end."""
    with app.app_context():
        found = auth_of_app()
    yield found
    found.db.close()


@pytest.fixture
def host(configured: None) -> Iterator[Flask]:
    """Give the test the host of eight lines."""
    app = eight_lines()
    # No worker beside: the database goes with the test.
    app.testing = True
    with operations(app):
        yield app


def test_eight_lines_give_a_host_accounts(host: Flask) -> None:
    browser = Browser(host)
    asked = browser.open("/orders?page=2")
    assert asked.status_code == 302
    assert (
        browser.send(
            "/register",
            username="carol",
            email="carol@example.com",
            password1=PASSWORD,
            password2=PASSWORD,
        ).status_code
        == 302
    )

    signed_in = browser.send(asked.location, email="carol", password=PASSWORD)

    assert signed_in.location == "/orders?page=2"
    assert browser.open(signed_in.location).text == "The orders of carol"
    assert "Welcome to Shop" in browser.open("/").text
    browser.send("/logout")
    assert browser.open("/orders").status_code == 302


@one_database
def test_a_program_that_is_not_signed_in_is_told_401(host: Flask) -> None:
    refused = host.test_client().get("/orders")
    acted = host.test_client().post("/orders", headers=HTML)

    assert refused.status_code == 401
    assert refused.mimetype == "application/problem+json"
    assert acted.status_code == 405


@one_database
def test_the_answers_of_the_host_stay_its_own(host: Flask) -> None:
    client = host.test_client()

    missing = client.get("/nowhere", headers=HTML)
    orders = client.get("/orders", headers=HTML)

    assert missing.status_code == 404
    assert "The requested URL was not found" in missing.text
    assert client.put("/login").mimetype == "text/html"
    for answer in (missing, orders):
        assert "Content-Security-Policy" not in answer.headers
        assert "Set-Cookie" not in answer.headers
    hall = client.get("/login", headers=HTML)
    assert "Content-Security-Policy" in hall.headers


@one_database
def test_the_error_handlers_and_templates_of_the_host_stay_its_own(
    host: Flask, tmp_path: Path
) -> None:
    @host.errorhandler(HTTPException)
    def of_http(error: HTTPException) -> tuple[str, int]:
        """Answer in the words of the shop."""
        return f"shop {error.code}", error.code or 500

    @host.errorhandler(ZeroDivisionError)
    def of_zero(_: ZeroDivisionError) -> tuple[str, int]:
        """Answer in the words of the shop."""
        return "shop zero", 500

    @host.get("/bug")
    def bug() -> str:
        """Divide by nothing."""
        return str(1 / 0)

    host.template_folder = str(tmp_path)
    (tmp_path / "base.html").write_text("the shop's own frame: {{ me }}")
    host.add_url_rule(
        "/frame",
        "frame",
        lambda: host.jinja_env.get_template("base.html").render(),
    )
    client = host.test_client()

    assert client.get("/nowhere", headers=HTML).text == "shop 404"
    assert client.get("/bug", headers=HTML).text == "shop zero"
    # In a template of the host our names mean nothing.
    assert client.get("/frame").text == "the shop's own frame: "
    # And the other way round: our pages do not fall into the host's hands.
    refused = client.post("/profile", headers=HTML)
    assert "shop" not in refused.text.replace("Shop", "")
    assert refused.status_code == 401
    assert client.post("/login", data=b"x" * 99_999).status_code == 413


@one_database
def test_a_bug_in_our_pages_is_answered_by_us_and_one_of_the_host_by_it(
    host: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    host.config["PROPAGATE_EXCEPTIONS"] = False
    host.add_url_rule("/bug", "bug", lambda: str(1 / 0))
    with operations(host) as auth:
        monkeypatch.delattr(auth.passwords, "hasher")
        ours = Browser(host).sign_in("carol")
        theirs = Browser(host).open("/bug")

    assert ours.status_code == theirs.status_code == 500
    assert "tell support this number" in ours.text
    assert "Internal Server Error" in theirs.text


@one_database
@pytest.mark.settings(url_prefix="/accounts")
def test_under_a_prefix_everything_stays_under_it(
    auth: Auth, alice: User
) -> None:
    host = Flask("shop")
    Vestibule().init_app(host, auth, url_prefix="/accounts")

    @host.get("/mine")
    @login_required
    def mine() -> str:
        """Say who is signed in."""
        return current_user.username

    browser = Browser(host)

    asked = browser.open("/mine")
    page = browser.open(asked.location)
    signed_in = browser.send(asked.location, email="alice", password=PASSWORD)

    assert asked.location == "/accounts/login?next=/mine"
    found = re.findall(r'(href|src|action)="([^"#]+)"', page.text)
    for kind, link in found:
        assert link.startswith("/accounts/"), link
        if kind == "action":
            continue
        with browser.open(link) as linked:
            assert linked.status_code in (200, 302), link
    assert signed_in.location == "/mine"
    assert browser.open("/mine").text == "alice"
    assert browser.client.get("/accounts/profile").json == {
        "email": "alice@example.com"
    }
    for path in ("/login", "/profile", "/", "/static/vestibule/mark.svg"):
        assert browser.open(path).status_code == 404, path
    assert browser.send("/accounts/logout").location == "/accounts/login"
    assert (
        browser.send(
            "/accounts/login", email="alice", password=PASSWORD
        ).location
        == "/accounts/profile"
    )


@one_database
def test_a_form_of_ours_needs_its_token_in_a_host_as_well(
    host: Flask,
) -> None:
    with operations(host) as auth:
        account(auth, "alice")
        browser = Browser(host)
        token = form_token(browser.open("/login"))
        typed = {"email": "alice", "password": PASSWORD}

        bare = browser.client.post("/login", data=typed, headers=HTML)
        foreign = browser.client.post(
            "/login",
            data={**typed, "csrf_token": token},
            headers={**HTML, "Origin": "https://evil.example"},
        )
        program = host.test_client().post(
            "/sessions", data=typed, headers={"Origin": "https://evil.example"}
        )

    assert bare.status_code == 422
    assert foreign.status_code == program.status_code == 403


@one_database
def test_a_view_of_the_host_leaves_nobody_behind_in_its_thread(
    host: Flask,
) -> None:
    host.add_url_rule("/actor", "actor", lambda: str(circumstances().actor_id))
    with operations(host) as auth:
        account(auth, "alice")
        browser = Browser(host)
        browser.sign_in("alice")

        assert browser.open("/orders").text == "The orders of alice"

        assert host.test_client().get("/actor").text == "None"


@one_database
def test_two_applications_in_one_process_know_nothing_of_each_other(
    host: Flask, auth: Auth, alice: User, tmp_path: Path
) -> None:
    # The same database, but each with a key and cookies of its own.
    other = create_app(auth=auth)
    theirs, ours = Browser(other), Browser(host)
    planted = form_token(theirs.open("/login"))
    visit = theirs.client.get_cookie("vestibule_visit")
    assert visit
    ours.client.set_cookie("vestibule_visit", visit.value)

    refused = ours.client.post(
        "/login",
        data={"email": "alice", "password": PASSWORD, "csrf_token": planted},
        headers=HTML,
    )

    assert refused.status_code == 422
    assert ours.sign_in("alice").status_code == 302
    assert theirs.sign_in("alice").status_code == 302
    assert "Welcome to Shop" in ours.open("/").text
    assert "Welcome to Vestibule" in theirs.open("/").text
    assert theirs.open("/orders").status_code == 404
    assert "Page not found" in theirs.open("/nowhere").text
    assert "Page not found" not in ours.open("/nowhere").text


@one_database
def test_the_extension_serves_several_hosts(auth: Auth, alice: User) -> None:
    extension = Vestibule()
    hosts = [Flask("one"), Flask("two")]
    for app in hosts:
        extension.init_app(app, auth)

    for app in hosts:
        assert Browser(app).sign_in("alice").status_code == 302
        with app.test_request_context():
            assert current_app.extensions["vestibule"].auth is auth
