"""Windows of a real Chromium, and what people do in them."""

import sqlite3
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import (
    BrowserContext,
    ConsoleMessage,
    Locator,
    Page,
    Request,
)

from processes import Server

# The list of rooms beside every page of an account.
ROOMS = ".rooms.wide"
PASSWORD = "correct horse battery staple"
both_ways = pytest.mark.parametrize(
    "scripts", [False, True], ids=["without scripts", "with scripts"]
)
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

    def follow(self, link: str, place: str = "main") -> None:
        """Follow a link of the page's body, or of another place."""
        self.go(self.page.locator(place).get_by_role("link", name=link))

    def notices(self) -> list[str]:
        """Read the notices of the page."""
        return self.page.locator(".said").all_inner_texts()

    def errors(self) -> dict[str, str]:
        """Read the error at each field."""
        found = {}
        for spot in self.page.locator(".field.wrong").all():
            name = str(spot.locator("[aria-invalid]").get_attribute("id"))
            said = spot.locator(".error").first.inner_text()
            found[name] = said.removeprefix("Error:").strip()
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


def write(server: Server, statement: str) -> None:
    """Change the database behind a server's back, as time would."""
    path = server.log.parent / "data" / "vestibule.db"
    connection = sqlite3.connect(path, timeout=30)
    with connection:
        connection.execute(statement)
    connection.close()
