"""Phones with an authenticator app on them, and accounts that have one."""

import re
from dataclasses import dataclass

import pyotp
from werkzeug.test import TestResponse

from conftest import HTML, Browser, form_token
from vestibule.auth import Auth
from vestibule.ground.clock import Clock
from vestibule.policy import OPERATOR
from vestibule.user import User

STEP = 30


@dataclass
class Phone:
    """An app that knows one key, and reads the test's clock."""

    key: str
    clock: Clock

    def code(self, steps: int = 0) -> str:
        """Show the code of now, or of some steps before or after."""
        at = self.clock.now() + STEP * steps
        return pyotp.TOTP(s=self.key).at(at)

    def wrong(self) -> str:
        """Make up a code that is none of this hour."""
        near = {self.code(step) for step in range(-60, 60)}
        return next(c for n in range(1000) if (c := f"{n:06}") not in near)


def with_app(auth: Auth, user: User) -> Phone:
    """Set an app up, by the code before the one of now."""
    phone = Phone(auth.totp.begin(user, by=OPERATOR).key, auth.clock)
    auth.totp.confirm(user, phone.code(-1), by=OPERATOR)
    return phone


def scanned(page: TestResponse, auth: Auth) -> Phone:
    """Read the key of a set-up off its page."""
    found = re.search(r'<code class="key"[^>]*>([A-Z2-7 ]+)</code>', page.text)
    assert found, page.text
    return Phone(found[1].replace(" ", ""), auth.clock)


def shown_codes(page: TestResponse) -> list[str]:
    """Read the recovery codes off the page that shows them."""
    return re.findall(r"<li><code>([0-9a-z-]+)</code></li>", page.text)


def press(browser: Browser, path: str, **typed: str) -> TestResponse:
    """Send the first form of a page to its own address."""
    token = form_token(browser.open(path))
    data = {**typed, "csrf_token": token}
    return browser.client.post(path, data=data, headers=HTML)


def second_step(browser: Browser, code: str, **more: str) -> TestResponse:
    """Enter a code at the page of the second step."""
    return press(browser, "/login/verify", code=code, **more)


def signed_in(browser: Browser) -> bool:
    """Tell whether somebody is signed in here."""
    return browser.open("/profile").status_code == 200
