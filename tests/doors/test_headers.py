"""Headers and markup: what every answer carries, and what no page holds."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from conftest import HTML, PASSWORD, Browser, Postbox
from deeds import written_rule
from vestibule.auth import Auth
from vestibule.user import User

one_database = pytest.mark.parametrize(
    "database_url", ["sqlite"], indirect=True
)
pytestmark = [one_database, pytest.mark.settings(development=True)]

https = pytest.mark.settings(base_url="https://id.example.com")
ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
VOID = {"br", "hr", "img", "input", "link", "meta", "source", "wbr"}
# HTML 5.4.9.18, as far as accounts need it.
AUTOCOMPLETE = {
    "username",
    # Passkeys beside names, in the same list of the browser.
    "username webauthn",
    "email",
    "current-password",
    "new-password",
    "given-name",
    "family-name",
    "one-time-code",
}


@dataclass
class Element:
    """One element of a page, with its attributes and the text in it."""

    name: str
    attributes: dict[str, str]
    text: str = ""
    parents: tuple[str, ...] = ()


@dataclass
class Page(HTMLParser):
    """A page taken apart; what is not well-formed raises."""

    markup: str
    elements: list[Element] = field(default_factory=list)
    open: list[Element] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Read the whole page."""
        super().__init__(convert_charrefs=True)
        assert self.markup.lstrip().lower().startswith("<!doctype html>")
        self.feed(self.markup)
        self.close()
        assert self.open == [], "an element is never closed"

    def handle_starttag(
        self, tag: str, attrs: list[tuple[str, str | None]]
    ) -> None:
        """Note an element, which no attribute may describe twice."""
        names = [name for name, _ in attrs]
        assert len(names) == len({*names}), self.get_starttag_text()
        made = Element(
            tag,
            {name: value or "" for name, value in attrs},
            parents=tuple(outer.name for outer in self.open),
        )
        self.elements.append(made)
        if tag not in VOID:
            self.open.append(made)

    def handle_startendtag(
        self, tag: str, attrs: list[tuple[str, str | None]]
    ) -> None:
        """Note an element of SVG that is closed at once."""
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        """Close the element that was opened last, and no other."""
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop().name == tag, self.getpos()

    def handle_data(self, data: str) -> None:
        """Give a text to all the elements it stands in."""
        for outer in self.open:
            outer.text += data

    def all(self, *names: str) -> list[Element]:
        """Find the elements of these names."""
        return [e for e in self.elements if e.name in names]

    def one(self, name: str) -> Element:
        """Find the only element of a name."""
        (found,) = self.all(name)
        return found


def answers(app: Flask, alice: User, auth: Auth) -> Iterator[TestResponse]:
    """Visit every address of the site, as everybody, in every way."""
    signed_in = Browser(app)
    assert signed_in.sign_in("alice").status_code == 302
    tokens = {
        "vestibule.password_reset.finish": auth.get_reset_password_token(
            alice.email
        )
    }
    for rule in [*app.url_map.iter_rules(), None]:
        path, methods = "/nowhere", {"GET"}
        if rule is not None:
            token = tokens.get(rule.endpoint, "A" * 43)
            path = written_rule(rule)
            path = path.replace("<filename>", "vestibule.css")
            path = re.sub("<.*>", token, path)
            methods = {*(rule.methods or ()), "PATCH"} - {"DELETE"}
        for method in sorted(methods):
            for who in (Browser(app), signed_in):
                for accept in (HTML, {}):
                    yield who.client.open(path, method=method, headers=accept)
    yield signed_in.client.post("/users", data=b"x" * 100_000)
    yield signed_in.client.post("/login", data=b"x" * 100_000, headers=HTML)
    yield signed_in.client.delete("/sessions")
    yield signed_in.client.get("/static/vestibule/none.css", headers=HTML)


def with_a_bug(app: Flask) -> Flask:
    """Plant a bug behind an address of its own."""

    def bug() -> str:
        """Divide by nothing."""
        return str(1 / 0)

    app.add_url_rule("/bug", "bug", bug)
    return app


