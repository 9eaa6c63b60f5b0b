"""Passkeys through the API, and what the pages ask before they answer."""

import json

import pytest
from flask import Flask
from flask.testing import FlaskClient

from conftest import PASSWORD, Browser, form_token
from vestibule import testing
from vestibule.ground.knobs import SettingsError
from vestibule.settings import Settings
from vestibule.testing.authenticators import Authenticator
from vestibule.user import User

API = "/api/v1"


@pytest.fixture
def device() -> Authenticator:
    """Give an honest device."""
    return Authenticator()


def asked(program: FlaskClient, path: str, **body: str) -> dict[str, object]:
    """Ask the API what the browser is asked."""
    answer = program.post(f"{API}{path}/options", json=body or None)
    assert answer.status_code == 200, answer.json
    found: dict[str, object] = answer.get_json()["public_key"]
    return found


def test_programs_add_show_rename_and_remove_passkeys(
    app: Flask, alice: User, device: Authenticator, program: FlaskClient
) -> None:
    anna = testing.sign_in(app, alice)
    options = anna.post(f"{API}/passkey-options").get_json()["public_key"]
    made = {"credential": device.create(options)}
    one = anna.post(f"{API}/passkeys", json=made).get_json()
    assert (one["name"], one["used_at"]) == ("Passkey", None)

    # A passkey alone signs in.
    shown = {"credential": device.get(asked(program, "/passkey-sessions"))}
    body = {**shown, "bearer": True}
    session = program.post(f"{API}/passkey-sessions", json=body)
    assert session.status_code == 201
    assert session.get_json()["user"]["username"] == "alice"
    again = program.post(f"{API}/passkey-sessions", json=body)
    assert (again.status_code, again.get_json()["code"]) == (
        401,
        "passkey.incorrect",
    )

    # The password alone does not any more.
    typed = {"name": "alice", "password": PASSWORD, "bearer": True}
    waits = program.post(f"{API}/sessions", json=typed)
    assert waits.status_code == 202
    waiting = waits.get_json()["waiting"]
    second = "/sessions/second-factor/passkey"
    step = device.get(asked(program, second, waiting=waiting))
    done = program.post(
        API + second,
        json={"waiting": waiting, "credential": step, "bearer": True},
    )
    assert done.status_code == 201

    proof = "/sessions/current/proof/passkey"
    fresh = {"credential": device.get(asked(anna, proof))}
    assert anna.post(API + proof, json=fresh).status_code == 200

    path = f"{API}/passkeys/{one['id']}"
    named = anna.patch(path, json={"name": "My telephone"}).get_json()
    assert named["name"] == "My telephone"
    assert named["used_at"]
    assert anna.delete(path).status_code == 204
    assert anna.get(f"{API}/passkeys").get_json() == {"items": []}


@pytest.mark.attack("A10")
def test_pages_tell_options_only_to_a_form_of_their_own(
    browser: Browser, alice: User
) -> None:
    browser.sign_in(alice.username)
    for path in ("/account/passkeys/options", "/confirm/passkey/options"):
        page = browser.open("/account/passkeys/new")
        bare = browser.client.post(path, data={})
        own = browser.client.post(path, data={"csrf_token": form_token(page)})

        assert (bare.status_code, own.status_code) == (422, 200), path


def test_a_page_takes_a_passkey_only_in_the_visit_that_asked(
    app: Flask, alice: User
) -> None:
    device = Authenticator()
    anna = testing.sign_in(app, alice)
    options = anna.post(f"{API}/passkey-options").get_json()["public_key"]
    made = {"credential": device.create(options)}
    assert anna.post(f"{API}/passkeys", json=made).status_code == 201
    one, other = Browser(app), Browser(app)
    secrets = [form_token(b.open("/login/passkey")) for b in (one, other)]
    answer = one.client.post(
        "/login/passkey/options", data={"csrf_token": secrets[0]}
    )
    shown = json.dumps(device.get(answer.get_json()["public_key"]))

    for browser, secret, status in (
        (other, secrets[1], 401),
        (one, secrets[0], 302),
    ):
        sent = {"csrf_token": secret, "credential": shown}
        answer = browser.client.post("/login/passkey", data=sent)
        assert answer.status_code == status


@pytest.mark.settings(
    base_url="https://id.example.com",
    passkey_origins="https://shop.example.org",
)
def test_others_find_where_passkeys_are_kept_and_asked_for(
    program: FlaskClient,
) -> None:
    places = program.get("/.well-known/passkey-endpoints").get_json()
    related = program.get("/.well-known/webauthn").get_json()

    assert places == {
        "enroll": "https://id.example.com/account/passkeys/new",
        "manage": "https://id.example.com/account/passkeys",
    }
    assert related == {"origins": ["https://shop.example.org"]}


def test_without_other_sites_nothing_is_told_of_them(
    program: FlaskClient,
) -> None:
    assert program.get("/.well-known/webauthn").status_code == 404


@pytest.mark.parametrize(
    "wrong",
    [
        "http://shop.example.org",
        "https://shop.example.org/path",
        "https://Shop.example.org:443",
        "shop.example.org",
    ],
)
def test_other_sites_are_origins_by_https(wrong: str) -> None:
    with pytest.raises(SettingsError, match="PASSKEY_ORIGINS"):
        Settings.load({}, passkey_origins=wrong)
