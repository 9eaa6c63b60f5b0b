"""Leaving: the page and the call with which an account is deleted."""

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import NoResultFound

from conftest import (
    HTML,
    PASSWORD,
    Browser,
    TurnableClock,
    form_token,
    notices,
)
from programs import Program, told
from residents import lived_in
from stagecraft import at_once, next_page
from vestibule.auth import Auth
from vestibule.policy import OPERATOR
from vestibule.settings import Settings
from vestibule.user import User

LAST = "There must be at least one administrator. Make somebody else one first"


def is_there(auth: Auth, user: User) -> bool:
    """Tell whether an account is there."""
    try:
        auth.db.find_user_by(id=user.id)
    except NoResultFound:
        return False
    return True


def pictures(settings: Settings) -> list[Path]:
    """List the files of pictures."""
    folder = settings.data_folder / "pictures"
    return [path for path in folder.rglob("*") if path.is_file()]


def test_the_page_says_what_goes_and_offers_to_take_it_along(
    browser: Browser, auth: Auth, alice: User
) -> None:
    browser.sign_in("alice")

    page = browser.open("/users/alice/delete").text

    assert "Delete your account" in page
    assert "the account alice (alice@example.com) and its picture" in page
    assert 'href="/users/alice/export"' in page
    assert 'href="/users/alice"' in page
    assert is_there(auth, alice)


def test_somebody_leaves_and_is_signed_out_everywhere(
    browser: Browser,
    new_browser: Callable[[], Browser],
    app: Flask,
    auth: Auth,
    alice: User,
    *,
    settings: Settings,
) -> None:
    lived_in(auth, alice)
    assert len(pictures(settings)) == 1
    phone, script = new_browser(), Program(app)
    phone.sign_in("alice")
    script.bear("alice")
    browser.sign_in("alice")

    sent = browser.send("/users/alice/delete")

    assert (sent.status_code, sent.location) == (302, "/")
    [dropped] = [
        cookie
        for cookie in sent.headers.getlist("Set-Cookie")
        if cookie.startswith("session_id=")
    ]
    assert "Max-Age=0" in dropped
    assert dropped.endswith("; HttpOnly; Path=/; SameSite=Lax")
    assert browser.client.get_cookie("session_id") is None
    home = next_page(browser, sent)
    assert notices(home) == ["Your account was deleted"]
    assert 'href="/login"' in home.text
    assert notices(browser.open("/")) == []
    assert not is_there(auth, alice)
    assert pictures(settings) == []
    assert phone.open("/profile").location == "/login?next=/profile"
    assert script.whoami() is None
    assert browser.sign_in("alice").status_code == 401


def test_a_program_deletes_its_owner(
    app: Flask, auth: Auth, alice: User
) -> None:
    for way in (Program.sign_in, Program.bear):
        user = auth.db.find_user_called("alice")
        program = Program(app)
        way(program, "alice")

        gone = program.call("DELETE", "/users/alice")

        assert (gone.status_code, gone.data) == (204, b"")
        assert not is_there(auth, user)
        assert program.client.get_cookie("session_id") is None
        assert ("Set-Cookie" in gone.headers) == (way is Program.sign_in)
        assert told(program.call("GET", "/profile"))[0] == 401
        heir = auth.registration.register(
            "alice@example.com", PASSWORD, "alice"
        )
        assert program.whoami() is None
        assert heir.id > user.id


def test_it_takes_a_fresh_proof(
    browser: Browser,
    app: Flask,
    auth: Auth,
    alice: User,
    clock: TurnableClock,
) -> None:
    browser.sign_in("alice")
    program = Program(app)
    program.bear("alice")
    token = form_token(browser.open("/users/alice/delete"))
    clock.turn(seconds=301)

    sent = browser.client.post(
        "/users/alice/delete", data={"csrf_token": token}, headers=HTML
    )
    refused = program.call("DELETE", "/users/alice")

    assert sent.location == "/confirm?next=/users/alice/delete"
    assert told(refused) == (401, "proof.too_old")
    assert is_there(auth, alice)


def test_nobody_deletes_somebody_else(
    browser: Browser, app: Flask, auth: Auth, alice: User, bob: User
) -> None:
    browser.sign_in("bob")
    program = Program(app)
    program.bear("bob")
    token = form_token(browser.open("/users/bob/delete"))
    for name in ("alice", "nobody"):
        sent = browser.client.post(
            f"/users/{name}/delete", data={"csrf_token": token}, headers=HTML
        )
        assert sent.status_code == 403
        refused = program.call("DELETE", f"/users/{name}")
        assert told(refused) == (403, "forbidden")
    stranger = browser.client.post("/logout", headers=HTML)
    assert stranger.status_code == 422
    assert told(Program(app).call("DELETE", "/users/alice")) == (
        401,
        "auth.required",
    )
    assert is_there(auth, alice)


