"""What the script of the pages adds, and that nothing lacks without it."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from paintings import painted
from windows import PASSWORD, Window, both_ways

pytest_plugins = ["chromium"]
pytestmark = pytest.mark.browser

EASY = "Easy to guess. Three or four random words work well"
LONG = "quite a long phrase to type"
PASSWORDS = ("#password1", "#password2")
TWICE = """button => {
  setTimeout(() => button.click());
  setTimeout(() => button.click(), 300);
}"""
KINDS = """() => document.querySelector('form:has(.acts)').addEventListener(
  'submit', event => {
    event.preventDefault();
    window.kinds = [...document.querySelectorAll('.secret input')].map(
      field => field.type);
  })"""


@pytest.fixture
def scripts() -> bool:
    """Let scripts run."""
    return True


def at(window: Window, path: str) -> Page:
    """Open a page."""
    window.open(path)
    return window.page


def kinds(page: Page) -> list[str | None]:
    """Say of what type the fields for passwords are."""
    return [page.locator(one).get_attribute("type") for one in PASSWORDS]


@pytest.mark.asvs("6.2.6", "N8")
@pytest.mark.attack("A10")
def test_one_press_shows_both_passwords_and_another_hides_them(
    window: Window,
) -> None:
    page = at(window, "/register")
    first, second = page.get_by_role("button", name="Show password").all()
    said = page.locator(".unseen[role=status]")

    assert [kinds(page), first.inner_text()] == [["password"] * 2, "Show"]
    assert said.inner_text() == ""
    assert first.get_attribute("aria-controls") == "password1"
    assert first.get_attribute("type") == "button"
    second.click()
    assert kinds(page) == ["text"] * 2
    hide = page.get_by_role("button", name="Hide password")
    assert hide.all_inner_texts() == ["Hide", "Hide"]
    assert said.inner_text() == "Your password is shown"
    hide.first.click()
    assert kinds(page) == ["password"] * 2
    assert said.inner_text() == "Your password is hidden"


@pytest.mark.asvs("6.2.6")
def test_passwords_are_hidden_again_before_they_are_sent(
    window: Window,
) -> None:
    page = at(window, "/register")
    page.get_by_role("button", name="Show password").first.click()
    assert kinds(page) == ["text"] * 2
    page.evaluate(KINDS)

    page.get_by_role("button", name="Create account").click()

    assert page.evaluate("() => window.kinds") == ["password"] * 2


@pytest.mark.asvs("N7")
@pytest.mark.parametrize(
    ("typed", "advice"),
    [
        ("seven", "Too short so far: 5 of 8"),
        ("пароль", "Too short so far: 6 of 8"),
        ("abababababab", EASY),
        ("password1", EASY),
        ("Qwerty2024", EASY),
        ("123456789", EASY),
        ("my name is svetlana", "It contains your name or address"),
        ("a good one", "Long enough; a few more make it stronger"),
        (LONG, "Long, and so hard to guess"),
    ],
)
def test_advice_on_a_new_password_follows_what_is_typed(
    window: Window, typed: str, advice: str
) -> None:
    page = at(window, "/register")
    window.fill(username="Svetlana")
    field, row = page.locator("#password1"), page.locator(".strength")
    expect(row).to_be_hidden()

    field.press_sequentially(typed)

    expect(row).to_contain_text(advice)
    assert row.count() == 1
    field.fill("")
    expect(row).to_be_hidden()


@pytest.mark.asvs("N5")
@pytest.mark.parametrize(
    ("typed", "advised"),
    [
        ("a good one", False),
        ("Tr0ub4dor & 3~", False),
        ("хорошая фраза", True),
        ("a good naïve one", True),
        # What is too short is to be longer first.
        ("пароль", False),
    ],
)
def test_letters_that_some_keyboards_lack_are_spoken_of_when_they_are_typed(
    window: Window, typed: str, advised: bool
) -> None:
    page = at(window, "/register")

    page.locator("#password1").press_sequentially(typed)

    expect(page.locator(".strength")).to_contain_text(
        re.compile("stronger$|guess$|letters$|of 8$")
    )
    said = page.locator(".strength").inner_text()
    assert ("Some keyboards lack its letters" in said) is advised


def test_the_old_password_gets_no_advice(window: Window) -> None:
    assert at(window, "/login").locator(".strength").count() == 0


def test_room_left_is_told_once_it_gets_short(window: Window) -> None:
    window.register("rita")
    window.sign_in("rita")
    page = at(window, "/users/rita/feedback/add")
    title = page.locator("#title")
    said = page.locator(".field:has(#title) [role=status]")

    for count, words in (
        (70, ""),
        (85, "Characters left: 15"),
        (101, "Too long by: 1"),
        (100, "Characters left: 0"),
    ):
        title.fill("x" * count)
        assert said.inner_text() == words
    # An emoji is one character, here as on the server.
    title.fill("🚪" * 99)
    assert said.inner_text() == "Characters left: 1"


def test_a_picture_is_seen_before_it_is_sent(
    window: Window, tmp_path: Path
) -> None:
    window.register("peter")
    window.sign_in("peter")
    page = at(window, "/profile")
    (tmp_path / "me.png").write_bytes(painted(size=(60, 40)))
    (tmp_path / "notes.png").write_bytes(b"no picture")
    shown = page.locator(".preview img")

    page.locator("#picture").set_input_files(tmp_path / "me.png")
    expect(shown).to_have_js_property("naturalWidth", 60)
    expect(page.locator(".preview")).to_have_text("me.png")
    page.locator("#picture").set_input_files(tmp_path / "notes.png")
    expect(shown).to_have_count(0)
    page.locator("#picture").set_input_files([])
    expect(page.locator(".preview")).to_be_empty()


def test_two_quick_presses_send_a_form_once(window: Window) -> None:
    page = window.page
    held: list[Route] = []

    def hold(route: Route) -> None:
        """Keep what is sent from arriving."""
        if route.request.method == "POST":
            held.append(route)
        else:
            route.continue_()

    window.open("/register")
    window.fill(
        username="hasty",
        email="hasty@example.com",
        password1=PASSWORD,
        password2=PASSWORD,
    )
    page.route("**/register", hold)
    button = page.get_by_role("button", name="Create account")
    button.evaluate(TWICE)
    page.wait_for_timeout(600)
    with page.expect_navigation():
        held[-1].continue_()

    assert [len(held), window.path()] == [1, "/login"]
    # Back in the history, it can be sent again.
    page.unroute("**/register")
    page.go_back()
    expect(button).not_to_have_attribute("aria-disabled", "true")
    window.press("Create account")
    assert "password1" in window.errors()


def test_a_download_can_be_had_again_a_moment_later(window: Window) -> None:
    window.register("dora")
    window.sign_in("dora")
    page = at(window, "/users/dora/export")
    button = page.get_by_role("button", name="Download")

    for _ in range(2):
        with page.expect_download():
            button.click()
        expect(button).not_to_have_attribute(
            "aria-disabled", "true", timeout=30_000
        )


@pytest.mark.asvs("6.2.7", "N8")
@pytest.mark.attack("A10")
@both_ways
def test_every_field_takes_what_is_pasted(
    new_window: Callable[..., Window], scripts: bool
) -> None:
    window = new_window(java_script_enabled=scripts)
    keyboard, page = window.page.keyboard, at(window, "/register")
    window.fill(username=LONG)
    page.locator("#username").press("Control+A")
    keyboard.press("Control+C")

    for name in ("email", "password1", "password2"):
        page.locator(f"#{name}").press("Control+V")

        assert page.locator(f"#{name}").input_value() == LONG


@pytest.mark.asvs("3.7.5")
def test_without_scripts_nothing_of_it_is_there(
    new_window: Callable[..., Window],
) -> None:
    page = at(new_window(java_script_enabled=False), "/register")

    assert page.locator("button[type=button]").count() == 0
    assert page.locator(".secret, .strength, .preview").count() == 0
    assert page.locator("main [role=status]").count() == 0
