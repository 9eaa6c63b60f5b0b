"""What is nested too deep, or not there, is refused and breaks nothing."""

import json

import pytest
from flask.testing import FlaskClient

from conftest import Browser
from passkeyring import Ring
from vestibule.auth import Auth
from vestibule.user import User

pytest_plugins = ["passkeyring_fixtures"]
DEPTHS = [20, 300, 600, 900, 1500]
KINDS = [("[", "]"), ('{"a":', "}")]


def nested(depth: int, around: tuple[str, str]) -> str:
    """Write a credential that has something in something in something."""
    inner = around[0] * depth + "1" + around[1] * depth
    return (
        '{"id": "x", "rawId": "x", "type": "public-key", '
        f'"response": {{"a": {inner}}}}}'
    )


@pytest.mark.attack("A38")
@pytest.mark.asvs("2.2.1")
@pytest.mark.parametrize("around", KINDS, ids=["lists", "objects"])
@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_credential_of_things_in_things_is_refused_at_the_api(
    program: FlaskClient, depth: int, around: tuple[str, str]
) -> None:
    body = f'{{"credential": {nested(depth, around)}}}'

    answer = program.post(
        "/api/v1/passkey-sessions", data=body, content_type="application/json"
    )

    assert answer.status_code in (400, 401, 422), answer.text


@pytest.mark.attack("A38")
@pytest.mark.parametrize("around", KINDS, ids=["lists", "objects"])
@pytest.mark.parametrize("depth", DEPTHS)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_credential_of_things_in_things_is_refused_on_the_page(
    browser: Browser, ring: Ring, depth: int, around: tuple[str, str]
) -> None:
    sent = nested(depth, around)

    answer = browser.send("/login/passkey", credential=sent)

    assert answer.status_code in (401, 422), answer.text
    found = ring.code_of(ring.auth.passkeys.sign_in, sent)
    assert found == "passkey.incorrect"


@pytest.mark.parametrize("part", [None, 7, [], {}, "", "é", "AAAA"], ids=str)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_was_not_written_at_all_is_refused(
    auth: Auth, alice: User, ring: Ring, part: object
) -> None:
    ring.added(alice)
    shown, made = json.loads(ring.shown()), ring.made(alice)
    shown["response"]["authenticatorData"] = part
    made["response"]["attestationObject"] = part

    assert ring.code_of(ring.add, alice, made) == "passkey.unusable"
    refused = ring.code_of(auth.passkeys.sign_in, json.dumps(shown))
    assert refused == "passkey.incorrect"
