"""A real Chromium on a foreign page, at nasty links and at stored script."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import quote, unquote

import pytest
from flask import Flask
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Dialog,
)

from conftest import PASSWORD
from deeds import deeds
from paintings import painted
from processes import Server
from tricks import NASTY

# The browser, and one server for all.
pytest_plugins = ["chromium"]

pytestmark = pytest.mark.browser
# A page of another site: it sends what it is told to, as forms and by
# script, and tries to show and to read what is ours.
FOREIGN = """<!doctype html><title>Win a prize</title><body><script>
const ours = %(ours)r, tried = [];
const seen = (what, element) => tried.push(new Promise(done => {
  element.onload = () => done(what + " came");
  element.onerror = () => done(what + " failed");
  document.body.append(element);
}));
const made = (tag, values) => Object.assign(
  document.createElement(tag), values);
window.result = (async () => {
  await Promise.all(%(acts)s.flatMap(([method, path]) => [
    "email=mallory&name=mallory&password=%(word)s",
    '{"name": "mallory", "password": "%(word)s", "x": "',
  ].flatMap(body => [
    fetch(ours + path, {method: "POST", mode: "no-cors", body,
      credentials: "include"}).catch(() => 0),
    fetch(ours + path, {method, body, credentials: "include",
      headers: {"Content-Type": "application/json"}}).catch(() => 0),
  ])));
  seen("script", made("script", {src: ours + "/check"}));
  seen("picture", made("img", {src: ours + %(picture)r}));
  seen("mark", made("img", {src: ours + "/static/vestibule/mark.svg"}));
  seen("style", made("link", {rel: "stylesheet",
    href: ours + "/static/vestibule/vestibule.css"}));
  const read = fetch(ours + "/api/v1/profile", {credentials: "include"});
  tried.push(read.then(() => "profile came", () => "profile failed"));
  return Promise.all(tried);
})();
</script>
<form method=post enctype=%(kind)s action="%(ours)s%(action)s">
<input name=email value=mallory><input name=password value="%(word)s">
<input name=language value=ru><input name=next value="//evil.example">
</form></body>"""


@pytest.fixture
def window(chromium: Browser, server: Server) -> Iterator[BrowserContext]:
    """Open a window in which Alice is signed in."""
    context = chromium.new_context(locale="en")
    for name in ("mallory", "alice"):
        typed: dict[str, str | float | bool] = {
            "email": f"{name}@example.com",
            "password": PASSWORD,
        }
        context.request.post(f"{server.url}/users", form=typed)
    signed_in = context.request.post(f"{server.url}/sessions", form=typed)
    assert signed_in.ok
    yield context
    context.close()


def refuse(dialog: Dialog) -> None:
    """Fail because a script has spoken."""
    raise AssertionError(dialog.message)


def profile(server: Server, window: BrowserContext) -> object:
    """Read who is signed in, and all that they have chosen."""
    parts = ("profile", "preferences", "users/alice/feedback")
    root = f"{server.url}/api/v1"
    return [window.request.get(f"{root}/{part}").json() for part in parts]


@pytest.fixture
def foreign() -> Iterator[tuple[int, dict[str, object]]]:
    """Serve a foreign page, filled in with what a test says."""
    filling: dict[str, object] = {}

    class Page(BaseHTTPRequestHandler):
        """Answers everything with the page."""

        def do_GET(self) -> None:
            """Send the page."""
            body = (FOREIGN % filling).encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    site = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    thread = threading.Thread(target=site.serve_forever, daemon=True)
    thread.start()
    yield site.server_port, filling
    site.shutdown()
    site.server_close()
    thread.join()


@pytest.mark.asvs("3.5.8")
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.attack(75, 77, 78, "A25", "A26")
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_foreign_page_does_shows_and_reads_nothing(
    window: BrowserContext,
    server: Server,
    foreign: tuple[int, dict[str, object]],
    app: Flask,
    host: str,
) -> None:
    put = window.request.put(
        f"{server.url}/api/v1/profile/picture",
        data=painted(),
        headers={"Content-Type": "image/png"},
    )
    assert put.ok
    page = window.new_page()
    page.goto(f"{server.url}/profile")
    picture = page.get_attribute("img[src^='/pictures/']", "src")
    before = profile(server, window)
    acts = [
        [deed.method, deed.rule.replace("<username>", "alice")]
        for deed in deeds(app)
        if not deed.looks and "<number>" not in deed.rule
    ]
    port, filling = foreign
    filling |= {
        "ours": server.url,
        "acts": str(acts),
        "word": PASSWORD,
        "picture": picture,
        "kind": "application/x-www-form-urlencoded",
        "action": "/login",
    }
    page.goto(f"http://{host}:{port}/")
    tried = page.evaluate("window.result")
    assert sorted(tried) == [
        *("mark failed", "picture failed", "profile failed"),
        *("script failed", "style failed"),
    ]
    for kind, action in (
        ("application/x-www-form-urlencoded", "/login?next=//evil.example"),
        ("application/x-www-form-urlencoded", "/sessions"),
        ("application/x-www-form-urlencoded", "/language"),
        ("application/x-www-form-urlencoded", "/logout"),
        ("text/plain", "/api/v1/sessions"),
        ("multipart/form-data", "/sessions"),
        ("multipart/form-data", "/users/alice/delete"),
    ):
        filling |= {"acts": "[]", "kind": kind, "action": action}
        page.goto(f"http://{host}:{port}/")
        with page.expect_navigation() as led:
            page.evaluate("document.forms[0].submit()")
        assert led.value
        assert led.value.status == 403, (kind, action)
        assert led.value.url.startswith(server.url)
    assert profile(server, window) == before


@pytest.mark.attack(80, 81, 82, 83, "A28")
def test_a_sign_in_by_a_nasty_link_ends_at_home(
    chromium: Browser, server: Server, window: BrowserContext
) -> None:
    assert window
    for trick in NASTY[:12:3] + NASTY[15:18]:
        context = chromium.new_context()
        page = context.new_page()
        page.on("dialog", refuse)
        page.goto(f"{server.url}/login?next={quote(trick, errors='replace')}")
        page.fill("#email", "alice")
        page.fill("#password", PASSWORD)
        page.press("#password", "Enter")
        page.wait_for_url(lambda url: "/login" not in url)
        assert page.url.startswith(f"{server.url}/"), (trick, page.url)
        assert "evil" not in unquote(page.url), (trick, page.url)
        context.close()


@pytest.mark.asvs("1.2.1", "3.2.2")
@pytest.mark.attack(86, 106)
def test_stored_script_does_not_run(
    window: BrowserContext, server: Server
) -> None:
    for mark in (
        "<script>alert(1)</script><i data-hostile>",
        '"><img src=x onerror=alert(1) data-hostile>',
        "</textarea></title><svg/onload=alert(1) data-hostile>",
        "javascript:alert(1)",
    ):
        written = window.request.post(
            f"{server.url}/api/v1/users/alice/feedback",
            data={"title": mark, "content": mark},
        )
        assert written.status == 201, written.text()
    page = window.new_page()
    said: list[str] = []
    page.on("dialog", lambda dialog: said.append(dialog.message))
    page.goto(f"{server.url}/users/alice")
    ways = page.eval_on_selector_all(
        "main a[href^='/feedback/']", "found => found.map(one => one.href)"
    )
    assert len(ways) >= 4
    for way in [page.url, *ways]:
        page.goto(way)
        assert (
            "data-hostile" in page.inner_text("body")
            or page.locator("textarea, input").count()
        )
        assert page.locator("[data-hostile]").count() == 0
        assert page.locator("[href^='javascript']").count() == 0
    assert said == []
