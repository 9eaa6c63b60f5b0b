"""In development every letter can be looked at, without being sent."""

import re

import pytest
from flask import Flask

from conftest import HTML, Browser
from vestibule.auth import Auth
from vestibule.doors.samples import KINDS
from vestibule.ground.words import LANGUAGES
from vestibule.user import User

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
development = pytest.mark.settings(development=True)
PATHS = [
    "/dev/letters",
    "/dev/letters/en/reset/html",
    "/dev/letters/ru/reset/text",
]


@development
def test_every_kind_is_listed_in_every_language_and_can_be_opened(
    browser: Browser, auth: Auth
) -> None:
    listed = browser.open("/dev/letters")
    assert listed.status_code == 200

    links = set(re.findall(r'href="(/dev/letters/[^"]+)"', listed.text))

    assert links == {
        f"/dev/letters/{language}/{kind}/{form}"
        for language in LANGUAGES
        for kind in KINDS
        for form in ("html", "text")
    }
    for link in links:
        shown = browser.open(link)
        assert shown.status_code == 200
        assert ("Здравствуйте" in shown.text) == ("/ru/" in link)
        kind = "text/html" if link.endswith("html") else "text/plain"
        assert shown.mimetype == kind
    assert auth.outbox.latest() == []


@development
def test_a_mail_is_shown_as_html_and_shut_in(
    browser: Browser, auth: Auth, alice: User
) -> None:
    auth.password_reset.ask(alice.email)
    inbox = browser.open("/dev/mail").text
    [link] = re.findall(r'href="(/dev/mail/[^"]+/html)"', inbox)

    shown = browser.open(link)

    assert shown.text == auth.outbox.latest()[0].html
    policy = shown.headers["Content-Security-Policy"]
    parts = {part.strip() for part in policy.split(";")}
    assert parts >= {"default-src 'none'", "sandbox"}
    assert "style-src 'unsafe-inline'" in parts
    assert "script-src" not in policy
    assert shown.headers["X-Content-Type-Options"] == "nosniff"
    for header in ("Auto-Submitted: auto-generated", "Message-ID: "):
        assert header in inbox
    assert "multipart/alternative" in inbox


@development
def test_what_is_not_there_is_not_found(browser: Browser) -> None:
    for path in (
        "/dev/mail/00000000-0000-0000-0000-000000000007/html",
        "/dev/mail/7/html",
        "/dev/letters/xx/reset/html",
        "/dev/letters/en/nothing/text",
        "/dev/letters/en/__init__/html",
    ):
        assert browser.open(path).status_code == 404


@development
@pytest.mark.parametrize("path", PATHS)
def test_nobody_else_may_look(app: Flask, path: str) -> None:
    there = {"REMOTE_ADDR": "192.0.2.1"}
    answer = app.test_client().get(path, headers=HTML, environ_overrides=there)

    assert answer.status_code == 404


@pytest.mark.parametrize("path", PATHS)
def test_in_production_there_is_nothing_to_look_at(
    browser: Browser, path: str
) -> None:
    assert browser.open(path).status_code == 404
