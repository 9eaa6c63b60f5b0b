"""Bad input at every door: a clear 4xx, nothing changed, never a 5xx."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from conftest import HTML, Browser, account, form_token
from phones import with_app
from stagecraft import rows
from vestibule.auth import Auth
from vestibule.user import User

pytestmark = pytest.mark.settings(
    attempts_per_account=100_000,
    attempts_per_address=100_000,
    mailed_sign_in="true",
)

one_database = pytest.mark.parametrize(
    "database_url", ["sqlite"], indirect=True
)
UNSAFE = {"POST", "PUT", "PATCH", "DELETE"}
JSON_DOOR = "vestibule.classic."
NO_LINK = "A" * 43
GOOD = {
    "email": "carol@example.com",
    "username": "carol",
    "reset_token": NO_LINK,
    "remember": "true",
    "picture": "",
}
# Which link was opened is in a cookie; the form only says it once more.
OPTIONAL = {"remember", "picture", "link"}
AWAY = {"/profile", "/login", "/login/code", "/password_reset"}
# What the JSON routes read; a page's form tells its own fields.
JSON_FIELDS = {
    "vestibule.classic.users": ["email", "password"],
    "vestibule.classic.sessions": ["email", "password"],
    "vestibule.classic.ask_reset": ["email"],
    "vestibule.classic.finish_reset": [
        "email",
        "reset_token",
        "new_password",
    ],
    "vestibule.classic.end_session": [],
}
FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"
JSON = "application/json"
# Counts and events are written of refused acts as well, on purpose.
LIVING = {"vestibule_attempts", "vestibule_events"}


@dataclass(frozen=True)
class Route:
    """An address with a method that acts."""

    method: str
    path: str
    endpoint: str

    @property
    def is_json(self) -> bool:
        """Whether the JSON door answers here."""
        return self.endpoint.startswith(JSON_DOOR)


def acting_routes(app: Flask, links: dict[str, str]) -> list[Route]:
    """List all that acts, whoever adds it, with live and dead links.

    The API has stories of its own, in tests/api.
    """
    found = []
    for rule in app.url_map.iter_rules():
        if rule.endpoint.startswith("vestibule.api."):
            continue
        arguments = [dict.fromkeys(rule.arguments, NO_LINK)]
        if rule.endpoint in links:
            arguments.append({"token": links[rule.endpoint]})
        for values in arguments:
            path = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)
            found += [
                Route(method, path.format(**values), rule.endpoint)
                for method in sorted(UNSAFE & (rule.methods or set()))
            ]
    return found


class Stage:
    """Alice, her links, and everybody who may knock at a door."""

    def __init__(self, app: Flask, auth: Auth, alice: User) -> None:
        self.auth = auth
        self.stranger = Browser(app)
        self.alice = Browser(app)
        assert self.alice.sign_in("alice").status_code == 302
        self.bob = self._waiting(app, account(auth, "bob"))
        auth.email_verification.ask(alice, "alice@new.example")
        letter = auth.outbox.latest(1)[0].text
        mailed = re.search(r"/verify-email/(\S+)", letter)
        assert mailed
        self.routes = acting_routes(
            app,
            {
                "vestibule.password_reset.finish": (
                    auth.get_reset_password_token(alice.email)
                ),
                "vestibule.email_verification.confirm": mailed[1],
            },
        )
        self.before = self.state()

    def _waiting(self, app: Flask, user: User) -> Browser:
        """Be at the door: with a letter that signs in, and a second step."""
        browser = Browser(app)
        browser.send("/login/code", email=user.email)
        letter = self.auth.outbox.latest(1)[0].text
        link = re.search(r"/login/code/\S+", letter)
        assert link
        assert browser.follow(link[0]).status_code == 200
        with_app(self.auth, user)
        led_on = browser.sign_in(user.username)
        assert led_on.location == "/login/verify"
        return browser

    def state(self) -> dict[str, Any]:
        """Read all that bad input must not change."""
        found = rows(self.auth)
        return {name: found[name] for name in found.keys() - LIVING}

    def visits(self) -> Iterator[tuple[Route, Browser, dict[str, str]]]:
        """Go to every acting route as whom it concerns, form in hand."""
        for route in self.routes:
            if route.is_json:
                names = JSON_FIELDS.get(route.endpoint, [*GOOD])
                yield route, self.stranger, good(names)
                continue
            for who in (self.stranger, self.bob, self.alice):
                page = who.open(route.path)
                if page.status_code == 200:
                    break
            body = page.text.partition("<main")[2]
            names = re.findall(r'<input[^>]* name="(\w+)"', body)
            if "csrf_token" not in names:
                page, who = self.stranger.open("/login"), self.stranger
            fields = good(name for name in names if name != "csrf_token")
            yield route, who, {**fields, "csrf_token": form_token(page)}


def good(names: Any) -> dict[str, str]:
    """Fill in fields as somebody might who means well."""
    return {name: GOOD.get(name, "seven purple llamas") for name in names}


def knock(
    route: Route, who: Browser, body: bytes | str, kind: str
) -> TestResponse:
    """Send a raw body in the way of the door."""
    return who.client.open(
        route.path,
        method=route.method,
        data=body,
        content_type=kind,
        headers={} if route.is_json else HTML,
    )


def assert_refused(route: Route, response: TestResponse, sent: object) -> None:
    """See that a door refused in its own language."""
    told = (route, sent if len(repr(sent)) < 500 else "…", response.text[:500])
    if route.is_json:
        assert 400 <= response.status_code < 500, told
        assert response.mimetype == JSON, told
        assert list(response.json or {}) == ["message"], told
        assert "Set-Cookie" not in response.headers, told
        return
    assert response.mimetype == "text/html", told
    if response.status_code == 302:
        # To the profile, which says what is wrong, or away from dead links
        # and from pages that are not for signed-in people.
        assert response.location in AWAY
        return
    assert 400 <= response.status_code < 500, told
    assert '<html lang="en">' in response.text, told


@pytest.fixture
def stage(app: Flask, auth: Auth, alice: User) -> Iterator[Stage]:
    """Set the stage, and see afterwards that nothing on it changed."""
    set_up = Stage(app, auth, alice)
    yield set_up
    assert set_up.state() == set_up.before


@one_database
def test_every_route_that_acts_is_covered(stage: Stage) -> None:
    names = {route.endpoint for route in stage.routes if route.is_json}
    pages = {route.path for route in stage.routes if not route.is_json}

    assert names == JSON_FIELDS.keys()
    assert {"/register", "/login", "/logout", "/profile"} <= pages
    assert len(pages) >= 9


@pytest.mark.attack(87, "A32")
@pytest.mark.asvs("15.3.3")
def test_unknown_fields_are_refused(stage: Stage) -> None:
    for route, who, fields in stage.visits():
        for name in ("is_admin", "id", "user_id", "hashed_password", "", "é"):
            sent = {**fields, name: "true"}
            kinds = [(urlencode(sent), FORM)]
            if route.is_json:
                kinds.append((json.dumps(sent), JSON))
            for body, kind in kinds:
                assert_refused(route, knock(route, who, body, kind), body)


@pytest.mark.asvs("2.2.2")
@pytest.mark.attack(44, 55)
@one_database
def test_missing_fields_are_refused(stage: Stage) -> None:
    for route, who, fields in stage.visits():
        for name in fields.keys() - OPTIONAL:
            sent = {key: fields[key] for key in fields if key != name}
            body = urlencode(sent)
            assert_refused(route, knock(route, who, body, FORM), body)
            if route.is_json:
                body = json.dumps(sent)
                assert_refused(route, knock(route, who, body, JSON), body)


@pytest.mark.attack(5, "A36")
@pytest.mark.asvs("15.3.7")
@one_database
def test_repeated_fields_are_refused(stage: Stage) -> None:
    for route, who, fields in stage.visits():
        for name, value in fields.items():
            body = urlencode([*fields.items(), (name, value)])
            assert_refused(route, knock(route, who, body, FORM), body)
            if route.is_json:
                again = f",{json.dumps(name)}:{json.dumps(value)}}}"
                body = json.dumps(fields)[:-1] + again
                assert_refused(route, knock(route, who, body, JSON), body)


ODD_TEXTS = [
    "x" * 5000,
    "carol\x00@example.com",
    "carol\x07@example.com",
    "carol\ue000@example.com",
    "carol\ufffd@example.com",
    "carol@example.com\r\nBcc: mallory@example.com",
]
ODD_NAMES = [
    "",
    " ",
    "@",
    "carol\u200b@example.com",
    "\u202ecarol@example.com",
    "carol\ufeff",
    "carol@example.com,mallory@example.com",
    "carol@example.com mallory@example.com",
    "Carol <carol@example.com>",
    "carol(x)@example.com",
    "carol@[127.0.0.1]",
    "carol@localhost",
    "carol@example..com",
    f"{'c' * 64}@{'x' * 63}.{'x' * 63}.{'x' * 63}.{'x' * 63}.example",
    "../../etc/passwd",
    "<script>alert(1)</script>",
    "{{7*7}}{% include 'x' %}{name}%s%n",
    "' OR 1=1 --",
    "carоl with a Cyrillic o",
]


@pytest.mark.asvs("2.2.1", "2.2.2")
@pytest.mark.attack(129, "A36")
def test_texts_that_can_be_no_name_or_password_are_refused(
    stage: Stage,
) -> None:
    for route, who, fields in stage.visits():
        for name in fields:
            is_name = name in ("email", "username")
            for odd in ODD_TEXTS + (ODD_NAMES if is_name else []):
                sent = {**fields, name: odd}
                body = urlencode(sent)
                assert_refused(route, knock(route, who, body, FORM), sent)
                if route.is_json:
                    body = json.dumps(sent)
                    assert_refused(route, knock(route, who, body, JSON), sent)


ODD_VALUES = [
    None,
    True,
    False,
    0,
    1.5,
    10**400,
    [],
    ["carol@example.com"],
    ["carol@example.com", "mallory@example.com"],
    {},
    {"$ne": ""},
    {"email": "carol@example.com"},
    [[[[[[[[[[{"a": [None]}]]]]]]]]]],
    "carol\ud800",
    "\udfff",
]


@pytest.mark.attack(95, 96, "A36")
@pytest.mark.asvs("2.2.1", "15.3.5")
def test_values_of_the_wrong_type_are_refused(stage: Stage) -> None:
    for route, who, fields in stage.visits():
        for name in fields:
            for odd in ODD_VALUES:
                body = json.dumps({**fields, name: odd})
                assert_refused(route, knock(route, who, body, JSON), body)
        for odd_name in ("\ud800", "\x00", "\u202e", "x" * 5000):
            body = json.dumps({**fields, odd_name: "x"})
            assert_refused(route, knock(route, who, body, JSON), body)


ODD_BODIES: list[tuple[bytes, str]] = [
    *[
        (body, JSON)
        for body in (
            b"",
            b"{",
            b"{}",
            b"[]",
            b'[{"email":"carol@example.com"}]',
            b"null",
            b"true",
            b"NaN",
            b'"email"',
            b'{"email":NaN}',
            b'{"email":-Infinity}',
            b"{'email':'carol@example.com'}",
            b'{"email":"carol@example.com"',
            b'{"email":"carol@example.com"} x',
            b'\xef\xbb\xbf{"email":"carol@example.com"}',
            '{"email":"carol@example.com"}'.encode("utf-16"),
            b'{"email":"\xff\xfe"}',
            b'{"email":"carol\x00"}',
            b"[" * 30_000,
            b'{"email":' * 5_000 + b"1" + b"}" * 5_000,
            b"9" * 60_000,
            b'{"a":1e999999}',
            b"email=carol@example.com",
        )
    ],
    (
        '{"email":"carol@example.com"}'.encode("utf-16"),
        "application/json; charset=utf-16",
    ),
    (b'{"email":"carol@example.com"}', "application/ld+json"),
    (b'{"email":"carol@example.com"}', "text/json"),
    (b"email=carol@example.com", "text/plain"),
    (b"<email>carol@example.com</email>", "application/xml"),
    (b"\x00\x01\x02", "application/octet-stream"),
    (b"email=carol@example.com", ""),
    (b"email=carol@example.com", ";;;"),
    (b"email=carol@example.com", "é/ü"),
    (b"email=carol%2BAEA-example.com", f"{FORM}; charset=utf-7"),
    (b"email=%", FORM),
    (b"%zz=%zz&=&&&;=", FORM),
    (b"email=%ff%fe&password=%00", FORM),
    (b"\xff\xfe=\xff", FORM),
    (b"&" * 10_000, FORM),
    (b"a=1;b=2", FORM),
    (b"x", MULTIPART),
    (b"x", f"{MULTIPART}; boundary="),
    (b"x", f"{MULTIPART}; boundary=y"),
    (b"--y\r\n\r\n\r\n--y--\r\n", f"{MULTIPART}; boundary=y"),
    (
        b"--y\r\nContent-Disposition: form-data; name=email\r\n\r\ncarol",
        f"{MULTIPART}; boundary=y",
    ),
    (
        b"--y\r\nContent-Disposition: form-data\r\n\r\nx\r\n--y--\r\n",
        f"{MULTIPART}; boundary=y",
    ),
]


@pytest.mark.attack(137, "A38")
def test_bodies_that_cannot_be_read_are_refused(stage: Stage) -> None:
    for route, who, _ in stage.visits():
        for body, kind in ODD_BODIES:
            assert_refused(route, knock(route, who, body, kind), (body, kind))


@one_database
def test_what_is_no_json_object_is_called_so(app: Flask) -> None:
    for body in (b"{", b"[]", b"1", b'{"email":NaN}', b"\xff", b"[" * 30_000):
        response = app.test_client().post(
            "/users", data=body, content_type=JSON
        )

        assert response.status_code == 400
        assert response.json == {"message": "The body is not a JSON object"}


@one_database
def test_files_are_refused(stage: Stage) -> None:
    for route, who, fields in stage.visits():
        for name in {*fields, "picture", ""} - {"csrf_token"}:
            kept = {key: fields[key] for key in fields if key != name}
            body = b"".join(
                b"--y\r\nContent-Disposition: form-data; "
                + f'name="{key}"\r\n\r\n{value}\r\n'.encode()
                for key, value in kept.items()
            )
            body += (
                b"--y\r\nContent-Disposition: form-data; "
                + f'name="{name}"; filename="../x.php"\r\n'.encode()
                + b"Content-Type: text/html\r\n\r\ncarol\r\n--y--\r\n"
            )
            response = knock(route, who, body, f"{MULTIPART}; boundary=y")
            assert_refused(route, response, body)


@one_database
def test_huge_bodies_are_refused(stage: Stage) -> None:
    for route, who, fields in stage.visits():
        kept = urlencode(fields)
        many = "&".join(f"{n:x}=" for n in range(5_000))
        for body, kind in (
            (f"{kept}&email={'x' * 1_000_000}", FORM),
            (json.dumps({**fields, "email": "x" * 1_000_000}), JSON),
            ("x" * 1_000_000, "text/plain"),
            (f"{kept}&{many}", FORM),
            (f"{kept}&{'a&' * 20_000}", FORM),
        ):
            response = knock(route, who, body, kind)
            assert_refused(route, response, len(body))
            if len(body) > 64 * 1024:
                assert response.status_code == 413
            # A small body must not cost a huge answer.
            assert len(response.data) < 10_000


@pytest.mark.asvs("5.2.1")
@one_database
def test_a_body_that_streams_without_a_length_is_cut(stage: Stage) -> None:
    for route, who, _ in stage.visits():
        response = who.client.open(
            route.path,
            method=route.method,
            content_type=FORM,
            headers={} if route.is_json else HTML,
            environ_overrides={
                "wsgi.input": Endless(),
                "wsgi.input_terminated": True,
            },
        )
        assert_refused(route, response, "an endless stream")


class Endless:
    """A body that never ends, until somebody reads far too much of it."""

    def __init__(self) -> None:
        self.left = 10_000_000

    def read(self, size: int = -1) -> bytes:
        """Give as much as is asked for."""
        assert 0 < size <= self.left, "somebody reads without end"
        self.left -= size
        return b"a" * size

    def readline(self, size: int = -1) -> bytes:
        """Give a line without an end."""
        return self.read(size)


ODD_COOKIES = [
    "session_id=",
    "session_id=x; session_id=y",
    f"session_id={'x' * 8000}",
    f"session_id={NO_LINK}; vestibule_visit={'y' * 8000}",
    'session_id="\\000\\377"; vestibule_visit="',
    "vestibule_visit=e30.e30.e30; vestibule_visit=..",
    "vestibule_visit=.eJxLTEpOAQAB.aaaaaa.bbbbbbb",
    "=;=;;,session_id",
    "__Host-session_id=x; =__Host-session_id=y",
    "\xff\xfe=\xff",
    "$Version=1; session_id=x; $Path=/",
]
ODD_HEADERS: list[tuple[str, str]] = [
    *[("Cookie", value) for value in ODD_COOKIES],
    *[
        ("Accept", value)
        for value in ("text/html;q=x", "text/html;q=-1", "\xff", "," * 9000)
    ],
    *[
        ("Accept-Language", value)
        for value in ("ru", "xx;q=nan", "\xff-\xfe", "../../en", "-" * 9000)
    ],
    *[("Sec-Fetch-Site", value) for value in ("", "x" * 9000, "\xff")],
    *[
        ("Origin", value)
        for value in ("", "null", "http://[", "http://a:x", "\xff", "//")
    ],
    *[
        ("Host", value)
        for value in (
            "",
            " ",
            "[",
            "[::1",
            "a:b:c",
            "user:pass@localhost",
            "x" * 9000,
            "a..b",
            "\xff",
            "%00",
            "localhost, evil.example",
        )
    ],
    *[
        (name, value)
        for name in ("X-Forwarded-For", "Forwarded", "X-Forwarded-Host")
        for value in (
            "",
            "a",
            "1.2.3.4:80",
            "::1%eth0",
            "\xff",
            ",,,,1,",
            "9" * 9000,
        )
    ],
    ("User-Agent", "\x01\xff'\"<script>" + "x" * 9000),
    ("Referer", "\xff"),
    ("Range", "bytes=5-1,-,x"),
    ("If-None-Match", '"\xff"'),
    ("If-Modified-Since", "Thu, 99 Foo 0000"),
    ("Authorization", "Basic \xff"),
    ("X-HTTP-Method-Override", "DELETE"),
    ("Transfer-Encoding", "gzip, chunked"),
    ("Content-Encoding", "gzip"),
    ("Expect", "200-maybe"),
]


READING = ["/", "/login", "/profile", "/logut", "/dev/mail", "/nowhere"]


def assert_unmoved(
    app: Flask, stage: Stage, name: str, value: str, paths: list[str]
) -> None:
    """Send an odd header everywhere; see that nothing breaks or acts."""
    client = app.test_client(use_cookies=False)
    asked = [("GET", path, accept) for path in paths for accept in ({}, HTML)]
    asked += [
        (route.method, route.path, {} if route.is_json else HTML)
        for route in stage.routes
    ]
    for method, path, accept in asked:
        headers = {**accept, name: value}
        with client.open(path, method=method, headers=headers) as response:
            told = (method, path, name, value[:99], response.status_code)
            assert response.status_code < 500, told
            assert response.status_code != 200 or method == "GET", told


@pytest.mark.asvs("4.2.5")
@pytest.mark.attack(34, "A38")
def test_odd_headers_break_no_page_and_no_route(
    stage: Stage, app: Flask
) -> None:
    for name, value in ODD_HEADERS:
        assert_unmoved(app, stage, name, value, READING)


@pytest.mark.attack(34, "A23")
@pytest.mark.settings(trusted_proxies="127.0.0.0/8,::1")
def test_odd_words_of_a_trusted_proxy_break_nothing(
    stage: Stage, app: Flask
) -> None:
    for name, value in ODD_HEADERS:
        if "Forwarded" in name:
            assert_unmoved(app, stage, name, value, ["/"])


ODD_PATHS = [
    "/%00",
    "/%ff%fe",
    "//",
    "//evil.example/login",
    "/\\evil.example",
    "/login/",
    "/LOGIN",
    "/login%2f",
    "/login%00",
    "/login;x=y",
    "/login/..%2fprofile",
    "/../../etc/passwd",
    "/%2e%2e/%2e%2e/etc/passwd",
    "/profile.css",
    "/profile/x.js",
    "/static/vestibule/../../app.py",
    "/static/vestibule/..%2f..%2fapp.py",
    "/static/vestibule/%2e%2e%2fapp.py",
    "/static/vestibule/%00",
    "/static/vestibule/",
    "/static/vestibule//etc/passwd",
    "/static/vestibule/" + "a" * 5000,
    "/password_reset/%00",
    "/password_reset/%ff",
    "/password_reset/..%2f..%2fprofile",
    "/password_reset/" + "A" * 60_000,
    "/password_reset?token=%00%ff",
    "/password_reset?token=",
    "/password_reset?token=" + "A" * 60_000,
    "/password_reset?token=a&token=b&token[]=c",
    "/verify-email/%00",
    "/verify-email/" + quote("é\u202e<b>"),
    "/verify-email/" + "A" * 60_000,
    "/login?next=" + quote("\r\nSet-Cookie: a=b"),
    "/login?next=%ff%00",
    "/login?" + "a&" * 30_000,
    "/?%",
    "/" + "a/" * 5000,
]


def test_odd_paths_lead_nowhere_and_break_nothing(
    stage: Stage, app: Flask
) -> None:
    for path in ODD_PATHS:
        for who in (stage.stranger, stage.alice):
            for method in ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"):
                with who.client.open(
                    path, method=method, headers=HTML
                ) as response:
                    told = (method, path[:99], response.status_code)
                    assert response.status_code < 500, told
                    said = response.get_data(as_text=True)
                    assert "root:" not in said, told
                    assert "import " not in said, told
                    location = response.headers.get("Location", "/")
                    assert re.match(r"/(?![/\\])", location), told


def json_values() -> st.SearchStrategy[Any]:
    """Make any JSON value, not too large."""
    texts = st.text(max_size=30) | st.sampled_from(ODD_TEXTS + ODD_NAMES)
    leaves = st.none() | st.booleans() | st.integers() | st.floats() | texts
    return st.recursive(
        leaves,
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(st.text(max_size=9), inner, max_size=4)
        ),
        max_leaves=8,
    )


NAMES = st.sampled_from(
    [*GOOD, "password", "password1", "password2", "new_password", "is_admin"]
) | st.text(max_size=9)
HEADER_TEXT = st.text(
    st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=60
)


@st.composite
def knocks(draw: st.DrawFn) -> dict[str, Any]:
    """Make up a request: whom it is from, its body, kind and headers."""
    fields = draw(st.lists(st.tuples(NAMES, json_values()), max_size=6))
    kind = draw(st.sampled_from([FORM, JSON, MULTIPART, "text/plain", "x"]))
    known = sorted({name for name, _ in ODD_HEADERS})
    headers = draw(
        st.dictionaries(st.sampled_from(known), HEADER_TEXT, max_size=2)
    )
    return {
        "turn": draw(st.integers(min_value=0, max_value=10_000)),
        "fields": fields,
        "kind": kind,
        "raw": draw(st.none() | st.binary(max_size=200)),
        "headers": {**draw(st.sampled_from([{}, HTML])), **headers},
        "with_token": draw(st.booleans()),
    }


@pytest.mark.attack("A38")
@given(made=knocks())
@settings(
    max_examples=100,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[*HealthCheck],
)
def test_no_request_at_all_makes_a_server_error(
    stage: Stage, made: dict[str, Any]
) -> None:
    route = stage.routes[made["turn"] % len(stage.routes)]
    is_alice = made["turn"] % 2 and not route.is_json
    who = stage.alice if is_alice else stage.stranger
    pairs = [(name, str(value)) for name, value in made["fields"]]
    if made["with_token"]:
        page = who.open("/logout" if is_alice else "/login")
        pairs.append(("csrf_token", form_token(page)))
    body = urlencode(pairs, errors="replace").encode()
    if made["kind"] == JSON:
        body = json.dumps(dict(made["fields"])).encode()

    response = who.client.open(
        route.path,
        method=route.method,
        data=body if made["raw"] is None else made["raw"],
        content_type=made["kind"],
        headers=made["headers"],
    )

    assert response.status_code < 500, response.text
    assert "Traceback" not in response.text
