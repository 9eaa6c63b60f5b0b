"""Guarded sites: a proxy in front that asks Vestibule about everybody."""

import http.client
import re
import sys
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from dataclasses import dataclass
from html import unescape
from pathlib import Path

import requests
from click.testing import CliRunner

from conftest import HTML, PASSWORD
from echoing import Application, Reached
from processes import (
    SECRET_KEY,
    environment,
    free_port,
    started,
)
from proxies import RUNNING, Proxy, client, spoken
from vestibule.doors.cli import main


@dataclass(frozen=True)
class Layout:
    """Which addresses are Vestibule's, and which are behind the proxy."""

    site: str
    account: str
    cookie: str
    settings: dict[str, str]


LAYOUTS = {
    "one_host": Layout(
        "https://example.com",
        "https://example.com/account",
        "__Host-session_id",
        {
            "VESTIBULE_BASE_URL": "https://example.com",
            "VESTIBULE_URL_PREFIX": "/account",
        },
    ),
    "two_hosts": Layout(
        "https://app.example.com",
        "https://id.example.com",
        "__Secure-session_id",
        {
            "VESTIBULE_BASE_URL": "https://id.example.com",
            "VESTIBULE_SESSION_DOMAIN": "example.com",
        },
    ),
}
SETTINGS = {
    "VESTIBULE_SECRET_KEY": SECRET_KEY,
    "VESTIBULE_ATTEMPTS_PER_ADDRESS": "1000000",
    "VESTIBULE_TRUSTED_PROXIES": "127.0.0.1",
}


@dataclass(frozen=True)
class GuardedSite:
    """A proxy in front of a site, and Vestibule, which it asks."""

    proxy: Proxy
    layout: Layout
    application: Application
    home: Path

    @property
    def site(self) -> str:
        """What the addresses of the site begin with."""
        return self.layout.site

    @property
    def host(self) -> str:
        """The host name of the site."""
        return self.site.removeprefix("https://")

    @property
    def account(self) -> str:
        """What the addresses of Vestibule begin with."""
        return self.layout.account

    def register(self, name: str) -> None:
        """Create an account, as a program does."""
        typed = {"email": f"{name}@example.com", "password": PASSWORD}
        made = self.somebody().post(f"{self.account}/users", typed)
        assert made.status_code == 200, made.text

    def somebody(self) -> requests.Session:
        """Bring a browser that nobody has used before."""
        session = client(self.proxy)
        session.headers.update(HTML)
        return session

    def signed_in(self, name: str) -> requests.Session:
        """Bring a browser with somebody signed in."""
        session = self.somebody()
        login = session.get(f"{self.account}/login")
        page = fill_in(session, login, email=name, password=PASSWORD)
        assert page.status_code == 200, page.text
        return session

    def reached(self) -> Reached:
        """Take the only request that has reached the application."""
        (found,) = self.application.reached
        self.application.reached.clear()
        return found

    def command(self, *words: str) -> None:
        """Run a command of Vestibule, in another process than the server."""
        settings = {**SETTINGS, **self.layout.settings}
        with chdir(self.home):
            done = CliRunner(env=settings).invoke(main, words)
        assert done.exit_code == 0, done.output

    def sent(self, *lines: str, body: bytes = b"") -> tuple[int, bytes]:
        """Send a request written by hand; give its status and the rest."""
        head = "\r\n".join([*lines, "", ""]).encode("utf-8")
        with spoken(self.proxy, self.host) as connection:
            connection.sendall(head + body)
            answer = http.client.HTTPResponse(connection)
            answer.begin()
            return answer.status, answer.read()


def fill_in(
    session: requests.Session, page: requests.Response, **typed: str
) -> requests.Response:
    """Send the sign-in form of a page, and go where it leads."""
    token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    assert token, page.text
    form = {**typed, "csrf_token": unescape(token[1])}
    return session.post(page.url, form)


@contextmanager
def vestibule(layout: Layout, home: Path) -> Iterator[int]:
    """Run ``vestibule serve`` for a layout, and say at which port."""
    port = free_port()
    env = environment(home, **SETTINGS, **layout.settings)
    command = [sys.executable, "-m", "vestibule", "serve", "--port", str(port)]
    with started(command, port, home, env):
        yield port


@contextmanager
def standing(
    proxy: str, layout: str, home: Path, asked: int, behind: Application
) -> Iterator[Proxy]:
    """Run a proxy that asks at one port and passes on to another."""
    (home / "site/files").mkdir(parents=True)
    (home / "site/files/paper.txt").write_text("the members' paper")
    places = {
        "127.0.0.1:5000": f"127.0.0.1:{asked}",
        "127.0.0.1:8000": f"127.0.0.1:{behind.port}",
        "/srv/site": str(home / "site"),
    }
    with RUNNING[proxy](layout, home, places) as running:
        yield running
