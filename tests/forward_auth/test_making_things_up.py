"""Nobody passes the proxy as somebody else, or is led to a foreign host."""

import re

import pytest

from guarded_sites import GuardedSite

pytest_plugins = ["guarded_fixtures"]

# To a CGI, WSGI or PHP application they are all HTTP_X_VESTIBULE_USER.
SPELLINGS = [
    "X-Vestibule-User",
    "x-vestibule-user",
    "X_Vestibule_User",
    "X-Vestibule_User",
    "X_Vestibule-User",
    "x_VESTIBULE_user",
    "X.Vestibule.User",
    "X-Vestibule-Admin",
    "X_Vestibule_Admin",
    "X-Vestibule-Id",
    "X_Vestibule_Id",
    "X-Vestibule-Email",
    "X_Vestibule_Email",
]
BROWSER = "Accept: text/html"


def key_of(guarded: GuardedSite, name: str) -> str:
    """Sign somebody in, and give the line that says so."""
    browser = guarded.signed_in(name)
    cookie = guarded.layout.cookie
    return f"Cookie: {cookie}={browser.cookies[cookie]}"


@pytest.mark.attack(98)
def test_who_is_signed_out_makes_up_an_identity_in_vain(
    guarded: GuardedSite,
) -> None:
    for name in SPELLINGS:
        status, _ = guarded.sent(
            "GET /me HTTP/1.1", f"Host: {guarded.host}", f"{name}: admin"
        )
        assert status in (400, 401), name
    assert guarded.application.reached == []


@pytest.mark.attack(98)
def test_a_member_does_not_become_admin_in_any_spelling(
    guarded: GuardedSite, member: str
) -> None:
    key = key_of(guarded, member)
    for name in SPELLINGS:
        line = f"{name}: admin"
        host = f"Host: {guarded.host}"
        status, _ = guarded.sent("GET /me HTTP/1.1", host, line, key, line)

        assert status == 200, name
        told = guarded.reached()
        assert told.named("X-Vestibule-User") == [member], name
        assert told.named("X-Vestibule-Admin") == ["false"], name
        assert told.named("X-Vestibule-Email") == [f"{member}@example.com"]
        assert len(told.named("X-Vestibule-Id")) == 1, name
        assert "admin" not in [text for _, text in told.headers], name


@pytest.mark.asvs("16.2.1")
def test_nobody_chooses_the_number_of_a_request(
    guarded: GuardedSite, member: str
) -> None:
    chosen = "0123456789-chosen"
    key, host = key_of(guarded, member), f"Host: {guarded.host}"
    seen = set()
    for name in ("X-Request-ID", "x_request_id"):
        line = f"{name}: {chosen}"
        assert guarded.sent("GET /me HTTP/1.1", host, key, line)[0] == 200
        (number,) = guarded.reached().named("X-Request-ID")
        assert re.fullmatch("[0-9a-f-]{32,36}", number)
        seen.add(number)

    assert len(seen) == 2


def test_nobody_has_the_identity_taken_away_on_the_way(
    guarded: GuardedSite, member: str
) -> None:
    status, _ = guarded.sent(
        "GET /me HTTP/1.1",
        f"Host: {guarded.host}",
        key_of(guarded, member),
        "Connection: close, X-Vestibule-User, X-Vestibule-Admin",
        "Connection: X-Vestibule-Id, X-Forwarded-For, X-Vestibule-Email",
    )

    assert status == 200
    told = guarded.reached()
    assert told.named("X-Vestibule-User") == [member]
    assert told.named("X-Vestibule-Admin") == ["false"]
    assert told.named("X-Forwarded-For") == ["127.0.0.1"]


FORGED = [
    "X-Forwarded-Host: evil.example",
    "X-Forwarded-Proto: javascript",
    "X-Forwarded-Uri: //evil.example/",
    "X-Forwarded-Method: GET",
    "X-Forwarded-For: 192.0.2.7",
    "X-Forwarded-Port: 666",
    "X-Forwarded-Prefix: /evil",
    "X-Real-IP: 192.0.2.7",
    "X_Forwarded_Host: evil.example",
    "X_Forwarded_Uri: //evil.example/",
    "X_Forwarded_For: 192.0.2.7",
    "X-Original-URL: //evil.example/",
    "X-Rewrite-URL: //evil.example/",
    "Forwarded: for=192.0.2.7;host=evil.example;proto=javascript",
]


