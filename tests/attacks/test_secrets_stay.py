"""What is secret is in no answer to a look, in no log and in no object."""

import logging
from collections.abc import Iterator

import pytest
from flask import Flask

from conftest import Browser, Postbox, TurnableClock, account
from deeds import deeds
from policy_stage import Stage, staged
from vestibule.auth import Auth
from vestibule.user import User

CANARY = "canary birds sing 4711"
FORGED = "alice\r\n2026-01-01 INFO everything is fine\x1b[31m"
one_database = pytest.mark.parametrize(
    "database_url", ["sqlite"], indirect=True
)


@pytest.fixture
def stage(app: Flask, auth: Auth, clock: TurnableClock) -> Iterator[Stage]:
    """Set the stage."""
    with staged(app, auth, clock) as made:
        yield made


@pytest.mark.attack(31, 71, 88, "A27")
@pytest.mark.asvs("3.3.4", "14.2.6", "15.3.1")
@one_database
@pytest.mark.settings(
    attempts_per_account=1_000_000, attempts_per_address=1_000_000
)
def test_no_answer_to_a_look_holds_a_secret(stage: Stage) -> None:
    looks = [deed for deed in deeds(stage.app) if deed.method == "GET"]
    tokens = {asker.token for asker in stage.askers.values() if asker.token}
    people = stage.read()["vestibule_users"]
    hashes = {row["hashed_password"] for row in people}
    asked = 0
    for deed in looks:
        for name in ("anonymous", "owner", "admin"):
            answer = stage.ask(stage.askers[name], deed)
            told = [v for key, v in answer.headers if key != "Set-Cookie"]
            shown = "\n".join([answer.text, *told])
            asked += 1

            found = [secret for secret in tokens | hashes if secret in shown]
            assert not found, (deed, name)
            assert "$argon2" not in shown, (deed, name)
    assert asked > 60


@pytest.mark.attack(138, 139)
@pytest.mark.asvs("16.2.5", "16.4.1")
@one_database
def test_nothing_that_was_typed_or_mailed_is_in_the_log(
    browser: Browser,
    auth: Auth,
    postbox: Postbox,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)

    browser.send(
        "/register",
        username="alice",
        email="alice@example.com",
        password1=CANARY,
        password2=CANARY,
    )
    browser.sign_in(FORGED, CANARY)
    browser.open("/no/such%0d%0aINFO%20forged/page")
    browser.client.post("/api/v1/sessions", data="{not json" + CANARY)
    browser.send("/password_reset", email="alice@example.com")
    link = postbox.link("/password_reset/")
    browser.open(link)
    browser.sign_in("alice", CANARY)
    cookie = browser.client.get_cookie("session_id")

    assert cookie is not None
    secrets = [CANARY, link.rpartition("/")[2], cookie.value, "argon2"]
    for record in caplog.records:
        line = record.getMessage()
        assert not [secret for secret in secrets if secret in line], line
        assert "everything is fine" not in line
        assert "\n" not in line or record.exc_info, line


@pytest.mark.attack(138)
def test_no_object_shows_a_secret_when_it_is_printed(
    auth: Auth, alice: User
) -> None:
    from conftest import PASSWORD

    outcome = auth.login.with_password("alice", PASSWORD)
    asked = auth.password_reset.ask("alice@example.com")
    token = auth.password_reset.issue(alice)

    printed = repr([outcome, asked, alice, auth.settings, auth.db])

    assert outcome.token not in printed
    assert token not in printed
    assert alice.hashed_password not in printed
    assert auth.settings.site.secret_key not in printed


@pytest.mark.attack(97)
@pytest.mark.asvs("14.2.1")
@one_database
def test_no_address_signs_anybody_in(app: Flask, auth: Auth) -> None:
    account(auth, "alice")
    token = auth.create_session("alice@example.com")
    assert token
    client = app.test_client()
    for name in ("session_id", "token", "access_token", "bearer", "auth"):
        for path in ("/profile", "/check", "/api/v1/profile"):
            for query in (f"{name}={token}", f"{name}=Bearer {token}"):
                answer = client.get(path, query_string=query)
                assert answer.status_code in (401, 403, 422), (path, query)
                assert "alice" not in answer.text
        typed = {name: token, "email": "alice", "password": "a guess"}
        answer = client.post("/api/v1/sessions", query_string=typed)
        assert answer.status_code in (415, 422)
