"""Every route that there is, asked in every way by everybody.

The routes come from the application's own map, and what they read is
learnt by asking them, so that a new route is asked from its first day.
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import product
from typing import Any
from unittest import mock
from urllib.parse import quote, quote_plus

import pytest
from flask import Flask, request
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event
from sqlalchemy.exc import NoResultFound
from werkzeug.routing import Rule

from conftest import Browser, account, form_token
from hostility import (
    BROWSER,
    FORM,
    JSON,
    LIVING,
    MARK,
    MULTIPART,
    NUMBERS,
    TEXTS,
    Answer,
    Knock,
    asked,
    assert_well_behaved,
    field_names,
    lasting_state,
    latin,
    meant_well,
    odd_texts,
    odd_values,
    tries,
)
from vestibule.auth import Auth
from vestibule.history import Circumstances, circumstances
from vestibule.policy import OPERATOR
from vestibule.shape import Shape
from vestibule.user import User

one_database = pytest.mark.parametrize(
    "database_url", ["sqlite"], indirect=True
)
pytestmark = pytest.mark.settings(
    attempts_per_account=1_000_000, attempts_per_address=1_000_000
)

ACTING = ["POST", "PUT", "PATCH", "DELETE"]
UNKNOWN = ["TRACE", "CONNECT", "BREW"]
METHODS = ["GET", "HEAD", *ACTING, "OPTIONS", *UNKNOWN, "get", "post"]
NO_LINK = "A" * 43
# What a request says where its sender's own secrets belong.
OWN_FORM, OWN_NAME = "own-form-token", "Own-Name"


class Caller:
    """Somebody who knocks: nobody, or an account by cookie or bearer."""

    def __init__(
        self,
        app: Flask,
        auth: Auth,
        user: User | None = None,
        *,
        by_bearer: bool = False,
    ) -> None:
        self.app, self.auth, self.user = app, auth, user
        self.by_bearer = by_bearer
        self.token: str | None = None
        self.visit = self.form = ""
        self.lives = 0

    def person(self, user: User) -> User:
        """Find the account, made anew if somebody deleted it."""
        try:
            return self.auth.db.find_user_by(id=user.id)
        except NoResultFound:
            self.lives += 1
            made = account(self.auth, f"life{user.id}.{self.lives}")
            if user.is_admin:
                self.auth.administration.set_admin(
                    made, is_admin=True, by=OPERATOR
                )
            return made

    def come_in(self) -> None:
        """Be signed in, with a form of one's own visit in hand."""
        if self.visit and (
            not self.user or self.auth.sessions.owner(self.token)
        ):
            return
        browser = Browser(self.app)
        if self.user:
            self.user = self.person(self.user)
            self.token = self.auth.sessions.open(self.user.id)
            browser.client.set_cookie("session_id", self.token)
        self.form = form_token(
            browser.open("/logout" if self.user else "/login")
        )
        cookie = browser.client.get_cookie("vestibule_visit")
        assert cookie
        self.visit = cookie.value

    def credentials(self) -> tuple[tuple[str, str], ...]:
        """List the headers that say who it is."""
        self.come_in()
        if self.by_bearer:
            return (("Authorization", f"Bearer {self.token}"),)
        cookies = f"vestibule_visit={self.visit}"
        if self.token:
            cookies = f"session_id={self.token}; {cookies}"
        return (("Cookie", cookies),)

    def signed(self, knock: Knock) -> Knock:
        """Put one's own credentials and form into a request."""
        mine = self.credentials()
        sent: list[tuple[str, str]] = []
        for name, value in knock.headers:
            sent += mine if name == OWN_NAME else [(name, value)]
        body = knock.body.replace(OWN_FORM.encode(), self.form.encode())
        return replace(knock, headers=tuple(sent), body=body)


@dataclass(repr=False)
class Stage:
    """An application, those who knock at it, and what it must keep."""

    app: Flask
    auth: Auth
    callers: list[Caller]
    live: list[str]
    reads: dict[str, set[type[Shape]]]
    writes: list[str]
    state: dict[str, Any]
    count: int = 0

    def knock(self, knock: Knock) -> Answer:
        """Ask, and see that the answer is fit to be seen."""
        self.count += 1
        if self.writes:
            self.state = lasting_state(self.auth)
            self.writes.clear()
        answer = asked(self.app, knock)
        assert_well_behaved(knock, answer)
        # What is refused, and who only looks, changes nothing; what was
        # written has been taken back.
        is_still = answer.status >= 400 or knock.method.upper() not in ACTING
        if is_still and self.writes:
            assert lasting_state(self.auth) == self.state, (knock, answer)
            self.writes.clear()
        assert circumstances() == Circumstances()
        secrets = [*self.live[:3], *(c.token or "" for c in self.callers)]
        for secret in filter(None, secrets):
            if not knock.holds(secret):
                assert secret not in answer.text, (knock, answer)
        return answer

    def rules(self) -> list[Rule]:
        """List the rules of the application, one for each address."""
        return sorted(self.app.url_map.iter_rules(), key=str)


