"""The headers of every answer there is: each route, asked in every way.

The routes come from the application's own map. A new one is asked from its
first day, and fails here if its answers go out undressed.
"""

from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from conftest import HTML, Browser, TurnableClock
from deeds import deeds
from hostility import BROWSER, JSON, Answer, Knock, asked
from hosts import hosting
from paintings import painted
from policy_stage import Stage, staged
from vestibule.auth import Auth
from vestibule.doors.app import create_app
from vestibule.errors import Unavailable
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
ONCE = {
    "x-content-type-options": {"nosniff"},
    "referrer-policy": {"same-origin", "no-referrer"},
    "cross-origin-resource-policy": {"same-origin"},
    "cross-origin-opener-policy": {"same-origin"},
}
# What tells an attacker something, or lets other sites read.
NEVER = (
    *("server", "x-powered-by", "via", "access-control-allow-origin"),
    *("access-control-allow-credentials", "x-xss-protection", "pragma"),
    *("public-key-pins", "expect-ct", "sourcemap", "refresh"),
)
# What is the same for whoever asks, and may be kept.
FOR_ALL = (
    *("/static/", "/brand/", "/api/openapi.json", "/manifest.webmanifest"),
    *("/robots.txt", "/favicon.ico", "/apple-touch-icon.png"),
    "/.well-known/passkey-endpoints",
    *("/.well-known/security.txt", "/.well-known/webauthn"),
)
https = pytest.mark.settings(base_url="https://id.example.com")


@pytest.fixture
def stage(app: Flask, auth: Auth, clock: TurnableClock) -> Iterator[Stage]:
    """Set the stage."""
    with staged(app, auth, clock) as made:
        yield made


def directives(policy: str) -> dict[str, list[str]]:
    """Take a policy apart; no directive may stand in it twice."""
    parts = [part.split() for part in policy.split(";")]
    found = {name: values for name, *values in parts}
    assert len(found) == len(parts), policy
    return found


def assert_dressed(
    path: str, answer: Answer, *, is_https: bool = False
) -> None:
    """See that an answer carries what protects it, each header once."""
    told = (path, answer.status, answer.headers)
    names = [name.lower() for name, _ in answer.headers]
    for name in {*names} - {"set-cookie"}:
        assert names.count(name) == 1, (name, told)
    for name, values in ONCE.items():
        assert answer.get(name) in values, (name, told)
    policy = directives(answer.get("content-security-policy"))
    for name in ("default-src", "base-uri", "frame-ancestors"):
        assert policy[name] == ["'none'"], (name, told)
    assert policy["form-action"] in (["'none'"], ["'self'"]), told
    assert not {"object-src", "script-src-elem", "frame-src"} & {*policy}
    allowed = {value for values in policy.values() for value in values}
    if not path.startswith("/brand/"):
        assert allowed <= {"'none'", "'self'", "blob:"}, told
    age = answer.get("strict-transport-security")
    assert age == ("max-age=31536000" if is_https else ""), told
    assert not {*names} & {*NEVER}, told
    assert_kept_by_nobody(path, answer)


def assert_kept_by_nobody(path: str, answer: Answer) -> None:
    """See that no cache keeps an answer, unless it is for everybody."""
    told = (path, answer.status, answer.headers)
    if path.startswith(FOR_ALL) and "public" in answer.get("cache-control"):
        assert answer.status in (200, 304), told
        assert answer.cookies() == [], told
        return
    assert answer.get("cache-control") == "no-store", told
    vary = {name.strip() for name in answer.get("vary").split(",")}
    assert {"Cookie", "Authorization"} <= vary, told
    assert not answer.get("etag"), told
    assert not answer.get("last-modified"), told


@pytest.mark.attack(66, 67, "A29", "A30")
@pytest.mark.asvs(
    "3.2.1",
    "3.4.1",
    "3.4.2",
    "3.4.3",
    "3.4.4",
    "3.4.5",
    "3.4.6",
    "3.4.8",
    "3.5.8",
    "13.4.6",
    "14.2.2",
    "14.3.2",
)
def test_every_answer_of_every_route_is_dressed(stage: Stage) -> None:
    stage.app.extensions["vestibule"].is_https = True
    statuses: set[int] = set()
    names = ("anonymous", "owner", "other", "admin")
    for name, deed in product(names, deeds(stage.app)):
        asker = stage.askers[name]
        path = deed.path(stage.about(asker, deed))
        for method, accept in (
            *((deed.method, ""), (deed.method, JSON), ("HEAD", "")),
            *(("OPTIONS", ""), ("BREW", ""), ("PATCH", "text/html")),
        ):
            headers = (("Accept", accept),) if accept else ()
            answer = stage.ask(asker, deed, method=method, headers=headers)
            assert_dressed(path, answer, is_https=True)
            statuses.add(answer.status)
            stage.put_back()
    assert {200, 201, 204, 302, 303, 401, 403, 404, 405} <= statuses


def ask(app: Flask, path: str, method: str = "GET", **more: Any) -> Answer:
    """Ask a question of one's own."""
    headers = more.pop("headers", BROWSER)
    return asked(app, Knock(method, path, headers=headers, **more))


