"""Using a reset link: once, in time, for one account, and nothing more."""

from functools import partial

import pytest
from flask import Flask

from conftest import (
    HTML,
    PASSWORD,
    Browser,
    Postbox,
    TurnableClock,
    field_errors,
    notices,
)
from stagecraft import (
    JsonDoor,
    Opened,
    PageDoor,
    at_once,
    both_doors,
    counts,
    next_page,
)
from vestibule.auth import Auth
from vestibule.capabilities.password_reset.operations import (
    PasswordWasReset,
    ResetTokenInvalid,
)
from vestibule.policy import OPERATOR
from vestibule.user import User

NEW = "another good password"
INVALID = "That is an invalid or expired token"
NEWEST = "If you asked more than once, use the newest message"


@pytest.fixture
def token(auth: Auth, alice: User, postbox: Postbox) -> str:
    """Alice asks for a link and takes the token out of it."""
    auth.password_reset.ask("alice@example.com")
    return postbox.link("/password_reset/").rpartition("/")[2]


def is_good(auth: Auth, token: str) -> bool:
    """Tell whether a token would still open the form."""
    try:
        auth.password_reset.look(token)
    except ResetTokenInvalid:
        return False
    return True


@pytest.mark.parametrize(
    "path", ["/password_reset/", "/password_reset?token="]
)
def test_the_link_leads_to_a_new_password_and_to_the_sign_in_page(
    browser: Browser, auth: Auth, token: str, path: str
) -> None:
    response = browser.send(path + token, password=NEW, confirm_password=NEW)

    assert (response.status_code, response.location) == (302, "/login")
    page = next_page(browser, response)
    assert notices(page) == ["Your password was set. Try to login."]
    assert auth.valid_login("alice", NEW)
    assert not auth.valid_login("alice", PASSWORD)


@pytest.mark.attack(20, 100, "A12")
@pytest.mark.asvs("6.3.6", "6.4.3", "7.4.3", "X5")
@both_doors
def test_a_reset_signs_nobody_in_and_everybody_out(
    app: Flask, auth: Auth, bob: User, token: str, opened: Opened
) -> None:
    sessions = [auth.create_session("alice@example.com") for _ in range(3)]
    assert all(sessions)
    bobs = auth.sessions.open(bob.id)
    door = opened(app)

    answer = door.finish_reset(token, NEW)

    assert answer.status_code == door.works
    assert "session_id=" not in str(answer.headers)
    assert door.whoami() is None
    assert [auth.get_user_from_session_id(t) for t in sessions] == [None] * 3
    assert auth.get_user_from_session_id(bobs) is not None


@pytest.mark.asvs("2.3.1")
@pytest.mark.attack(9, "A11")
@both_doors
def test_a_token_works_once(
    app: Flask, auth: Auth, token: str, opened: Opened
) -> None:
    door = opened(app)
    assert door.finish_reset(token, NEW).status_code == door.works

    again = door.finish_reset(token, "a third good password")

    assert again.status_code in (302, 403)
    assert auth.valid_login("alice", NEW)


@pytest.mark.attack(9, 12)
def test_a_bad_token_leads_back_to_asking(
    browser: Browser, auth: Auth, token: str
) -> None:
    for bad in (
        "nonsense",
        token[:-1],
        token + "A",
        token.swapcase(),
        " " + token,
        "%00" + token,
        token + "%00",
        "%ED%A0%80",
        "a" * 5000,
        "%2e%2e%2fprofile",
    ):
        for path in ("/password_reset/", "/password_reset?token="):
            looked = browser.open(path + bad)
            sent = browser.client.post(
                path + bad, data={"password": NEW}, headers=HTML
            )
            for response in (looked, sent):
                if response.status_code == 404:  # a slash makes a new path
                    assert "%2f" in bad
                    continue
                assert response.location == "/password_reset", bad
            page = browser.open("/password_reset")
            assert set(notices(page)) <= {INVALID, NEWEST}

    assert browser.open("/password_reset?token=").location is not None
    assert is_good(auth, token)
    assert auth.valid_login("alice", PASSWORD)


def test_the_flash_says_that_the_token_is_invalid_or_expired(
    browser: Browser,
) -> None:
    response = browser.open("/password_reset/nonsense")

    assert notices(next_page(browser, response)) == [INVALID, NEWEST]


def test_whoever_is_signed_in_is_told_how_to_use_the_link(
    browser: Browser, alice: User, token: str
) -> None:
    browser.sign_in("alice")

    for path in ("/password_reset", f"/password_reset/{token}"):
        opened = browser.open(path)
        assert opened.location == "/profile"
        (said,) = notices(next_page(browser, opened))
        assert "sign out first, then open the link again" in said