def address(rule: Rule, **arguments: str) -> str:
    """Fill in the arguments of a rule, as they are."""
    fill = lambda found: arguments[found[1]]  # noqa: E731
    return re.sub(r"<(?:[^<>]*:)?(\w+)>", fill, rule.rule)


@contextmanager
def noted_writes(auth: Auth) -> Iterator[list[str]]:
    """Note the statements that write what a refusal must not change."""
    about = re.compile(rf"(?!.*\b(?:{'|'.join(LIVING)})\b)\s*(?:INS|UPD|DEL)")
    writes: list[str] = []

    def note(_conn: Any, _cursor: Any, statement: str, *_: Any) -> None:
        """Note one statement."""
        if about.match(statement):
            writes.append(statement)

    event.listen(auth.db.engine, "before_cursor_execute", note)
    try:
        yield writes
    finally:
        event.remove(auth.db.engine, "before_cursor_execute", note)


@pytest.fixture
def stage(
    app: Flask, auth: Auth, alice: User, bob: User, admin: User
) -> Iterator[Stage]:
    """Set the stage with everybody, live links, and what routes read."""
    callers = [
        Caller(app, auth),
        Caller(app, auth, alice),
        Caller(app, auth, admin),
        Caller(app, auth, alice, by_bearer=True),
    ]
    auth.email_verification.ask(alice, "alice@new.example")
    letter = auth.outbox.latest(1)[0].text
    mailed = re.search(r"/verify-email/(\S+)", letter)
    assert mailed
    live = [
        auth.get_reset_password_token(bob.email),
        mailed[1],
        alice.hashed_password,
        str(alice.id),
        str(admin.id),
        "bob",
        "vestibule.css",
    ]
    with noted_writes(auth) as writes:
        made = Stage(app, auth, callers, live, {}, writes, {})
        made.state = lasting_state(auth)
        yield made


def learn(stage: Stage) -> None:
    """Ask every route once with little, to see which shapes it reads."""
    inner = Shape.read.__func__  # type: ignore[attr-defined]

    def noting(shape: type[Shape], /, pairs: Any, **more: Any) -> Shape:
        """Note who reads which shape."""
        stage.reads.setdefault(request.endpoint or "", set()).add(shape)
        read: Shape = inner(shape, pairs, **more)
        return read

    with mock.patch.object(Shape, "read", classmethod(noting)):
        for rule, who, argument in product(
            stage.rules(), stage.callers, stage.live
        ):
            if argument != stage.live[0] and not rule.arguments:
                continue
            for method in set(ACTING) & (rule.methods or set()):
                path = address(rule, **dict.fromkeys(rule.arguments, argument))
                form = f"csrf_token={quote_plus(who.form)}".encode()
                for kind, body in ((FORM, form), (JSON, b"{}")):
                    mine = (*who.credentials(), ("Content-Type", kind))
                    stage.knock(Knock(method, path, "", mine, body))


# -- what may be asked ------------------------------------------------------


def paths(stage: Stage, rule: Rule) -> st.SearchStrategy[str]:
    """Make addresses that lead to a rule, and some that nearly do."""
    part = st.sampled_from([*stage.live, NO_LINK, *NUMBERS]) | odd_texts()
    arguments = st.fixed_dictionaries(dict.fromkeys(rule.arguments, part))
    twists = st.sampled_from(
        [
            *["{}"] * 8,
            *("{}/", "/{}", "{};a=b", "{}%2f..", "{}\x00", "/..{}", "{}.css"),
        ]
    )
    return st.builds(
        lambda values, twist: latin(twist.format(address(rule, **values))),
        arguments,
        twists,
    )


def queries(stage: Stage) -> st.SearchStrategy[str]:
    """Make queries, of any bytes."""
    name = st.sampled_from(["next", "token", "after", "page", "q"])
    value = st.sampled_from([*stage.live, *NUMBERS]) | odd_texts()
    pair = st.builds(
        lambda n, v: f"{n}={quote(v, errors='replace')}",
        name | odd_texts().map(lambda text: quote(text, errors="replace")),
        value,
    )
    raw = st.binary(max_size=30).map(lambda found: found.decode("latin-1"))
    return st.just("") | st.lists(pair, max_size=4).map("&".join) | raw