@pytest.mark.asvs("3.4.3", "3.4.4", "4.2.5")
@pytest.mark.attack("A29", "A30")
def test_what_goes_wrong_before_and_behind_every_route_is_dressed(
    app: Flask, auth: Auth, monkeypatch: pytest.MonkeyPatch
) -> None:
    def bug() -> str:
        """Divide by nothing."""
        return str(1 / 0)

    app.add_url_rule("/bug", "bug", bug)
    found = []
    for headers in ((), BROWSER):
        host = (*headers, ("Host", "evil@example.com:x"))
        kind = (*headers, ("Content-Type", "text/plain"))
        found += [
            ask(app, "/login", headers=host),
            ask(app, "/check", headers=host),
            ask(app, "/nowhere", headers=headers),
            ask(app, "//login", headers=headers),
            ask(app, "/api/v1/nowhere", headers=headers),
            ask(app, "/bug", headers=headers),
            ask(app, "/login", "POST", headers=kind, body=b"x" * 200_000),
            ask(app, "/api/v1/users", "POST", headers=kind, body=b"x"),
            ask(app, "/login", "POST", headers=kind, length="x"),
            ask(app, "/static/vestibule/nothing.css", headers=headers),
            ask(app, "/static/vestibule/../app.py", headers=headers),
            ask(app, "/login", query="\xff", headers=headers),
        ]
    turnstile = app.extensions["vestibule"].front.gate.turnstile
    while turnstile.enter(f"somebody {len(found)}", 0):
        found.append(ask(app, "/check"))
    for door in ("/login", "/sessions", "/api/v1/sessions", "/login/"):
        found += [ask(app, door, "POST"), ask(app, door, "POST", headers=())]

    def silent(_: object) -> None:
        """Stand for a database that does not answer."""
        raise Unavailable

    for name in ("actor", "bearer"):
        monkeypatch.setattr(auth.sessions, name, silent)
    found += [ask(app, "/profile"), ask(app, "/check"), ask(app, "/api/v1/x")]
    monkeypatch.setattr(auth.sessions, "bearer", lambda _: 1 / 0)
    found.append(ask(app, "/check"))

    statuses = {answer.status for answer in found}
    assert {400, 401, 404, 413, 415, 500, 503} <= statuses
    for answer in found:
        assert_dressed("", answer)


@pytest.mark.asvs("3.4.1", "12.2.1")
@pytest.mark.settings(
    base_url="https://id.example.com",
    metrics_token="VbR3-kQz81_uWmXe07PfHs5LdYt2NcGo",
)
@pytest.mark.parametrize(
    "is_wide",
    [
        False,
        pytest.param(False, marks=pytest.mark.settings(hsts="host")),
        pytest.param(True, marks=pytest.mark.settings(hsts="subdomains")),
        pytest.param(True, marks=pytest.mark.settings(preset="nist")),
        pytest.param(
            False, marks=pytest.mark.settings(preset="nist", hsts="host")
        ),
    ],
)
def test_every_door_asks_for_https_for_as_many_names_as_the_operator_says(
    app: Flask, is_wide: bool
) -> None:
    found = [
        ask(app, path, method, headers=headers)
        for path in (
            *("/login", "/nowhere", "//login", "/profile", "/users"),
            *("/api/v1/session", "/api/v1/nowhere", "/api/openapi.json"),
            *("/check", "/check?or=sign-in", "/healthz", "/readyz"),
            *("/metrics", "/static/vestibule/vestibule.css", "/robots.txt"),
        )
        for method in ("GET", "HEAD", "POST")
        for headers in (BROWSER, ())
    ]
    gate = app.extensions["vestibule"].front.gate
    while gate.turnstile.enter(f"somebody {len(found)}", 0):
        found.append(ask(app, "/check"))
    found += [ask(app, "/login", "POST"), ask(app, "/sessions", "POST")]
    assert {200, 401, 404, 405, 503} <= {answer.status for answer in found}
    wanted = "max-age=31536000" + ("; includeSubDomains" if is_wide else "")
    for answer in found:
        told = (answer.status, answer.headers)
        assert answer.get("strict-transport-security") == wanted, told


@https
@pytest.mark.attack("A29", "A30")
def test_every_answer_of_the_check_is_dressed(
    app: Flask, auth: Auth, alice: User
) -> None:
    token = auth.sessions.open(alice.id)
    bearer = (("Authorization", f"Bearer {token}"),)
    cookie = (("Cookie", f"__Host-session_id={token}"),)
    found = [
        asked(app, Knock(method, "/check", query, headers))
        for method in ("GET", "HEAD", "POST", "OPTIONS")
        for query in ("", "or=sign-in")
        for headers in (BROWSER, bearer, cookie, ())
    ]

    assert {answer.status for answer in found} == {200, 302, 401, 405}
    for answer in found:
        assert_dressed("/check", answer, is_https=True)


