"""A password alone opens no account that has a second factor, anywhere."""

from collections.abc import Callable

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from conftest import (
    HTML,
    PASSWORD,
    Browser,
    Postbox,
    TurnableClock,
    form_token,
)
from phones import press, second_step, signed_in, with_app
from vestibule.auth import Auth
from vestibule.policy import OPERATOR
from vestibule.user import User

API = "/api/v1/sessions"
NEW = "another long password"
WAITING = "vestibule_waiting"


@pytest.mark.attack(47, 48)
@pytest.mark.asvs("6.3.3", "6.3.4")
def test_the_page_asks_for_the_second_step_and_signs_nobody_in(
    browser: Browser, auth: Auth, alice: User
) -> None:
    phone = with_app(auth, alice)

    answer = browser.sign_in(alice.username)

    assert answer.location == "/login/verify"
    assert browser.client.get_cookie("session_id") is None
    assert not signed_in(browser)
    step = browser.open(answer.location)
    assert "One more step to your account alice" in step.text
    assert second_step(browser, phone.code()).location == "/profile"
    assert signed_in(browser)


@pytest.mark.attack(48)
@pytest.mark.asvs("6.3.4")
def test_the_api_hands_out_what_waits_and_no_session(
    app: Flask, auth: Auth, alice: User
) -> None:
    phone = with_app(auth, alice)
    client = app.test_client()
    typed = {"name": alice.email, "password": PASSWORD, "bearer": True}

    held = client.post(API, json=typed)

    assert held.status_code == 202
    assert held.json
    assert set(held.json) == {"waiting", "ways", "expires_at"}
    assert held.json["ways"] == ["totp"]
    for token in (held.json["waiting"], ""):
        head = {"Authorization": f"Bearer {token}"}
        assert client.get(f"{API}/current", headers=head).status_code == 401
    shown = {"waiting": held.json["waiting"], "code": phone.code()}
    done = client.post(f"{API}/second-factor", json={**shown, "bearer": True})
    assert done.status_code == 201
    assert done.json
    head = {"Authorization": f"Bearer {done.json['token']}"}
    assert client.get(f"{API}/current", headers=head).status_code == 200


@pytest.mark.attack(48)
def test_the_routes_of_the_contract_refuse_such_an_account(
    app: Flask, auth: Auth, alice: User
) -> None:
    with_app(auth, alice)
    client = app.test_client()

    answer = client.post(
        "/sessions", data={"email": alice.email, "password": PASSWORD}
    )

    assert answer.status_code == 401
    assert answer.json
    assert "second step" in answer.json["message"]
    assert client.get_cookie("session_id") is None


@pytest.mark.attack(48)
@pytest.mark.asvs("6.3.4")
def test_the_verbs_of_the_contract_open_no_such_account(
    auth: Auth, alice: User
) -> None:
    assert auth.valid_login(alice.email, PASSWORD)
    with_app(auth, alice)

    assert not auth.valid_login(alice.email, PASSWORD)
    assert auth.create_session(alice.email) is None


@pytest.mark.attack(48)
@pytest.mark.asvs("6.4.3")
def test_a_new_password_by_mail_leaves_the_second_step_where_it_is(
    browser: Browser, auth: Auth, alice: User, postbox: Postbox
) -> None:
    with_app(auth, alice)
    browser.send("/password_reset", email=alice.email)
    link = postbox.link("/password_reset/")
    browser.send(link, password=NEW, confirm_password=NEW)

    answer = browser.sign_in(alice.username, NEW)

    assert answer.location == "/login/verify"
    assert not signed_in(browser)


@pytest.mark.attack(48)
@pytest.mark.asvs("6.3.4")
def test_half_signed_in_one_reaches_nothing_that_is_somebodys(
    app: Flask, browser: Browser, auth: Auth, alice: User
) -> None:
    with_app(auth, alice)
    browser.sign_in(alice.username)

    asked = 0
    for rule in app.url_map.iter_rules():
        act = getattr(app.view_functions[rule.endpoint], "vestibule_act", None)
        if act is None or act.is_public or "GET" not in (rule.methods or ()):
            continue
        path = rule.rule
        for name in rule.arguments:
            value = "1" if name == "number" else alice.username
            path = path.replace(f"<{name}>", value)
        answer = browser.client.get(path, headers=HTML)
        asked += 1
        assert answer.status_code in (302, 401, 404), (path, answer.status)
        if answer.status_code == 302:
            assert answer.location.startswith("/login?"), path
    assert asked > 30


@pytest.mark.attack(52)
def test_between_the_steps_no_password_is_kept_anywhere(
    browser: Browser, auth: Auth, alice: User
) -> None:
    with_app(auth, alice)
    answer = browser.sign_in(alice.username)

    assert PASSWORD not in str(answer.headers)
    for name in ("vestibule_visit", WAITING):
        assert PASSWORD not in str(browser.client.get_cookie(name))


@pytest.mark.attack(53)
def test_a_sign_in_that_waits_can_be_given_up(
    browser: Browser, auth: Auth, alice: User
) -> None:
    phone = with_app(auth, alice)
    browser.sign_in(alice.username)
    waiting = browser.client.get_cookie(WAITING)
    assert waiting

    answer = press_cancel(browser)

    assert answer.location == "/login"
    browser.client.set_cookie(WAITING, waiting.value)
    assert browser.open("/login/verify").location == "/login"
    assert not signed_in(browser)
    # The factor itself is as good as before.
    browser.sign_in(alice.username)
    assert second_step(browser, phone.code()).location == "/profile"


