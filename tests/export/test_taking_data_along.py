"""Taking one's data along, by the page and by a program."""

import io
import json
import re
import zipfile
from typing import Any

import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import text

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
from vestibule.auth import Auth
from vestibule.policy import OPERATOR
from vestibule.user import User

MOMENT = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"
PATH = "/users/alice/export"
one_database = pytest.mark.parametrize(
    "database_url", ["sqlite"], indirect=True
)


def unpacked(content: bytes) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Open a zip file; give what it tells, and its other files."""
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        assert file.testzip() is None
        files = {name: file.read(name) for name in file.namelist()}
    for name in files:
        assert re.fullmatch(r"[a-z-]+\.[a-z]{3,4}", name), name
    return json.loads(files.pop("my-data.json")), files


@pytest.mark.asvs("5.4.1", "5.4.2")
def test_the_file_of_somebody_who_used_everything(
    browser: Browser, auth: Auth, alice: User
) -> None:
    lived_in(auth, alice)
    auth.email_changes.start(alice, "new@example.com")
    browser.sign_in("alice")
    page = browser.open(PATH)
    assert "Passwords are not in it." in page.text

    sent = browser.send(PATH)

    assert sent.status_code == 200
    assert sent.mimetype == "application/zip"
    assert sent.headers["Content-Disposition"] == (
        "attachment; filename=my-data.zip; filename*=UTF-8''alice.zip"
    )
    assert sent.headers["Cache-Control"] == "no-store"
    assert sent.headers["X-Content-Type-Options"] == "nosniff"
    facts, files = unpacked(sent.data)
    assert {*facts} == {
        "format",
        "made_at",
        "profile",
        "sessions",
        "known_devices",
        "email_verification",
        "email_changes",
        "pictures",
        "host_fields",
        "feedback",
        "totp",
        "passkeys",
        "recovery_codes",
        "second_factors",
        "letters",
        "activity",
    }
    assert facts["format"] == 1
    profile = facts["profile"]
    assert profile["username"] == "alice"
    assert profile["email"] == "alice@example.com"
    assert profile["is_admin"] is False
    assert profile["is_active"] is True
    assert facts["host_fields"] == {"town": "aliceville"}
    assert facts["email_verification"] == {"new_address": "new@example.com"}
    [item] = facts["feedback"]
    assert (item["title"], item["content"]) == ("A door", "It is heavy")
    assert facts["pictures"]["media_type"] == "image/png"
    [device] = facts["second_factors"]
    assert {*device} == {
        *("created_at", "seen_at", "ends_at", "address", "agent"),
    }
    assert {letter["state"] for letter in facts["letters"]} == {"waiting"}
    newest = [happened["act"] for happened in facts["activity"][:2]]
    assert "login" in newest
    [(name, picture)] = files.items()
    assert name == "picture.png"
    with Image.open(io.BytesIO(picture)) as opened:
        assert opened.size == (facts["pictures"]["width"], 40)


def test_moments_are_written_as_the_standard_says(
    auth: Auth, alice: User
) -> None:
    lived_in(auth, alice)

    def moments(value: Any, name: str = "") -> list[Any]:
        """List all that is called a moment."""
        if isinstance(value, dict):
            return [m for k, v in value.items() for m in moments(v, k)]
        if isinstance(value, list):
            return [m for v in value for m in moments(v)]
        return [value] if name == "at" or name.endswith("_at") else []

    facts, _ = unpacked(auth.export.take(alice, by=OPERATOR))

    found = moments(facts)
    assert len(found) > 10
    for moment in found:
        assert moment is None or re.fullmatch(MOMENT, moment), moment


def test_an_account_that_did_nothing_gets_a_small_file(
    auth: Auth, alice: User
) -> None:
    facts, files = unpacked(auth.export.take(alice, by=OPERATOR))

    assert files == {}
    assert {*facts} == {"format", "made_at", "profile", "activity"}


def test_any_letters_stand_as_they_were_written(
    browser: Browser, auth: Auth
) -> None:
    words = 'Дверь \U0001f6aa <b>"тяжёлая"</b>\n\u202eназад'
    olga = auth.registration.register(
        "olga@example.com", PASSWORD, "Ольга", by_operator=True
    )
    auth.feedback.add(olga, "Дверь", words, by=OPERATOR)
    browser.sign_in("Ольга")

    sent = browser.send("/users/Ольга/export")

    facts, _ = unpacked(sent.data)
    assert facts["profile"]["username"] == "Ольга"
    assert facts["feedback"][0]["content"] == words
    with zipfile.ZipFile(io.BytesIO(sent.data)) as file:
        # As it is, not by numbers.
        assert "Дверь" in file.read("my-data.json").decode()
    said = sent.headers["Content-Disposition"]
    assert said.startswith("attachment; ")
    assert "filename*=UTF-8''%D0%9E%D0%BB%D1%8C%D0%B3%D0%B0.zip" in said
    said.encode("ascii")


def test_a_program_takes_the_same_along(
    app: Flask, auth: Auth, alice: User
) -> None:
    lived_in(auth, alice)
    program = Program(app)
    program.bear("alice")

    answer = program.call("GET", PATH)

    assert answer.status_code == 200
    assert answer.mimetype == "application/zip"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "attachment" in answer.headers["Content-Disposition"]
    facts, files = unpacked(answer.data)
    assert facts["profile"]["username"] == "alice"
    assert {*files} == {"picture.png"}


def test_it_is_for_its_owner_alone(
    app: Flask, auth: Auth, alice: User, bob: User, admin: User
) -> None:
    for name in ("bob", "admin"):
        browser, program = Browser(app), Program(app)
        browser.sign_in(name)
        program.bear(name)
        token = form_token(browser.open(f"/users/{name}/export"))
        alices, nobodys = (
            browser.client.post(
                f"/users/{whose}/export",
                data={"csrf_token": token},
                headers=HTML,
            )
            for whose in ("alice", "nobody")
        )
        assert alices.status_code == nobodys.status_code == 403
        # The switch of the language leads back to the same address.
        same = nobodys.text.replace("/users/nobody/", "/users/alice/")
        assert alices.text == same
        assert told(program.call("GET", PATH)) == (403, "forbidden")
    stranger = Program(app)
    assert told(stranger.call("GET", PATH)) == (401, "auth.required")
    assert Browser(app).open(PATH).location == f"/login?next={PATH}"


def test_it_takes_a_fresh_proof(
    browser: Browser, app: Flask, alice: User, clock: TurnableClock
) -> None:
    browser.sign_in("alice")
    program = Program(app)
    program.bear("alice")
    token = form_token(browser.open(PATH))
    clock.turn(seconds=301)

    sent = browser.client.post(PATH, data={"csrf_token": token}, headers=HTML)

    assert sent.location == f"/confirm?next={PATH}"
    assert told(program.call("GET", PATH)) == (401, "proof.too_old")
    back = browser.send(sent.location, password=PASSWORD)
    assert back.location == PATH
    assert browser.send(PATH).mimetype == "application/zip"


@pytest.mark.asvs("2.3.2")
def test_ten_in_a_while_are_enough(
    browser: Browser,
    app: Flask,
    auth: Auth,
    alice: User,
    bob: User,
    *,
    clock: TurnableClock,
) -> None:
    browser.sign_in("alice")
    for _ in range(10):
        assert browser.send(PATH).mimetype == "application/zip"

    held_up = browser.send(PATH)

    assert held_up.status_code == 429
    assert held_up.headers["Retry-After"] == "60"
    assert "Too many tries. Try again in 1 minute" in held_up.text
    program = Program(app)
    program.bear("alice")
    refused = program.call("GET", PATH)
    assert told(refused) == (429, "rate.wait")
    assert refused.headers["Retry-After"] == "60"
    assert auth.export.take(bob, by=OPERATOR)
    clock.turn(seconds=60)
    assert browser.send(PATH).mimetype == "application/zip"


@one_database
def test_only_a_form_of_ones_own_hands_it_over(
    browser: Browser, alice: User
) -> None:
    browser.sign_in("alice")

    for token in ({}, {"csrf_token": "guessed"}):
        sent = browser.client.post(PATH, data=token, headers=HTML)
        assert sent.status_code == 422
        assert sent.mimetype == "text/html"


@one_database
def test_a_picture_whose_file_is_lost_does_not_stand_in_the_way(
    auth: Auth, alice: User
) -> None:
    lived_in(auth, alice)
    for file in (auth.settings.data_folder / "pictures").rglob("*.png"):
        file.unlink()

    facts, files = unpacked(auth.export.take(alice, by=OPERATOR))

    assert files == {}
    assert "pictures" not in facts


@one_database
def test_the_page_says_nothing_more_after_the_download(
    browser: Browser, alice: User
) -> None:
    browser.sign_in("alice")
    browser.send(PATH)

    assert notices(browser.open("/users/alice")) == []


@one_database
def test_a_moment_of_no_year_we_know_is_told_as_the_nearest(
    auth: Auth, alice: User
) -> None:
    auth.db.write(text("UPDATE vestibule_users SET created_at = -1"))
    person = auth.db.find_user_by(id=alice.id)

    facts, _ = unpacked(auth.export.take(person, by=OPERATOR))

    assert facts["profile"]["created_at"] == "1970-01-01T00:00:00Z"


def test_another_site_s_link_leaves_nothing_on_the_disk(
    app: Flask, auth: Auth, alice: User
) -> None:
    program = Program(app)
    program.sign_in("alice")

    refused = program.call(
        "GET", "/users/alice/export", headers={"Sec-Fetch-Site": "cross-site"}
    )

    assert told(refused) == (403, "request.foreign")
    own = program.call(
        "GET", "/users/alice/export", headers={"Sec-Fetch-Site": "same-origin"}
    )
    assert own.status_code == 200


def test_a_long_history_is_cut_to_its_latest_part(
    auth: Auth, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vestibule.capabilities.export.operations.LATEST", 3)
    for _ in range(5):
        auth.history.record("session.end", alice.id)
    auth.history.record("login", alice.id)

    facts, _ = unpacked(auth.export.take(alice, by=OPERATOR))

    # The export itself is noted with what it gives.
    assert len(facts["activity"]) == 3
    assert facts["activity"][0]["act"] == "login"
