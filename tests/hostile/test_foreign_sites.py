"""What another site starts does nothing, at whatever door it knocks.

Each request is one that works, secret and all, but for what the browser
says of where it comes from.
"""

from collections.abc import Iterator
from itertools import product

import pytest
from flask import Flask
from flask.testing import FlaskClient

from conftest import HTML, PASSWORD, Browser, TurnableClock
from deeds import deeds
from hostility import FORM, Knock, asked
from policy_stage import Stage, staged
from vestibule.auth import Auth
from vestibule.ground.knobs import SettingsError
from vestibule.settings import Settings
from vestibule.user import User

pytestmark = [
    pytest.mark.settings(
        attempts_per_account=1_000_000,
        attempts_per_address=1_000_000,
        mailed_sign_in="true",
    ),
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]
HERE = "http://localhost:5000"
# What browsers say, and what no browser says but somebody once believed.
ORIGINS = [
    *("https://evil.example", "https://localhost:5000", "http://localhost"),
    *("http://localhost:50000", "http://localhost:5001", "http://127.0.0.1"),
    *("http://localhost.:5000", "http://evil.localhost:5000", "localhost"),
    *("http://localhost:5000.evil.example", "http://user@localhost:5000"),
    *("http://localhost:5000@evil.example", "http://evil.example#localhost"),
    *(f"{HERE}/", f"{HERE},https://evil.example", f"{HERE} http://e.example"),
    *(f"https://evil.example,{HERE}", f"{HERE},{HERE}", f" {HERE}"),
    *("HTTP://LOCALHOST:5000", "http://LOCALHOST:5000", "http://ⅼocalhost"),
    *("http://localhost:05000", "http://localhost:5000\\", "//localhost:5000"),
    *("null", "NULL", "null,null", "", "file://", "about:blank", "undefined"),
    *("chrome-extension://abcdefgh", "http://[::1]:5000", "javascript:0"),
]
SITES = [
    *("cross-site", "same-site", "same-origin,cross-site", "none,none", ""),
    *("Same-Origin", "same-origin ,", "cross-site,same-origin", "unknown"),
]
FOREIGN = [
    *(("Origin", origin) for origin in ORIGINS),
    *(("Sec-Fetch-Site", site) for site in SITES),
]


@pytest.fixture
def stage(app: Flask, auth: Auth, clock: TurnableClock) -> Iterator[Stage]:
    """Set the stage."""
    with staged(app, auth, clock) as made:
        yield made


@pytest.mark.asvs("3.5.1")
@pytest.mark.attack(75, 77, 78, "A25", "A26")
@pytest.mark.parametrize("by_bearer", [False, True], ids=["cookie", "bearer"])
def test_nothing_is_done_for_another_site(
    stage: Stage, *, by_bearer: bool
) -> None:
    acting = [deed for deed in deeds(stage.app) if not deed.looks]
    assert len(acting) > 40
    # The door is the same whoever asks.
    foreign = FOREIGN[::4] if by_bearer else FOREIGN
    for deed in acting:
        asker = stage.who_may(deed)
        for header in foreign:
            answer = stage.ask(
                asker, deed, headers=(header,), by_bearer=by_bearer
            )
            told = (str(deed), header, answer)
            assert answer.status == 403, told
            assert not stage.writes, told
            assert answer.cookies() == [], told
            assert "another site" in answer.text, told
        # And for our own, it is.
        headers = (("Origin", HERE), ("Sec-Fetch-Site", "same-origin"))
        answer = stage.ask(asker, deed, headers=headers)
        is_classic_exit = deed.rule == "/sessions" and deed.method == "DELETE"
        assert answer.status in (deed.works, 303) or is_classic_exit, (
            str(deed),
            answer,
        )
        stage.put_back()


@pytest.mark.asvs("3.5.2")
@pytest.mark.attack(75, "A26")
def test_the_api_reads_nothing_that_a_form_of_another_site_can_send(
    stage: Stage,
) -> None:
    # Browsers that say nothing of where a request comes from were many.
    for deed in deeds(stage.app):
        if not deed.is_api or deed.looks or deed.line.raw:
            continue
        asker = stage.who_may(deed)
        facts = stage.about(asker, deed)
        _, body = stage._body(deed, facts, {}, ())
        cookies = f"session_id={asker.token}"
        for kind in ("text/plain", FORM, "multipart/form-data; boundary=y"):
            if not body:
                continue
            headers = (("Cookie", cookies), ("Content-Type", kind))
            for sent in (body, b"=".join((body, b""))):
                knock = Knock(deed.method, deed.path(facts), "", headers, sent)
                answer = asked(stage.app, knock)
                assert answer.status == 415, (str(deed), kind, answer)
                assert not stage.writes, (str(deed), kind)


