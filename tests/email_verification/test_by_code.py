"""Confirming an address by the code of the letter."""

import re
from functools import partial

import pytest
from flask import Flask
from flask.testing import FlaskClient

from conftest import (
    PASSWORD,
    Browser,
    Postbox,
    TurnableClock,
    field_errors,
    notices,
)
from racing import FEWER, Track, move
from stagecraft import at_once, counts, face, next_page, rows
from vestibule.auth import Auth
from vestibule.capabilities.email_verification.outcomes import (
    CodeIncorrect,
    EmailLinkInvalid,
    EmailVerified,
)
from vestibule.errors import Malformed, TooMany
from vestibule.ground.codes import read_code
from vestibule.policy import OPERATOR, Actor
from vestibule.user import User

WRONG = (
    "The code is not correct, or does not work any more. Enter it again or "
    "ask for a new one"
)
required = pytest.mark.settings(verified_email_required="true")


@pytest.fixture
def unproven(auth: Auth) -> User:
    """Zoe, who has just registered."""
    return auth.registration.register("zoe@example.com", PASSWORD, "zoe")


@pytest.fixture
def code(unproven: User, postbox: Postbox) -> str:
    """The code in Zoe's first letter, as it is written there."""
    return postbox.code()


def other_than(code: str) -> str:
    """Make a code that is wrong."""
    return f"{(int(code.replace(' ', '')) + 1) % 10**8:08}"


def is_proven(auth: Auth, user: User) -> bool:
    """Tell whether an account's address is confirmed."""
    return auth.db.find_user_by(id=user.id).email_verified_at is not None


def test_whoever_is_signed_in_types_the_code(
    browser: Browser, auth: Auth, unproven: User, code: str
) -> None:
    browser.sign_in("zoe")
    page = browser.open("/verify-email")
    assert "zoe@example.com" in page.text
    assert 'autocomplete="one-time-code"' in page.text
    assert 'inputmode="numeric"' in page.text
    assert "maxlength" not in page.text

    wrong = browser.send("/verify-email", code=other_than(code))
    assert wrong.status_code == 401
    assert field_errors(wrong) == {"code": WRONG}
    assert not is_proven(auth, unproven)
    done = browser.send("/verify-email", code=code)

    assert done.location == "/profile"
    assert notices(next_page(browser, done)) == [
        "Your email address is confirmed"
    ]
    assert is_proven(auth, unproven)


@required
def test_sign_up_type_the_code_sign_in(
    browser: Browser, auth: Auth, postbox: Postbox
) -> None:
    form = {"username": "zoe", "email": "zoe@example.com"}
    twice = {"password1": PASSWORD, "password2": PASSWORD}
    sent = browser.send("/register", {**form, **twice})
    page = next_page(browser, sent)
    assert '<a href="/verify-email">Enter the code' in page.text

    done = browser.send("/verify-email", code=postbox.code())

    assert done.location == "/login"
    page = next_page(browser, done)
    assert notices(page) == ["Your email address is confirmed"]
    assert "Enter the code" not in page.text
    assert browser.sign_in("zoe").location == "/profile"


@required
def test_a_sign_in_that_waits_leads_to_the_code(
    browser: Browser, unproven: User, postbox: Postbox
) -> None:
    postbox.empty()
    waiting = browser.sign_in("zoe")
    assert waiting.status_code == 403
    assert "with a link and a code" in waiting.text
    assert '<a href="/verify-email">Enter the code' in waiting.text
    assert "Enter the code" in browser.open("/login").text

    done = browser.send("/verify-email", code=postbox.code())

    assert done.location == "/login"
    assert browser.sign_in("zoe").location == "/profile"


@pytest.mark.attack(24, 27, 29, "A4")
@required
def test_typing_codes_for_a_taken_address_looks_as_for_a_free_one(
    app: Flask, auth: Auth, alice: User, unproven: User, postbox: Postbox
) -> None:
    """Whoever has just signed up with it learns nothing by the code page."""
    faces = []
    emails = ("alice@example.com", "zoe@example.com", "free@example.com")
    for number, email in enumerate(emails):
        browser, seen = Browser(app), []
        form = {"username": f"new{number}", "email": email}
        twice = {"password1": PASSWORD, "password2": PASSWORD}
        seen.append(browser.send("/register", {**form, **twice}))
        seen.append(browser.open("/verify-email"))
        for _ in range(11):
            seen.append(browser.send("/verify-email", code="1234 5678"))
        assert [page.status_code for page in seen[2:]] == [401] * 10 + [429]
        faces.append(str([face(page) for page in seen]).replace(email, "E"))

    assert faces[0] == faces[1] == faces[2]
    # Nor did these guesses take a try from the codes of others.
    tokens = rows(auth)["vestibule_mailed_tokens"]
    tries = {row["address"]: row["code_tries"] for row in tokens}
    assert tries == {"zoe@example.com": 0, "free@example.com": 5}
    assert not is_proven(auth, unproven)


