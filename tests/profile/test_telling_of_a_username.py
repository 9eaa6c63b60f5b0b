"""A changed username is told to the mailbox of the account."""

import pytest

from conftest import Browser, Postbox, TurnableClock
from vestibule.auth import Auth
from vestibule.policy import OPERATOR, Actor
from vestibule.user import User

SUBJECT = "Your Vestibule username was changed"


def told(postbox: Postbox) -> list[tuple[str, str, str]]:
    """Say to whom letters went, what they are about and what they say."""
    found = postbox.empty()
    return [(one.to, one.subject, one.text) for one in found]


@pytest.mark.asvs("6.3.7")
@pytest.mark.settings(site_name="Vestibule")
@pytest.mark.parametrize("door", ["page", "api"])
def test_a_new_username_is_told_by_mail_at_both_doors(
    browser: Browser, alice: User, postbox: Postbox, door: str
) -> None:
    browser.sign_in("alice")
    postbox.empty()

    if door == "page":
        browser.send("/profile", username="wonder", email=alice.email)
    else:
        changes = {"username": "wonder"}
        browser.client.patch("/api/v1/profile", json=changes)

    [(to, subject, text)] = told(postbox)
    assert (to, subject) == ("alice@example.com", SUBJECT)
    assert "Hello alice," in text
    assert "(alice) was changed" in text
    assert "New username: wonder" in text
    assert "127.0.0.1" in text
    assert "Wasn’t you?" in text
    assert "/password_reset" in text
    # In the language of whoever gets it, and once.
    browser.client.patch("/api/v1/preferences", json={"language": "ru"})
    browser.client.patch("/api/v1/profile", json={"username": "wonder"})
    browser.client.patch("/api/v1/profile", json={"username": "alice"})
    [(_, subject, text)] = told(postbox)
    assert subject == "Имя пользователя на Vestibule изменено"
    assert "Новое имя пользователя: alice" in text


@pytest.mark.asvs("6.3.7")
def test_who_runs_the_site_and_changes_a_username_is_told_as_such(
    auth: Auth, alice: User, admin: User, postbox: Postbox
) -> None:
    for number, by in enumerate((OPERATOR, Actor(admin, auth.clock.now()))):
        auth.profile.update(alice, f"alice{number}", alice.email, by=by)

        [(to, _, text)] = told(postbox)
        assert to == "alice@example.com"
        assert "Who: the people who run" in text
        assert "Where" not in text


@pytest.mark.asvs("6.3.7")
def test_the_old_address_is_told_where_both_are_changed_at_once(
    auth: Auth, alice: User, postbox: Postbox
) -> None:
    auth.profile.update(alice, "thief", "thief@evil.example", by=OPERATOR)

    letters = [(to, subject) for to, subject, _ in told(postbox)]
    assert ("alice@example.com", SUBJECT) in letters
    assert ("thief@evil.example", SUBJECT) not in letters


def test_what_changes_no_username_tells_of_none(
    auth: Auth, alice: User, bob: User, browser: Browser, postbox: Postbox
) -> None:
    browser.sign_in("alice")
    postbox.empty()

    for name in ("alice", "bob", "support", "<i>"):
        browser.send("/profile", username=name, email=alice.email)

    assert told(postbox) == []


def test_a_mailbox_is_not_flooded_by_new_usernames(
    auth: Auth, alice: User, postbox: Postbox, clock: TurnableClock
) -> None:
    for number in range(20):
        user = auth.db.find_user_by(id=alice.id)
        by = Actor(user, clock.now())
        auth.profile.update(user, f"alice{number}", user.email, by=by)
    assert len(told(postbox)) == 5
    # Of whatever lets its reader in none is missing for that.
    auth.password_reset.ask("alice@example.com")
    assert len(told(postbox)) == 1


def test_a_name_that_looks_like_an_address_becomes_no_link(
    auth: Auth, alice: User, postbox: Postbox
) -> None:
    auth.profile.update(alice, "evil.example", alice.email, by=OPERATOR)

    [(_, _, text)] = told(postbox)
    assert "evil.example" not in text
    assert "evil.\u2060example" in text
