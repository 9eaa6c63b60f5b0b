"""The page about security points at the one thing that would do most."""

import re

from conftest import Browser
from phones import second_step, with_app
from vestibule.auth import Auth
from vestibule.policy import OPERATOR
from vestibule.user import User


def pointed_at(browser: Browser) -> list[str]:
    """Read the headings of the cards that are the next step."""
    page = browser.open("/account/security").text
    titles = re.findall(r"<h2>([^<]*) <span[^>]*>Next step<", page)
    buttons = re.findall(r'<a class="button" href="([^"]+)"', page)
    assert len(titles) == len(buttons)
    return titles


def test_whoever_has_a_password_alone_is_pointed_at_passkeys(
    browser: Browser, alice: User
) -> None:
    browser.sign_in("alice")

    assert pointed_at(browser) == ["Passkeys"]


def test_whoever_has_an_app_is_pointed_at_recovery_codes_until_there_are_some(
    browser: Browser, auth: Auth, alice: User
) -> None:
    phone = with_app(auth, alice)
    browser.sign_in("alice")
    second_step(browser, phone.code())
    assert pointed_at(browser) == ["Recovery codes"]

    codes = auth.recovery_codes.make(alice, by=OPERATOR)

    assert pointed_at(browser) == []
    for code in codes[:8]:
        with auth.db.unit():
            auth.recovery_codes.prove_factor(alice, code)
    assert pointed_at(browser) == ["Recovery codes"]
