"""The life of an account, told at the API."""

from typing import Any

import pytest
from flask import Flask

from conftest import PASSWORD, Browser, Postbox, TurnableClock
from programs import Program, spots, told
from vestibule.auth import Auth
from vestibule.ground.clock import written
from vestibule.ground.names import FullName
from vestibule.policy import OPERATOR
from vestibule.user import User

NEW = "four other random words"
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108020000009077"
    "53de0000000c49444154789c63f8cfc0000003010100c9fe92ef0000000049"
    "454e44ae426082"
)


@pytest.fixture
def api(app: Flask) -> Program:
    """Give the test a program at the API."""
    return Program(app)


def sign_up(api: Program, **typed: Any) -> Any:
    """Create an account."""
    filled = {"email": "carol@example.com", "password": PASSWORD, **typed}
    return api.call("POST", "/users", filled)


def test_an_account_is_created_and_nobody_is_signed_in(
    api: Program, auth: Auth
) -> None:
    made = sign_up(api)

    assert made.status_code == 201
    assert made.json == {
        "email": "carol@example.com",
        "verification_required": False,
    }
    assert "Set-Cookie" not in made.headers
    assert api.whoami() is None
    assert api.sign_in("carol").status_code == 201
    assert api.whoami() == "carol"


def test_a_username_may_be_chosen(api: Program) -> None:
    assert sign_up(api, username="caroline").status_code == 201
    assert api.sign_in("caroline").status_code == 201


def test_what_is_wrong_with_a_new_account_stands_at_its_field(
    api: Program, alice: User
) -> None:
    wrong = sign_up(api, email="carol", username="a", password="short")

    assert told(wrong) == (422, "username.too_short")
    assert spots(wrong) == {
        "email": "email.format",
        "username": "username.too_short",
        "password": "password.too_short",
    }
    taken = sign_up(api, email="ALICE@example.com")
    assert told(taken) == (409, "email.taken")
    assert spots(taken) == {"email": "email.taken"}
    taken = sign_up(api, username="Alice")
    assert told(taken) == (409, "username.taken")


@pytest.mark.settings(name_fields="true")
def test_names_are_taken_and_changed_where_they_are_asked_for(
    api: Program,
) -> None:
    made = sign_up(api, first_name="Carol", last_name=" ")
    api.sign_in("carol")

    assert made.status_code == 201
    profile = api.call("GET", "/profile").json
    assert profile["first_name"] == "Carol"
    assert profile["last_name"] is None
    changed = api.call("PATCH", "/profile", {"last_name": "Danvers"}).json
    assert changed["first_name"] == "Carol"
    assert changed["last_name"] == "Danvers"
    changed = api.call("PATCH", "/profile", {"first_name": ""}).json
    assert changed["first_name"] is None
    assert changed["last_name"] == "Danvers"


def test_two_changes_at_once_lose_nothing(
    api: Program, auth: Auth, alice: User
) -> None:
    # Both have read the profile before either writes.
    other = auth.db.find_user_by(id=alice.id)

    auth.profile.update(
        alice,
        "alice",
        alice.email,
        FullName("Alice", alice.last_name),
        by=OPERATOR,
    )
    auth.profile.update(
        other,
        "alice",
        other.email,
        FullName(other.first_name, "Liddell"),
        by=OPERATOR,
    )

    api.sign_in("alice")
    profile = api.call("GET", "/profile").json
    assert (profile["first_name"], profile["last_name"]) == (
        "Alice",
        "Liddell",
    )


def test_names_are_unknown_where_they_are_not_asked_for(
    api: Program, alice: User
) -> None:
    assert told(sign_up(api, first_name="Carol")) == (422, "field.unknown")
    api.sign_in("alice")
    refused = api.call("PATCH", "/profile", {"first_name": "Alice"})
    assert told(refused) == (422, "field.unknown")


@pytest.mark.asvs("3.3.4")
def test_a_sign_in_sets_a_cookie_and_keeps_its_token_to_itself(
    api: Program, alice: User, clock: TurnableClock
) -> None:
    answer = api.sign_in("alice@example.com")

    assert answer.status_code == 201
    assert answer.headers["Cache-Control"] == "no-store"
    cookie = api.client.get_cookie("session_id")
    assert cookie
    assert cookie.value not in answer.text
    assert cookie.http_only
    assert cookie.max_age is None
    assert answer.json == {
        "user": {
            "id": alice.id,
            "username": "alice",
            "email": "alice@example.com",
        },
        "created_at": written(clock.now()),
        "idle_until": written(clock.now() + 12 * 3600),
        "expires_at": written(clock.now() + 7 * 86400),
        "warnings": [],
    }


def test_to_be_remembered_lasts_longer(
    api: Program, alice: User, clock: TurnableClock
) -> None:
    typed = {"name": "alice", "password": PASSWORD, "remember": True}
    answer = api.call("POST", "/sessions", typed)

    assert answer.json["expires_at"] == written(clock.now() + 30 * 86400)
    cookie = api.client.get_cookie("session_id")
    assert cookie
    assert cookie.max_age == 30 * 86400


