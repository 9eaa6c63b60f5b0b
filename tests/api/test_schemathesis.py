"""Schemathesis: whatever the document allows or forbids, the API obeys it.

``HYPOTHESIS_PROFILE=long script/test tests/api/test_schemathesis.py`` looks
longer.
"""

import itertools
import os
from collections import Counter
from typing import Any

import pytest
import schemathesis
from flask import Flask
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema
from schemathesis.generation import GenerationMode
from sqlalchemy.exc import NoResultFound

from conftest import PASSWORD
from vestibule.auth import Auth
from vestibule.user import User

EXAMPLES = 300 if os.environ.get("HYPOTHESIS_PROFILE") == "long" else 15
# What JSON Schema cannot say of a text.
BEYOND_SCHEMA = {
    "code.format",
    "email.format",
    "feedback.content.required",
    "feedback.title.required",
    "field.characters",
    # It answers nothing that this site has asked.
    "passkey.unusable",
    "password.characters",
    "password.common",
    "password.personal",
    "password.too_long",
    "picture.kind",
    "picture.unreadable",
    "username.chars",
    "username.mixed",
    "username.reserved",
    "username.too_short",
}
# A dead token is told before what else is wrong.
REFUSED = [
    *("400", "401", "403", "404", "405", "409", "410", "413", "415", "422")
]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.settings(
        name_fields="true",
        attempts_per_account=100_000,
        attempts_per_address=100_000,
    ),
]


def configured(**checks: Any) -> SchemathesisConfig:
    """Configure a run that is the same each time."""
    return SchemathesisConfig.from_dict(
        {
            "seed": 1,
            "generation": {
                "max-examples": EXAMPLES,
                "deterministic": True,
                "database": "none",
            },
            "checks": {
                "negative_data_rejection": {"expected-statuses": REFUSED},
                # See ``beyond`` below.
                "positive_data_acceptance": {"enabled": False},
                **checks,
            },
        }
    )


def run(schema: Any) -> tuple[list[str], Counter[str]]:
    """Try everything; list what was wrong, and count the answers."""
    wrong: list[str] = []
    answers: Counter[str] = Counter()
    for event in from_schema(schema).execute():
        if isinstance(event, events.NonFatalError | events.FatalError):
            wrong.append(repr(event))
        if not isinstance(event, events.ScenarioFinished):
            continue
        for key, found in event.recorder.interactions.items():
            assert found.response is not None
            answers[f"{event.label} {found.response.status_code}"] += 1
            case = event.recorder.cases[key].value
            wrong += beyond(case, found.response)
        wrong += [
            f"{event.label}: {check.name}: {check.failure_info.failure}"
            for checks in event.recorder.checks.values()
            for check in checks
            if check.failure_info is not None
        ]
    return wrong, answers


def beyond(case: Any, response: Any) -> list[str]:
    """Say where what the document allows is refused without good cause."""
    mode = case.meta and case.meta.generation.mode
    if mode != GenerationMode.POSITIVE or response.status_code != 422:
        return []
    told = response.json()
    codes = {told["code"], *(found["code"] for found in told["errors"])}
    return [f"{case.body!r}: {code}" for code in codes - BEYOND_SCHEMA]


def test_strangers_find_the_api_as_its_document_says(
    app: Flask, alice: User
) -> None:
    schema = schemathesis.openapi.from_wsgi(
        "/api/openapi.json", app, config=configured()
    )

    wrong, answers = run(schema)

    assert wrong == []
    for told in (
        "POST /api/v1/users 201",
        "POST /api/v1/sessions 201",
        "POST /api/v1/password-reset 202",
        "PUT /api/v1/password-reset 410",
        "GET /api/v1/profile 401",
    ):
        assert answers[told], told


def test_people_signed_in_find_the_api_as_its_document_says(
    app: Flask, auth: Auth
) -> None:
    lives = itertools.count()

    def anna() -> User:
        """Find her of the document's examples, who may delete herself."""
        try:
            return auth.db.find_user_by(username="anna")
        except NoResultFound:
            # Somebody else may have her address by now.
            address = f"{next(lives)}@anna.example"
            return auth.registration.register(
                address, PASSWORD, "anna", by_operator=True
            )

    # Its second request cannot be sent to an application in this process;
    # test_bearer.py tells what it would.
    off = {"ignored_auth": {"enabled": False}}
    schema = schemathesis.openapi.from_wsgi(
        "/api/openapi.json", app, config=configured(**off)
    )

    @schema.auth(refresh_interval=None)
    class Fresh:
        """A new session for each request, since some end theirs."""

        def get(self, case: Any, context: Any) -> str:
            """Open a session."""
            del case, context
            return auth.sessions.open(anna().id)

        def set(self, case: Any, data: str, context: Any) -> None:
            """Send its token along."""
            del context
            case.headers["Authorization"] = f"Bearer {data}"

    wrong, answers = run(schema)

    assert wrong == []
    for told in (
        "GET /api/v1/profile 200",
        "PATCH /api/v1/profile 200",
        "DELETE /api/v1/sessions/current 204",
        "GET /api/v1/users/{username} 200",
        "POST /api/v1/users/{username}/feedback 201",
        "GET /api/v1/users/{username}/feedback 200",
        "GET /api/v1/feedback/{number} 403",
        "GET /api/v1/users/{username}/export 200",
        "DELETE /api/v1/users/{username} 204",
    ):
        assert answers[told], told