def test_strangers_are_sent_to_sign_in_first(
    browser: Browser, program: FlaskClient
) -> None:
    assert browser.open("/verify-email").location == (
        "/login?next=/verify-email"
    )
    answer = program.put(
        "/api/v1/email-verification/code", json={"code": "12345678"}
    )
    assert (answer.status_code, answer.get_json()["code"]) == (
        401,
        "auth.required",
    )


@pytest.mark.asvs("2.3.2", "6.4.1", "6.6.3")
@pytest.mark.attack(39, 40, "A21")
def test_five_tries_and_the_code_is_dead_but_not_the_link(
    auth: Auth, unproven: User, postbox: Postbox
) -> None:
    (letter,) = postbox.empty()
    code = re.findall(r"^\d{4} \d{4}$", letter.text, re.M)[0]
    by = Actor(unproven)
    for _ in range(5):
        with pytest.raises(CodeIncorrect):
            auth.email_verification.confirm_by_code(other_than(code), by=by)

    with pytest.raises(CodeIncorrect):
        auth.email_verification.confirm_by_code(code, by=by)
    assert not is_proven(auth, unproven)
    # A new letter brings five new tries, and the old code stays dead.
    auth.email_verification.ask(unproven)
    newer = postbox.code()
    with pytest.raises(CodeIncorrect):
        auth.email_verification.confirm_by_code(code, by=by)
    auth.email_verification.confirm_by_code(newer, by=by)
    assert is_proven(auth, unproven)


@pytest.mark.asvs("6.6.3")
@pytest.mark.attack(40, "A21")
def test_new_letters_do_not_bring_tries_without_end(
    auth: Auth, unproven: User, code: str
) -> None:
    def guess() -> type[Exception]:
        """Type a wrong code, for which there is a new one if need be."""
        auth.email_verification.ask(unproven)
        with pytest.raises((CodeIncorrect, TooMany)) as refused:
            auth.email_verification.confirm_by_code(
                other_than(code), by=Actor(unproven)
            )
        return refused.type

    assert [guess() for _ in range(12)] == [CodeIncorrect] * 10 + [TooMany] * 2


@pytest.mark.asvs("6.6.3")
@pytest.mark.attack(32, 39, "A21")
def test_sixteen_tries_at_once_are_five(
    auth: Auth, unproven: User, code: str
) -> None:
    digits = code.replace(" ", "")
    tokens = auth.mailed_tokens
    one = partial(tokens.try_code, unproven.id, "email_verification", digits)

    assert sum(proof is not None for proof in at_once([one] * 16)) == 5


@pytest.mark.attack(32, 39, "A21")
def test_two_processes_together_have_five_tries(
    auth: Auth, unproven: User, postbox: Postbox, track: Track
) -> None:
    with track.race(auth) as race:
        for _ in range(FEWER):
            auth.email_verification.ask(unproven)
            digits = postbox.code().replace(" ", "")
            made = move("try_code", who=unproven.id, code=digits, times=6)
            one, two = race.round(made, made)
            assert one.gave + two.gave == 5


@pytest.mark.asvs("2.3.1")
@pytest.mark.attack(9, "A11")
def test_of_code_and_link_at_once_one_confirms(
    auth: Auth, unproven: User, postbox: Postbox, track: Track
) -> None:
    with track.race(auth) as race:
        for _ in range(FEWER):
            auth.email_verification.ask(unproven)
            letter = postbox.empty()[-1]
            code = re.findall(r"^\d{4} \d{4}$", letter.text, re.M)[0]
            token = letter.text.partition("/verify-email/")[2].split()[0]
            ends = race.round(
                move("confirm_by_code", who=unproven.id, code=code),
                move("confirm_email", token=token),
            )
            assert sorted(end.code == "done" for end in ends) == [False, True]


@pytest.mark.attack("A11")
def test_using_one_uses_up_the_other(
    auth: Auth, unproven: User, postbox: Postbox
) -> None:
    for first in ("link", "code"):
        auth.email_verification.ask(unproven)
        letter = postbox.empty()[-1]
        code = re.findall(r"^\d{4} \d{4}$", letter.text, re.M)[0]
        token = letter.text.partition("/verify-email/")[2].split()[0]
        by_link = partial(auth.email_verification.confirm, token, by=OPERATOR)
        by_code = partial(
            auth.email_verification.confirm_by_code, code, by=Actor(unproven)
        )
        ways = [by_link, by_code] if first == "link" else [by_code, by_link]

        assert isinstance(ways[0](), EmailVerified)
        with pytest.raises((EmailLinkInvalid, CodeIncorrect)):
            ways[1]()


