"""Nothing that a visitor sends leads anybody away, at any page there is.

The oracle is a parser of the URL standard that browsers follow, by others.
Source: WHATWG URL, section 4; CWE-601.
"""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from itertools import product
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import pytest
from ada_url import URL
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from conftest import TurnableClock
from deeds import deeds
from hostility import Answer, Knock, asked, latin, odd_texts, tries
from policy_stage import Stage, staged
from tricks import CORPUS, ENDS, MIDDLES, NASTY, STARTS, URLISH
from vestibule.auth import Auth
from vestibule.doors.destinations import checked
from vestibule.doors.returning import Returning
from vestibule.settings import Settings

HERE = "http://localhost:5000"
SITE = "https://id.example.com"
ALONE = Settings.load({}, base_url=SITE)
SHARED = Settings.load({}, base_url=SITE, session_domain="example.com")
AT_PORT = Settings.load(
    {}, base_url="http://id.localhost:8080", development="true"
)
# What others have called it.
NAMES = (
    *("next", "return_to", "return", "redirect", "redirect_uri", "url", "to"),
    *("continue", "state", "RelayState", "back", "target", "or", "r"),
)
LEADING = {"href", "src", "action", "formaction", "data", "poster", "cite"}


def origin(text: str, base: str = f"{SITE}/login") -> str:
    """Say whose the address is that a browser would go to."""
    try:
        found = URL(text, base)
    except ValueError:
        return "no address"
    return str(found.origin)


def assert_stays(text: str, settings: Settings | None = None) -> None:
    """See that a destination, if it is let through, stays."""
    kept = checked(text, settings)
    if kept is None:
        return
    base = f"{settings.base_url if settings else SITE}/login"
    found = URL(kept, base)
    assert (found.username, found.password) == ("", ""), text
    if settings is None or not settings.sessions.domain:
        assert found.origin == URL(base).origin, text
        return
    own = URL(base)
    assert (found.protocol, found.port) == (own.protocol, own.port), text
    assert f".{found.hostname}".endswith(f".{settings.sessions.domain}"), text


@pytest.mark.asvs("1.2.2", "1.5.3", "3.7.2")
@pytest.mark.attack(80, 81, 82, 83, "A28")
@pytest.mark.parametrize(
    "settings", [None, ALONE, SHARED, AT_PORT], ids=["-", "own", "sub", "port"]
)
def test_the_whole_corpus_stays_as_the_url_standard_reads_it(
    settings: Settings | None,
) -> None:
    hosts = ["example.com", "wiki.example.com", "id.localhost:8080", "evil.x"]
    twisted = [
        "".join(parts)
        for parts in product(STARTS, [*hosts, *MIDDLES], ["", "@", "."], ENDS)
    ]
    doubled = ["".join(parts) for parts in product(STARTS, STARTS, ["evil.x"])]
    texts = [*CORPUS, *twisted, *doubled, *NASTY]
    for text in texts:
        assert_stays(text, settings)

    # Nothing is proven by an oracle that finds everything harmless.
    assert len({origin(text) for text in texts}) > 20
    assert sum(checked(text, settings) is not None for text in texts) > 300


HOSTISH = st.text("aex.:/\\@#?%[]*-_ \t\n\x00o。．\u00ad０１", max_size=10)


@pytest.mark.attack(80, 81, "A28")
@tries(1500)
@given(
    st.one_of(
        odd_texts(),
        URLISH,
        st.builds("/{}".format, URLISH),
        st.builds("{}{}".format, st.sampled_from(STARTS), URLISH),
        st.builds("https://{}example.com{}".format, HOSTISH, HOSTISH),
        st.builds("{}//{}.example.com/{}".format, HOSTISH, HOSTISH, URLISH),
    ),
    st.sampled_from([None, ALONE, SHARED, AT_PORT]),
)
def test_no_text_leads_away_as_the_url_standard_reads_it(
    text: str, settings: Settings | None
) -> None:
    assert_stays(text, settings)


@pytest.mark.attack(80, 85, "A28")
@tries(500)
@given(
    st.one_of(URLISH, st.sampled_from(CORPUS), st.just("/wiki?page=1")),
    st.one_of(HOSTISH, st.sampled_from(["id.example.com", "a.example.com"])),
    st.sampled_from(["https", "http", "javascript", "https:", ""]),
    st.sampled_from([ALONE, SHARED]),
)
def test_a_proxy_that_is_lied_to_leads_nobody_away(
    path: str, host: str, scheme: str, settings: Settings
) -> None:
    way = Returning(settings).way_in(
        {
            "QUERY_STRING": "or=sign-in",
            "HTTP_ACCEPT": "text/html",
            "HTTP_HOST": latin(host),
            "HTTP_X_FORWARDED_HOST": latin(host),
            "HTTP_X_FORWARDED_PROTO": scheme,
            "HTTP_X_FORWARDED_URI": latin(path),
            "wsgi.url_scheme": "https",
        }
    )

    assert way is not None
    led = URL(way)
    assert led.origin == SITE
    assert led.pathname == "/login"
    for wanted in parse_qs(urlsplit(way).query).get("next", []):
        assert checked(wanted, settings) == wanted
        assert_stays(wanted, settings)


