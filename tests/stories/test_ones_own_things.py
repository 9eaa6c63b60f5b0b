"""Feedback, data and the account itself, in a real Chromium."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from processes import Server, run
from windows import PASSWORD, ROOMS, Window, both_ways, write

pytest_plugins = ["chromium"]
pytestmark = pytest.mark.browser

ASKED = "Nothing is done yet. Confirm, then send the form again"


def let_proofs_grow_old(server: Server) -> None:
    """Let ten minutes pass since everybody has proven who they are."""
    write(server, "UPDATE vestibule_sessions SET proven_at = proven_at - 600")


def confirm(window: Window) -> None:
    """Give the password once more, wrong at first."""
    assert window.path().startswith("/confirm?next=")
    expect(window.page.locator("h1")).to_have_text("Confirm that it is you")
    window.fill(password="not this one")
    window.press("Confirm")
    assert window.errors() == {"password": "The password is not correct"}
    window.fill(password=PASSWORD)
    window.press("Confirm")


def promoted(server: Server, name: str) -> None:
    """Make somebody an administrator, as the operator does."""
    data = str(server.log.parent / "data")
    done = run(
        "user",
        "promote",
        name,
        home=server.log.parent,
        VESTIBULE_DATA=data,
    )
    assert done.returncode == 0, done.stderr


@both_ways
def test_somebody_writes_takes_everything_along_and_leaves(
    new_window: Callable[..., Window],
    server: Server,
    tmp_path: Path,
    scripts: bool,
) -> None:
    window = new_window(accept_downloads=True)
    page, main = window.page, window.page.locator("main")
    name = "lara" if scripts else "nora"
    own = f"/users/{name}"
    window.register(name)
    window.sign_in(name)

    # Write, with a mistake first.
    window.open("/secret")
    assert window.path() == own
    expect(main).to_contain_text("No feedback yet")
    window.follow("Add feedback")
    window.fill(title="x" * 101, content="It is <b>heavy</b>.\n\nVery.")
    window.press("Send")
    assert window.errors() == {
        "title": "Title must be 100 characters or fewer"
    }
    assert page.title().startswith("Error: ")
    expect(page.locator("#content")).to_have_value(
        "It is <b>heavy</b>.\n\nVery."
    )
    window.fill(title="The door")
    window.press("Send")
    assert window.path() == own
    assert window.notices() == ["Your feedback was sent"]
    expect(page.locator(".words")).to_have_text("It is <b>heavy</b>.\n\nVery.")
    assert page.locator(".words").inner_text().count("\n") == 2

    # Edit; Enter in the title sends the form as well.
    window.follow("Edit The door")
    expect(page.locator("#title")).to_have_value("The door")
    page.locator("#title").fill("The gate")
    with page.expect_navigation():
        page.locator("#title").press("Enter")
    assert window.path() == own
    assert window.notices() == ["The feedback was changed"]
    expect(page.locator(".card h3")).to_have_text("The gate")

    # Delete, after thinking better of it once.
    window.follow("Delete The gate")
    expect(main).to_contain_text("Delete “The gate”? This can’t be undone")
    window.follow("Keep it")
    assert page.locator(".card").count() == 1
    window.follow("Delete The gate")
    window.press("Delete")
    assert window.path() == own
    assert window.notices() == ["The feedback was deleted"]
    assert page.locator(".card").count() == 0
    window.open(f"{own}/feedback/add")
    window.fill(title="One to keep", content="Дверь")
    window.press("Send")

    # A new address, long after the sign-in.
    let_proofs_grow_old(server)
    window.open("/profile")
    window.fill(username=f"{name}2", email=f"{name}@new.example.com")
    window.press("Save changes")
    assert window.notices() == [ASKED]
    confirm(window)
    assert window.path() == "/profile"
    expect(page.locator("#username")).to_have_value(f"{name}2")
    expect(page.locator("#email")).to_have_value(f"{name}@new.example.com")
    window.press("Save changes")
    assert window.notices()[0] == "Profile updated successfully"
    own = f"{own}2"

    # Take everything along.
    let_proofs_grow_old(server)
    window.open(own)
    window.follow("Download your data", ROOMS)
    confirm(window)
    assert window.path() == f"{own}/export"
    with page.expect_download() as coming:
        main.get_by_role("button", name="Download").click()
    assert coming.value.suggested_filename == f"{name}2.zip"
    coming.value.save_as(tmp_path / "data.zip")
    with zipfile.ZipFile(tmp_path / "data.zip") as file:
        facts = json.loads(file.read("my-data.json"))
    assert facts["profile"]["username"] == f"{name}2"
    assert [item["content"] for item in facts["feedback"]] == ["Дверь"]

    # Leave.
    window.open(own)
    window.follow("Delete account", ROOMS)
    window.follow("Keep the account")
    window.follow("Delete account", ROOMS)
    expect(main).to_contain_text("This deletes for good:")
    window.press("Delete for good")
    assert window.path() == "/"
    assert window.notices() == ["Your account was deleted"]
    window.open("/profile")
    assert window.path() == "/login?next=/profile"
    window.sign_in(f"{name}2")
    assert window.path() == "/login"


@both_ways
def test_an_administrator_mends_and_deletes_for_somebody_else(
    new_window: Callable[..., Window], server: Server, scripts: bool
) -> None:
    bobs, theirs = (new_window() for _ in range(2))
    bob, admin = (f"{name}{scripts:d}" for name in ("bob", "boss"))
    bobs.register(bob)
    bobs.sign_in(bob)
    bobs.open(f"/users/{bob}/feedback/add")
    bobs.fill(title="Rude", content="Words of a kind")
    bobs.press("Send")
    theirs.register(admin)
    promoted(server, admin)
    theirs.sign_in(admin)
    main = theirs.page.locator("main")

    theirs.open(f"/users/{bob}")
    assert theirs.notices() == ["You see this as an administrator."]
    theirs.follow("Edit Rude")
    expect(main).to_contain_text(
        f"You are writing as an administrator for {bob}."
    )
    theirs.fill(title="Polite")
    theirs.press("Save changes")
    assert theirs.path() == f"/users/{bob}"
    bobs.open(f"/users/{bob}")
    expect(bobs.page.locator(".card h3")).to_have_text("Polite")

    theirs.follow("Delete Polite")
    expect(main).to_contain_text(f"It belongs to {bob}.")
    theirs.press("Delete")
    assert theirs.path() == f"/users/{bob}"

    let_proofs_grow_old(server)
    theirs.follow(f"Delete the account of {bob}")
    confirm(theirs)
    expect(main).to_contain_text(f"Delete the account of {bob}")
    theirs.press("Delete for good")
    assert theirs.path().startswith("/admin")
    assert theirs.notices() == [f"{bob} was deleted"]
    theirs.open("/profile")
    assert theirs.path() == "/profile"
    bobs.open("/profile")
    assert bobs.path() == "/login?next=/profile"


def test_words_outlive_a_session_that_ended_meanwhile(
    window: Window, server: Server
) -> None:
    window.register("sessy")
    window.sign_in("sessy")
    window.open("/users/sessy/feedback/add")
    window.fill(title="Long thoughts", content="Written\nslowly.")
    write(server, "DELETE FROM vestibule_sessions")

    window.press("Send")
    expect(window.page.locator("h1")).to_have_text("Sign in to see this page")
    window.page.get_by_role("link", name="Sign in").last.click()
    assert window.path() == "/login?next=/users/sessy/feedback/add"
    window.fill(email="sessy", password=PASSWORD)
    window.press("Sign in")

    assert window.path() == "/users/sessy/feedback/add"
    expect(window.page.locator("#title")).to_have_value("Long thoughts")
    expect(window.page.locator("#content")).to_have_value("Written\nslowly.")
    window.press("Send")
    assert window.notices() == ["Your feedback was sent"]
