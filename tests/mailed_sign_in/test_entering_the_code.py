"""Signing in by a code: in the browser that has asked, once, and soon."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from conftest import (
    PASSWORD,
    Browser,
    Postbox,
    TurnableClock,
    field_errors,
    notices,
)
from phones import second_step, signed_in, with_app
from vestibule.auth import Auth
from vestibule.errors import NotProven
from vestibule.history import Event
from vestibule.policy import OPERATOR
from vestibule.user import User

pytestmark = pytest.mark.settings(mailed_sign_in="true")
ASK, ENTER = "/login/code", "/login/code/enter"
WRONG = (
    "The code is not correct, or does not work any more. "
    "Enter it again or ask for a new one"
)


def code_of(letter: str) -> str:
    """Read the code in a letter."""
    return letter.partition("asked for it:\n")[2].split("\n")[0]


def wrong(code: str) -> str:
    """Make another code of a code."""
    return code[:-1] + str((int(code[-1]) + 1) % 10)


@pytest.mark.asvs("6.5.1")
def test_the_code_signs_in_and_works_once(
    browser: Browser, alice: User, postbox: Postbox
) -> None:
    asked = browser.send(ASK, email="alice")
    assert (asked.status_code, asked.location) == (303, ENTER)
    page = browser.open(ENTER)
    assert "If there is an account for alice, we have sent" in page.text
    assert "alice@example.com" not in page.text
    code = postbox.code()

    done = browser.send(ENTER, code=code, remember="true")

    assert done.location == "/profile"
    assert signed_in(browser)
    assert "Max-Age=2592000" in str(done.headers)
    browser.send("/logout")
    assert browser.open(ENTER).location == ASK
    browser.send(ASK, email="alice")
    again = browser.send(ENTER, code=code)
    assert field_errors(again) == {"code": WRONG}
    assert again.status_code == 401
    assert not signed_in(browser)


def test_one_comes_out_where_one_wanted_to_go(
    browser: Browser, alice: User, postbox: Postbox
) -> None:
    asked = browser.send(ASK + "?next=/preferences", email="alice")

    assert asked.location == ENTER + "?next=/preferences"
    done = browser.send(asked.location, code=postbox.code())
    assert done.location == "/preferences"


def test_a_code_may_have_spaces_and_what_is_none_is_told_so(
    browser: Browser, alice: User, postbox: Postbox
) -> None:
    browser.send(ASK, email="alice")
    code = postbox.code()

    for typed in ("1234567", "abcd efgh", ""):
        assert browser.send(ENTER, code=typed).status_code == 422
    spaced = f" {code[:4]} - {code[4:]} "
    assert browser.send(ENTER, code=spaced).status_code == 302


@pytest.mark.asvs("6.6.3", "6.6.2")
@pytest.mark.attack("A22")
def test_a_code_has_five_tries(
    browser: Browser, alice: User, postbox: Postbox
) -> None:
    browser.send(ASK, email="alice")
    letter = postbox.empty()[-1].text
    code = code_of(letter)

    for _ in range(5):
        sent = browser.send(ENTER, code=wrong(code))
        assert field_errors(sent) == {"code": WRONG}
    assert browser.send(ENTER, code=code).status_code == 401

    # The link of the same letter goes on working.
    link = "/login/code/" + letter.partition("/login/code/")[2].split()[0]
    assert browser.send(link).location == "/profile"


@pytest.mark.asvs("6.5.5")
def test_code_and_link_work_for_ten_minutes(
    auth: Auth, alice: User, postbox: Postbox, clock: TurnableClock
) -> None:
    own = auth.mailed_sign_in
    for seconds in (599, 600):
        ticket = own.ask("alice")
        [letter] = postbox.empty()
        clock.turn(seconds=seconds)
        code = code_of(letter.text)
        token = letter.text.partition("/login/code/")[2].split()[0]
        if seconds < 600:
            assert own.look(token).id == alice.id
            own.by_code("alice", code, [ticket])
        else:
            with pytest.raises(NotProven):
                own.by_code("alice", code, [ticket])
            with pytest.raises(Exception, match="does not work"):
                own.look(token)


@pytest.mark.asvs("6.6.2")
def test_a_code_works_in_the_browser_that_has_asked_alone(
    new_browser: Callable[[], Browser], alice: User, postbox: Postbox
) -> None:
    mine, other, strange = new_browser(), new_browser(), new_browser()
    other.send(ASK, email="alice")
    postbox.empty()
    mine.send(ASK, email="alice")
    code = postbox.code()

    assert strange.open(ENTER).location == ASK
    for _ in range(6):
        # And the tries of the code are not a stranger's to spend.
        assert other.send(ENTER, code=code).status_code == 401
    assert mine.send(ENTER, code=code).location == "/profile"
    assert not signed_in(other)


@pytest.mark.attack(10)
@pytest.mark.asvs("6.6.2")
def test_a_code_of_one_account_opens_no_other(
    auth: Auth, alice: User, bob: User, postbox: Postbox
) -> None:
    ticket = auth.mailed_sign_in.ask("bob")
    code = postbox.code()
    mine = auth.mailed_sign_in.ask("alice")

    for name, held in (("alice", [ticket]), ("alice", [mine, ticket])):
        with pytest.raises(NotProven):
            auth.mailed_sign_in.by_code(name, code, held)
    found = auth.mailed_sign_in.by_code("bob", code, [mine, ticket])
    assert found.user.id == bob.id


@pytest.mark.asvs("6.6.2")
def test_asking_again_ends_the_code_before(
    browser: Browser, alice: User, postbox: Postbox
) -> None:
    browser.send(ASK, email="alice")
    old = postbox.code()
    browser.send(ASK, email="alice")

    assert browser.send(ENTER, code=old).status_code == 401
    assert browser.send(ENTER, code=postbox.code()).status_code == 302


@pytest.mark.asvs("6.6.3")
@pytest.mark.attack(19, "A22")
def test_after_five_letters_the_newest_still_works_where_it_was_asked_for(
    browser: Browser, alice: User, postbox: Postbox
) -> None:
    for name in ("alice", "alice@example.com") * 2:
        browser.send(ASK, email=name)
    for _ in range(3):
        answer = browser.send(ASK, email="alice")
        assert (answer.status_code, answer.location) == (303, ENTER)

    letters = postbox.empty()
    assert len(letters) == 5
    code = code_of(letters[-1].text)
    assert browser.send(ENTER, code=code).location == "/profile"


@pytest.mark.asvs("6.6.3")
@pytest.mark.attack(19)
def test_who_signs_in_so_every_day_always_gets_a_letter(
    auth: Auth, alice: User, postbox: Postbox, clock: TurnableClock
) -> None:
    for _ in range(30):
        ticket = auth.mailed_sign_in.ask("alice")
        auth.mailed_sign_in.by_code("alice", postbox.code(), [ticket])
        clock.turn(hours=20)


@pytest.mark.asvs("6.6.3")
@pytest.mark.attack(32, "A22")
def test_nobody_gets_more_than_a_hundred_guesses_in_a_row(
    auth: Auth, alice: User, postbox: Postbox, clock: TurnableClock
) -> None:
    letters = []
    for _ in range(60):
        auth.mailed_sign_in.ask("alice")
        letters += postbox.empty()
        clock.turn(minutes=20)

    # With five tries each.
    assert len(letters) == 20
    # Letters of another kind are not spent by that.
    auth.password_reset.ask("alice@example.com")
    assert len(postbox.empty()) == 1


@pytest.mark.asvs("6.6.3")
@pytest.mark.attack(32)
@pytest.mark.settings(mailed_sign_in="true", attempts_per_address="7")
def test_one_network_address_has_few_questions_and_tries(
    browser: Browser, alice: User
) -> None:
    for n in range(7):
        assert browser.send(ASK, email=f"user{n}").status_code == 303
    assert browser.send(ASK, email="alice").status_code == 429

    for _ in range(7):
        assert browser.send(ENTER, code="12345678").status_code == 401
    assert browser.send(ENTER, code="12345678").status_code == 429


@pytest.mark.asvs("6.3.3", "6.3.6")
@pytest.mark.attack(20, 47, 48)
def test_the_second_factor_is_asked_for_as_after_a_password(
    browser: Browser, auth: Auth, alice: User, postbox: Postbox
) -> None:
    phone = with_app(auth, alice)
    browser.send(ASK, email="alice")
    postbox_code = postbox.code()

    answer = browser.send(ENTER, code=postbox_code)

    assert answer.location == "/login/verify"
    assert not signed_in(browser)
    assert "password is right" not in browser.open("/login/verify").text
    assert second_step(browser, postbox_code).status_code == 401
    assert second_step(browser, phone.code()).location == "/profile"
    assert signed_in(browser)


@pytest.mark.attack(48)
def test_a_trusted_device_leaves_the_second_step_out_here_too(
    browser: Browser, auth: Auth, alice: User, postbox: Postbox
) -> None:
    phone = with_app(auth, alice)
    browser.sign_in("alice")
    second_step(browser, phone.code(), trust="true")
    browser.send("/logout")
    browser.send(ASK, email="alice")

    assert browser.send(ENTER, code=postbox.code()).location == "/profile"


def test_whose_account_is_disabled_does_not_get_in(
    browser: Browser, auth: Auth, alice: User, postbox: Postbox
) -> None:
    browser.send(ASK, email="alice")
    auth.administration.set_active(alice, is_active=False, by=OPERATOR)
    browser.send(ASK, email="alice")
    code = postbox.code()

    answer = browser.send(ENTER, code=code)

    assert answer.status_code == 403
    assert not signed_in(browser)


@pytest.mark.attack(100, 101, "A5")
@pytest.mark.asvs("6.3.7")
@pytest.mark.settings(mailed_sign_in="true", verified_email_required="true")
def test_who_reads_the_mail_of_an_unproven_account_has_it_alone(
    new_browser: Callable[[], Browser], auth: Auth, postbox: Postbox
) -> None:
    user = auth.registration.register("eve@example.com", PASSWORD, "eve")
    thief = auth.sessions.open(user.id)
    postbox.empty()
    owner = new_browser()
    owner.send(ASK, email="eve")

    assert owner.send(ENTER, code=postbox.code()).location == "/profile"

    assert signed_in(owner)
    assert auth.sessions.owner(thief) is None
    assert not auth.valid_login("eve", PASSWORD)
    assert auth.db.find_user_by(id=user.id).email_verified_at is not None
    [letter] = postbox.empty()
    assert "yours alone" in letter.subject


@pytest.mark.settings(mailed_sign_in="true", verified_email_required="true")
def test_who_has_just_signed_up_here_keeps_the_password(
    browser: Browser, auth: Auth, postbox: Postbox
) -> None:
    typed = {"password1": PASSWORD, "password2": PASSWORD}
    browser.send(
        "/register", {**typed, "username": "dan", "email": "dan@example.com"}
    )
    postbox.empty()
    browser.send(ASK, email="dan")

    assert browser.send(ENTER, code=postbox.code()).location == "/profile"
    assert auth.valid_login("dan", PASSWORD)
    assert auth.db.find_user_by(username="dan").email_verified_at


@pytest.mark.asvs("6.3.5")
def test_a_new_device_is_told_of_as_after_a_password(
    new_browser: Callable[[], Browser], alice: User, postbox: Postbox
) -> None:
    new_browser().sign_in("alice")
    other = new_browser()
    other.send(ASK, email="alice")
    other.send(ENTER, code=postbox.code())

    [letter] = postbox.empty()
    assert "/security/not-me/" in letter.text


def test_the_history_tells_of_it(auth: Auth, alice: User) -> None:
    ticket = auth.mailed_sign_in.ask("alice")
    with pytest.raises(NotProven):
        auth.mailed_sign_in.by_code("alice", "00000000", [ticket])
    rows = auth.db.read(
        select(Event.act, Event.outcome).where(Event.subject_id == alice.id)
    )

    assert {tuple(row) for row in rows} >= {
        ("login", "code.incorrect"),
        ("mailed_sign_in.ask", "done"),
    }


def test_whoever_is_signed_in_is_led_away(
    browser: Browser, alice: User
) -> None:
    browser.sign_in("alice")

    for path in (ASK, ENTER, "/login/code/link"):
        assert browser.open(path).location == "/profile"
    assert notices(browser.open("/profile")) == []