def test_forged_addresses_lead_nobody_to_a_foreign_host(
    guarded: GuardedSite,
) -> None:
    for line in FORGED:
        name, value = line.split(": ", 1)
        led = guarded.somebody().get(
            f"{guarded.site}/lists",
            headers={name: value},
            allow_redirects=False,
        )

        assert led.status_code == 302, line
        assert "evil" not in led.headers["Location"], line
        assert "javascript" not in led.headers["Location"], line


def test_forged_addresses_do_not_reach_the_application(
    guarded: GuardedSite, member: str
) -> None:
    status, _ = guarded.sent(
        "GET /me HTTP/1.1",
        f"Host: {guarded.host}",
        key_of(guarded, member),
        *(line for line in FORGED if not line.startswith("X-R")),
    )

    assert status == 200
    told = guarded.reached()
    assert told.named("X-Forwarded-For") == ["127.0.0.1"]
    assert told.named("X-Forwarded-Host") == [guarded.host]
    assert told.named("X-Forwarded-Proto") == ["https"]
    for name in ("Forwarded", "X-Forwarded-Port", "X-Forwarded-Prefix"):
        assert told.named(name) == []
    assert told.named("X-Real-IP") == []


def test_a_post_that_calls_itself_a_look_is_led_nowhere(
    guarded: GuardedSite,
) -> None:
    status, _ = guarded.sent(
        "POST /me HTTP/1.1",
        f"Host: {guarded.host}",
        BROWSER,
        "X-Forwarded-Method: GET",
        "Content-Length: 0",
    )

    assert status == 401


PATHS = [
    "/account/../me",
    "/account/%2e%2e/me",
    "/account/..%2fme",
    "/account%2f..%2fme",
    "/account//../../me",
    "/accounting",
    "//account/../me",
    "/check/../me",
    "/_vestibule/check",
    "/.well-known/change-password/../../me",
]


def test_no_spelling_of_a_path_leads_past_the_proxy(
    guarded: GuardedSite,
) -> None:
    for path in PATHS:
        guarded.sent(f"GET {path} HTTP/1.1", f"Host: {guarded.host}")

        assert guarded.application.reached == [], path


def test_a_host_name_that_is_not_ours_leads_nowhere(
    guarded: GuardedSite,
) -> None:
    guarded.sent("GET /me HTTP/1.1", "Host: evil.example", BROWSER)

    assert guarded.application.reached == []


def test_only_websockets_leave_http(guarded: GuardedSite, member: str) -> None:
    key = key_of(guarded, member)
    upgrade = ["Connection: Upgrade", "Upgrade: WebSocket"]
    asking = ["GET /socket HTTP/1.1", f"Host: {guarded.host}"]
    status, _ = guarded.sent(*asking, *upgrade, body=b"hello\n")
    assert status == 401
    assert guarded.application.reached == []

    upgrade[0] += ", X-Vestibule-User"
    status, _ = guarded.sent(*asking, *upgrade, key, body=b"hello\n")
    assert status == 101
    assert guarded.reached().named("X-Vestibule-User") == [member]

    both = "h2c\r\nUpgrade: websocket"
    for name in ("h2c", "websocket, h2c", "websocket\r\nUpgrade: h2c", both):
        h2c = ["Connection: Upgrade, HTTP2-Settings", f"Upgrade: {name}"]
        guarded.sent(*asking, *h2c, "HTTP2-Settings: AAMAAABkAAQ", key)
        assert "h2c" not in str(guarded.reached().named("Upgrade"))


@pytest.mark.asvs("4.2.1")
@pytest.mark.attack(134)
def test_a_request_hidden_in_another_is_not_served(
    guarded: GuardedSite, member: str
) -> None:
    hidden = "GET /hidden HTTP/1.1\r\nHost: x\r\nX-Vestibule-User: admin\r\n"
    body = f"0\r\n\r\n{hidden}\r\n".encode()
    key = key_of(guarded, member)
    for coding in ("chunked", " chunked", "xchunked", "chunked, identity"):
        guarded.sent(
            "POST /me HTTP/1.1",
            f"Host: {guarded.host}",
            key,
            f"Content-Length: {len(body)}",
            f"Transfer-Encoding: {coding}",
            body=body,
        )
        seen = guarded.application.reached
        assert [r for r in seen if r.path == "/hidden"] == [], coding
        for reached in seen:
            assert reached.named("X-Vestibule-User") == [member]
        seen.clear()
