"""Where the check stands: in front, below a prefix, and beside a host's."""

import logging

import pytest
from flask import Flask

from checking import ask, by_cookie
from vestibule import Settings, Vestibule
from vestibule.auth import Auth
from vestibule.user import User

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def mounted(app: Flask, auth: Auth) -> Flask:
    """Mount in a host, and answer a page of its own afterwards."""
    Vestibule().init_app(app, auth)
    return app


@pytest.mark.settings(url_prefix="/account")
def test_it_stands_below_the_prefix(auth: Auth, alice: User) -> None:
    host = mounted(Flask("shop"), auth)
    headers = by_cookie(auth.sessions.open(alice.id))

    assert ask(host, headers, path="/account/check").status_code == 200
    assert ask(host, headers).status_code == 404
    assert ask(host, headers, path="/account/check/").status_code == 404


@pytest.mark.parametrize("methods", [["GET"], ["POST"]])
def test_a_host_keeps_its_own_address(
    auth: Auth, caplog: pytest.LogCaptureFixture, methods: list[str]
) -> None:
    host = Flask("shop")
    host.add_url_rule("/check", view_func=lambda: "mine", methods=methods)
    with caplog.at_level(logging.WARNING, "vestibule"):
        mounted(host, auth)

    answer = ask(host, {}, method=methods[0])
    assert (answer.status_code, answer.text) == (200, "mine")
    assert f"{methods[0]} /check" in caplog.text


def test_nothing_of_a_host_is_run_for_it(auth: Auth, alice: User) -> None:
    host = mounted(Flask("shop"), auth)
    ran: list[str] = []
    host.before_request(lambda: ran.append("before"))

    ask(host, by_cookie(auth.sessions.open(alice.id)))
    assert ran == []


@pytest.mark.settings(preset="classroom")
def test_where_only_this_machine_is_served_others_are_refused(
    app: Flask, auth: Auth, alice: User
) -> None:
    headers = by_cookie(auth.sessions.open(alice.id))
    here = {"REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": "localhost:5000"}
    assert ask(app, headers, **here).status_code == 200
    for changed in (
        {"REMOTE_ADDR": "192.0.2.1"},
        {"REMOTE_ADDR": ""},
        {"HTTP_HOST": "evil.example"},
        {"HTTP_X_FORWARDED_FOR": "127.0.0.1"},
        {"HTTP_VIA": "x"},
    ):
        answer = ask(app, headers, **{**here, **changed})
        assert answer.status_code == 403
        assert answer.json is not None
        assert answer.json["code"] == "request.not_local"


@pytest.mark.settings(language="ru", session_cookie="shop")
def test_it_speaks_the_language_of_the_site_and_knows_its_cookie(
    app: Flask, auth: Auth, alice: User, settings: Settings
) -> None:
    refused = ask(app, {})
    api = app.test_client().get("/api/v1/profile")
    assert refused.json is not None
    assert refused.json["title"] == (api.json or {})["title"]
    assert not refused.json["title"].isascii()

    token = auth.sessions.open(alice.id)
    assert ask(app, {"Cookie": f"shop={token}"}).status_code == 200
    assert ask(app, by_cookie(token)).status_code == 401
