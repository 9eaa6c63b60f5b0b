"""Planted, odd and left-over sessions open nothing, at any door."""

import hashlib
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from conftest import HTML, PASSWORD, Browser, TurnableClock, account
from stagecraft import counts, next_page, rows
from vestibule.auth import Auth
from vestibule.errors import NotProven
from vestibule.ground.randomness import Randomness
from vestibule.policy import OPERATOR
from vestibule.user import User

NEW = "another good password"
Come = Callable[[FlaskClient, str], object]

one_database = pytest.mark.parametrize(
    "database_url", ["sqlite"], indirect=True
)


def by_api(client: FlaskClient, name: str) -> None:
    """Sign in by the API."""
    client.post("/api/v1/sessions", json={"name": name, "password": PASSWORD})


def by_classic(client: FlaskClient, name: str) -> None:
    """Sign in by the route of the contract."""
    typed = {"email": f"{name}@example.com", "password": PASSWORD}
    client.post("/sessions", json=typed)


def token_of(client: FlaskClient) -> str:
    """Read the session that a browser has."""
    cookie = client.get_cookie("session_id")
    assert cookie
    return cookie.value


def who(auth: Auth, token: str) -> str:
    """Say whose a session is, if anybody's."""
    owner = auth.sessions.owner(token)
    return "" if owner is None else owner.username


@pytest.mark.attack(58, 59)
@pytest.mark.parametrize("come", [by_api, by_classic])
@pytest.mark.parametrize("kind", ["made up", "dead", "live"])
def test_a_session_that_was_planted_becomes_nobody_elses(  # noqa: PLR0917
    app: Flask, auth: Auth, alice: User, bob: User, come: Come, kind: str
) -> None:
    planted = Randomness().token()
    if kind != "made up":
        planted = auth.sessions.open(bob.id)
    if kind == "dead":
        auth.sessions.end(planted)
    client = app.test_client()
    client.set_cookie("session_id", planted)

    come(client, "alice")

    assert who(auth, token_of(client)) == "alice"
    assert token_of(client) != planted
    # That of the attacker is over, as its cookie is replaced.
    assert who(auth, planted) == ""


@pytest.mark.attack(58)
def test_at_the_page_whoever_planted_a_session_stays_who_they_are(
    app: Flask, auth: Auth, alice: User, bob: User
) -> None:
    planted, browser = auth.sessions.open(bob.id), Browser(app)
    typed = {"email": "alice", "password": PASSWORD}
    browser.client.set_cookie("session_id", planted)

    answer = browser.client.post("/login", data=typed, headers=HTML)

    assert answer.location.endswith("/profile")
    assert who(auth, planted) == "bob"
    assert 'value="bob"' in browser.open("/profile").text
    assert counts(auth)["vestibule_sessions"] == 1


@pytest.mark.attack(58, 59)
def test_a_proof_makes_no_planted_or_foreign_session_fresh(
    auth: Auth, alice: User, bob: User, clock: TurnableClock
) -> None:
    own, bobs = auth.sessions.open(alice.id), auth.sessions.open(bob.id)
    clock.turn(minutes=30)

    fresh = auth.recent_proof.confirm(alice, PASSWORD, own).token

    assert who(auth, own) == ""
    assert auth.sessions.actor(fresh).proven_at == clock.now()
    assert auth.sessions.actor(bobs).proven_at == clock.now() - 1800
    for dead in (own, Randomness().token(), "", None):
        with pytest.raises(NotProven):
            auth.recent_proof.confirm(alice, PASSWORD, dead)
    assert counts(auth)["vestibule_sessions"] == 2


@pytest.mark.attack(60)
def test_whoever_comes_next_to_a_browser_sees_nothing_of_the_last(
    auth: Auth, alice: User, bob: User, browser: Browser
) -> None:
    auth.profile.update(alice, "aliceliddell", "w@wonder.example", by=OPERATOR)
    auth.feedback.add(alice, "rabbit", "white rabbit", by=OPERATOR)
    browser.sign_in("aliceliddell")
    old = token_of(browser.client)
    for path in ("/profile", "/account/sessions", "/users/aliceliddell"):
        assert browser.open(path).status_code == 200
    browser.send("/profile", username="x y", email="rabbit")
    browser.send("/logout")
    browser.sign_in("bob")

    for path in (
        *("/", "/profile", "/account/sessions", "/users/bob", "/preferences"),
        *("/password/change", "/account/not-me", "/logout", "/nowhere"),
    ):
        page = browser.open(path).text
        assert "aliceliddell" not in page, path
        assert "rabbit" not in page, path
        assert "wonder.example" not in page, path
    assert who(auth, old) == ""
    assert token_of(browser.client) != old


