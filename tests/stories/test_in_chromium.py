"""The whole walk in a real Chromium, without scripts and with them."""

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from paintings import grown, painted, svg
from processes import Server, mailed_link
from vestibule.ground.pictures import LARGEST_FILE
from windows import PASSWORD, ROOMS, Window, both_ways

pytest_plugins = ["chromium"]
pytestmark = pytest.mark.browser

NEW = "a fresh and quite long phrase"
NEWEST = "yet another rather long phrase"


@pytest.mark.asvs("7.4.4")
@both_ways
def test_account_lives_its_whole_life(
    window: Window, server: Server, scripts: bool
) -> None:
    page, name = window.page, f"anna{scripts:d}"
    address, new_address = f"{name}@example.com", f"{name}@new.example.com"
    window.open("/")
    page.locator("main").get_by_role("link", name="Create an account").click()
    assert window.path() == "/register"

    # Register, with a mistake first; what was typed stays, secrets do not.
    window.fill(
        username=name,
        email=f"{name}@example",
        password1="short",
        password2="shorter",
    )
    window.press("Create account")
    assert window.path() == "/register"
    assert window.notices() == ["Invalid credentials. Try again"]
    assert page.title().startswith("Error: ")
    assert "password2" in window.errors()
    expect(page.locator("#username")).to_have_value(name)
    expect(page.locator("#email")).to_have_value(f"{name}@example")
    expect(page.locator("#password1")).to_have_value("")
    # Each line of the summary leads to its field.
    page.locator(".summary a").first.click()
    wrong = page.url.rpartition("#")[2]
    expect(page.locator(f"#{wrong}")).to_be_visible()
    window.fill(email=address, password1=PASSWORD, password2=PASSWORD)
    window.press("Create account")
    assert window.path() == "/login"
    assert "Your account is ready" in window.notices()[0]
    expect(page.locator("#email")).to_have_value(address)

    # Sign in, with a wrong password first.
    window.fill(password="not the password")
    window.press("Sign in")
    assert window.path() == "/login"
    assert window.notices() == ["Invalid credentials. Try again"]
    window.fill(password=PASSWORD)
    window.press("Sign in")
    assert window.path() == "/profile"
    expect(page.locator("dl.facts")).to_contain_text(address)
    for path in ("/login", "/register", "/password_reset"):
        window.open(path)
        assert window.path() == "/profile"

    # Change the profile, with an error first.
    window.fill(username="a b", email=address)
    window.press("Save changes")
    assert window.path() == "/profile"
    assert window.notices()[0] == "Error while profile updating"
    assert "username" in window.errors()
    expect(page.locator("#username")).to_have_value("a b")
    expect(page.locator("dl.facts")).to_contain_text(name)
    page.reload()
    assert window.notices() == [f"{address} is not confirmed yet."]
    assert window.errors() == {}
    window.fill(username=f"{name.title()}.2")
    window.press("Save changes")
    assert window.notices()[0] == "Profile updated successfully"
    expect(page.locator("dl.facts")).to_contain_text(f"{name.title()}.2")

    # A new address counts once the link in the mail is opened.
    window.fill(email=new_address)
    window.press("Save changes")
    said = window.notices()
    assert said[0] == "Profile updated successfully"
    assert said[1].startswith(f"Confirm {new_address}:")
    expect(page.locator("dl.facts")).to_contain_text(address)
    mailed_link(server, "/verify-email/")
    window.open("/dev/mail")
    letter = page.locator("article", has_text=f"To {new_address}").first
    letter.locator("pre a").click()
    expect(page.locator("main")).to_contain_text(new_address)
    window.press("Confirm email address")
    assert window.path() == "/profile"
    assert window.notices() == ["Your email address is confirmed"]
    expect(page.locator("dl.facts")).to_contain_text(new_address)

    # Change the password, with an error first.
    window.follow("Password", ROOMS)
    window.fill(old_password="wrong", new_password=NEW, new_password2=NEW)
    window.press("Change password")
    assert window.path() == "/password/change"
    assert "old_password" in window.errors()
    window.fill(old_password=PASSWORD, new_password=NEW, new_password2=NEW)
    window.press("Change password")
    assert window.path() == "/password/change/done"
    expect(page.locator("main")).to_contain_text(
        "Congrats. Your password was changed."
    )
    window.follow("Your profile")
    assert window.path() == "/profile"

    # Sign out, after the question.
    window.follow("Sign out", "header")
    assert window.path() == "/logout"
    expect(page.locator("main")).to_contain_text(
        "Are you sure you want to logout?"
    )
    window.follow("Stay signed in")
    window.open("/profile")
    assert window.path() == "/profile"
    window.open("/logut")
    assert window.path() == "/logout"
    window.press("LogOut")
    assert window.path() == "/login"
    window.open("/profile")
    assert window.path() == "/login?next=/profile"

    # Forget the password, and set a new one by the mailed link.
    window.follow("Forgot Password?")
    assert window.path() == "/password_reset"
    window.fill(email=new_address)
    window.press("Send a reset link")
    assert window.path() == "/login"
    assert window.notices()[0] == (
        "Password reset token was sent to your email. Check inbox:)"
    )
    link = mailed_link(server, "/password_reset/")
    window.open("/dev/mail")
    letter = page.locator("article").first
    expect(letter).to_contain_text("Password Reset Request E-Mail")
    expect(letter).to_contain_text(
        "If you did not make this request - ignore this message."
    )
    expect(letter).to_contain_text("Regards, @localhost team!")
    letter.locator("pre a").click()
    # What the address bar shows is no secret any more.
    assert window.path() == "/password_reset/new"
    window.fill(password=NEWEST, confirm_password=NEW)
    window.press("Change password")
    assert "confirm_password" in window.errors()
    window.fill(password=NEWEST, confirm_password=NEWEST)
    window.press("Change password")
    assert window.path() == "/login"
    assert window.notices() == ["Your password was set. Try to login."]
    window.open(link.removeprefix(server.url))
    assert window.path() == "/password_reset"
    assert window.notices() == [
        "That is an invalid or expired token",
        "If you asked more than once, use the newest message",
    ]

    # Only the newest password opens the account, by either name.
    for password, leads_to in (
        (PASSWORD, "/login"),
        (NEW, "/login"),
        (NEWEST, "/profile"),
    ):
        window.sign_in(f"{name}.2", password)
        assert window.path() == leads_to
    window.sign_out()
    window.sign_in(new_address.title(), NEWEST)
    assert window.path() == "/profile"