# -- every page -------------------------------------------------------------


class Ways(HTMLParser):
    """The addresses of a page, wherever it could lead or send somebody."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(markup)
        self.close()

    def handle_starttag(
        self, tag: str, attrs: list[tuple[str, str | None]]
    ) -> None:
        """Note the addresses of one element."""
        given = {name: value or "" for name, value in attrs}
        self.found += [given[name] for name in LEADING & given.keys()]
        if given.get("name") == "next":
            self.found.append(given.get("value", ""))
        assert given.get("http-equiv", "").lower() != "refresh"
        assert "ping" not in given, tag


@pytest.fixture
def stage(app: Flask, auth: Auth, clock: TurnableClock) -> Iterator[Stage]:
    """Set the stage."""
    with staged(app, auth, clock) as made:
        yield made


def assert_leads_nowhere_else(path: str, answer: Answer) -> None:
    """See that an answer leads to nothing but our own addresses."""
    base = f"{HERE}{path}"
    leads = [v for n, v in answer.headers if n.lower() == "location"]
    assert len(leads) <= 1, (path, answer)
    for name in ("refresh", "content-location", "link"):
        assert not answer.get(name), (path, answer)
    if answer.get("content-type").startswith("text/html"):
        leads += Ways(answer.text).found
    for lead in leads:
        if path == "/account/2fa/confirm" and lead.startswith("otpauth:"):
            assert_hands_a_secret_to_an_app(lead)
            continue
        assert origin(lead, base) == HERE, (path, lead)


def assert_hands_a_secret_to_an_app(lead: str) -> None:
    """See that a link opens an app of the device, and tells it no more.

    It leads to no site: what it holds is what the picture beside it says.
    """
    parts = urlsplit(lead)
    assert (parts.scheme, parts.netloc) == ("otpauth", "totp"), lead
    asked_of_it = parse_qs(parts.query, strict_parsing=True)
    assert asked_of_it.keys() == {"secret", "issuer"}, lead
    assert asked_of_it["issuer"] == ["Vestibule"], lead
    label = r"/Vestibule:\w+%40example\.com"
    assert re.fullmatch(label, parts.path), lead


def assert_goes_on_safely(
    stage: Stage, path: str, answer: Answer, cookie: str
) -> None:
    """See where an answer leads, and where what it leads to does."""
    assert_leads_nowhere_else(path, answer)
    onward = answer.get("location")
    if onward:
        path, _, query = onward.partition("?")
        headers = (("Accept", "text/html"), ("Cookie", cookie))
        knock = Knock("GET", path, query, headers)
        assert_leads_nowhere_else(path, asked(stage.app, knock))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.settings(
    attempts_per_account=1_000_000,
    attempts_per_address=1_000_000,
    mailed_sign_in="true",
)
@pytest.mark.attack(22, 80, 81, 82, 83, 84, 85, 86, "A28")
@pytest.mark.asvs("3.7.2", "3.7.3", "X23")
@pytest.mark.parametrize("name", ["anonymous", "owner", "admin"])
def test_no_page_leads_elsewhere_whatever_it_is_asked(
    stage: Stage, name: str
) -> None:
    asker = stage.askers[name]
    cookie = f"session_id={asker.token}; vestibule_visit={asker.visit}"
    acting = {"/login", "/confirm", "/language", "/logout"}
    for deed in deeds(stage.app):
        if not deed.is_page:
            continue
        tricks = NASTY if deed.looks or deed.rule in acting else NASTY[:3]
        for trick in tricks:
            told = quote(trick, errors="replace")
            headers = (
                ("Referer", latin(trick) if trick.isprintable() else "//evil"),
                ("X-Forwarded-Host", "evil.example"),
                ("X-Original-URL", "//evil.example"),
            )
            # A form that does not know the field refuses all of it.
            for extra in (None,) if deed.looks else (None, {"next": trick}):
                answer = stage.ask(
                    asker,
                    deed,
                    query="&".join(f"{key}={told}" for key in NAMES),
                    extra=extra,
                    headers=headers,
                )
                path = deed.path(stage.about(asker, deed))
                assert_goes_on_safely(stage, path, answer, cookie)
                stage.put_back()


@pytest.mark.asvs("1.1.1")
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.attack(80, 86, "A28")
def test_no_address_leads_elsewhere_however_it_is_written(
    stage: Stage,
) -> None:
    for name, twist, way in product(
        ("anonymous", "owner"),
        ("/{}", "//{}", "/{}/..//evil.example", "//evil.example/..{}", "{}//"),
        ("/login", "/profile", "/nowhere"),
    ):
        asker = stage.askers[name]
        cookie = f"session_id={asker.token}"
        headers = (("Accept", "text/html"), ("Cookie", cookie))
        for trick in NASTY:
            query = urlencode({"next": trick}, errors="replace")
            for path in (twist.format(way), f"{way}{trick}", trick):
                knock = Knock("GET", latin(path), query, headers)
                answer = asked(stage.app, knock)
                assert_leads_nowhere_else("/", answer)
