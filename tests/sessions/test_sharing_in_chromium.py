"""Signing in for a subdomain, and coming back there, in a real Chromium."""

import shutil
from pathlib import Path

import pytest
import requests
from playwright.sync_api import sync_playwright

from processes import PATIENCE, developing, free_port
from windows import ARGUMENTS, PASSWORD

pytestmark = pytest.mark.browser

HOME, WIKI = "id.example.test", "wiki.example.test"


def test_a_browser_is_led_in_and_back_and_known_there(tmp_path: Path) -> None:
    port = free_port()
    with (
        developing(
            tmp_path,
            port=port,
            VESTIBULE_BASE_URL=f"http://{HOME}:{port}",
            VESTIBULE_SESSION_DOMAIN="example.test",
        ),
        sync_playwright() as playwright,
    ):
        made = requests.post(
            f"http://127.0.0.1:{port}/users",
            data={"email": "anna@example.com", "password": PASSWORD},
            timeout=PATIENCE,
        )
        assert made.status_code == 200
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=[
                *ARGUMENTS,
                "--host-resolver-rules=MAP *.example.test 127.0.0.1",
            ],
        )
        page = browser.new_page()
        wanted = f"http://{WIKI}:{port}/check"
        # A policy that ends the form's way at this host would stop it here.
        page.goto(f"http://{HOME}:{port}/login?next={wanted}")
        page.fill("#email", "anna@example.com")
        page.fill("#password", PASSWORD)
        page.locator("main").get_by_role("button", name="Sign in").click()
        page.wait_for_url(wanted)

        assert '"email": "anna@example.com"' in page.inner_text("body")
        kept = {c["name"]: c["domain"] for c in page.context.cookies()}
        assert kept.pop("session_id") == ".example.test"
        assert set(kept.values()) <= {HOME}

        page.goto(f"http://{HOME}:{port}/logout")
        page.locator("main").get_by_role("button", name="LogOut").click()
        page.wait_for_url("**/login")
        answer = page.goto(wanted)
        assert answer is not None
        assert answer.status == 401
        browser.close()