def test_address_is_confirmed_by_code_and_taken_back_from_a_thief(
    window: Window, server: Server
) -> None:
    page = window.page
    window.register("carla")
    link = mailed_link(server, "/verify-email/").removeprefix(server.url)
    window.sign_in("carla")

    # The letter is read on a phone, and its code typed on the laptop.
    phone = window.context.browser
    assert phone
    other = phone.new_page()
    other.goto(f"{server.url}{link}")
    expect(other.locator("main")).to_contain_text("c•••@example.com")
    expect(other.locator("#password")).to_be_visible()
    other.goto(f"{server.url}/dev/mail")
    letter = other.locator("article", has_text="To carla@example.com").first
    found = re.search(r"\d{4} \d{4}", letter.inner_text())
    assert found
    window.open("/verify-email")
    window.fill(code=found[0])
    window.press("Confirm email address")
    assert window.notices() == ["Your email address is confirmed"]

    # Somebody at the open laptop moves the account away.
    window.fill(email="thief@example.com")
    window.press("Save changes")
    window.open("/dev/mail")
    letter = page.locator("article", has_text="To thief@example.com").first
    letter.locator("pre a").click()
    window.press("Confirm email address")
    expect(page.locator("dl.facts")).to_contain_text("thief@example.com")

    # The owner takes it back on the phone.
    undo = mailed_link(server, "/verify-email/undo/")
    other.goto(undo)
    other.wait_for_url(f"{server.url}/verify-email/undo")
    other.get_by_role("button", name="Undo the change").click()
    other.wait_for_url(f"{server.url}/password_reset/new")
    other.locator("#password").fill(NEW)
    other.locator("#confirm_password").fill(NEW)
    other.get_by_role("button", name="Change password").click()
    other.wait_for_url(f"{server.url}/login")
    other.close()
    window.open("/profile")
    assert window.path() == "/login?next=/profile"
    window.sign_in("carla@example.com", NEW)
    expect(page.locator("dl.facts")).to_contain_text("carla@example.com")