@pytest.mark.settings(
    base_url="https://id.example.com", session_domain="example.com"
)
@pytest.mark.attack(72, 75, "A25")
def test_a_neighbour_that_shares_the_session_acts_for_nobody(
    app: Flask, auth: Auth, alice: User
) -> None:
    token = auth.sessions.open(alice.id)
    for origin, site in product(
        ("https://wiki.example.com", "https://example.com", "null"),
        ("same-site", "cross-site"),
    ):
        client = app.test_client()
        client.set_cookie(
            "__Secure-session_id", token, domain="id.example.com"
        )
        for method, path in (
            ("DELETE", "/api/v1/sessions/current"),
            ("DELETE", "/sessions"),
            ("PATCH", "/api/v1/profile"),
            ("POST", "/logout"),
            ("POST", "/language"),
        ):
            answer = client.open(
                path,
                method=method,
                base_url="https://id.example.com",
                headers={"Origin": origin, "Sec-Fetch-Site": site},
            )
            assert answer.status_code == 403, (method, path, origin)
    assert auth.sessions.owner(token)


@pytest.mark.attack(75, "A25")
def test_another_site_signs_nobody_in_to_an_account_of_its_own(
    app: Flask, auth: Auth, alice: User, bob: User
) -> None:
    for who in (None, "alice"):
        browser = Browser(app)
        if who:
            browser.sign_in(who)
        before = browser.client.get_cookie("session_id")
        typed = {"email": "bob@example.com", "password": PASSWORD}
        for path, more in (
            ("/login", {"data": typed}),
            ("/sessions", {"data": typed}),
            ("/sessions", {"json": typed}),
            ("/api/v1/sessions", {"json": {"name": "bob", **typed}}),
        ):
            for header in (
                {"Origin": "https://evil.example"},
                {"Origin": "null"},
                {"Sec-Fetch-Site": "cross-site"},
            ):
                answer = browser.client.post(
                    path, headers={**HTML, **header}, **more
                )
                assert answer.status_code == 403, (path, header)
                assert "Set-Cookie" not in answer.headers
        assert browser.client.get_cookie("session_id") == before


@pytest.mark.settings(logout_on_get=True)
@pytest.mark.attack(78, "A27")
def test_a_link_of_another_site_signs_nobody_out(
    browser: Browser, auth: Auth, alice: User
) -> None:
    browser.sign_in("alice")
    cookie = browser.client.get_cookie("session_id")
    assert cookie
    for site in ("cross-site", "same-site"):
        headers = {**HTML, "Sec-Fetch-Site": site}
        asks = browser.client.get("/logout", headers=headers)
        assert asks.status_code == 200
        assert "Are you sure" in asks.text
        browser.client.head("/logout", headers=HTML)
        assert auth.sessions.owner(cookie.value)

    assert browser.open("/logout").location == "/"
    assert not auth.sessions.owner(cookie.value)


@pytest.mark.parametrize(
    "origin",
    [
        pytest.param(origin, marks=pytest.mark.settings(base_url=base_url))
        for base_url, origin in (
            ("https://id.example.com:0443", "https://id.example.com"),
            ("https://id.example.com:", "https://id.example.com"),
            ("http://ID.example.com:80/", "http://id.example.com"),
            ("http://id.example.com:08080", "http://id.example.com:8080"),
            ("http://[2001:db8::A]:80", "http://[2001:db8::a]"),
            ("https://xn--bcher-kva.de", "https://xn--bcher-kva.de"),
            ("https://id.example.com.", "https://id.example.com."),
        )
    ],
)
def test_our_own_origin_is_known_as_browsers_write_it(
    program: FlaskClient, origin: str
) -> None:
    statuses = [
        program.post("/sessions", json={}, headers={"Origin": said})
        for said in (origin, f"{origin}.", "http://localhost")
    ]

    assert [found.status_code for found in statuses] == [400, 403, 403]
    with pytest.raises(SettingsError, match="BASE_URL"):
        Settings.load({}, base_url="https://bücher.de")


@pytest.mark.asvs("3.3.4")
@pytest.mark.attack(71)
def test_no_answer_to_a_look_holds_a_secret_of_the_session(
    stage: Stage,
) -> None:
    for name, deed in product(("owner", "admin"), deeds(stage.app)):
        if not deed.looks:
            continue
        asker = stage.askers[name]
        answer = stage.ask(asker, deed)
        told = (name, str(deed))
        assert asker.token not in answer.text + str(answer.headers), told
        stage.put_back()