@pytest.mark.asvs("3.4.4", "3.5.7")
@pytest.mark.attack("A29")
def test_files_for_everybody_are_dressed(
    app: Flask, tmp_path: Path, auth: Auth, alice: User
) -> None:
    folder = Path(app.root_path) / "static"
    files = [p.relative_to(folder) for p in folder.rglob("*") if p.is_file()]
    assert len(files) >= 9
    token = auth.sessions.open(alice.id)
    mine = (("Cookie", f"session_id={token}"),)
    paths = [f"/static/vestibule/{name}" for name in files]
    for path in (*paths, *FOR_ALL[2:-2]):
        for headers in ((), mine):
            answer = ask(app, path, headers=headers)
            assert answer.status == 200, path
            assert "public" in answer.get("cache-control"), path
            assert_dressed(path, answer)
            again = (*headers, ("If-None-Match", answer.get("etag") or '"x"'))
            assert_dressed(path, ask(app, path, headers=again))
            assert b"alice" not in answer.body


@pytest.mark.attack("A29")
def test_the_files_of_a_brand_are_dressed(
    settings: Settings, auth: Auth, tmp_path: Path
) -> None:
    folder = tmp_path / "look"
    folder.mkdir()
    (folder / "brand.css").write_text(":root { --accent: #123456; }")
    (folder / "logo.png").write_bytes(painted())
    auth.settings = settings.having("test", BRAND=str(folder))
    app = create_app(auth=auth)
    for name in ("brand.css", "logo.png"):
        answer = ask(app, f"/brand/{name}")
        assert answer.status == 200
        assert_dressed(f"/brand/{name}", answer)


@pytest.mark.asvs("3.4.6")
@pytest.mark.settings(development=True)
@pytest.mark.attack("A29")
def test_the_inbox_of_development_is_dressed_but_for_mails_as_mails(
    app: Flask,
) -> None:
    for path in ("/dev/mail", "/dev/letters", "/dev/letters/en/reset/text"):
        answer = ask(app, path)
        assert answer.status == 200
        assert_dressed(path, answer)
    shown = ask(app, "/dev/letters/en/reset/html")
    policy = directives(shown.get("content-security-policy"))
    assert policy["default-src"] == policy["base-uri"] == ["'none'"]
    assert policy["sandbox"] == []
    assert "script-src" not in policy
    assert policy["frame-ancestors"] == ["'self'"]


@pytest.mark.attack("A29", "A30")
def test_within_a_host_our_answers_are_dressed_and_its_own_are_not(
    settings: Settings,
) -> None:
    with hosting(settings) as host:
        host.add_url_rule("/theirs", "theirs", lambda: "theirs")
        ours = [
            deed for deed in deeds(host) if deed.looks and "<" not in deed.rule
        ]
        assert len(ours) > 20
        for deed in ours:
            for headers in ((), BROWSER):
                answer = ask(host, deed.rule, headers=headers)
                assert_dressed(deed.rule, answer)
        for path in ("/theirs", "/nowhere"):
            answer = ask(host, path)
            assert not answer.get("content-security-policy"), path
            assert not answer.get("vary"), path


# -- leaving ----------------------------------------------------------------


LEAVING = [
    ("POST", "/logout", True),
    ("DELETE", "/sessions", True),
    ("DELETE", "/api/v1/sessions/current", True),
    ("DELETE", "/api/v1/users/alice", True),
    ("POST", "/users/alice/delete", True),
    ("POST", "/profile", False),
]


@pytest.mark.attack("A30")
@pytest.mark.asvs("14.3.1", "X33")
@pytest.mark.parametrize(("method", "path", "leaves"), LEAVING)
def test_who_leaves_has_the_browser_forget_the_pages(
    stage: Stage, method: str, path: str, *, leaves: bool
) -> None:
    alice = stage.askers["owner"]
    (deed,) = [
        one
        for one in deeds(stage.app)
        if one.method == method
        and one.path(stage.facts["alice"]) == path
        and one.act.name != "CHANGE_EMAIL"
    ]
    for is_https in (True, False):
        stage.app.extensions["vestibule"].is_https = is_https
        answer = stage.ask(alice, deed)
        stage.put_back()
        forgets = answer.get("clear-site-data")
        assert forgets == ('"cache"' if leaves and is_https else ""), answer
        gone = [c for c in answer.cookies() if c.startswith("session_id=;")]
        assert bool(gone) is leaves
        # Neighbours' cookies, and what a host's scripts keep, stay.
        assert "storage" not in forgets
        assert "cookies" not in forgets


@pytest.mark.attack("A30")
def test_a_bearer_that_ends_its_session_clears_nobodys_browser(
    stage: Stage,
) -> None:
    stage.app.extensions["vestibule"].is_https = True
    alice = stage.askers["owner"]
    for deed in deeds(stage.app):
        if deed.is_api and deed.method == "DELETE":
            answer = stage.ask(alice, deed, by_bearer=True)
            assert not answer.get("clear-site-data"), str(deed)
            assert answer.cookies() == []
            stage.put_back()


@https
@pytest.mark.attack("A30")
def test_a_failed_sign_out_clears_nothing(app: Flask) -> None:
    answer = Browser(app).client.post("/logout", headers=HTML)

    assert answer.status_code == 422
    assert "Clear-Site-Data" not in answer.headers