@pytest.mark.attack(28)
def test_wrong_credentials_are_refused_alike(
    api: Program, alice: User
) -> None:
    wrong = api.sign_in("alice", "a guess")
    nobody = api.sign_in("nobody", "a guess")

    assert told(wrong) == (401, "credentials.incorrect")
    assert wrong.data == nobody.data
    assert {*wrong.headers} == {*nobody.headers}
    assert "Set-Cookie" not in wrong.headers


def test_the_session_at_hand_tells_how_long_it_goes_on(
    api: Program, alice: User, clock: TurnableClock
) -> None:
    begun = clock.now()
    api.sign_in("alice")
    clock.turn(hours=2)

    session = api.call("GET", "/sessions/current").json

    assert session["user"]["username"] == "alice"
    assert session["by"] == "cookie"
    assert session["created_at"] == written(begun)
    assert session["idle_until"] == written(clock.now() + 12 * 3600)
    assert session["expires_at"] == written(begun + 7 * 86400)
    clock.turn(hours=12)
    over = api.call("GET", "/sessions/current")
    assert told(over) == (401, "auth.required")


def test_a_sign_out_ends_the_session_and_takes_the_cookie_back(
    api: Program, alice: User, auth: Auth
) -> None:
    api.sign_in("alice")
    cookie = api.client.get_cookie("session_id")
    assert cookie

    answer = api.call("DELETE", "/sessions/current")

    assert answer.status_code == 204
    assert answer.data == b""
    assert api.client.get_cookie("session_id") is None
    assert auth.get_user_from_session_id(cookie.value) is None
    assert api.whoami() is None


def test_a_profile_tells_what_is_true(
    api: Program, alice: User, clock: TurnableClock
) -> None:
    api.sign_in("alice")

    assert api.call("GET", "/profile").json == {
        "id": alice.id,
        "username": "alice",
        "email": "alice@example.com",
        "email_verified": True,
        "pending_email": None,
        "first_name": None,
        "last_name": None,
        "picture": None,
        "is_admin": False,
        "is_active": True,
        "created_at": written(clock.now()),
    }


def test_only_what_is_sent_changes(
    api: Program, alice: User, bob: User, auth: Auth
) -> None:
    api.sign_in("alice")

    assert api.call("PATCH", "/profile", {}).json["username"] == "alice"
    changed = api.call("PATCH", "/profile", {"username": "alicia"})

    assert changed.status_code == 200
    assert changed.json["username"] == "alicia"
    assert changed.json["email"] == "alice@example.com"
    for name, code in (
        ("", "username.required"),
        ("a", "username.too_short"),
        ("admin", "username.reserved"),
    ):
        refused = api.call("PATCH", "/profile", {"username": name})
        assert spots(refused) == {"username": code}
    taken = api.call(
        "PATCH", "/profile", {"username": "bob", "email": "x@y.z"}
    )
    assert told(taken) == (409, "username.taken")
    assert api.call("GET", "/profile").json["pending_email"] is None


def test_a_new_address_waits_until_its_link_is_used(
    api: Program, app: Flask, alice: User, postbox: Postbox
) -> None:
    api.sign_in("alice")

    changed = api.call("PATCH", "/profile", {"email": "new@example.com"})

    assert changed.json["email"] == "alice@example.com"
    assert changed.json["pending_email"] == "new@example.com"
    old = postbox.link("/verify-email/").rpartition("/")[2]
    again = api.call("POST", "/email-verification")
    assert again.status_code == 202
    assert again.json == {"email": "new@example.com"}
    token = postbox.link("/verify-email/").rpartition("/")[2]
    stranger = Program(app)
    dead = stranger.call("PUT", "/email-verification", {"token": old})
    assert told(dead) == (410, "link.invalid")
    # Reading the mail does not show whose account it is.
    unproven = stranger.call("PUT", "/email-verification", {"token": token})
    assert told(unproven) == (401, "email.password")
    done = api.call("PUT", "/email-verification", {"token": token})
    assert done.status_code == 200
    assert done.json == {"email": "new@example.com"}
    profile = api.call("GET", "/profile").json
    assert profile["email"] == "new@example.com"
    assert profile["email_verified"] is True
    assert profile["pending_email"] is None
    used = stranger.call("PUT", "/email-verification", {"token": token})
    assert told(used) == (410, "link.invalid")


