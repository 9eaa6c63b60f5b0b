"""The secret key is changed while people are in the middle of everything."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask
from werkzeug.test import TestResponse

from conftest import (
    CHEAP,
    EASY,
    HTML,
    PASSWORD,
    Browser,
    Postbox,
    TurnableClock,
    account,
    form_token,
    hidden,
)
from hosts import one_database
from proofs import asked_by_page, solution
from vestibule.auth import Auth
from vestibule.db import DB
from vestibule.doors.app import create_app
from vestibule.doors.cli import main
from vestibule.ground.knobs import SettingsError
from vestibule.settings import Settings

OLD = "0123456789abcdef0123456789abcdef"
NEW = "fedcba9876543210fedcba9876543210"
OLDER = "a key from the time before the old one"

# What somebody is about to do, once the page before it was answered.
Errand = Callable[[], TestResponse]


@dataclass
class Site:
    """A site whose key can be changed under a browser that is here."""

    auth: Auth
    clock: TurnableClock
    browser: Browser
    postbox: Postbox

    def restart(self, key: str, *old: str) -> None:
        """Start the application anew, with other keys."""
        options: dict[str, Any] = {
            "database_url": self.auth.settings.site.database_url,
            "data": self.auth.settings.site.data,
            "secret_key": key,
            "old_secret_keys": "\n".join(old),
            **CHEAP,
            **EASY,
        }
        settings = Settings.load({}, **options)
        self.auth.db.close()
        self.auth = Auth(DB(settings, self.clock))
        self.postbox.auth = self.auth
        self.browser.client.application = create_app(auth=self.auth)


@pytest.fixture
def site(
    auth: Auth, app: Flask, clock: TurnableClock, postbox: Postbox
) -> Iterator[Site]:
    """A site with its first key, and alice, who has an account."""
    made = Site(auth, clock, Browser(app), postbox)
    made.restart(OLD)
    account(made.auth, "alice")
    yield made
    made.auth.db.close()


def signing_in(site: Site) -> Errand:
    """Have the sign-in page open."""
    token = form_token(site.browser.open("/login"))
    typed = {"email": "alice", "password": PASSWORD, "csrf_token": token}
    return lambda: site.browser.client.post("/login", data=typed, headers=HTML)


def setting_a_password(site: Site) -> Errand:
    """Have opened the link of a reset, and see its form."""
    site.auth.password_reset.ask("alice@example.com")
    page = site.browser.follow(site.postbox.link("/password_reset/"))
    assert page.status_code == 200
    typed = {"password": "another good password"}
    typed |= {"confirm_password": "another good password"}
    typed |= {**hidden(page), "csrf_token": form_token(page)}
    there = "/password_reset/new"
    return lambda: site.browser.client.post(there, data=typed, headers=HTML)


def signed_up(site: Site) -> None:
    """Create an account whose address waits to be confirmed."""
    site.browser.send(
        "/register",
        username="zoe",
        email="zoe@example.com",
        password1=PASSWORD,
        password2=PASSWORD,
    )


def typing_a_code(site: Site) -> Errand:
    """Have signed up and in, and read the code in the letter."""
    signed_up(site)
    site.browser.sign_in("zoe")
    code = site.postbox.code()
    return lambda: site.browser.send("/verify-email", code=code)


def confirming_by_ticket(site: Site) -> Errand:
    """Have signed up here, so that the link asks for no password."""
    signed_up(site)
    link = site.postbox.link("/verify-email/")
    return lambda: site.browser.send(link)


def coming_back_on_a_known_device(site: Site) -> Errand:
    """Have signed in here before, while strangers guess."""
    site.browser.sign_in("alice")
    site.browser.send("/logout")
    for number in range(10):
        site.auth.valid_login("alice", f"a guess {number}")
    return lambda: site.browser.sign_in("alice")


def working_for_one_more_attempt(site: Site) -> Errand:
    """Have solved what the sign-in page has asked for."""
    for number in range(10):
        site.auth.valid_login("alice", f"a guess {number}")
    work = solution(asked_by_page(site.browser.sign_in("alice")))
    typed = {"email": "alice", "password": PASSWORD, "proof_of_work": work}
    return lambda: site.browser.send("/login", typed)


ERRANDS = {
    errand.__name__: errand
    for errand in (
        signing_in,
        setting_a_password,
        typing_a_code,
        confirming_by_ticket,
        coming_back_on_a_known_device,
        working_for_one_more_attempt,
    )
}
# Where each leads, and how it is refused once nothing verifies what the old
# key has signed.
DONE = {
    "signing_in": "/profile",
    "setting_a_password": "/login",
    "typing_a_code": "/profile",
    "confirming_by_ticket": "/login",
    "coming_back_on_a_known_device": "/profile",
    "working_for_one_more_attempt": "/profile",
}
WITHOUT = {
    "signing_in": (422, "This page was open too long"),
    "setting_a_password": (410, "Open the link in the message once more"),
    "typing_a_code": (401, "The code is not correct"),
    "confirming_by_ticket": (422, 'id="password-error"'),
    "coming_back_on_a_known_device": (429, "Try again in"),
    "working_for_one_more_attempt": (429, "Try again in"),
}


@pytest.mark.asvs("11.2.2", "13.3.4")
@pytest.mark.attack("A48")
@pytest.mark.parametrize("errand", ERRANDS)
def test_what_was_begun_under_the_old_key_is_finished_under_the_new(
    site: Site, errand: str
) -> None:
    finish = ERRANDS[errand](site)

    site.restart(NEW, OLDER, OLD)

    assert finish().location == DONE[errand]


@pytest.mark.asvs("11.2.2", "13.3.4")
@pytest.mark.attack("A48")
@pytest.mark.parametrize("errand", ERRANDS)
def test_what_an_old_key_that_is_gone_has_signed_is_refused_cleanly(
    site: Site, errand: str
) -> None:
    finish = ERRANDS[errand](site)

    site.restart(NEW)

    answer = finish()
    status, said = WITHOUT[errand]
    assert answer.status_code == status
    assert said in answer.text


@pytest.mark.asvs("11.2.2", "13.3.4")
@pytest.mark.parametrize("errand", ERRANDS)
def test_only_the_new_key_signs(site: Site, errand: str) -> None:
    site.restart(NEW, OLD)
    finish = ERRANDS[errand](site)

    site.restart(NEW)

    assert finish().location == DONE[errand]


@pytest.mark.asvs("11.2.2", "13.3.4")
@pytest.mark.parametrize("old", [[OLD], []], ids=["overlap", "at once"])
def test_nobody_is_signed_out_by_a_new_key(site: Site, old: list[str]) -> None:
    site.browser.sign_in("alice")
    site.auth.password_reset.ask("alice@example.com")
    link = site.postbox.link("/password_reset/")

    site.restart(NEW, *old)

    assert site.browser.open("/profile").status_code == 200
    # A link as it was mailed is no matter of the key.
    stranger = Browser(site.browser.client.application)
    assert stranger.follow(link).status_code == 200


@pytest.mark.asvs("11.2.2", "13.3.4")
@one_database
def test_two_processes_work_together_while_one_has_no_new_key_yet(
    site: Site,
) -> None:
    """The key that comes is listed first where only the old one signs."""
    finish = signing_in(site)
    site.restart(OLD, NEW)
    assert finish().status_code == 302
    site.browser.send("/logout")
    site.restart(NEW, OLD)
    finish = signing_in(site)

    site.restart(OLD, NEW)

    assert finish().status_code == 302


# -- the setting, and the command that makes a key --------------------------


@pytest.mark.asvs("11.2.2", "13.3.1", "13.3.4")
def test_old_keys_stand_with_commas_or_lines_between_and_in_a_file(
    tmp_path: Path,
) -> None:
    file = tmp_path / "old-keys"
    file.write_text(f"{OLD}\n{OLDER},\n\n", "utf-8")

    by_file = Settings.load({"VESTIBULE_OLD_SECRET_KEYS_FILE": str(file)})
    by_line = Settings.load({"VESTIBULE_OLD_SECRET_KEYS": f"{OLD}, {OLDER}"})

    assert by_file.site.old_secret_keys == (OLD, OLDER)
    assert by_line.keys.old == (OLD, OLDER)
    assert Settings.load({}).site.old_secret_keys == ()
    assert OLD not in repr(by_file) + repr(by_file.keys)


@pytest.mark.asvs("11.2.2", "13.3.1", "13.3.4")
@pytest.mark.parametrize("weak", ["short", f"{OLD},short", "ab" * 32])
def test_an_old_key_that_could_be_guessed_is_refused(weak: str) -> None:
    with pytest.raises(SettingsError) as refused:
        Settings.load({"VESTIBULE_OLD_SECRET_KEYS": weak})

    assert "VESTIBULE_OLD_SECRET_KEYS: the value holds a key of" in str(
        refused.value
    )
    assert weak not in str(refused.value)


@pytest.mark.asvs("11.2.2", "13.3.4")
def test_a_new_key_is_printed_alone_and_can_be_set() -> None:
    runner = CliRunner(catch_exceptions=False)
    first, second = (runner.invoke(main, ["secret", "new"]) for _ in range(2))

    key = first.stdout.strip()
    assert first.exit_code == 0
    assert Settings.load({}, secret_key=key).keys.current == key
    assert key != second.stdout.strip()
    assert "VESTIBULE_OLD_SECRET_KEYS" in first.stderr
    assert key not in first.stderr
