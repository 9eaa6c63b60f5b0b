"""What is nested deeper than anybody looks is refused, and breaks nothing."""

import pytest
from flask.testing import FlaskClient

from conftest import Browser
from passkeyring import Ring

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