COOKIES = [
    *("=", ";;;", "session_id", "session_id=", 'session_id="x', "a=b,c=d"),
    *("=session_id=x", " session_id = y", "$Version=1; session_id=x"),
    *("__Host-session_id=x", "\xff\xfe=\xff", 'session_id="\\377\\000"'),
    *("session_id=" + "x" * 8000, "vestibule_visit=e30.e30.e30"),
    *(
        "vestibule_visit=" + "y" * 8000,
        ";".join(f"a{n}=b" for n in range(999)),
    ),
    *("vestibule_visit=.eJw.aaaaaa.b", 'vestibule_visit="\\042"'),
]
VALUES = [
    *("", " ", ",", ";", '"', "\xff", "\xc3\xa9", "," * 8000, "a" * 8000),
    *("null", "*", "text/html", "text/html;q=-1", "text/html;q=nan", "*/*;"),
    *("ru;q=1e9", "../../en", "x-\xff", "bytes=0-", "bytes=9-1,-", 'W/"\xff"'),
    *("1.2.3.4", "1.2.3.4:80", "::1%eth0", "::ffff:1.2.3.4", "999.1.1.1"),
    *("for=1.2.3.4;proto=https", "[::1", "a:b:c", "user@localhost", "%00"),
    *("localhost", "evil.example", "https://evil.example", "http://[", "//"),
    *("cross-site", "same-origin", "none", "DELETE", "gzip, chunked", "0"),
    *("Basic \xff", "Basic Og==", "Bearer ", "Bearer \xff", "Bearer a b"),
    *("Digest a=b", "100-continue", "9" * 400, "-1", MARK, "\x7f\x01"),
    *("Thu, 99 Foo 0000", "application/problem+json", "trailers"),
]
HEADERS = [
    *("Accept", "Accept-Language", "Accept-Charset", "Accept-Encoding"),
    *("Host", "Origin", "Referer", "Sec-Fetch-Site", "Sec-Fetch-Mode"),
    *("X-Forwarded-For", "X_Forwarded_For", "X-Forwarded-Host", "Forwarded"),
    *("X-Real-IP", "Via", "Range", "If-Range", "If-None-Match", "If-Match"),
    *("If-Modified-Since", "Authorization", "User-Agent", "Expect"),
    *("X-HTTP-Method-Override", "X-Method-Override", "Transfer-Encoding"),
    *("Content-Encoding", "Content-Disposition", "Content-Length"),
    *("X-Original-URL", "X-Rewrite-URL", "X-Requested-With", "Remote-User"),
    *("Upgrade", "Connection", "Date", "Cache-Control", "Pragma", "Cookie2"),
]


def headers() -> st.SearchStrategy[list[tuple[str, str]]]:
    """Make a few odd headers, some of them twice."""
    text = st.characters(max_codepoint=255, exclude_characters="\r\n\x00")
    value = st.sampled_from(VALUES) | st.text(text, max_size=40)
    odd = st.tuples(st.sampled_from(HEADERS), value)
    cookie = st.tuples(st.just("Cookie"), st.sampled_from(COOKIES))
    return st.lists(odd | cookie, max_size=3)


KINDS = [
    *(f"{FORM}; charset=utf-16", f"{FORM};charset=utf-7", f"{FORM}, {JSON}"),
    *(f"{JSON}; charset=utf-16", f"{JSON};charset=rot13", "text/json", "é/ü"),
    *(f"{JSON}; charset={'x' * 1000}", "application/merge-patch+json", ";;;"),
    *(MULTIPART, f"{MULTIPART}; boundary=", f"{MULTIPART}; boundary=\xff"),
    *(f'{MULTIPART}; boundary="', "text/plain", "image/svg+xml", "", " "),
    *("application/octet-stream", f"{MULTIPART}; boundary={'y' * 300}"),
]


def part(name: str, value: str, file: str | None) -> bytes:
    """Write one part of a multipart body."""
    said = f'Content-Disposition: form-data; name="{name}"'
    if file is not None:
        said += f'; filename="{file}"\r\nContent-Type: image/png'
    text = f"--y\r\n{said}\r\n\r\n{value}\r\n"
    return text.encode("utf-8", "surrogatepass")