@pytest.mark.attack(9, 10, 12, 95)
def test_a_program_is_told_403_for_anything_that_is_not_right(
    app: Flask, auth: Auth, bob: User, token: str
) -> None:
    program = app.test_client()
    good = {
        "email": "alice@example.com",
        "reset_token": token,
        "new_password": NEW,
    }
    for change in (
        {"reset_token": "nonsense"},
        {"reset_token": ""},
        {"reset_token": None},
        {"reset_token": 0},
        {"reset_token": [token]},
        {"reset_token": {"$gt": ""}},
        {"reset_token": "a" * 5000},
        {"email": "bob@example.com"},
        {"email": "nobody@example.com"},
        {"email": ""},
        {"new_password": "short"},
        {"new_password": "qwertyuiop"},
        {"new_password": "alice2024!"},
        {"new_password": ""},
        {"user_id": bob.id},
    ):
        answer = program.put("/reset_password", json={**good, **change})
        assert answer.status_code == 403, change
        assert list(answer.get_json()) == ["message"]
        assert "Set-Cookie" not in answer.headers

    for name in ("alice", "bob"):
        assert auth.valid_login(name, PASSWORD)
    answer = program.put(
        "/reset_password", json={**good, "email": "ALICE@example.com"}
    )
    assert answer.get_data() == (
        b'{"email":"alice@example.com","message":"Password updated"}'
    )


@pytest.mark.attack("A11")
@pytest.mark.asvs("N16", "X7")
def test_a_token_lives_for_one_hour(
    app: Flask, auth: Auth, token: str, clock: TurnableClock
) -> None:
    clock.turn(minutes=59, seconds=59)
    assert is_good(auth, token)

    clock.turn(seconds=1)
    assert not is_good(auth, token)
    assert JsonDoor(app).finish_reset(token, NEW).status_code == 403
    assert auth.valid_login("alice", PASSWORD)


@pytest.mark.attack("A11")
@pytest.mark.asvs("X7")
def test_only_the_newest_token_works(
    auth: Auth, token: str, postbox: Postbox
) -> None:
    auth.password_reset.ask("alice@example.com")
    newer = postbox.link("/password_reset/").rpartition("/")[2]

    assert not is_good(auth, token)
    assert is_good(auth, newer)


@pytest.mark.attack(78, "A13", "A27")
def test_looking_at_a_link_any_number_of_times_uses_nothing_up(
    app: Flask, auth: Auth, token: str
) -> None:
    before = counts(auth)
    for headers in ({}, HTML, {"User-Agent": "MailScanner"}):
        client = app.test_client()
        for path in (
            f"/password_reset/{token}",
            f"/password_reset?token={token}",
        ):
            for _ in range(3):
                for method in (client.get, client.head):
                    answer = method(path, headers=headers)
                    assert answer.status_code == 303
                    form = method(answer.location, headers=headers)
                    assert form.status_code == 200
                client.options(path, headers=headers)

    assert counts(auth) == before
    assert auth.valid_login("alice", PASSWORD)
    assert is_good(auth, token)


@pytest.mark.attack("A13")
def test_the_page_behind_the_link_keeps_the_token_to_itself(
    browser: Browser, token: str
) -> None:
    opened = browser.open(f"/password_reset/{token}")
    form = browser.follow(f"/password_reset/{token}")

    assert (opened.status_code, opened.location) == (
        303,
        "/password_reset/new",
    )
    for response in (opened, form):
        assert response.headers["Referrer-Policy"] == "no-referrer"
        assert response.headers["Cache-Control"] == "no-store"
        assert token not in response.text
    (cookie,) = [
        value
        for value in opened.headers.getlist("Set-Cookie")
        if value.startswith("vestibule_reset=")
    ]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Max-Age=3600" in cookie


@pytest.mark.attack(30)
def test_the_page_behind_the_link_says_for_whom_it_is_to_them_alone(
    browser: Browser, token: str
) -> None:
    page = browser.follow(f"/password_reset/{token}").text

    assert "For the account of a•••@example.com." in page
    assert page.count("alice@example.com") == 1  # For password managers.


@pytest.mark.asvs("6.2.4")
def test_a_password_that_may_not_be_one_leaves_the_token_good(
    browser: Browser, auth: Auth, token: str
) -> None:
    path = f"/password_reset/{token}"
    for password, again, errors in (
        ("short", "short", ["password"]),
        ("Alice-2024", "Alice-2024", ["password"]),
        ("qwertyuiop", "qwertyuiop", ["password"]),
        (NEW, "something else", ["confirm_password"]),
        ("", "", ["password", "confirm_password"]),
    ):
        page = browser.send(path, password=password, confirm_password=again)
        assert page.status_code == 422
        assert list(field_errors(page)) == errors

    assert auth.valid_login("alice", PASSWORD)
    assert PageDoor(browser.client.application).finish_reset(
        token, NEW
    ).location == ("/login")


@pytest.mark.attack(75, "A25")
def test_a_form_from_elsewhere_sets_no_password(
    app: Flask, auth: Auth, token: str
) -> None:
    browser = Browser(app)
    browser.follow(f"/password_reset/{token}")
    typed = {"password": NEW, "confirm_password": NEW}
    statuses = [
        browser.client.post(path, data=typed, headers=HTML).status_code
        for path in (f"/password_reset/{token}", "/password_reset/new")
    ]

    # What is posted to the link itself is shown the form, and no more.
    assert statuses == [303, 422]
    assert auth.valid_login("alice", PASSWORD)


