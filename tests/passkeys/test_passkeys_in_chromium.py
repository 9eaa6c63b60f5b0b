"""Passkeys in a real Chromium, with an authenticator that it makes up."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from processes import Server, eventually
from windows import Window, write

pytest_plugins = ["chromium"]
pytestmark = pytest.mark.browser


class Device:
    """An authenticator of Chromium's own, before one window."""

    def __init__(self, window: Window, **more: Any) -> None:
        self.cdp = window.context.new_cdp_session(window.page)
        self.cdp.send("WebAuthn.enable", {"enableUI": False})
        options = {
            "protocol": "ctap2",
            "ctap2Version": "ctap2_1",
            "transport": "internal",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
            **more,
        }
        made = self.cdp.send(
            "WebAuthn.addVirtualAuthenticator", {"options": options}
        )
        self.id = made["authenticatorId"]

    def kept(self) -> list[dict[str, Any]]:
        """List the passkeys in it."""
        told = self.ask("getCredentials")
        return list(told["credentials"])

    def ask(self, what: str, **more: Any) -> Any:
        """Ask Chromium to do something with it."""
        given = {"authenticatorId": self.id, **more}
        return self.cdp.send(f"WebAuthn.{what}", given)


@pytest.fixture
def scripts() -> bool:
    """Let scripts run: without, there are no passkeys."""
    return True


def with_passkey(window: Window, name: str, **more: Any) -> Device:
    """Register somebody who adds a passkey; leave them signed in."""
    window.register(name)
    window.sign_in(name)
    device = Device(window, **more)
    window.open("/account/security")
    row = window.page.locator("main .card", has_text="Passkeys")
    window.go(row.get_by_role("link", name="Set up"))
    window.follow("Add a passkey")
    window.press("Add a passkey")
    assert window.path() == "/account/passkeys"
    assert window.notices() == ["The passkey was added"]
    return device


NO_AUTOFILL = "delete PublicKeyCredential.isConditionalMediationAvailable"


def with_buttons_alone(window: Window) -> None:
    """Keep the browser from filling in a passkey by itself."""
    window.page.add_init_script(NO_AUTOFILL)


def refusal(window: Window) -> str:
    """Read why the server has refused."""
    return window.page.locator(".summary li").inner_text()


@pytest.mark.asvs("X32")
def test_somebody_adds_a_passkey_and_signs_in_by_the_button(
    new_window: Callable[..., Window],
) -> None:
    window = new_window()
    with_buttons_alone(window)
    device = with_passkey(window, "piet")
    (kept,) = device.kept()
    assert kept["isResidentCredential"]
    assert kept["userName"] == "piet@example.com"
    window.sign_out()

    window.open("/login?next=/account/sessions")
    window.press("Sign in with a passkey")

    assert window.path() == "/account/sessions"
    # The name is one's own to choose, and it is said when it was used.
    window.open("/account/passkeys")
    card = window.page.locator("main .card")
    expect(card).to_contain_text("Last used")
    expect(card).not_to_contain_text("Not yet")
    window.follow("Rename")
    window.fill(name="My telephone")
    window.press("Save changes")
    expect(card.locator("h2")).to_have_text("My telephone")


def test_a_browser_fills_a_passkey_in(
    new_window: Callable[..., Window],
) -> None:
    window = new_window()
    with_passkey(window, "paula")

    # The sign-in page asks as soon as it is there, and no dialog opens.
    window.open("/logout")
    window.page.get_by_role("button", name="LogOut").click()
    window.page.wait_for_url("**/profile")

    expect(window.page.locator("main")).to_contain_text("paula")


@pytest.mark.asvs("X29", "X32")
def test_whom_the_device_does_not_recognise_it_does_not_sign_in(
    new_window: Callable[..., Window],
) -> None:
    window = new_window()
    with_buttons_alone(window)
    device = with_passkey(window, "paul")
    window.sign_out()
    device.ask("setUserVerified", isUserVerified=False)
    window.open("/login")
    main = window.page.locator("main")

    main.get_by_role("button", name="Sign in with a passkey").click()

    alert = main.locator("[role=alert]:visible")
    expect(alert).to_contain_text("choose another way")
    assert window.path() == "/login"
    # One more try works once the device knows its owner.
    device.ask("setUserVerified", isUserVerified=True)
    window.press("Sign in with a passkey")
    assert window.path() == "/profile"


@pytest.mark.asvs("X29")
def test_a_copy_of_a_passkey_is_refused(
    new_window: Callable[..., Window],
) -> None:
    window = new_window()
    with_buttons_alone(window)
    device = with_passkey(window, "petra")
    window.sign_out()
    (copy,) = device.kept()
    window.open("/login")
    window.press("Sign in with a passkey")
    window.sign_out()
    device.ask("clearCredentials")
    device.ask("addCredential", credential=copy)

    window.open("/login")
    window.press("Sign in with a passkey")

    assert window.path() == "/login/passkey"
    assert "a copy of it may exist" in refusal(window)


def test_a_passkey_that_was_removed_opens_nothing_and_is_forgotten(
    new_window: Callable[..., Window],
) -> None:
    window = new_window()
    with_buttons_alone(window)
    device = with_passkey(window, "pavel")
    (kept,) = device.kept()
    window.follow("Remove")
    window.press("Remove the passkey")
    assert window.notices() == ["The passkey was removed"]
    # The device was told.
    eventually(lambda: not device.kept(), "an empty device")
    window.sign_out()

    # One that was not told is refused, and told then.
    device.ask("addCredential", credential=kept)
    window.open("/login")
    window.press("Sign in with a passkey")
    assert "opens nothing here" in refusal(window)
    eventually(lambda: not device.kept(), "an empty device")

    window.sign_in("pavel")
    assert window.path() == "/profile"


@pytest.mark.attack(47)
def test_behind_a_password_and_before_an_act_a_passkey_is_asked_for(
    new_window: Callable[..., Window], server: Server
) -> None:
    window = new_window()
    with_buttons_alone(window)
    with_passkey(window, "petr")
    window.sign_out()
    window.sign_in("petr")
    assert window.path() == "/login/verify/passkey"
    window.press("Use a passkey")
    assert window.path() == "/profile"

    write(server, "UPDATE vestibule_sessions SET proven_at = proven_at - 600")
    window.open("/account/passkeys/new")
    assert window.path().startswith("/confirm?next=")
    window.press("Use a passkey")
    assert window.path() == "/account/passkeys/new"


def test_without_scripts_the_page_says_so_and_offers_another_way(
    new_window: Callable[..., Window],
) -> None:
    window = new_window(java_script_enabled=False)
    window.open("/login")

    window.press("Sign in with a passkey")

    assert "Passkeys need JavaScript" in refusal(window)
    window.follow("Use your password")
    assert window.path() == "/login"


def test_who_wants_no_passkey_now_is_not_asked_again(
    new_window: Callable[..., Window],
) -> None:
    window = new_window()
    window.register("pina")
    window.sign_in("pina")
    main = window.page.locator("main")
    expect(main).to_contain_text("Sign in faster")

    window.press("Not now")

    assert window.path() == "/profile"
    expect(main).not_to_contain_text("Sign in faster")
