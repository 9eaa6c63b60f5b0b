"""A proxy that asks, in a real Chromium: in, out, and out by somebody else."""

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, Playwright, expect, sync_playwright

from conftest import PASSWORD
from guarded_sites import GuardedSite
from windows import ARGUMENTS

pytest_plugins = ["guarded_fixtures"]

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    """Start what drives browsers."""
    with sync_playwright() as running:
        yield running


@pytest.fixture
def page(guarded: GuardedSite, playwright: Playwright) -> Iterator[Page]:
    """Open a window in which all hosts lie at the port of the proxy."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    assert path, "Chromium is missing. Install the package chromium."
    rule = f"--host-resolver-rules=MAP * 127.0.0.1:{guarded.proxy.port}"
    browser = playwright.chromium.launch(
        executable_path=path, args=[*ARGUMENTS, rule]
    )
    context = browser.new_context(ignore_https_errors=True)
    context.set_default_timeout(30_000)
    yield context.new_page()
    browser.close()


def sign_in(page: Page, name: str, wanted: str) -> None:
    """Fill in the page that somebody was led to, and come back."""
    page.locator("#email").fill(name)
    page.locator("#password").fill(PASSWORD)
    main = page.locator("main")
    main.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(wanted)


def test_people_come_in_go_out_and_are_shut_out(
    guarded: GuardedSite, member: str, page: Page
) -> None:
    ask = "fetch('/api').then(answer => answer.status)"
    wanted = f"{guarded.site}/lists?q=%D1%81&r=100%25&x=1"
    page.goto(wanted)
    assert page.url.startswith(f"{guarded.account}/login?next=")
    assert guarded.application.reached == []
    sign_in(page, member, wanted)
    assert guarded.application.reached[-1].named("X-Vestibule-User") == [
        member
    ]
    page.goto(f"{guarded.site}/files/paper.txt")
    expect(page.locator("body")).to_have_text("the members' paper")
    assert page.evaluate(ask) == 200

    # A script of a page left open is told 401, and shown no other page.
    guarded.command("user", "sign-out", member)
    guarded.application.reached.clear()
    assert page.evaluate(ask) == 401
    page.goto(wanted)
    assert page.url.startswith(f"{guarded.account}/login?next=")
    assert guarded.application.reached == []

    sign_in(page, member, wanted)
    page.goto(f"{guarded.account}/logout")
    page.locator("main").get_by_role("button", name="LogOut").click()
    page.wait_for_url(f"{guarded.account}/login")
    guarded.application.reached.clear()
    for path in ("/files/paper.txt", "/lists"):
        page.goto(guarded.site + path)
        assert page.url.startswith(f"{guarded.account}/login?next=")
    assert guarded.application.reached == []
