"""Programs ask for a code and sign in by it, or by the link."""

import pytest
from flask import Flask

from conftest import Postbox
from phones import with_app
from vestibule.auth import Auth
from vestibule.user import User

pytestmark = pytest.mark.settings(mailed_sign_in="true")
API = "/api/v1/sessions"
ASK = f"{API}/mailed-code"


@pytest.mark.asvs("6.5.1", "6.6.2")
def test_a_program_signs_in_by_code_with_its_ticket(
    app: Flask, alice: User, postbox: Postbox
) -> None:
    client = app.test_client()
    asked = client.post(ASK, json={"name": "alice"})
    assert asked.json
    code = postbox.code()
    typed = {"name": "alice@example.com", "code": code, "bearer": True}

    strange = {**typed, "ticket": "0" * 64}
    refused = client.post(f"{ASK}/code", json=strange)
    done = client.post(f"{ASK}/code", json={**typed, **asked.json})
    again = client.post(f"{ASK}/code", json={**typed, **asked.json})

    assert (refused.status_code, again.status_code) == (401, 401)
    assert refused.json
    assert refused.json["code"] == "code.incorrect"
    assert done.status_code == 201
    assert done.json
    head = {"Authorization": f"Bearer {done.json['token']}"}
    assert client.get(f"{API}/current", headers=head).status_code == 200
    assert client.get_cookie("session_id") is None


def test_a_program_signs_in_by_the_link_with_a_cookie(
    app: Flask, alice: User, postbox: Postbox
) -> None:
    client = app.test_client()
    client.post(ASK, json={"name": "alice"})
    token = postbox.link("/login/code/").rpartition("/")[2]

    done = client.post(f"{ASK}/link", json={"token": token})
    again = client.post(f"{ASK}/link", json={"token": token})

    assert done.status_code == 201
    assert done.json
    assert set(done.json) >= {"user", "expires_at"}
    assert client.get_cookie("session_id")
    assert again.status_code == 410
    assert again.json
    assert again.json["code"] == "link.invalid"


@pytest.mark.attack(48)
@pytest.mark.asvs("6.3.3")
def test_where_there_is_a_second_factor_the_sign_in_waits(
    app: Flask, auth: Auth, alice: User, postbox: Postbox
) -> None:
    phone = with_app(auth, alice)
    client = app.test_client()
    client.post(ASK, json={"name": "alice"})
    token = postbox.link("/login/code/").rpartition("/")[2]

    held = client.post(f"{ASK}/link", json={"token": token, "bearer": True})

    assert held.status_code == 202
    assert held.json
    assert set(held.json) == {"waiting", "ways", "expires_at"}
    assert "email" not in held.json["ways"]
    shown = {"waiting": held.json["waiting"], "code": phone.code()}
    done = client.post(f"{API}/second-factor", json={**shown, "bearer": True})
    assert done.status_code == 201