@pytest.mark.asvs("6.4.1")
@pytest.mark.settings(link_life="1d")
def test_a_code_lives_for_an_hour_at_most(
    auth: Auth, unproven: User, postbox: Postbox, clock: TurnableClock
) -> None:
    (letter,) = postbox.empty()
    code = re.findall(r"^\d{4} \d{4}$", letter.text, re.M)[0]
    assert "The code works for 60 minutes." in letter.text
    clock.turn(hours=1)

    with pytest.raises(CodeIncorrect):
        auth.email_verification.confirm_by_code(code, by=Actor(unproven))
    token = letter.text.partition("/verify-email/")[2].split()[0]
    assert auth.email_verification.look(token)


@pytest.mark.attack(10, 14, "A11")
@pytest.mark.asvs("6.6.2", "X8")
def test_a_code_is_for_its_account_and_address_alone(
    auth: Auth, unproven: User, bob: User, code: str, postbox: Postbox
) -> None:
    auth.email_verification.ask(bob)
    postbox.empty()
    with pytest.raises(CodeIncorrect):
        auth.email_verification.confirm_by_code(code, by=Actor(bob))

    # Attack: moving the row, by whoever writes the database, or by a bug.
    (row,) = [
        row
        for row in rows(auth)["vestibule_mailed_tokens"]
        if row["user_id"] == unproven.id
    ]
    tokens, digits = auth.mailed_tokens, code.replace(" ", "")
    purpose = "email_verification"
    moved: list[tuple[int, str, str]] = [
        (bob.id, purpose, row["address"]),
        (unproven.id, "password_reset", row["address"]),
        (unproven.id, purpose, "else@example.com"),
        (unproven.id, purpose, row["address"]),
    ]
    fits = [tokens._hashes(*to, digits)[0] == row["code"] for to in moved]
    assert fits == [False, False, False, True]


@pytest.mark.attack(31)
def test_the_code_is_kept_so_that_no_thief_can_try_all(
    auth: Auth, unproven: User, code: str
) -> None:
    from hashlib import sha256

    digits = code.replace(" ", "")
    kept = rows(auth)["vestibule_mailed_tokens"][0]["code"]
    assert kept not in (
        digits.encode(),
        sha256(digits.encode()).digest(),
        sha256(code.encode()).digest(),
    )
    assert len(kept) == 32


@pytest.mark.parametrize(
    "typed",
    ["1234 5678", "12345678", " 1234-5678 ", "１２３４　５６７８", "١٢٣٤٥٦٧٨"],
)
def test_a_code_is_read_however_it_is_typed(typed: str) -> None:
    assert read_code(typed, 8) == "12345678"


@pytest.mark.parametrize(
    "typed", ["", "1234567", "123456789", "1234567a", "²³⁴⁵⁶⁷⁸⁹", "\x00" * 8]
)
def test_what_cannot_be_a_code_costs_no_try(
    auth: Auth, unproven: User, code: str, typed: str
) -> None:
    assert read_code(typed, 8) is None
    with pytest.raises(Malformed, match="8 digits"):
        auth.email_verification.confirm_by_code(typed, by=Actor(unproven))
    assert rows(auth)["vestibule_mailed_tokens"][0]["code_tries"] == 0


@pytest.mark.attack(41, "A21")
@required
def test_a_program_confirms_by_name_password_and_code(
    program: FlaskClient, auth: Auth, postbox: Postbox
) -> None:
    typed = {"email": "zoe@example.com", "password": PASSWORD}
    program.post("/api/v1/users", json=typed)
    code = postbox.code()
    path = "/api/v1/email-verification/code"
    own = {"name": "zoe@example.com", "password": PASSWORD}

    guess = program.put(path, json={**own, "code": code, "password": "guess"})
    nobody = program.put(
        path, json={"code": code, "name": "nobody", "password": "guess"}
    )
    assert (guess.status_code, guess.get_json()) == (401, nobody.get_json())
    assert guess.get_json()["code"] == "credentials.incorrect"
    wrong = program.put(path, json={**own, "code": other_than(code)})
    assert wrong.get_json()["code"] == "code.incorrect"
    done = program.put(path, json={**own, "code": code})

    assert (done.status_code, done.get_json()) == (
        200,
        {"email": "zoe@example.com"},
    )
    assert "Set-Cookie" not in done.headers
    assert program.post("/api/v1/sessions", json=own).status_code == 201


def test_a_new_address_is_confirmed_by_its_code(
    browser: Browser, auth: Auth, alice: User, postbox: Postbox
) -> None:
    browser.sign_in("alice")
    browser.send("/profile", username="alice", email="new@example.com")
    assert "new@example.com" in browser.open("/verify-email").text

    browser.send("/verify-email", code=postbox.code())

    assert auth.db.find_user_by(id=alice.id).email == "new@example.com"
    assert counts(auth)["vestibule_sessions"] == 1


def test_the_code_is_in_the_letter_and_not_in_its_subject(
    unproven: User, postbox: Postbox
) -> None:
    (letter,) = postbox.empty()

    assert not re.search(r"\d{4}", letter.subject)
    assert re.search(r"\d{4} \d{4}", letter.html)
    assert "Tell nobody the code." in letter.text
