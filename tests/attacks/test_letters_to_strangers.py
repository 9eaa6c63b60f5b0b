"""Nobody floods a mailbox, nor spends the letters of whoever reads it."""

import pytest
from flask import Flask

from conftest import PASSWORD, Browser, Postbox, TurnableClock
from vestibule.auth import Auth
from vestibule.capabilities.email_verification.outcomes import CodeIncorrect
from vestibule.errors import TooMany
from vestibule.policy import Actor
from vestibule.user import User

one_database = pytest.mark.parametrize(
    "database_url", ["sqlite"], indirect=True
)


def from_place(app: Flask, address: str) -> Browser:
    """Open a browser that no account knows, at a network address."""
    browser = Browser(app)
    browser.client.environ_base["REMOTE_ADDR"] = address
    return browser


def subjects(postbox: Postbox, to: str) -> list[str]:
    """Say what the newest letters to an address are about."""
    return [letter.subject for letter in postbox.empty() if letter.to == to]


def wish_for(app: Flask, email: str) -> None:
    """Ask in Bob's account for somebody's address, again and again."""
    bob = Browser(app)
    bob.sign_in("bob")
    for _ in range(8):
        bob.send("/profile", username="bob", email=email)


@pytest.mark.attack("A22")
def test_wishing_for_an_owners_address_costs_the_owner_no_letter(
    app: Flask, auth: Auth, alice: User, bob: User, postbox: Postbox
) -> None:
    wish_for(app, "alice@example.com")
    assert subjects(postbox, "alice@example.com") == []

    Browser(app).send("/password_reset", email="alice@example.com")

    assert len(subjects(postbox, "alice@example.com")) == 1
    # Nor is any other letter to Alice missing.
    assert all(
        auth.throttle.may_write_to("alice@example.com") for _ in range(5)
    )


@pytest.mark.attack("A22")
@pytest.mark.settings(verified_email_required="true")
def test_letters_that_open_nothing_spend_none_of_those_that_do(
    app: Flask, alice: User, bob: User, postbox: Postbox
) -> None:
    wish_for(app, "alice@example.com")
    form = {"username": "zoe", "email": "alice@example.com"}
    twice = {"password1": PASSWORD, "password2": PASSWORD}
    Browser(app).send("/register", {**form, **twice})
    assert len(subjects(postbox, "alice@example.com")) == 5

    owner = Browser(app)
    owner.send("/password_reset", email="alice@example.com")

    link = postbox.link("/password_reset/")
    assert "confirm_password" in owner.follow(link).text


@pytest.mark.attack("A22")
@one_database
def test_an_unconfirmed_address_is_told_of_no_device(
    app: Flask, auth: Auth, postbox: Postbox, clock: TurnableClock
) -> None:
    auth.registration.register("victim@example.com", PASSWORD, "mallory")
    postbox.empty()

    for _ in range(6):
        Browser(app).sign_in("mallory")
        clock.turn(minutes=61)

    assert subjects(postbox, "victim@example.com") == []


@pytest.mark.attack("A22")
@one_database
def test_new_passwords_fill_no_mailbox_that_nobody_confirmed(
    app: Flask, auth: Auth, alice: User, postbox: Postbox
) -> None:
    auth.registration.register("victim@example.com", PASSWORD, "mallory")
    postbox.empty()

    for name in ("mallory", "alice"):
        browser, old = Browser(app), PASSWORD
        browser.sign_in(name)
        for number in range(8):
            new = f"another good password {number}"
            browser.send(
                "/password/change",
                old_password=old,
                new_password=new,
                new_password2=new,
            )
            assert auth.valid_login(name, new)
            old = new

    letters = postbox.empty()
    to = [letter.to for letter in letters]
    assert to.count("victim@example.com") == 5
    # Whoever has shown to read the mail is always told.
    assert to.count("alice@example.com") == 8