def test_sign_in_leads_back_to_where_one_wanted_to_go(window: Window) -> None:
    window.register("wanda")
    window.open("/password/change")
    assert window.path() == "/login?next=/password/change"
    window.fill(email="wanda", password="wrong at first")
    window.press("Sign in")
    window.fill(email="wanda", password=PASSWORD)
    window.press("Sign in")
    assert window.path() == "/password/change"


@pytest.mark.asvs("14.3.1", "X33")
def test_back_button_after_signing_out_shows_nothing(window: Window) -> None:
    window.register("betty")
    window.sign_in("betty")
    expect(window.page.locator("main")).to_contain_text("betty@example.com")
    window.sign_out()
    for _ in range(2):
        window.page.go_back()
    assert window.path() == "/login?next=/profile"
    expect(window.page.locator("body")).not_to_contain_text("betty@")


@both_ways
def test_form_sent_twice_by_the_back_button_is_answered_in_words(
    window: Window, scripts: bool
) -> None:
    name = f"twice{scripts:d}"
    window.register(name)
    window.page.go_back()
    assert window.path() == "/register"
    window.fill(
        username=name,
        email=f"{name}@example.com",
        password1=PASSWORD,
        password2=PASSWORD,
    )
    window.press("Create account")
    assert window.path() == "/register"
    assert set(window.errors()) >= {"email"} or set(window.errors()) >= {
        "username"
    }
    assert window.notices() == ["Invalid credentials. Try again"]


def test_form_of_an_older_session_is_shown_again_with_what_was_typed(
    window: Window,
) -> None:
    window.register("stella")
    window.sign_in("stella")
    old = window.watch(window.context.new_page())
    old.goto(f"{window.server.url}/profile")
    old.locator("#username").fill("stella2")
    window.sign_out()
    window.sign_in("stella")
    old.get_by_role("button", name="Save changes").click()
    assert old.url == f"{window.server.url}/profile"
    expect(old.locator("main")).to_contain_text("Error while profile updating")
    expect(old.locator("main")).to_contain_text("This page was open too long")
    expect(old.locator("#username")).to_have_value("stella2")
    expect(old.locator("dl.facts")).not_to_contain_text("stella2")
    old.get_by_role("button", name="Save changes").click()
    expect(old.locator("main")).to_contain_text("Profile updated successfully")
    expect(old.locator("dl.facts")).to_contain_text("stella2")


FOCUSED = """() => {
  const here = document.activeElement, look = getComputedStyle(here);
  return [here.id || here.textContent.trim(),
          look.outlineStyle !== 'none' && parseFloat(look.outlineWidth) >= 2];
}"""


@both_ways
def test_keyboard_alone_signs_in(window: Window, scripts: bool) -> None:
    name = f"kira{scripts:d}"
    window.register(name)
    window.open("/login")
    keyboard = window.page.keyboard
    stops = []
    wanted = [
        "Skip to main content",
        "Vestibule",
        "Русский",
        # Who has just registered here may have a code.
        "Enter the code from the message",
        "Create an account",
        "email",
        "password",
        *(["Show"] if scripts else []),
        "remember",
        "Forgot Password?",
        "Sign in",
    ]
    for _ in wanted:
        keyboard.press("Tab")
        stop, is_seen = window.page.evaluate(FOCUSED)
        assert is_seen, f"nobody sees that {stop} has the focus"
        stops.append(stop)
        if stop == "email":
            keyboard.press("Control+A")
            keyboard.type(name)
        if stop == "password":
            keyboard.type(PASSWORD)
        if stop == "remember":
            keyboard.press("Space")
    assert stops == wanted
    with window.page.expect_navigation():
        keyboard.press("Enter")
    assert window.path() == "/profile"
    # The skip link jumps over the head of the page.
    window.open("/preferences")
    keyboard.press("Tab")
    keyboard.press("Enter")
    keyboard.press("Tab")
    assert window.page.evaluate(FOCUSED)[0] == "language"


