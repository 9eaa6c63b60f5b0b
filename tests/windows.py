"""Windows of a real Chromium, and what every page in them must keep."""

import sqlite3
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import (
    BrowserContext,
    ConsoleMessage,
    Locator,
    Page,
    Request,
)

from processes import Server

PASSWORD = "correct horse battery staple"
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@dataclass
class Window:
    """A window; notes what the browser complains of."""

    context: BrowserContext
    server: Server
    page: Page
    complaints: list[str] = field(default_factory=list)

    def watch(self, page: Page) -> Page:
        """Note every error on a page's console and every lost request."""

        def on_console(message: ConsoleMessage) -> None:
            """Note what the console says in red, but refusals we expect."""
            is_expected = "Failed to load resource" in message.text
            if message.type == "error" and not is_expected:
                self.complaints.append(message.text)

        def on_failed(request: Request) -> None:
            """Note what could not be loaded, unless we went on too soon."""
            if request.failure != "net::ERR_ABORTED":
                self.complaints.append(f"{request.url}: {request.failure}")

        page.on("console", on_console)
        page.on("requestfailed", on_failed)
        return page

    def open(self, path: str) -> None:
        """Type an address."""
        self.page.goto(self.server.url + path)

    def path(self) -> str:
        """Say which page is shown, whatever spot on it."""
        url = self.page.url.partition("#")[0]
        return url.removeprefix(self.server.url)

    def fill(self, **typed: str) -> None:
        """Fill in fields by their names."""
        for name, text in typed.items():
            self.page.locator(f"#{name}").fill(text)

    def press(self, button: str) -> None:
        """Press the button of the page's form."""
        spot = self.page.locator("main")
        self.go(spot.get_by_role("button", name=button, exact=True))

    def go(self, spot: Locator) -> None:
        """Click at what leads to another page, and wait until it is there.

        With its style: a page measured before is as wide as it likes.
        """
        with self.page.expect_navigation(wait_until="load"):
            spot.click()

    def follow(self, link: str) -> None:
        """Follow a link of the page's body."""
        self.go(self.page.locator("main").get_by_role("link", name=link))

    def notices(self) -> list[str]:
        """Read the notices of the page."""
        return self.page.locator("p.notice").all_inner_texts()

    def errors(self) -> dict[str, str]:
        """Read the error at each field."""
        found = {}
        for spot in self.page.locator("p.error[id]").all():
            name = str(spot.get_attribute("id")).partition("-")[0]
            said = spot.inner_text().removeprefix("Error:")
            found[name] = said.strip()
        return found

    def register(self, name: str, password: str = PASSWORD) -> None:
        """Create an account by the page."""
        self.open("/register")
        self.fill(
            username=name,
            email=f"{name}@example.com",
            password1=password,
            password2=password,
        )
        self.press("Create account")
        assert self.path() == "/login"

    def sign_in(self, name: str, password: str = PASSWORD) -> None:
        """Sign in by the page."""
        self.open("/login")
        self.fill(email=name, password=password)
        self.press("Sign in")

    def sign_out(self) -> None:
        """Sign out by the page."""
        self.open("/logout")
        self.press("LogOut")
        assert self.path() == "/login"

    def keep(self, folder: str | None, name: str) -> None:
        """Keep a picture of the page, where somebody wants to look at it."""
        if folder:
            shot = Path(folder) / f"{name}.png"
            self.page.screenshot(path=shot, full_page=True)

    def must_be_seen_well(self, name: str) -> None:
        """Fail if the page does not fit, is faint, or lacks a name."""
        page = self.page
        size = page.viewport_size
        assert size
        wide = page.evaluate("() => document.documentElement.scrollWidth")
        assert wide <= size["width"], f"{name} scrolls sideways"
        faint = [seen for seen in page.evaluate(CONTRASTS) if seen[1] < 4.5]
        assert faint == [], name
        assert page.evaluate(UNLABELLED) == [], name
        assert page.evaluate(SMALL) == [], name
        assert page.locator("h1").count() == 1, name
        assert page.title().endswith(" – Vestibule"), name


def write(server: Server, statement: str) -> None:
    """Change the database behind a server's back, as time would."""
    path = server.log.parent / "data" / "vestibule.db"
    connection = sqlite3.connect(path, timeout=30)
    with connection:
        connection.execute(statement)
    connection.close()


# Every text that can be seen, with its contrast to what is behind it.
CONTRASTS = """() => {
  const numbers = colour => colour.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map(c => c / 255).map(
      c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const behind = place => {
    for (let at = place; at; at = at.parentElement) {
      const colour = numbers(getComputedStyle(at).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const seen = [], walker = document.createTreeWalker(
    document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode.textContent.trim();
    const place = walker.currentNode.parentElement;
    if (!text || !place.checkVisibility()) continue;
    const one = light(numbers(getComputedStyle(place).color));
    const two = light(behind(place));
    seen.push([text, (Math.max(one, two) + 0.05) /
                     (Math.min(one, two) + 0.05)]);
  }
  return seen;
}"""
# Inputs need three to one against the page, WCAG 2.2, 1.4.11.
UNLABELLED = """() => [...document.querySelectorAll(
  'input:not([type=hidden]):not([aria-hidden])')].filter(
  field => !field.labels.length).map(field => field.name)"""
SMALL = """() => [...document.querySelectorAll('a, button, input')].filter(
  place => {
    const box = place.getBoundingClientRect();
    const inline = getComputedStyle(place).display === 'inline';
    return !inline && box.width > 1 && (box.width < 24 || box.height < 24);
  }).map(place => place.outerHTML)"""