@pytest.mark.attack("A22")
@one_database
def test_wishes_for_an_address_fill_no_mailbox_that_nobody_confirmed(
    app: Flask, auth: Auth, postbox: Postbox
) -> None:
    auth.registration.register("victim@example.com", PASSWORD, "mallory")
    postbox.empty()
    browser = Browser(app)
    browser.sign_in("mallory")

    for number in range(8):
        new = f"new{number}@example.com"
        browser.send("/profile", username="mallory", email=new)

    assert len(subjects(postbox, "victim@example.com")) == 5


@pytest.mark.attack("A22")
def test_a_thief_is_told_of_at_once_and_then_five_times_a_day_at_most(
    app: Flask, alice: User, postbox: Postbox, clock: TurnableClock
) -> None:
    # A day begins, so that all of this is on one.
    clock.turn(seconds=86400 - clock.now() % 86400)
    from_place(app, "192.0.2.1").sign_in("alice")
    from_place(app, "192.0.2.1").sign_in("alice")
    assert len(subjects(postbox, "alice@example.com")) == 1

    # The owner has just signed in anew: what comes from elsewhere is told.
    from_place(app, "203.0.113.7").sign_in("alice")
    assert len(subjects(postbox, "alice@example.com")) == 1
    for _ in range(3):
        clock.turn(seconds=61)
        from_place(app, "203.0.113.7").sign_in("alice")
    assert subjects(postbox, "alice@example.com") == []

    for number in range(8):
        clock.turn(seconds=61)
        from_place(app, f"198.51.100.{number}").sign_in("alice")
    assert len(subjects(postbox, "alice@example.com")) == 3
    clock.turn(hours=24)
    from_place(app, "203.0.113.7").sign_in("alice")
    assert len(subjects(postbox, "alice@example.com")) == 1


@pytest.mark.attack(40, "A22")
def test_an_address_gets_twenty_letters_with_codes_a_day(
    auth: Auth, alice: User, postbox: Postbox, clock: TurnableClock
) -> None:
    zoe = auth.registration.register("zoe@example.com", PASSWORD, "zoe")
    postbox.empty()
    got = told = 0
    for number in range(40):
        try:
            auth.email_verification.send_again(zoe)
        except TooMany as refusal:
            told = refusal.retry_after
        got += len(subjects(postbox, "zoe@example.com"))
        if number > 3:
            clock.turn(minutes=15)

    assert got == 20
    assert told > 3600
    auth.password_reset.ask("zoe@example.com")
    assert len(subjects(postbox, "zoe@example.com")) == 1
    clock.turn(hours=24)
    auth.email_verification.send_again(zoe)
    assert len(subjects(postbox, "zoe@example.com")) == 1


@pytest.mark.attack(32, 40, "A21")
def test_a_hundred_codes_close_an_account_to_codes_for_a_day(
    auth: Auth, alice: User, postbox: Postbox, clock: TurnableClock
) -> None:
    def guess() -> type[Exception]:
        """Type a code for an address that somebody else reads."""
        with pytest.raises((CodeIncorrect, TooMany)) as refused:
            auth.email_verification.confirm_by_code(
                "12345678", by=Actor(alice)
            )
        return refused.type

    wrong = 0
    while wrong < 99:
        wrong += guess() is CodeIncorrect
        if wrong % 9 == 0:
            confirm_own(auth, alice, postbox)
            clock.turn(minutes=20)
    assert guess() is CodeIncorrect

    clock.turn(hours=23)
    assert guess() is TooMany
    clock.turn(hours=2)
    assert guess() is CodeIncorrect


def confirm_own(auth: Auth, user: User, postbox: Postbox) -> None:
    """Type the right code of a letter that one can read."""
    postbox.empty()
    auth.email_verification.ask(user)
    (letter,) = postbox.empty()
    code = next(
        line
        for line in letter.text.splitlines()
        if line.replace(" ", "").isdigit() and len(line) == 9
    )
    auth.email_verification.confirm_by_code(code, by=Actor(user))