def press_cancel(browser: Browser) -> TestResponse:
    """Press the button that gives the sign-in up."""
    token = form_token(browser.open("/login/verify"))
    return browser.client.post(
        "/login/verify/cancel", data={"csrf_token": token}, headers=HTML
    )


@pytest.mark.attack(55)
@pytest.mark.parametrize(
    "typed", [{}, {"code": ""}, {"code": " "}, {"trust": "true"}]
)
def test_an_empty_form_never_leads_on(
    browser: Browser, auth: Auth, alice: User, typed: dict[str, str]
) -> None:
    with_app(auth, alice)
    browser.sign_in(alice.username)

    answer = press(browser, "/login/verify", **typed)

    assert answer.status_code in (401, 422)
    assert not signed_in(browser)


def test_a_sign_in_waits_for_ten_minutes(
    browser: Browser, auth: Auth, alice: User, clock: TurnableClock
) -> None:
    phone = with_app(auth, alice)
    browser.sign_in(alice.username)
    clock.turn(seconds=599)
    assert browser.open("/login/verify").status_code == 200

    clock.turn(seconds=1)

    answer = browser.open("/login/verify")
    assert answer.location == "/login"
    assert "took too long" in browser.open("/login").text
    assert not signed_in(browser)
    browser.sign_in(alice.username)
    assert second_step(browser, phone.code()).location == "/profile"


def test_a_new_password_ends_what_the_old_one_began(
    browser: Browser, auth: Auth, alice: User
) -> None:
    phone = with_app(auth, alice)
    browser.sign_in(alice.username)
    auth.administration.set_password(alice, NEW)

    token = browser.client.get_cookie(WAITING)
    assert token
    answer = browser.open("/login/verify")

    assert answer.location == "/login"
    browser.sign_in(alice.username, NEW)
    assert second_step(browser, phone.code()).location == "/profile"


def test_an_account_that_is_disabled_meanwhile_is_not_opened(
    browser: Browser, auth: Auth, alice: User
) -> None:
    phone = with_app(auth, alice)
    browser.sign_in(alice.username)
    page = browser.open("/login/verify")
    assert page.status_code == 200
    auth.administration.set_active(alice, is_active=False, by=OPERATOR)

    answer = browser.open("/login/verify")

    assert answer.location == "/login"
    assert phone.code()
    assert not signed_in(browser)


def test_one_comes_out_where_one_wanted_to_go(
    browser: Browser, auth: Auth, alice: User
) -> None:
    phone = with_app(auth, alice)
    asked = browser.open("/account/sessions")
    login = browser.send(asked.location, email="alice", password=PASSWORD)
    assert login.location == "/login/verify?next=/account/sessions"

    done = browser.send(login.location, code=phone.code())

    assert done.location == "/account/sessions"


@pytest.mark.attack(51, 50)
@pytest.mark.asvs("7.5.1", "N30")
def test_a_fresh_proof_takes_the_second_factor_too(
    browser: Browser,
    auth: Auth,
    alice: User,
    bob: User,
    clock: TurnableClock,
) -> None:
    phone, bobs = with_app(auth, alice), with_app(auth, bob)
    browser.sign_in(alice.username)
    second_step(browser, phone.code())
    clock.turn(minutes=10)

    alone = browser.send("/confirm", password=PASSWORD)
    assert alone.status_code == 401
    assert "Enter the code of your second factor" in alone.text
    others = browser.send("/confirm", password=PASSWORD, code=bobs.code())
    assert others.status_code == 401

    both = browser.send("/confirm", password=PASSWORD, code=phone.code())
    assert both.status_code == 302


def test_without_a_factor_the_confirmation_asks_for_no_code(
    browser: Browser, alice: User
) -> None:
    browser.sign_in(alice.username)

    assert 'name="code"' not in browser.open("/confirm").text
    assert browser.send("/confirm", password=PASSWORD).status_code == 302


def test_two_browsers_wait_apart(
    new_browser: Callable[[], Browser], auth: Auth, alice: User, bob: User
) -> None:
    phones = {one.username: with_app(auth, one) for one in (alice, bob)}
    here, there = new_browser(), new_browser()
    here.sign_in("alice")
    there.sign_in("bob")

    assert second_step(here, phones["bob"].code()).status_code == 401
    assert second_step(there, phones["bob"].code()).location == "/profile"
    assert not signed_in(here)


def test_a_cancelling_that_is_not_ones_own_is_asked_again(
    browser: Browser, auth: Auth, alice: User
) -> None:
    phone = with_app(auth, alice)
    browser.sign_in(alice.username)

    answer = browser.client.post(
        "/login/verify/cancel", data={"csrf_token": "forged"}, headers=HTML
    )

    assert answer.status_code == 422
    assert "Cancel" in answer.text
    assert second_step(browser, phone.code()).location == "/profile"


@pytest.mark.attack(53)
def test_signing_out_gives_up_what_waits(
    browser: Browser, auth: Auth, alice: User
) -> None:
    with_app(auth, alice)
    browser.sign_in(alice.username)
    waiting = browser.client.get_cookie(WAITING)
    assert waiting

    browser.send("/logout")

    assert browser.client.get_cookie(WAITING) is None
    browser.client.set_cookie(WAITING, waiting.value)
    assert browser.open("/login/verify").location == "/login"
