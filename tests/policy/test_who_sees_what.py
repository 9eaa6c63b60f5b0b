"""Which members an answer has for whom, and which of them can be written.

Answers are read as they come, by everybody there is. What has no place in
the table below is shown to nobody: a new member fails until it has one.
"""

import json
from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest
from flask import Flask

from conftest import TurnableClock
from deeds import Deed, deeds
from hostility import Answer
from policy_stage import Stage, staged
from vestibule.auth import Auth

one_database = pytest.mark.parametrize(
    "database_url", ["sqlite"], indirect=True
)
pytestmark = pytest.mark.settings(
    attempts_per_account=1_000_000,
    attempts_per_address=1_000_000,
    mailed_sign_in="true",
)
PERSON = "id username email"
PROFILE = f"{PERSON} email_verified pending_email first_name last_name"
PROFILE += " picture is_admin is_active created_at"
FEEDBACK = "id username title content created_at updated_at"
SESSION = f"user {PERSON} created_at expires_at idle_until"
EVENT = "at act text outcome by door address browser system is_foreign"
DEVICE = "id browser system address created_at seen_at expires_at"
PASSKEY = "id name aaguid is_backed_up is_verified is_quiet created_at used_at"
# What WebAuthn names; of an account its name, its address and what devices
# know it by.
ASKED = "public_key challenge rpId timeout allowCredentials userVerification"
ASKED_OF_ONE = f"{ASKED} id type transports"
MAKING = "public_key challenge rp id name user displayName timeout attestation"
MAKING += " pubKeyCredParams alg type excludeCredentials transports"
MAKING += " authenticatorSelection residentKey requireResidentKey"
MAKING += " userVerification"
# Whoever may have an answer at all gets these members of it, and no others.
SHOWN = {
    "DELETE /api/v1/sessions": "ended",
    "GET /api/v1/activity": f"items {EVENT} next",
    "GET /api/v1/feedback/<number>": FEEDBACK,
    "GET /api/v1/passkeys": f"items {PASSKEY}",
    "GET /api/v1/preferences": "language theme",
    "GET /api/v1/profile": PROFILE,
    "GET /api/v1/recovery-codes": "left created_at",
    "GET /api/v1/totp": "is_on confirmed_at used_at",
    "POST /api/v1/totp": "secret uri expires_at",
    "GET /api/v1/sessions": f"items {DEVICE} idle_until is_current",
    "GET /api/v1/sessions/current": f"{SESSION} by",
    "GET /api/v1/users/<username>": PROFILE,
    "GET /api/v1/users/<username>/feedback": f"items {FEEDBACK} next",
    "PATCH /api/v1/passkeys/<number>": PASSKEY,
    "PATCH /api/v1/preferences": "language theme",
    "PATCH /api/v1/profile": PROFILE,
    "POST /api/v1/email-verification": "email",
    "POST /api/v1/sessions": f"{SESSION} warnings",
    "POST /api/v1/sessions/current/proof": SESSION,
    "POST /api/v1/sessions/mailed-code": "ticket",
    "POST /api/v1/sessions/mailed-code/code": f"{SESSION} warnings",
    "POST /api/v1/sessions/mailed-code/link": f"{SESSION} warnings",
    "POST /api/v1/sessions/second-factor": f"{SESSION} warnings",
    "POST /api/v1/sessions/second-factor/passkey/options": ASKED_OF_ONE,
    "POST /api/v1/passkey-options": MAKING,
    "POST /api/v1/passkey-sessions/options": ASKED,
    "POST /api/v1/sessions/current/proof/passkey/options": ASKED_OF_ONE,
    "POST /api/v1/users": "email verification_required",
    "POST /api/v1/users/<username>/feedback": FEEDBACK,
    "POST /reset_password": "message",
    "POST /sessions": "email message",
    "POST /users": "email message",
    "PUT /api/v1/email-verification": "email",
    "PUT /api/v1/email-verification/code": "email",
    "PUT /api/v1/email-verification/undo": "email",
    "PUT /api/v1/feedback/<number>": FEEDBACK,
    # Whoever brings the secret of a letter goes on with another one.
    "PUT /api/v1/not-me": "reset_token",
    # A program without cookies keeps by what it is known.
    "PUT /api/v1/password-reset": "device",
    "PUT /api/v1/profile/picture": "picture",
    "PUT /api/v1/totp": "is_on confirmed_at used_at",
    "PUT /reset_password": "email message",
}
REFUSAL = {"type", "title", "status", "detail", "code", "errors", "field"}
REFUSAL |= {"request_id", "message"}


@pytest.fixture
def stage(app: Flask, auth: Auth, clock: TurnableClock) -> Iterator[Stage]:
    """Set the stage."""
    with staged(app, auth, clock) as made:
        yield made


def members(value: Any) -> set[str]:
    """Name the members of a JSON value, those of its parts as well."""
    if isinstance(value, list):
        return {name for part in value for name in members(part)}
    if not isinstance(value, dict):
        return set()
    return {*value} | members([*value.values()])


def shown(answer: Answer) -> set[str] | None:
    """Name the members of an answer in JSON; None if it is none."""
    if not answer.get("content-type").partition(";")[0].endswith("json"):
        return None
    return members(json.loads(answer.body))


def rule(deed: Deed) -> str:
    """Write a deed as the table has it."""
    return f"{deed.method} {deed.rule}"


@pytest.mark.attack(88)
@pytest.mark.asvs("8.2.3", "14.2.6", "15.3.1")
@one_database
def test_an_answer_has_the_members_of_the_table_and_no_others(
    stage: Stage,
) -> None:
    seen = set()
    told_in_json = [deed for deed in deeds(stage.app) if not deed.is_page]
    for name, deed in product(stage.askers, told_in_json):
        answer = stage.ask(stage.askers[name], deed)
        stage.put_back()
        found = shown(answer)
        if found is None:
            continue
        told = (name, str(deed), answer)
        if answer.status >= 400:
            assert found <= REFUSAL, told
            continue
        assert found == {*SHOWN.get(rule(deed), "").split()}, told
        seen.add(rule(deed))
    assert seen == {*SHOWN}


@pytest.mark.attack(87, "A32")
@pytest.mark.asvs("8.2.3", "15.3.3")
@one_database
def test_what_is_shown_and_not_asked_for_cannot_be_written(
    stage: Stage,
) -> None:
    tried = 0
    everything = {name for row in SHOWN.values() for name in row.split()}
    for name, deed in product(("owner", "admin"), deeds(stage.app)):
        asked_for = {*deed.line.body}
        if not deed.is_api or not asked_for or rule(deed) not in SHOWN:
            continue
        read_only = everything - {*fields(stage, deed)}
        for member in sorted(read_only):
            answer = stage.ask(
                stage.askers[name], deed, extra={member: "planted"}
            )
            assert answer.status == 422, (name, str(deed), member, answer)
            assert not stage.changed(), (name, str(deed), member)
            stage.put_back()
            tried += 1
    assert tried > 400


def fields(stage: Stage, deed: Deed) -> set[str]:
    """Read the fields that a call asks for out of the API's document."""
    path = deed.rule.replace("<", "{").replace(">", "}")
    document = stage.app.test_client().get("/api/openapi.json").json
    assert document is not None
    call = document["paths"][path][deed.method.lower()]
    (name,) = {
        part["schema"]["$ref"].rpartition("/")[2]
        for part in call["requestBody"]["content"].values()
    }
    return {*document["components"]["schemas"][name]["properties"]}