@pytest.mark.attack(11, "A11")
def test_a_token_of_another_purpose_resets_nothing(
    browser: Browser, auth: Auth, token: str, alice: User, postbox: Postbox
) -> None:
    auth.email_verification.ask(alice)
    confirming = postbox.link("/verify-email/").rpartition("/")[2]

    assert browser.open(f"/password_reset/{confirming}").status_code == 302
    assert browser.open(f"/verify-email/{token}").status_code == 302
    with pytest.raises(ResetTokenInvalid):
        auth.password_reset.finish(confirming, NEW)
    with pytest.raises(Exception, match="does not work any more"):
        auth.email_verification.confirm(token, by=OPERATOR)
    assert is_good(auth, token)
    assert auth.email_verification.look(confirming).user.id == alice.id


@pytest.mark.attack(14, "A11")
def test_a_letter_to_a_former_address_is_dead(
    auth: Auth, token: str, alice: User
) -> None:
    auth.email_changes.make(alice, "new@example.com")
    assert not is_good(auth, token)

    # Even if the change had left the row behind, the address decides.
    mine = auth.db.find_user_by(id=alice.id)
    token = auth.password_reset.issue(mine)
    auth.db.update_user(alice.id, email="newer@example.com")
    assert not is_good(auth, token)
    with pytest.raises(ValueError, match=INVALID):
        auth.update_password(token, NEW)


@pytest.mark.attack(15, "A11")
def test_a_dead_letter_stays_dead_when_its_address_comes_back(
    auth: Auth, token: str, alice: User
) -> None:
    for email in ("new@example.com", "alice@example.com"):
        mine = auth.db.find_user_by(id=alice.id)
        auth.email_changes.make(mine, email)

    assert auth.db.find_user_by(id=alice.id).email == "alice@example.com"
    assert not is_good(auth, token)


@pytest.mark.attack(102, "A12")
def test_a_reset_ends_every_other_mailed_token(
    auth: Auth, token: str, alice: User, postbox: Postbox
) -> None:
    for address in ("mallory@example.com", None):
        auth.email_verification.ask(alice, address)
        waiting = postbox.link("/verify-email/").rpartition("/")[2]
        token = auth.password_reset.issue(alice)

        auth.update_password(token, f"{NEW} for {address}")

        assert counts(auth)["vestibule_mailed_tokens"] == 0
        with pytest.raises(Exception, match="does not work any more"):
            auth.email_verification.confirm(waiting, by=OPERATOR)
    assert auth.db.find_user_by(id=alice.id).email == "alice@example.com"


@pytest.mark.attack("A12")
@pytest.mark.asvs("6.3.7", "X5")
def test_the_owner_is_told_of_the_new_password(
    auth: Auth, token: str, postbox: Postbox
) -> None:
    auth.update_password(token, NEW)

    [letter] = postbox.empty()
    assert letter.to == "alice@example.com"
    assert letter.subject == "Your Vestibule password was changed"
    assert NEW not in letter.text
    assert token not in letter.text


@pytest.mark.attack("A5")
def test_whoever_reads_the_mail_has_proven_the_address(
    auth: Auth, postbox: Postbox
) -> None:
    made = auth.registration.register("eve@example.com", PASSWORD, "eve")
    auth.password_reset.ask("eve@example.com")
    token = postbox.link("/password_reset/").rpartition("/")[2]

    auth.update_password(token, NEW)

    assert auth.db.find_user_by(id=made.id).email_verified_at


@pytest.mark.attack("A11")
@pytest.mark.asvs("X7")
def test_of_several_uses_at_once_exactly_one_wins(
    auth: Auth, alice: User
) -> None:
    for turn in range(3):
        token = auth.get_reset_password_token("alice@example.com")
        wanted = [f"good password {turn} {number}" for number in range(4)]

        results = at_once(
            [partial(auth.password_reset.finish, token, new) for new in wanted]
        )

        winners = [
            new
            for new, result in zip(wanted, results, strict=True)
            if isinstance(result, PasswordWasReset)
        ]
        losers = [r for r in results if not isinstance(r, PasswordWasReset)]
        assert len(winners) == 1, results
        assert all(isinstance(r, ResetTokenInvalid) for r in losers), losers
        assert auth.valid_login("alice", winners[0])
        assert counts(auth)["vestibule_outbox"] == turn + 1


def test_a_first_name_makes_no_password_at_the_reset_either(
    auth: Auth, alice: User, token: str
) -> None:
    auth.db.update_user(alice.id, first_name="Konstantina")

    with pytest.raises(Exception, match="must not contain"):
        auth.password_reset.finish(token, "konstantina1!")


def test_whoever_was_told_to_wait_signs_in_at_once_after_a_reset(
    browser: Browser, auth: Auth, token: str
) -> None:
    for _ in range(10):
        browser.sign_in("alice", "a guess")
    assert browser.sign_in("alice").status_code == 429

    auth.password_reset.finish(token, NEW)

    assert browser.sign_in("alice", NEW).status_code == 302