@pytest.mark.attack(60)
def test_a_token_that_is_over_is_never_given_again(
    auth: Auth, alice: User, browser: Browser
) -> None:
    given = []
    for _ in range(12):
        browser.sign_in("alice")
        given.append(token_of(browser.client))
        browser.send("/confirm", password=PASSWORD)
        given.append(token_of(browser.client))
        browser.send("/logout")

    assert len(set(given)) == 24
    assert {who(auth, token) for token in given} == {""}
    assert counts(auth)["vestibule_sessions"] == 0


@pytest.mark.attack(61)
@one_database
def test_what_is_no_token_opens_no_door(
    app: Flask, auth: Auth, alice: User
) -> None:
    token = auth.sessions.open(alice.id)
    (device,) = auth.sessions.devices(alice, token)
    print_ = hashlib.sha256(token.encode())
    client = app.test_client(use_cookies=False)
    before = rows(auth)

    for odd in (
        *("", " ", "0", "1", "None", "null", "undefined", "*", "%", "..", "-"),
        *(str(alice.id), "alice", device.handle, print_.hexdigest()),
        *(token[:-1], token + "A", token.swapcase(), token[::-1], "A" * 43),
        *("' OR 1=1 --", "x" * 8000, "%00", "\x7f", f"{token},{token}"),
    ):
        cookie = {"Cookie": f"session_id={odd}"}
        bearer = {"Authorization": f"Bearer {odd}"}
        for path, shut in (
            ("/profile", 403),
            ("/check", 401),
            ("/api/v1/sessions", 401),
        ):
            status = client.get(path, headers=cookie).status_code
            assert status == shut, (odd, path)
        status = client.get("/check", headers=bearer).status_code
        assert status == 401, odd
        status = client.delete("/api/v1/sessions", headers=bearer).status_code
        assert status == 401, odd

    assert rows(auth) == before
    assert who(auth, token) == "alice"


@pytest.mark.attack(62, "A16")
def test_hundreds_of_strangers_fill_nothing(app: Flask, auth: Auth) -> None:
    client = app.test_client(use_cookies=False)
    paths = ["/", "/login", "/register", "/password_reset", "/profile"]
    paths += ["/account/sessions", "/check", "/api/v1/sessions", "/nowhere"]
    paths += ["/security/not-me", "/security/not-me/x", "/password_reset/x"]
    before = counts(auth)

    for turn in range(25):
        for path in paths:
            headers = HTML if turn % 2 else {}
            planted = {"Cookie": f"session_id=x{turn}; vestibule_visit=y"}
            answer = client.get(path, headers={**headers, **planted})
            assert answer.status_code < 500, path

    assert counts(auth) == before


@pytest.mark.attack(63, "A17")
def test_each_remembered_device_has_a_secret_that_ends_alone(
    app: Flask, auth: Auth, alice: User, clock: TurnableClock
) -> None:
    browsers = [Browser(app) for _ in range(3)]
    for one in browsers:
        one.send("/login", email="alice", password=PASSWORD, remember="true")
    tokens = [token_of(one.client) for one in browsers]
    clock.turn(days=20)
    assert {who(auth, token) for token in tokens} == {"alice"}

    browsers[0].send("/logout")
    page = next_page(
        browsers[1], browsers[1].send("/confirm", password=PASSWORD)
    )

    assert page.status_code == 200
    fresh = token_of(browsers[1].client)
    known = [who(auth, token) for token in (*tokens, fresh)]
    assert known == ["", "", "alice", "alice"]
    clock.turn(days=11)
    assert {who(auth, token) for token in (*tokens, fresh)} == {""}


@pytest.mark.attack(65)
def test_who_gets_the_names_of_a_deleted_account_gets_no_session_of_it(
    auth: Auth, alice: User
) -> None:
    tokens = [auth.sessions.open(alice.id, remember=r) for r in (True, False)]
    auth.deletion.delete(alice, by=OPERATOR)

    again = account(auth, "alice")

    assert again.id != alice.id
    assert {who(auth, token) for token in tokens} == {""}
    assert auth.sessions.devices(again) == []
    assert counts(auth)["vestibule_sessions"] == 0


@pytest.mark.attack(100)
def test_a_session_from_before_does_not_live_through_the_owners_reset(
    auth: Auth, program: FlaskClient
) -> None:
    squatter = auth.registration.register("sid@example.com", PASSWORD)
    held = [auth.sessions.open(squatter.id, remember=r) for r in (True, False)]

    token = auth.get_reset_password_token("sid@example.com")
    auth.update_password(token, NEW)

    assert {who(auth, one) for one in held} == {""}
    program.set_cookie("session_id", held[0])
    assert program.get("/check").status_code == 401
    assert not auth.valid_login("sid@example.com", PASSWORD)