def test_a_form_from_elsewhere_deletes_nothing(
    browser: Browser, auth: Auth, alice: User
) -> None:
    browser.sign_in("alice")
    path = "/users/alice/delete"

    for token in ({}, {"csrf_token": "guessed"}):
        sent = browser.client.post(path, data=token, headers=HTML)
        assert sent.status_code == 422
    for header in (
        {"Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
    ):
        data = {"csrf_token": form_token(browser.open(path))}
        sent = browser.client.post(path, data=data, headers={**HTML, **header})
        assert sent.status_code == 403
    assert is_there(auth, alice)


def test_the_last_administrator_is_refused_in_words_and_by_code(
    browser: Browser,
    app: Flask,
    auth: Auth,
    admin: User,
    alice: User,
) -> None:
    browser.sign_in("admin")
    program = Program(app)
    program.bear("admin")

    refused = browser.send("/users/admin/delete")
    assert refused.status_code == 409
    assert LAST in refused.text
    assert "Delete for good" in refused.text
    assert told(program.call("DELETE", "/users/admin")) == (409, "last_admin")
    assert is_there(auth, admin)
    assert browser.open("/profile").status_code == 200

    auth.administration.set_admin(alice, is_admin=True, by=OPERATOR)
    assert browser.send("/users/admin/delete").location == "/"
    assert not is_there(auth, admin)


def test_an_administrator_deletes_somebody_and_stays(
    browser: Browser,
    new_browser: Callable[[], Browser],
    auth: Auth,
    alice: User,
    admin: User,
) -> None:
    victim = new_browser()
    victim.sign_in("alice")
    browser.sign_in("admin")
    page = browser.open("/users/alice/delete").text
    assert "Delete the account of alice" in page
    assert "/users/alice/export" not in page

    sent = browser.send("/users/alice/delete")

    assert sent.status_code == 302
    assert sent.location.startswith("/admin")
    assert notices(next_page(browser, sent)) == ["alice was deleted"]
    assert not is_there(auth, alice)
    assert browser.open("/profile").status_code == 200
    assert victim.open("/profile").status_code == 302


def test_an_administrator_deletes_over_the_api_and_stays(
    app: Flask, auth: Auth, alice: User, admin: User
) -> None:
    program = Program(app)
    program.sign_in("admin")

    gone = program.call("DELETE", "/users/alice")

    assert gone.status_code == 204
    assert program.whoami() == "admin"
    assert told(program.call("DELETE", "/users/alice")) == (404, "missing")
    assert not is_there(auth, alice)


def test_whom_an_operator_deletes_is_signed_out(
    browser: Browser, auth: Auth, alice: User
) -> None:
    browser.sign_in("alice")
    token = form_token(browser.open("/users/alice/delete"))
    auth.deletion.delete(alice, by=OPERATOR)

    sent = browser.client.post(
        "/users/alice/delete", data={"csrf_token": token}, headers=HTML
    )

    assert sent.status_code == 401
    assert browser.open("/users/alice").status_code == 302


def test_pressing_the_button_twice_at_once_does_no_harm(
    app: Flask, auth: Auth, alice: User, bob: User
) -> None:
    programs = [Program(app) for _ in range(3)]
    for program in programs:
        program.bear("alice")

    def leave(program: Program) -> Any:
        """Delete the account by one of the three."""
        return program.call("DELETE", "/users/alice").status_code

    done = at_once([partial(leave, program) for program in programs])

    assert 204 in done
    assert {*done} <= {204, 401}
    assert not is_there(auth, alice)
    assert is_there(auth, bob)


def test_whoever_took_the_name_meanwhile_is_not_deleted_in_its_place(
    browser: Browser, auth: Auth, admin: User, alice: User, bob: User
) -> None:
    browser.sign_in("admin")
    page = browser.open("/users/bob/delete")
    shown = re.search(r'name="account" value="(\d+)"', page.text)
    assert shown
    auth.db.update_user(bob.id, username="bobby")
    auth.db.update_user(alice.id, username="bob")

    answer = browser.client.post(
        "/users/bob/delete",
        data={"csrf_token": form_token(page), "account": shown[1]},
        headers=HTML,
    )

    assert answer.status_code == 409
    assert is_there(auth, alice)
    assert is_there(auth, bob)


def test_an_account_that_a_table_of_the_host_needs_stays_and_says_so(
    app: Flask, auth: Auth, alice: User
) -> None:
    for statement in (
        "CREATE TABLE notes (user_id bigint REFERENCES vestibule_users (id))",
        f"INSERT INTO notes VALUES ({alice.id})",
    ):
        auth.db.write(text(statement))
    program = Program(app)
    program.sign_in("alice")

    refused = program.call("DELETE", "/users/alice")

    assert told(refused) == (409, "account.referred")
    assert program.whoami() == "alice"


def test_whoever_leaves_is_told_so_in_the_language_of_the_account(
    browser: Browser, auth: Auth, alice: User
) -> None:
    auth.preferences.choose(alice, language="ru", theme="dark")
    browser.sign_in("alice")

    home = next_page(browser, browser.send("/users/alice/delete"))

    assert notices(home) == ["Ваш аккаунт удалён"]
    assert '<html lang="ru" data-theme="dark">' in home.text