@st.composite
def bodies(
    draw: st.DrawFn, stage: Stage, rule: Rule
) -> tuple[str | None, bytes]:
    """Make a body and its type: nearly right, odd, or no body at all."""
    how = draw(st.sampled_from(["form", "form", "json", "json", "parts", "x"]))
    if how == "x":
        kind = draw(st.none() | st.sampled_from([FORM, JSON, *KINDS]))
        raw = st.binary(max_size=200) | odd_texts().map(
            lambda text: text.encode("utf-8", "surrogatepass")
        )
        return kind, draw(raw)
    read = sorted(stage.reads.get(rule.endpoint, ()), key=repr)
    names = [sorted(shape.looks()) for shape in read]
    name = st.sampled_from(field_names()) | st.sampled_from(TEXTS)
    fields = list(draw(st.sampled_from(names))) if names else []
    fields += draw(st.lists(name, max_size=1))
    if draw(st.integers(0, 4)) == 0:
        fields = fields[1:]
    odd = odd_values() if how == "json" else odd_texts()
    pairs = [
        (n, draw(odd if draw(st.integers(0, 2)) == 0 else meant_well(n)))
        for n in fields
    ]
    if how == "json":
        return JSON, json.dumps(dict(pairs)).encode()
    if draw(st.integers(0, 5)):
        pairs.append(("csrf_token", OWN_FORM))
    if how == "form":
        return FORM, "&".join(
            f"{quote_plus(n, errors='replace')}="
            f"{quote_plus(v, errors='replace')}"
            for n, v in pairs
        ).encode()
    files = st.none() | st.sampled_from(["a.png", "../x", "", "\x00", "é.svg"])
    parts = [
        part(n, v, draw(files) if n != "csrf_token" else None)
        for n, v in pairs
    ]
    return f"{MULTIPART}; boundary=y", b"".join(parts) + b"--y--\r\n"


@st.composite
def knocks(draw: st.DrawFn, stage: Stage, rule: Rule) -> Knock:
    """Make a request that means one rule."""
    allowed = sorted(rule.methods or set())
    method = draw(st.sampled_from([*allowed * 3, *METHODS]))
    kind, body = draw(bodies(stage, rule))
    accepts = st.sampled_from([BROWSER, BROWSER, (), (("Accept", JSON),)])
    sent = [*draw(accepts), (OWN_NAME, ""), *draw(headers())]
    if kind is not None:
        sent.append(("Content-Type", kind))
    return Knock(
        method,
        draw(paths(stage, rule)),
        draw(queries(stage)),
        tuple(draw(st.permutations(sent))),
        body,
        draw(st.sampled_from([*[""] * 9, None, "0", "-1", "x", "9" * 30])),
        draw(st.sampled_from([False, False, False, True])),
    )


# -- what is asked ----------------------------------------------------------


@pytest.mark.asvs("3.3.2", "4.1.4")
@pytest.mark.attack("A38")
@one_database
def test_every_method_at_every_address_by_everybody(stage: Stage) -> None:
    nobody, alice, admin, bearer = stage.callers
    visits = [(nobody, BROWSER), (nobody, ()), (alice, BROWSER)]
    visits += [(admin, BROWSER), (bearer, ())]
    places = {rule.rule: rule for rule in stage.rules()}.values()
    for rule, (who, accept), method in product(places, visits, METHODS):
        for argument in (NO_LINK, stage.live[0]) if rule.arguments else ("",):
            path = address(rule, **dict.fromkeys(rule.arguments, argument))
            knock = Knock(method, path, "", (*who.credentials(), *accept))
            answer = stage.knock(knock)
            if method in UNKNOWN:
                assert answer.status in (302, 401, 403, 404, 405), knock


@pytest.mark.asvs("1.1.1", "1.4.2")
@pytest.mark.attack(94)
def test_every_number_and_text_as_a_part_of_an_address(stage: Stage) -> None:
    admin = stage.callers[2]
    for rule in stage.rules():
        for odd in [*NUMBERS, *TEXTS] if rule.arguments else []:
            path = latin(address(rule, **dict.fromkeys(rule.arguments, odd)))
            for method in {"GET", *ACTING} & (rule.methods or set()):
                mine = (*admin.credentials(), *BROWSER)
                stage.knock(Knock(method, path, "", mine))


@pytest.mark.attack(141, "A38")
@one_database
def test_any_bytes_in_a_query_break_nothing(stage: Stage) -> None:
    for rule, who in product(stage.rules(), stage.callers[:2]):
        path = address(rule, **dict.fromkeys(rule.arguments, NO_LINK))
        for query in ("\xff", "next=\xed\xa0\x80", "%ff&%", "a;b", "?" * 9000):
            mine = (*who.credentials(), *BROWSER)
            stage.knock(Knock("GET", path, query, mine))


