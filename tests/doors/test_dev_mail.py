"""The local inbox: every mail, in development, on this machine only."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from conftest import HTML, Browser, Postbox
from vestibule.auth import Auth
from vestibule.user import User

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
development = pytest.mark.settings(development=True)


def look(
    client: FlaskClient, peer: str = "127.0.0.1", **headers: str
) -> TestResponse:
    """Open the inbox from some peer."""
    return client.get(
        "/dev/mail",
        headers={**HTML, **headers},
        environ_overrides={"REMOTE_ADDR": peer},
    )


@pytest.mark.asvs("13.4.5")
def test_there_is_no_inbox_in_production(
    program: FlaskClient, alice: User
) -> None:
    program.post("/reset_password", data={"email": alice.email})

    response = look(program)

    assert response.status_code == 404
    assert alice.email not in response.text


@development
def test_the_inbox_shows_every_mail_with_its_link(
    browser: Browser, alice: User
) -> None:
    assert "No mail yet" in browser.open("/dev/mail").text
    browser.client.post("/reset_password", data={"email": alice.email})
    browser.client.post("/reset_password", data={"email": "nobody@x.example"})

    inbox = browser.open("/dev/mail")

    assert inbox.status_code == 200
    assert inbox.headers["Cache-Control"] == "no-store"
    assert inbox.text.count('<article class="card letter">') == 1
    assert "Password Reset Request E-Mail" in inbox.text
    assert "To alice@example.com" in inbox.text
    link = inbox.text.partition('<a href="http://localhost:5000')[2]
    path = link.partition('"')[0]
    assert browser.follow(path).status_code == 200


@development
def test_a_mail_stays_readable_after_it_was_sent(
    browser: Browser, alice: User, postbox: Postbox
) -> None:
    browser.client.post("/reset_password", data={"email": alice.email})
    assert len(postbox.empty()) == 1

    inbox = browser.open("/dev/mail").text

    assert "/password_reset/" in inbox
    assert "sent" in inbox


@development
def test_nobody_else_sees_the_inbox(program: FlaskClient, alice: User) -> None:
    program.post("/reset_password", data={"email": alice.email})
    strangers = [
        look(program, "192.0.2.1"),
        look(program, "10.0.0.1"),
        look(program, ""),
        look(program, "x"),
        # Through a tunnel or proxy that runs on this machine.
        look(program, **{"X-Forwarded-For": "127.0.0.1"}),
        look(program, **{"X-Forwarded-Proto": "https"}),
        look(program, Via="1.1 tunnel"),
        # A page whose own name was bound to this machine.
        look(program, Host="evil.example"),
    ]

    for response in strangers:
        assert response.status_code == 404
        assert alice.email not in response.text
    assert look(program, "::1").status_code == 200


@development
@pytest.mark.settings(site_name="<b>Shop</b>")
def test_what_people_wrote_is_shown_as_text(
    browser: Browser, app: Flask, auth: Auth
) -> None:
    browser.send(
        "/register",
        username="carol",
        email="o'carol&co+x@example.com",
        password1="seven purple llamas",
        password2="seven purple llamas",
    )

    inbox = browser.open("/dev/mail").text

    assert "o&#39;carol&amp;co+x@example.com" in inbox
    assert "<b>" not in inbox
    assert "&lt;b&gt;Shop" in inbox
    assert inbox.count('<a href="http') == 1
