"""Whoever has the password guesses at codes no longer than at passwords."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from conftest import PASSWORD, Browser, Postbox, TurnableClock
from passkeyring import Ring
from phones import Phone, second_step, signed_in, with_app
from vestibule.auth import Auth
from vestibule.errors import NotProven, TooMany
from vestibule.outcomes import LoggedIn
from vestibule.policy import OPERATOR
from vestibule.testing.authenticators import Authenticator
from vestibule.user import User

pytest_plugins = ["passkeyring_fixtures"]
API = "/api/v1/sessions"
# As none of an account looks, whose app shows six digits.
NO_CODES = ["{wrong}", "aaaaa-aaaaa-aaaaa-aaaaa-aaaaa", "nothing at all"]
Door = Callable[[str], int]


@pytest.mark.asvs("6.3.1", "6.6.3", "X19")
def test_ten_wrong_codes_make_everybody_wait_and_the_owner_is_told(
    browser: Browser,
    auth: Auth,
    alice: User,
    postbox: Postbox,
    clock: TurnableClock,
) -> None:
    phone = with_app(auth, alice)
    postbox.empty()
    browser.sign_in(alice.username)
    for _ in range(10):
        assert second_step(browser, phone.wrong()).status_code == 401

    refused = second_step(browser, phone.code())

    assert refused.status_code == 429
    assert "Retry-After" in refused.headers
    assert not signed_in(browser)
    (letter,) = postbox.empty()
    assert letter.subject == "Wrong codes for your Vestibule account"
    # The pages of a sign-in that waits live no longer than the wait.
    clock.turn(minutes=16)
    browser.sign_in(alice.username)
    assert second_step(browser, phone.code()).location == "/profile"


@pytest.mark.attack(38)
def test_a_new_sign_in_gives_no_new_guesses(auth: Auth, alice: User) -> None:
    phone = with_app(auth, alice)
    for _ in range(10):
        held = auth.login.with_password(alice.email, PASSWORD)
        with pytest.raises(NotProven):
            auth.second_factors.finish(held.token, phone.wrong())

    held = auth.login.with_password(alice.email, PASSWORD)
    with pytest.raises(TooMany):
        auth.second_factors.finish(held.token, phone.wrong())


@pytest.mark.asvs("N13")
def test_a_right_code_clears_the_count(auth: Auth, alice: User) -> None:
    phone = with_app(auth, alice)
    for steps in (0, 1):
        held = auth.login.with_password(alice.email, PASSWORD)
        for _ in range(9):
            with pytest.raises(NotProven):
                auth.second_factors.finish(held.token, phone.wrong())
        done = auth.second_factors.finish(held.token, phone.code(steps))
        assert isinstance(done, LoggedIn)


def test_strangers_never_keep_the_owner_out_on_a_known_device(
    auth: Auth, alice: User, clock: TurnableClock
) -> None:
    known = auth.login.with_password(alice.email, PASSWORD).device
    phone = with_app(auth, alice)
    held = auth.login.with_password(alice.email, PASSWORD)
    for _ in range(10):
        with pytest.raises(NotProven):
            auth.second_factors.finish(held.token, phone.wrong())
    with pytest.raises(TooMany):
        auth.second_factors.finish(held.token, phone.code())

    own = auth.login.with_password(alice.email, PASSWORD, device=[known])
    done = auth.second_factors.finish(own.token, phone.code(), device=[known])

    assert isinstance(done, LoggedIn)


def test_a_wrong_code_is_in_the_history_and_a_right_one_a_sign_in(
    new_browser: Callable[[], Browser], auth: Auth, alice: User
) -> None:
    phone = with_app(auth, alice)
    browser = new_browser()
    browser.sign_in(alice.username)
    second_step(browser, phone.wrong())
    second_step(browser, phone.code())

    page = browser.open("/account/activity").text

    assert "Second step of a sign-in" in page
    assert "Sign-in" in page


def test_whoever_guesses_slowly_is_told_of_at_the_hard_stop(
    auth: Auth, alice: User, clock: TurnableClock, postbox: Postbox
) -> None:
    phone = with_app(auth, alice)
    postbox.empty()
    wrong = 0
    while wrong < 100:
        held = auth.login.with_password(alice.email, PASSWORD)
        for _ in range(min(9, 100 - wrong)):
            with pytest.raises(NotProven):
                auth.second_factors.finish(held.token, phone.wrong())
            wrong += 1
        clock.turn(seconds=901)

    subjects = [letter.subject for letter in postbox.empty()]

    assert "Wrong codes for your Vestibule account" in subjects


def test_the_last_of_many_tries_by_a_used_code_is_told_of_at_once(
    auth: Auth, alice: User, postbox: Postbox
) -> None:
    phone = with_app(auth, alice)
    code, *_ = auth.recovery_codes.make(alice, by=OPERATOR)
    held = auth.login.with_password(alice.email, PASSWORD)
    auth.second_factors.finish(held.token, code)
    postbox.empty()
    held = auth.login.with_password(alice.email, PASSWORD)
    for _ in range(9):
        with pytest.raises(NotProven):
            auth.second_factors.finish(held.token, phone.wrong())

    with pytest.raises(NotProven):
        auth.second_factors.finish(held.token, code)

    (letter,) = postbox.empty()
    assert letter.subject == "Wrong codes for your Vestibule account"


def doors(app: Flask, auth: Auth, user: User) -> dict[str, Door]:
    """Open every door where a code can be shown, each on a new device."""
    page, confirming = Browser(app), Browser(app)
    page.sign_in(user.username)
    confirming.client.set_cookie("session_id", auth.sessions.open(user.id))
    program = app.test_client(use_cookies=False)
    typed = {"name": user.email, "password": PASSWORD}
    waiting = program.post(API, json=typed).get_json()["waiting"]
    bearer = f"Bearer {auth.sessions.open(user.id)}"
    head = {"Authorization": bearer}
    password: dict[str, Any] = {"password": PASSWORD}

    def by_api(code: str) -> int:
        """Send the code for the sign-in that waits."""
        shown = {"waiting": waiting, "code": code}
        return program.post(f"{API}/second-factor", json=shown).status_code

    def by_proof(code: str) -> int:
        """Send the code for a fresh proof."""
        path, shown = f"{API}/current/proof", {**password, "code": code}
        return program.post(path, json=shown, headers=head).status_code

    return {
        "page": lambda code: second_step(page, code).status_code,
        "API": by_api,
        "confirm": lambda code: (
            confirming.send("/confirm", password, code=code).status_code
        ),
        "proof": by_proof,
    }


def made_up(phone: Phone, turn: int) -> str:
    """Make a wrong code up, of another kind each time."""
    kind = NO_CODES[turn % len(NO_CODES)]
    return kind.format(wrong=phone.wrong())


@pytest.mark.attack(38, 50)
@pytest.mark.asvs("6.3.1", "6.6.3", "X19")
@pytest.mark.parametrize("spent", ["page", "API", "confirm", "proof", "all"])
def test_codes_of_all_kinds_at_all_doors_spend_one_budget(
    app: Flask, auth: Auth, alice: User, clock: TurnableClock, spent: str
) -> None:
    phone = with_app(auth, alice)
    paper, *_ = auth.recovery_codes.make(alice, by=OPERATOR)
    everywhere = doors(app, auth, alice)
    names = [*everywhere] if spent == "all" else [spent]
    for turn in range(10):
        wrong = made_up(phone, turn)
        assert everywhere[names[turn % len(names)]](wrong) == 401

    for right in (phone.code(), paper):
        for name, show in everywhere.items():
            assert show(right) == 429, name
    # Nothing of it was used up.
    assert auth.recovery_codes.left(alice).count == 10


@pytest.mark.asvs("6.3.1", "X19")
def test_wrong_passkeys_and_wrong_codes_spend_one_budget(
    auth: Auth, alice: User, ring: Ring
) -> None:
    phone = with_app(auth, alice)
    ring.added(alice)
    token = auth.login.with_password(alice.email, PASSWORD).token
    forger = Authenticator("https://evil.example", kept=ring.device.kept)
    for turn in range(10):
        if turn % 2:
            with pytest.raises(NotProven):
                auth.second_factors.finish(token, phone.wrong())
            continue
        asked = auth.passkeys.second_options(token)
        shown = json.dumps(forger.get(asked))
        with pytest.raises(NotProven):
            auth.passkeys.finish(token, shown)

    asked = auth.passkeys.second_options(token)
    shown = json.dumps(ring.device.get(asked))
    with pytest.raises(TooMany):
        auth.passkeys.finish(token, shown)
    with pytest.raises(TooMany):
        auth.second_factors.finish(token, phone.code())


@pytest.mark.asvs("6.3.1")
def test_wrong_passkeys_for_a_fresh_proof_are_counted(
    auth: Auth, alice: User, ring: Ring
) -> None:
    ring.added(alice)
    session = auth.sessions.open(alice.id)
    forger = Authenticator("https://evil.example", kept=ring.device.kept)
    confirm = auth.passkeys.confirm
    for _ in range(10):
        asked = auth.passkeys.confirm_options(alice, session)
        shown = json.dumps(forger.get(asked))
        assert ring.code_of(confirm, alice, shown, session) == (
            "passkey.incorrect"
        )

    asked = auth.passkeys.confirm_options(alice, session)
    shown = json.dumps(ring.device.get(asked))
    assert ring.code_of(confirm, alice, shown, session) == "rate.wait"


@pytest.mark.attack(48)
@pytest.mark.asvs("6.3.1", "6.6.3")
@pytest.mark.settings(mailed_sign_in="true")
def test_a_sign_in_by_mail_gives_no_new_guesses_at_the_second_step(
    auth: Auth, alice: User
) -> None:
    phone = with_app(auth, alice)
    for turn in range(11):
        auth.mailed_sign_in.ask(alice.username)
        text = auth.outbox.latest(1)[0].text
        link = text.partition("/login/code/")[2].split()[0]
        held = auth.mailed_sign_in.by_link(link)
        refused = NotProven if turn < 10 else TooMany
        with pytest.raises(refused):
            auth.second_factors.finish(held.token, phone.wrong())


@pytest.mark.attack(38, "A22")
@pytest.mark.asvs("6.3.1", "6.6.3", "X19")
def test_whoever_reads_the_mailbox_gets_no_new_guesses_by_resets(
    auth: Auth, alice: User
) -> None:
    phone = with_app(auth, alice)
    compared = 0
    for turn in range(20):
        token, new = auth.password_reset.issue(alice), f"{PASSWORD} {turn}"
        done = auth.password_reset.finish(token, new, remember=True)
        device = [done.device]
        held = auth.login.with_password(alice.email, new, device=device)
        for _ in range(3):
            with pytest.raises((NotProven, TooMany)) as refused:
                auth.second_factors.finish(
                    held.token, phone.wrong(), device=device
                )
            compared += refused.type is not TooMany

    assert compared == 10