@pytest.mark.attack(86, 142)
@one_database
def test_a_mark_in_every_place_never_stands_in_a_page(stage: Stage) -> None:
    learn(stage)
    mark, query = quote_plus(MARK), f"next={quote(MARK)}&q={quote(MARK)}"
    for rule, who in product(stage.rules(), stage.callers[:3]):
        path = address(rule, **dict.fromkeys(rule.arguments, MARK))
        names = {
            n for s in stage.reads.get(rule.endpoint, ()) for n in s.looks()
        }
        for marked in [names, *({name} for name in sorted(names)), {MARK}]:
            pairs = dict.fromkeys(names, "alice") | dict.fromkeys(marked, mark)
            body = "&".join(f"{name}={text}" for name, text in pairs.items())
            sent = f"{body}&csrf_token={who.form}".encode()
            mine = (*who.credentials(), *BROWSER, ("Content-Type", FORM))
            for method in {"GET", "POST"} & (rule.methods or set()):
                stage.knock(Knock(method, path, query, mine, sent))


@pytest.mark.asvs("3.5.1")
@pytest.mark.attack("A25", "A26")
@one_database
def test_a_request_of_another_site_acts_nowhere(stage: Stage) -> None:
    for rule, who, foreign in product(
        stage.rules(),
        stage.callers,
        [("Origin", "https://evil.example"), ("Sec-Fetch-Site", "cross-site")],
    ):
        for method in set(ACTING) & (rule.methods or set()):
            path = address(rule, **dict.fromkeys(rule.arguments, "bob"))
            body = f"csrf_token={who.form}".encode()
            mine = (*who.credentials(), foreign, ("Content-Type", FORM))

            answer = stage.knock(Knock(method, path, "", mine, body))

            assert answer.status in (403, 404), (method, path, answer)


@pytest.mark.attack(113, 137)
@one_database
def test_a_body_that_is_too_large_or_of_no_kind_acts_nowhere(
    stage: Stage,
) -> None:
    for rule, who in product(stage.rules(), stage.callers):
        for method in set(ACTING) & (rule.methods or set()):
            path = address(rule, **dict.fromkeys(rule.arguments, "bob"))
            for kind, body in (
                (FORM, b"a" * 200_000),
                (JSON, b'"' * 200_000),
                ("text/plain", b"x"),
                ("application/xml", b"<!DOCTYPE x>"),
            ):
                mine = (*who.credentials(), ("Content-Type", kind))
                answer = stage.knock(Knock(method, path, "", mine, body))
                assert 300 <= answer.status < 500, (method, path, answer)


@pytest.mark.attack(96, "A38")
def test_whatever_anybody_sends_to_any_route_is_answered(
    stage: Stage,
) -> None:
    learn(stage)
    for rule in stage.rules():

        @tries(20)
        @given(st.sampled_from(stage.callers), knocks(stage, rule))
        def storm(who: Caller, knock: Knock) -> None:
            """Send one request."""
            stage.knock(who.signed(knock))

        storm()
    assert len(stage.reads) >= 15
    print(f"{stage.count} requests at {len(stage.rules())} rules")


@pytest.mark.attack(69)
@pytest.mark.settings(base_url="https://id.example.com")
@one_database
def test_a_neighbours_cookie_is_never_a_session(
    app: Flask, auth: Auth, alice: User
) -> None:
    token = auth.create_session(alice.email)
    for cookies in (
        f"session_id={token}",
        f"=__Host-session_id={token}",
        f"__host-session_id={token}",
        f"__Secure-session_id={token}",
        f"__Host-session_id%3D={token}",
        f"__Host_session_id={token}",
    ):
        sent = (("Cookie", cookies), ("Accept", JSON))

        assert asked(app, Knock("GET", "/profile", "", sent)).status == 403


@pytest.mark.attack(69)
@pytest.mark.asvs("15.3.7")
@one_database
def test_of_two_cookies_of_one_name_only_one_is_asked(
    app: Flask, auth: Auth, alice: User
) -> None:
    good = auth.create_session(alice.email)
    statuses = []
    for cookies in (
        f"session_id={good}; session_id=x",
        f"session_id=x; session_id={good}",
        f'session_id="{good}"; session_id=x',
        f'session_id=x; session_id="{good}"',
        f"session_id=; session_id={good}",
    ):
        sent = (("Cookie", cookies), ("Accept", JSON))
        answer = asked(app, Knock("GET", "/profile", "", sent))
        statuses.append(answer.status)

    assert statuses == [200, 403, 200, 403, 403]
