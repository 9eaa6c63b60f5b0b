"""Signing in by name and password, at the page."""

import pytest

from conftest import PASSWORD, Browser, TurnableClock, field_errors, notices
from vestibule.user import User


@pytest.mark.parametrize("name", ["alice", "ALICE", "Alice@Example.com"])
def test_alice_signs_in_by_any_spelling_of_her_names(
    browser: Browser, alice: User, name: str
) -> None:
    response = browser.sign_in(name)

    assert response.status_code == 302
    assert response.location == "/profile"
    assert "alice@example.com" in browser.open("/profile").text


def test_a_wrong_password_says_the_same_as_an_unknown_account(
    browser: Browser, alice: User
) -> None:
    wrong = browser.sign_in("alice", "not her password")
    unknown = browser.sign_in("nobody", "not her password")

    assert wrong.status_code == unknown.status_code == 401
    assert notices(wrong) == ["Invalid credentials. Try again"]
    assert notices(unknown) == notices(wrong)
    assert field_errors(wrong) == field_errors(unknown)


def test_the_eleventh_guess_is_told_to_wait(
    browser: Browser, alice: User, clock: TurnableClock
) -> None:
    for _ in range(10):
        assert browser.sign_in("alice", "a guess").status_code == 401

    refused = browser.sign_in("alice", PASSWORD)

    assert refused.status_code == 429
    assert refused.headers["Retry-After"] == "60"
    assert "Try again in 1 minute" in refused.text
    clock.turn(minutes=1)
    assert browser.sign_in("alice", PASSWORD).status_code == 302
