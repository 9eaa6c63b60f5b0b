"""What cannot be checked is refused, and nothing but a secret opens."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update

from conftest import HTML, PASSWORD, Browser, form_token
from stagecraft import Opened, both_doors, counts
from vestibule.auth import Auth
from vestibule.db import DB
from vestibule.doors.app import create_app
from vestibule.errors import Unavailable
from vestibule.policy import OPERATOR
from vestibule.settings import Settings
from vestibule.user import User

one_database = pytest.mark.parametrize(
    "database_url", ["sqlite"], indirect=True
)


def parts(auth: Auth) -> dict[str, tuple[object, str]]:
    """Name what a sign-in depends on, and where it lies."""
    return {
        "the look for the account": (auth.db, "find_user_called"),
        "the count of attempts": (auth.throttle, "spend"),
        "the hash": (auth.passwords.hasher, "verify"),
        "the password's being current": (auth.passwords, "is_current"),
        "the sessions": (auth.sessions, "open"),
    }


PARTS = (
    "the look for the account",
    "the count of attempts",
    "the hash",
    "the password's being current",
    "the sessions",
)


def failing(error: type[Exception]) -> Callable[..., Any]:
    """Make a part that fails whatever it is asked."""

    def fail(*_: object, **__: object) -> None:
        """Fail."""
        raise error

    return fail


@pytest.mark.attack(93)
@pytest.mark.asvs("6.3.4", "16.5.3")
@one_database
@pytest.mark.usefixtures("alice")
@pytest.mark.parametrize("part", PARTS)
@both_doors
def test_a_sign_in_that_cannot_be_checked_signs_nobody_in(
    app: Flask,
    auth: Auth,
    opened: Opened,
    part: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert set(parts(auth)) == set(PARTS)
    before = counts(auth)["vestibule_sessions"]
    door = opened(app)
    with monkeypatch.context() as broken:
        broken.setattr(*parts(auth)[part], failing(Unavailable))
        answer = door.sign_in("alice@example.com")

    assert answer.status_code in (500, 503)
    assert door.whoami() is None
    assert counts(auth)["vestibule_sessions"] == before
    assert opened(app).sign_in("alice@example.com").status_code == door.works


@pytest.mark.attack(93, "A31")
@pytest.mark.asvs("16.5.3")
@one_database
@pytest.mark.parametrize("error", [Unavailable, RuntimeError])
def test_a_page_is_not_shown_where_its_reader_may_not_be_known(
    app: Flask,
    auth: Auth,
    admin: User,
    error: type[Exception],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    browser = Browser(app)
    browser.sign_in("admin")
    path = f"/admin/users/{admin.id}"
    assert "admin@example.com" in browser.open(path).text

    for place, name in (
        (auth.sessions, "actor"),
        (auth.policy, "admit"),
    ):
        with monkeypatch.context() as broken:
            broken.setattr(place, name, failing(error))
            page = browser.open(path)

        assert page.status_code in (302, 500, 503), name
        assert "admin@example.com" not in page.text


@pytest.mark.asvs("6.3.2")
@pytest.mark.attack(91, "A7")
def test_nobody_becomes_administrator_by_being_the_first(
    app: Flask, auth: Auth
) -> None:
    first = auth.registration.register("first@example.com", PASSWORD, "first")
    auth.deletion.delete(first, by=OPERATOR)

    Browser(app).send(
        "/register",
        username="second",
        email="second@example.com",
        password1=PASSWORD,
        password2=PASSWORD,
    )

    assert not first.is_admin
    assert not auth.administration.find("second").is_admin
    rules = " ".join(rule.rule for rule in app.url_map.iter_rules())
    assert "setup" not in rules
    assert "install" not in rules


@pytest.mark.attack(92)
@both_doors
def test_an_account_without_a_password_is_claimed_by_nobody(
    app: Flask, auth: Auth, alice: User, opened: Opened
) -> None:
    statement = update(User).where(User.id == alice.id)
    auth.db.write(statement.values(hashed_password="!"))

    for password in ("!", "", "!" * 8, "\x00", PASSWORD):
        door = opened(app)
        door.sign_in("alice@example.com", password)
        assert door.whoami() is None
    door.sign_up("alice@example.com", PASSWORD, "mallory")
    door.sign_in("alice@example.com")

    assert door.whoami() is None


@pytest.mark.asvs("4.1.3", "6.3.4")
@pytest.mark.attack(97, 98)
@one_database
def test_no_header_and_no_server_says_who_comes(
    app: Flask, auth: Auth, alice: User
) -> None:
    claims = {
        "REMOTE_USER": "alice",
        "HTTP_REMOTE_USER": "alice",
        "HTTP_X_REMOTE_USER": "alice@example.com",
        "HTTP_X_FORWARDED_USER": "alice",
        "HTTP_X_FORWARDED_EMAIL": "alice@example.com",
        "AUTH_TYPE": "Basic",
        "HTTP_AUTHORIZATION": "Basic YWxpY2U6Y29ycmVjdCBob3JzZSBiYXR0ZXJ5"
        "IHN0YXBsZQ==",
    }
    client = app.test_client()

    for path in ("/profile", "/api/v1/profile", "/check"):
        answer = client.get(path, environ_overrides=claims)
        assert answer.status_code in (401, 403), path
        assert "alice@example.com" not in answer.text


@pytest.mark.attack(70, 92)
@pytest.mark.asvs("9.1.3")
def test_what_another_key_signed_is_worthless(
    auth: Auth, settings: Settings, alice: User
) -> None:
    old = create_app(auth=auth)
    renewed = settings.having("a test", SECRET_KEY="f" * 8 + "0123456789" * 3)
    later = Auth(DB(renewed, auth.clock))
    new = create_app(auth=later)
    try:
        before, after = Browser(old), Browser(new)
        token = form_token(before.open("/login"))
        visit = before.client.get_cookie("vestibule_visit")
        assert visit is not None
        after.client.set_cookie("vestibule_visit", visit.value)
        typed = {"email": "alice", "password": PASSWORD, "csrf_token": token}
        refused = after.client.post("/login", data=typed, headers=HTML)
        fresh = after.client.get_cookie("vestibule_visit")
        assert fresh is not None
        taken_back = Browser(old)
        taken_back.client.set_cookie("vestibule_visit", fresh.value)
        typed["csrf_token"] = form_token(refused)
        back = taken_back.client.post("/login", data=typed, headers=HTML)
        works = after.sign_in("alice")
    finally:
        later.db.close()

    # The old form is no form any more, and what is signed now is of the
    # new key alone.
    assert (refused.status_code, back.status_code) != (302, 302)
    assert 302 not in (refused.status_code, back.status_code)
    assert works.status_code == 302
