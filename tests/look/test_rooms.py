"""The list of the account area says in which room one is."""

import re

import pytest
from flask import Flask

from conftest import HTML, Browser
from vestibule.auth import Auth
from vestibule.user import User

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
HERE = r'<a href="([^"]+)" aria-current="page"'


def test_the_room_one_is_in_is_marked(browser: Browser, alice: User) -> None:
    browser.sign_in("alice")

    for path in ("/profile", "/preferences", "/users/alice"):
        assert re.findall(HERE, browser.open(path).text) == [path] * 2


def test_it_is_marked_where_the_address_has_more_in_front_or_no_latin(
    app: Flask, auth: Auth, browser: Browser, alice: User
) -> None:
    auth.db.update_user(alice.id, username="алиса")
    browser.sign_in("alice@example.com")
    base = "http://localhost/app"

    page = browser.client.get("/users/алиса", headers=HTML, base_url=base)

    (here, again) = re.findall(HERE, page.text)
    assert here == again
    assert here.startswith("/app/users/%D0%B0")