@pytest.mark.asvs("6.2.2")
def test_a_password_change_keeps_this_session_and_ends_the_others(
    app: Flask, alice: User
) -> None:
    here, there, bearer = Program(app), Program(app), Program(app)
    here.sign_in("alice")
    there.sign_in("alice")
    bearer.bear("alice")
    typed = {"old_password": "a guess", "new_password": NEW}
    refused = here.call("PUT", "/password", typed)
    assert told(refused) == (401, "old_password.incorrect")
    assert spots(refused) == {"old_password": "old_password.incorrect"}
    typed = {"old_password": PASSWORD, "new_password": "password"}
    refused = here.call("PUT", "/password", typed)
    assert spots(refused) == {"new_password": "password.common"}
    typed["new_password"] = PASSWORD
    same = here.call("PUT", "/password", typed)
    assert spots(same) == {"new_password": "password.same"}

    done = here.call("PUT", "/password", {**typed, "new_password": NEW})

    assert done.status_code == 204
    assert here.whoami() == "alice"
    assert there.whoami() is None
    assert bearer.whoami() is None
    assert told(there.sign_in("alice")) == (401, "credentials.incorrect")
    assert there.sign_in("alice", NEW).status_code == 201


def test_a_bearer_keeps_its_own_session_at_a_password_change(
    app: Flask, alice: User
) -> None:
    bearer, cookie = Program(app), Program(app)
    bearer.bear("alice")
    cookie.sign_in("alice")
    typed = {"old_password": PASSWORD, "new_password": NEW}

    assert bearer.call("PUT", "/password", typed).status_code == 204

    assert bearer.whoami() == "alice"
    assert cookie.whoami() is None


def test_a_mailed_token_sets_a_new_password_once(
    app: Flask, api: Program, alice: User, postbox: Postbox
) -> None:
    signed_in = Program(app)
    signed_in.sign_in("alice")
    asked = api.call("POST", "/password-reset", {"email": alice.email})
    assert asked.status_code == 202
    assert asked.data == b""
    token = postbox.link("/password_reset/").rpartition("/")[2]
    weak = {"token": token, "new_password": "password"}
    refused = api.call("PUT", "/password-reset", weak)
    assert told(refused) == (422, "password.common")
    assert spots(refused) == {"new_password": "password.common"}

    typed = {"token": token, "new_password": NEW}
    done = api.call("PUT", "/password-reset", typed)

    assert (done.status_code, done.get_json()) == (200, {"device": None})
    [cookie] = done.headers.getlist("Set-Cookie")
    assert cookie.startswith("vestibule_device=")
    assert api.whoami() is None
    assert signed_in.whoami() is None
    again = api.call("PUT", "/password-reset", typed)
    assert told(again) == (410, "reset.invalid")
    assert api.sign_in("alice", NEW).status_code == 201


@pytest.mark.attack(71, 88)
@pytest.mark.settings(reset_token_in_answer="true", reveal_accounts="true")
def test_no_setting_puts_the_reset_token_into_an_answer(
    api: Program, alice: User
) -> None:
    asked = api.call("POST", "/password-reset", {"email": alice.email})
    unknown = {"email": "nobody@example.com"}

    assert asked.status_code == 202
    assert asked.data == b""
    refused = api.call("POST", "/password-reset", unknown)
    assert told(refused) == (404, "reset.no_account")


def test_a_picture_is_set_shown_to_a_bearer_and_removed(
    app: Flask, alice: User
) -> None:
    api = Program(app)
    api.bear("alice")

    put = api.call(
        "PUT", "/profile/picture", data=PNG, content_type="image/png"
    )

    assert put.status_code == 200
    address = put.json["picture"]
    assert api.call("GET", "/profile").json["picture"] == address
    bearer = {"Authorization": f"Bearer {api.token}"}
    shown = api.client.get(address, headers=bearer)
    assert shown.mimetype == "image/png"
    assert app.test_client().get(address).status_code == 401
    assert api.call("DELETE", "/profile/picture").status_code == 204
    assert api.call("GET", "/profile").json["picture"] is None
    assert api.client.get(address, headers=bearer).status_code == 404
    assert api.call("DELETE", "/profile/picture").status_code == 204


def test_what_is_no_picture_is_refused(app: Flask, alice: User) -> None:
    api, stranger = Program(app), Program(app)
    api.sign_in("alice")

    def put(who: Program, data: bytes, kind: str) -> tuple[int, str]:
        """Send a body as a picture."""
        path = "/profile/picture"
        return told(who.call("PUT", path, data=data, content_type=kind))

    assert put(api, b"no picture", "image/png") == (422, "picture.kind")
    assert put(api, PNG[:40], "image/png")[0] == 422
    assert put(api, PNG, "application/json") == (415, "http.media_type")
    assert put(api, PNG, "image/gif") == (415, "http.media_type")
    assert put(api, b"x" * (2 << 20) + b"x", "image/png") == (
        413,
        "http.too_large",
    )
    assert put(stranger, PNG, "image/png") == (401, "auth.required")
    assert put(stranger, b"x" * 99_999, "image/png") == (413, "http.too_large")
    assert api.call("GET", "/profile").json["picture"] is None


def test_an_account_that_waits_for_its_confirmation_is_told_so(
    app: Flask, api: Program, browser: Browser
) -> None:
    sign_up(api)
    api.sign_in("carol")

    assert api.call("GET", "/profile").json["email_verified"] is False
    asked = api.call("POST", "/email-verification", {})
    assert asked.json == {"email": "carol@example.com"}
