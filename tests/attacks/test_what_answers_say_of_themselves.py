"""What every answer says of itself: its kind, its length, its cookies."""

import re
from collections.abc import Iterator
from itertools import product

import pytest
from flask import Flask

from conftest import HTML, PASSWORD, TurnableClock, form_token
from deeds import deeds
from hostility import COOKIES
from policy_stage import Stage, staged
from vestibule.auth import Auth
from vestibule.user import User

pytestmark = [
    pytest.mark.settings(
        attempts_per_account=1_000_000, attempts_per_address=1_000_000
    ),
    # What an answer says of itself does not depend on the engine.
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]
HERE = "https://id.example.com"
# By definition these are Unicode (RFC 8259), or no text at all.
BARE = {
    *("application/json", "application/problem+json", "image/png"),
    *("image/svg+xml", "image/jpeg", "image/vnd.microsoft.icon"),
    *("application/zip", "application/manifest+json", "image/x-icon"),
}


@pytest.fixture
def stage(app: Flask, auth: Auth, clock: TurnableClock) -> Iterator[Stage]:
    """Set the stage."""
    with staged(app, auth, clock) as made:
        yield made


@pytest.mark.asvs("4.1.1", "4.2.2")
def test_every_answer_says_what_it_is_and_how_long(stage: Stage) -> None:
    kinds: set[str] = set()
    for name, deed in product(("anonymous", "owner"), deeds(stage.app)):
        answer = stage.ask(stage.askers[name], deed)
        told = (name, str(deed), answer)
        length = answer.get("content-length")
        assert length in ("", str(len(answer.body))), told
        assert not answer.get("transfer-encoding"), told
        stage.put_back()
        if not answer.body:
            continue
        kind, _, charset = answer.get("content-type").partition("; ")
        kinds.add(kind)
        assert kind in BARE or kind.startswith("text/"), told
        assert charset == ("" if kind in BARE else "charset=utf-8"), told
        is_page = answer.body.lstrip()[:15].lower() == b"<!doctype html>"
        assert is_page == (kind == "text/html"), told
    assert {"text/html", "application/json", "text/plain"} <= kinds


@pytest.mark.asvs("3.3.1", "3.3.2", "3.3.3", "3.3.5", "N22")
@pytest.mark.settings(base_url=HERE)
def test_under_https_every_cookie_is_bound_to_this_host(
    app: Flask, auth: Auth, alice: User
) -> None:
    client = app.test_client()
    said: list[str] = []

    def send(path: str, **typed: str) -> None:
        """Open a page, send its form, and keep what cookies are set."""
        page = client.get(HERE + path, headers=HTML)
        typed["csrf_token"] = form_token(page)
        sent = client.post(HERE + path, data=typed, headers=HTML)
        for answer in (page, sent):
            said.extend(answer.headers.getlist("Set-Cookie"))

    link = f"/password_reset/{auth.get_reset_password_token(alice.email)}"
    opened = client.get(HERE + link, headers=HTML)
    said.extend(opened.headers.getlist("Set-Cookie"))
    send(
        "/register",
        username="bob",
        email="bob@example.com",
        password1=PASSWORD,
        password2=PASSWORD,
    )
    send("/login", email="alice", password=PASSWORD, remember="on")
    send("/preferences", language="ru", theme="dark")
    # What does not fit is kept until the page is shown again.
    send("/profile", username="x " * 50, email="long" * 200)

    names = set()
    for cookie in said:
        pair, *flags = cookie.split("; ")
        names.add(pair.partition("=")[0])
        assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= {*flags}
        assert not [flag for flag in flags if flag.startswith("Domain")]
        assert len(pair) < 4096, cookie
    assert names <= {f"__Host-{name}" for name in COOKIES}
    # The cookies of the other mailed links are set by the same line.
    assert len(COOKIES) - len(names) == 3


@pytest.mark.asvs("3.5.6", "3.5.7")
def test_no_data_is_ever_wrapped_into_a_script(stage: Stage) -> None:
    owner = stage.askers["owner"]
    for deed in deeds(stage.app):
        if not deed.looks:
            continue
        answer = stage.ask(
            owner, deed, query="callback=steal&jsonp=steal&cb=steal"
        )
        assert not re.match(rb"\s*(/\*\*/)?\s*steal", answer.body), str(deed)
        assert "javascript" not in answer.get("content-type"), str(deed)
        stage.put_back()


@pytest.mark.asvs("7.4.4", "N25")
def test_every_page_of_somebody_signed_in_has_the_way_out(
    stage: Stage,
) -> None:
    seen = 0
    for name, deed in product(("owner", "admin"), deeds(stage.app)):
        if not (deed.is_page and deed.looks and deed.is_guarded):
            continue
        answer = stage.ask(stage.askers[name], deed)
        if (
            answer.status == 200
            and answer.get("content-type")[:9] == "text/html"
        ):
            seen += 1
            assert 'href="/logout"' in answer.text or deed.rule == "/logout"
        stage.put_back()
    assert seen >= 20
