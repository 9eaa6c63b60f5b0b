"""Too many wrong passwords, and a browser that works for one more attempt."""

import pytest
from playwright.sync_api import expect

from processes import Server
from windows import PASSWORD, Window, both_ways

pytest_plugins = ["chromium"]
pytestmark = pytest.mark.browser

BUSY = "Checking that you are not a robot…"
DONE = "You need not wait: you can try once more now."
# A worker whose answer comes when the test says so.
HELD = """
const post = Worker.prototype.postMessage;
const all = [];
Worker.prototype.postMessage = function (data) {
  all.push(() => post.call(this, data));
};
window.letGo = () => all.splice(0).forEach((go) => go());
"""
INSECURE = "Object.defineProperty(window, 'isSecureContext', {value: false})"


def throttled(window: Window, name: str) -> None:
    """Create an account, and guess at it until one has to wait."""
    window.open("/register")
    window.fill(
        username=name,
        email=f"{name}@example.com",
        password1=PASSWORD,
        password2=PASSWORD,
    )
    window.press("Create account")
    for _ in range(11):
        window.open("/login")
        window.fill(email=name, password="not the password")
        window.press("Sign in")
    expect(window.page.locator(".summary")).to_contain_text(
        "Too many tries. Try again in"
    )
    expect(window.page.locator("#email")).to_have_value(name)


@both_ways
def test_the_eleventh_sign_in_works_at_once_where_scripts_may_run(
    window: Window, scripts: bool
) -> None:
    throttled(window, f"worker{scripts:d}")
    status = window.page.get_by_role("status").filter(has_text=DONE)
    if scripts:
        expect(status).to_be_visible(timeout=30_000)
    window.fill(password=PASSWORD)
    window.press("Sign in")

    assert window.path() == ("/profile" if scripts else "/login")
    if not scripts:
        expect(window.page.locator(".summary")).to_contain_text("Too many")


@pytest.mark.parametrize("scripts", [True], ids=["with scripts"])
def test_it_works_beside_the_person_and_sends_what_was_sent_too_soon(
    window: Window, server: Server
) -> None:
    page = window.page
    page.add_init_script(HELD)
    throttled(window, "hasty")
    status = page.locator("[data-challenge]")
    expect(status).to_have_text(BUSY)
    expect(status).to_have_role("status")
    # What it says stands where the wait is told, above the form.
    expect(page.locator(".summary + [data-challenge]")).to_be_visible()
    button = page.locator("main").get_by_role(
        "button", name="Sign in", exact=True
    )
    expect(button).not_to_have_attribute("aria-disabled", "true")
    window.fill(password=PASSWORD)
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    expect(status).to_have_text(BUSY)
    expect(button).to_have_attribute("aria-disabled", "true")
    expect(page.locator("#password")).to_be_focused()
    expect(page.locator("#password")).to_have_value(PASSWORD)

    page.evaluate("letGo()")

    page.wait_for_url(f"{server.url}/profile")


@pytest.mark.asvs("3.7.5")
@pytest.mark.parametrize("scripts", [True], ids=["with scripts"])
def test_where_nothing_can_be_computed_there_is_the_wait(
    window: Window,
) -> None:
    window.page.add_init_script(INSECURE)
    throttled(window, "insecure")

    expect(window.page.locator("[data-challenge]")).to_have_text("")
    # It takes no room either, though it is there for who reads by ear.
    expect(window.page.locator("[data-challenge]")).to_be_hidden()
    window.fill(password=PASSWORD)
    window.press("Sign in")

    assert window.path() == "/login"
    expect(window.page.locator(".summary")).to_contain_text("Too many")
