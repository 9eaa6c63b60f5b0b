"""A program with a token takes nothing from the browser that is trusted."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from conftest import PASSWORD, Browser, Postbox
from phones import second_step, signed_in, with_app
from vestibule.auth import Auth
from vestibule.user import User

API = "/api/v1/sessions"


def by_password(client: FlaskClient, _: Postbox, **more: Any) -> Any:
    """Sign in by the password."""
    typed = {"name": "alice", "password": PASSWORD, **more}
    return client.post(API, json=typed)


def by_code(client: FlaskClient, postbox: Postbox, **more: Any) -> Any:
    """Sign in by the code of a letter."""
    name = {"name": "alice"}
    asked = client.post(f"{API}/mailed-code", json=name).get_json()
    typed = {**name, **asked, "code": postbox.code(), **more}
    return client.post(f"{API}/mailed-code/code", json=typed)


def by_link(client: FlaskClient, postbox: Postbox, **more: Any) -> Any:
    """Sign in by the link of a letter."""
    client.post(f"{API}/mailed-code", json={"name": "alice"})
    token = postbox.link("/login/code/").rpartition("/")[2]
    return client.post(
        f"{API}/mailed-code/link", json={"token": token, **more}
    )


@pytest.mark.attack(48)
@pytest.mark.asvs("6.3.4")
@pytest.mark.settings(mailed_sign_in="true")
@pytest.mark.parametrize("way", [by_password, by_code, by_link])
def test_a_bearer_is_asked_where_the_cookie_of_the_browser_is_not(
    browser: Browser, auth: Auth, alice: User, postbox: Postbox, way: Any
) -> None:
    phone = with_app(auth, alice)
    browser.sign_in("alice")
    second_step(browser, phone.code(), trust="true")
    assert signed_in(browser)
    browser.send("/logout")
    trusted = browser.client.get_cookie("vestibule_trusted")

    bearer = way(browser.client, postbox, bearer=True)

    # What a token has in place of a cookie it could not keep.
    assert bearer.status_code == 202, bearer.text
    assert browser.client.get_cookie("vestibule_trusted") == trusted
    cookie = way(browser.client, postbox)
    assert cookie.status_code == 201, cookie.text
    assert browser.client.get_cookie("vestibule_trusted") != trusted


def test_a_new_password_takes_trusted_devices_from_the_list(
    browser: Browser, auth: Auth, alice: User
) -> None:
    phone = with_app(auth, alice)
    browser.sign_in("alice")
    second_step(browser, phone.code(), trust="true")
    assert "Trusted devices" in browser.open("/account/security").text

    browser.send(
        "/password/change",
        old_password=PASSWORD,
        new_password="another long password",
        new_password2="another long password",
    )

    assert "Trusted devices" not in browser.open("/account/security").text


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_bearer_who_asks_for_trust_leaves_no_device_in_the_list(
    program: FlaskClient, auth: Auth, alice: User
) -> None:
    phone = with_app(auth, alice)
    waiting = by_password(program, None).get_json()["waiting"]  # type: ignore[arg-type]
    shown = {"waiting": waiting, "code": phone.code(), "trust": True}

    done = program.post(f"{API}/second-factor", json={**shown, "bearer": True})

    assert done.status_code == 201
    assert auth.second_factors.trusted(alice) == []