@both_ways
def test_picture_is_chosen_seen_and_removed(
    window: Window, tmp_path: Path, scripts: bool
) -> None:
    def seen() -> tuple[str, int]:
        """Say which picture is shown, and how wide it really is."""
        place = window.page.locator("main .person img.picture")
        width = place.evaluate(
            "async p => { await p.decode(); return p.naturalWidth }"
        )
        return str(place.get_attribute("src")).partition("?")[0], width

    def choose(name: str, content: bytes) -> None:
        """Choose a file, and save."""
        (tmp_path / name).write_bytes(content)
        window.page.locator("#picture").set_input_files(tmp_path / name)
        window.press("Save changes")
        assert window.path() == "/profile"

    window.register(f"paula{scripts:d}")
    window.sign_in(f"paula{scripts:d}")
    assert seen()[0].startswith("/static/vestibule/picture.svg")

    choose("notes.png", b"no picture at all")
    assert window.notices()[0] == "Error while profile updating"
    assert window.errors()["picture"].endswith("must be a JPG, PNG or SVG")
    choose("large.png", grown(painted(), LARGEST_FILE + 1))
    assert window.errors()["picture"].endswith("must be 2 MB or smaller")

    for name, content, width in (
        ("me.png", painted("PNG", (800, 600)), 512),
        ("me.jpg", painted("JPEG", (30, 40)), 30),
        ("me.svg", svg('<circle r="9" fill="teal"/><script/>'), 512),
    ):
        before = seen()[0]
        choose(name, content)
        assert window.notices()[0] == "Profile updated successfully"
        address, real = seen()
        assert address.startswith("/pictures/")
        assert address != before
        assert real == width

    window.press("Remove picture")
    assert window.path() == "/profile"
    assert window.notices()[0] == "Your picture was removed"
    assert seen()[0].startswith("/static/vestibule/picture.svg")
    window.open(address)
    expect(window.page.locator("h1")).to_have_text("Page not found")


def test_enter_in_a_field_sends_the_form(window: Window) -> None:
    window.register("enter")
    window.open("/login")
    window.fill(email="enter", password=PASSWORD)
    with window.page.expect_navigation():
        window.page.locator("#password").press("Enter")
    assert window.path() == "/profile"


@pytest.mark.asvs("3.3.4", "N22")
def test_cookies_are_hidden_from_scripts_and_other_sites(
    window: Window,
) -> None:
    def cookies() -> dict[str, Any]:
        """List the cookies that the browser keeps, by name."""
        return {cookie["name"]: cookie for cookie in window.context.cookies()}

    window.open("/")
    assert cookies() == {}
    window.register("cook")
    before = cookies()
    assert set(before) == {"vestibule_visit", "vestibule_newcomer"}
    window.fill(password=PASSWORD)
    window.press("Sign in")
    assert window.path() == "/profile"
    kept = cookies()
    ours = {"session_id"} | {
        f"vestibule_{name}" for name in ("visit", "newcomer", "device")
    }
    assert set(kept) == ours
    for cookie in kept.values():
        assert cookie["httpOnly"]
        assert cookie["sameSite"] == "Lax"
        assert cookie["path"] == "/"
        assert cookie["domain"] == "localhost"
    # It goes with the browser, unless somebody wants to be remembered.
    assert kept["session_id"]["expires"] == -1
    first = kept["session_id"]["value"]
    assert re.fullmatch(r"[\w-]{43}", first)
    window.sign_out()
    assert "session_id" not in cookies()
    window.fill(email="cook", password=PASSWORD)
    window.page.get_by_label("Remember me").check()
    window.press("Sign in")
    remembered = cookies()["session_id"]
    assert remembered["value"] != first
    visit = cookies()["vestibule_visit"]
    days = (remembered["expires"] - visit["expires"]) / 86400
    assert 29.8 < days < 30
