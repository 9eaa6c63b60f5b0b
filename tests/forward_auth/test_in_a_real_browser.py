"""Behind the gate in a real Chromium: in, out, and out by somebody else."""

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, Playwright, expect, sync_playwright

from conftest import PASSWORD
from gates import Gate
from windows import ARGUMENTS

pytest_plugins = ["gatehouse"]

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    """Start what drives browsers."""
    with sync_playwright() as running:
        yield running


@pytest.fixture
def page(gate: Gate, playwright: Playwright) -> Iterator[Page]:
    """Open a window in which all hosts lie at the gate's port."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    assert path, "Chromium is missing. Install the package chromium."
    rule = f"--host-resolver-rules=MAP * 127.0.0.1:{gate.proxy.port}"
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
    gate: Gate, member: str, page: Page
) -> None:
    ask = "fetch('/api').then(answer => answer.status)"
    wanted = f"{gate.site}/lists?q=%D1%81&r=100%25&x=1"
    page.goto(wanted)
    assert page.url.startswith(f"{gate.account}/login?next=")
    assert gate.application.reached == []
    sign_in(page, member, wanted)
    assert gate.application.reached[-1].named("X-Vestibule-User") == [member]
    page.goto(f"{gate.site}/files/paper.txt")
    expect(page.locator("body")).to_have_text("the members' paper")
    assert page.evaluate(ask) == 200

    # A script of a page left open is told 401, and shown no other page.
    gate.command("user", "sign-out", member)
    gate.application.reached.clear()
    assert page.evaluate(ask) == 401
    page.goto(wanted)
    assert page.url.startswith(f"{gate.account}/login?next=")
    assert gate.application.reached == []

    sign_in(page, member, wanted)
    page.goto(f"{gate.account}/logout")
    page.locator("main").get_by_role("button", name="LogOut").click()
    page.wait_for_url(f"{gate.account}/login")
    gate.application.reached.clear()
    for path in ("/files/paper.txt", "/lists"):
        page.goto(gate.site + path)
        assert page.url.startswith(f"{gate.account}/login?next=")
    assert gate.application.reached == []
