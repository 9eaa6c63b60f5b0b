"""Nobody signs in by mail unless the operator allows it."""

import pytest
from flask import Flask

from conftest import HTML, Browser, Postbox
from stagecraft import rows
from vestibule.auth import Auth
from vestibule.errors import Missing
from vestibule.user import User

PATHS = ("/login/code", "/login/code/enter", "/login/code/link")
CALLS = {
    "": {"name": "alice"},
    "/code": {"name": "alice", "code": "12345678", "ticket": "0" * 64},
    "/link": {"token": "A" * 43},
}


@pytest.mark.asvs("6.3.6")
def test_there_are_no_such_pages_and_no_link_to_them(
    browser: Browser, alice: User, postbox: Postbox
) -> None:
    for path in (*PATHS, "/login/code/" + "A" * 43):
        assert browser.open(path).status_code == 404
        sent = browser.client.post(path, data={"email": "a"}, headers=HTML)
        assert sent.status_code == 404

    assert "/login/code" not in browser.open("/login").text
    assert postbox.empty() == []


def test_the_api_has_nothing_there(app: Flask, alice: User) -> None:
    for path, body in CALLS.items():
        answer = app.test_client().post(
            f"/api/v1/sessions/mailed-code{path}", json=body
        )
        assert answer.status_code == 404
        assert answer.json
        assert answer.json["code"] == "missing"


def test_no_operation_works_by_itself(auth: Auth, alice: User) -> None:
    before = rows(auth)
    own = auth.mailed_sign_in
    mailed = auth.mailed_tokens.issue_with_code(
        alice.id, "mailed_sign_in", alice.email
    )
    for act in (
        lambda: own.ask("alice"),
        lambda: own.look(mailed.token),
        lambda: own.by_link(mailed.token),
        lambda: own.by_code("alice", mailed.code, ["0" * 64]),
    ):
        with pytest.raises(Missing):
            act()

    auth.mailed_tokens.forget(alice.id)
    assert rows(auth) == before


@pytest.mark.settings(mailed_sign_in="true")
def test_where_it_is_on_the_sign_in_page_offers_it(browser: Browser) -> None:
    page = browser.open("/login?next=/preferences").text

    assert 'href="/login/code?next=/preferences"' in page
    assert "Sign in by a message" in browser.open("/login").text
    assert browser.open("/login/code").status_code == 200