@pytest.mark.asvs(
    "3.4.2", "3.4.3", "3.4.4", "3.4.5", "3.4.6", "3.4.8", "3.5.8"
)
@pytest.mark.attack("A29")
def test_every_answer_carries_the_headers_that_protect_it(
    app: Flask, auth: Auth, alice: User
) -> None:
    statuses: set[int] = set()
    with_a_bug(app)
    found = [
        *answers(app, alice, auth),
        Browser(app).open("/bug"),
        app.test_client().get("/bug"),
    ]
    for response in found:
        told = (response.request.method, response.request.path)
        statuses.add(response.status_code)
        policy = response.headers["Content-Security-Policy"]
        assert {
            "default-src 'none'",
            "script-src 'self'",
            "worker-src 'self'",
            "style-src 'self'",
            "img-src 'self' blob:",
            "font-src 'self'",
            "connect-src 'self'",
            "manifest-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        } == {*policy.split("; ")}, told
        for name, value in ALWAYS.items():
            assert response.headers.getlist(name) == [value], told
        assert response.headers["Referrer-Policy"] in (
            "same-origin",
            "no-referrer",
        )
        assert "Strict-Transport-Security" not in response.headers
        assert "Access-Control-Allow-Origin" not in response.headers
        response.close()
    assert {200, 302, 401, 403, 404, 405, 413, 422, 500} <= statuses


@pytest.mark.asvs("14.2.2", "14.3.2")
@pytest.mark.attack(66, 67, "A30")
def test_only_files_may_be_kept_by_anybody(
    app: Flask, auth: Auth, alice: User
) -> None:
    for response in answers(app, alice, auth):
        told = (response.request.method, response.request.path)
        is_file = response.request.path.startswith(
            (
                "/static/",
                "/api/openapi.json",
                "/manifest.webmanifest",
                "/robots.txt",
                "/.well-known/passkey-endpoints",
                "/favicon.ico",
                "/apple-touch-icon.png",
            )
        )
        if not is_file or response.status_code >= 400:
            assert response.headers["Cache-Control"] == "no-store", told
            assert {*response.vary} == {
                "Cookie",
                "Authorization",
                "Accept",
                "Accept-Language",
            }, told
        else:
            assert b"alice" not in response.get_data()
            assert "Set-Cookie" not in response.headers
        response.close()


@pytest.mark.attack(66)
def test_a_missing_file_shows_nobody_to_a_shared_cache(
    browser: Browser, alice: User
) -> None:
    browser.sign_in("alice")

    response = browser.open("/static/vestibule/profile.css")

    assert response.status_code == 404
    assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.asvs("3.4.1", "12.2.1", "N24")
@https
def test_under_https_every_answer_asks_for_https_from_now_on(
    app: Flask, auth: Auth, alice: User
) -> None:
    for response in answers(app, alice, auth):
        value = response.headers["Strict-Transport-Security"]
        age = re.match(r"max-age=(\d+)", value)
        assert age
        assert int(age[1]) >= 31_536_000
        response.close()


@pytest.mark.asvs("3.4.5")
@pytest.mark.attack("A13")
def test_the_address_of_a_mailed_link_goes_nowhere(
    browser: Browser, auth: Auth, alice: User
) -> None:
    good = f"/password_reset/{auth.get_reset_password_token(alice.email)}"
    for path in (good, f"{good[:-1]}-", f"/verify-email/{'A' * 43}"):
        answer = browser.open(path)
        assert answer.headers["Referrer-Policy"] == "no-referrer"
    sent = browser.send(good, password="short", confirm_password="other")
    assert sent.status_code == 422
    assert sent.headers["Referrer-Policy"] == "no-referrer"


Opened = Callable[[Browser], TestResponse]
WRONG: dict[str, Opened] = {
    "register": lambda b: b.send("/register", username="a b", email="x"),
    "login": lambda b: b.send("/login", email="", password=""),
    "credentials": lambda b: b.send("/login", email="al", password="no"),
    "reset": lambda b: b.send("/password_reset", email="no address"),
    "unknown field": lambda b: b.send("/login", is_admin="true"),
    "expired": lambda b: b.client.post("/login", data={}, headers=HTML),
}


def pages(
    app: Flask, auth: Auth, alice: User, postbox: Postbox
) -> Iterator[tuple[str, TestResponse]]:
    """Open every kind of page there is, right and wrong."""
    stranger, signed_in = Browser(app), Browser(app)
    signed_in.sign_in("alice")
    auth.email_verification.ask(alice, "alice@new.example")
    confirm = postbox.link("/verify-email/")
    reset = f"/password_reset/{auth.get_reset_password_token(alice.email)}"
    for path in ("/", "/register", "/login", "/password_reset", reset):
        yield path, stranger.follow(path)
    for path in (
        "/",
        "/profile",
        "/logout",
        "/password/change",
        "/password/change/done",
        confirm,
        "/nowhere",
        "/dev/mail",
    ):
        yield path, signed_in.follow(path)
    for name, wrong in WRONG.items():
        yield f"wrong {name}", wrong(stranger)
    yield (
        "wrong change",
        signed_in.send(
            "/password/change",
            old_password=PASSWORD,
            new_password="short",
            new_password2="other",
        ),
    )
    yield (
        "wrong reset",
        stranger.send(reset, password="a", confirm_password="b"),
    )
    signed_in.send("/profile", username="a b", email="x")
    yield "wrong profile", signed_in.open("/profile")
    yield "401", stranger.client.post("/profile", headers=HTML)
    yield "405", stranger.client.put("/login", headers=HTML)


named = pytest.mark.settings(name_fields=True, base_url="https://x.example")


@pytest.fixture(params=["plain", pytest.param("named", marks=named)])
def every_page(
    app: Flask, auth: Auth, alice: User, postbox: Postbox
) -> list[tuple[str, Page]]:
    """Take every page apart, with and without the fields for names."""
    return [
        (name, Page(response.text))
        for name, response in pages(app, auth, alice, postbox)
    ]


def test_pages_are_well_formed_and_name_their_language(
    every_page: list[tuple[str, Page]],
) -> None:
    assert len(every_page) >= 24
    for name, page in every_page:
        assert page.one("html").attributes["lang"] == "en", name
        assert page.one("title").text.strip().endswith("— Vestibule"), name
        assert len(page.all("h1")) == 1, name
        assert len(page.all("main")) == 1, name
        ids = [
            e.attributes["id"] for e in page.elements if "id" in e.attributes
        ]
        assert len(ids) == len({*ids}), (name, ids)
        for element in page.elements:
            for attribute in ("for", "aria-describedby", "aria-labelledby"):
                for target in element.attributes.get(attribute, "").split():
                    assert target in ids, (name, attribute, target)
        for link in page.all("a"):
            assert link.attributes["href"], name
            assert link.text.strip(), name


@pytest.mark.asvs("1.2.2", "1.2.3", "3.6.1", "3.7.1", "3.7.3")
def test_pages_hold_nothing_inline_and_no_third_party(
    every_page: list[tuple[str, Page]],
) -> None:
    for name, page in every_page:
        assert not page.all("style", "iframe", "object", "base")
        for script in page.all("script"):
            assert script.attributes["src"], name
            assert script.text == "", name
        for element in page.elements:
            for attribute, value in element.attributes.items():
                told = (name, element.name, attribute, value)
                assert attribute != "style", told
                assert not attribute.startswith("on"), told
                if attribute in ("src", "href", "action", "formaction"):
                    # Our own mails are shown with their whole links.
                    local = value.removeprefix("https://x.example")
                    if "pre" in element.parents:
                        local = local.removeprefix("http://localhost:5000")
                    assert re.match(r"[/#](?!/)", local), told


def test_every_form_is_labelled_and_known_to_password_managers(
    every_page: list[tuple[str, Page]],
) -> None:
    forms = 0
    for name, page in every_page:
        labels = {e.attributes.get("for") for e in page.all("label")}
        forms += len(page.all("form"))
        for form in page.all("form"):
            assert form.attributes["method"].lower() == "post", name
        for given in page.all("input", "select", "textarea"):
            what, told = given.attributes, (name, given.attributes)
            assert "form" in given.parents, told
            if what.get("type") == "hidden" or "readonly" in what:
                continue
            assert what["id"] in labels, told
            assert what["name"] == what["id"], told
            if what["type"] in ("checkbox", "file"):
                continue
            assert what["autocomplete"] in AUTOCOMPLETE, told
            if what["type"] == "password":
                assert what["autocomplete"].endswith("-password"), told
                assert "value" not in what, told
        for button in page.all("button"):
            assert button.attributes["type"] == "submit", name
    assert forms >= 17


def test_a_failure_is_told_in_the_title_the_summary_and_at_the_field(
    every_page: list[tuple[str, Page]],
) -> None:
    failed = 0
    for name, page in every_page:
        title = page.one("title").text
        summary = [
            e for e in page.elements if e.attributes.get("class") == "summary"
        ]
        assert title.startswith("Error: ") == name.startswith("wrong"), name
        assert bool(summary) == name.startswith("wrong"), name
        if not summary:
            continue
        failed += 1
        assert summary[0].attributes["role"] == "alert"
        inputs = {
            e.attributes["id"]: e
            for e in page.all("input")
            if "id" in e.attributes
        }
        links = [e for e in page.all("a") if e.attributes["href"] != "#main"]
        for link in links:
            target = link.attributes["href"]
            if not target.startswith("#"):
                continue
            wrong = inputs[target.removeprefix("#")].attributes
            assert wrong["aria-invalid"] == "true", (name, target)
            said = wrong["aria-describedby"].split()[0]
            (error,) = [
                e for e in page.elements if e.attributes.get("id") == said
            ]
            assert error.text.strip().startswith("Error: "), name
    assert failed >= 8


def test_the_reader_gets_the_language_they_like_best(app: Flask) -> None:
    client = app.test_client()
    for liked, language in (
        ("ru", "ru"),
        ("ru-RU,ru;q=0.9,en;q=0.8", "ru"),
        ("en-GB,ru;q=0.9", "en"),
        ("de,fr;q=0.5", "en"),
        ("ru;q=0,en", "en"),
    ):
        headers = {**HTML, "Accept-Language": liked}
        page = Page(client.get("/login", headers=headers).text)
        assert page.one("html").attributes["lang"] == language, liked
        sign_in = page.all("button")[-2].text
        assert (sign_in == "Sign in") == (language == "en"), sign_in
