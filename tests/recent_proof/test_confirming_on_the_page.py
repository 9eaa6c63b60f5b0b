"""The page that asks for the password once more."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from conftest import (
    HTML,
    PASSWORD,
    Browser,
    Postbox,
    TurnableClock,
    account,
    field_errors,
    form_token,
    notices,
)
from stagecraft import next_page, tables_holding
from vestibule.auth import Auth
from vestibule.user import User

WRONG = "The password is not correct"
AGAIN = "Nothing is done yet. Confirm, then send the form again"
one_database = pytest.mark.parametrize(
    "database_url", ["sqlite"], indirect=True
)
# Acts of one's own that ask for a fresh proof, as a browser begins them.
GUARDED = ["/users/alice/delete", "/users/alice/export"]


def session_of(browser: Browser) -> Any:
    """Look at the cookie of a browser's session."""
    cookie = browser.client.get_cookie("session_id")
    assert cookie
    return cookie


@pytest.mark.parametrize("path", GUARDED)
def test_signing_in_is_a_proof_for_five_minutes(
    browser: Browser, alice: User, clock: TurnableClock, path: str
) -> None:
    browser.sign_in("alice")
    clock.turn(seconds=300)
    assert browser.open(path).status_code == 200

    clock.turn(seconds=1)

    asked = browser.open(path)
    assert (asked.status_code, asked.location) == (
        303,
        f"/confirm?next={path}",
    )


@one_database
@pytest.mark.settings(session_proof="30")
def test_the_operator_says_how_long_a_proof_is_fresh(
    browser: Browser, alice: User, clock: TurnableClock
) -> None:
    browser.sign_in("alice")
    clock.turn(seconds=30)
    assert browser.open("/users/alice/export").status_code == 200
    assert "for 30 seconds" in browser.open("/confirm").text

    clock.turn(seconds=1)

    assert browser.open("/users/alice/export").status_code == 303


def test_confirming_leads_back_and_is_a_proof_again(
    browser: Browser, alice: User, clock: TurnableClock
) -> None:
    browser.sign_in("alice")
    clock.turn(minutes=6)
    asked = browser.open("/users/alice/delete")
    page = browser.open(asked.location)
    assert "Confirm that it is you" in page.text
    assert "You are signed in as alice." in page.text
    assert "for 5 minutes" in page.text
    # Back where it was needed one would be asked again.
    assert '<a href="/profile">Cancel</a>' in page.text
    # Password managers learn whose password it is.
    assert 'value="alice@example.com" autocomplete="username"' in page.text
    assert 'autocomplete="current-password"' in page.text

    sent = browser.send(asked.location, password=PASSWORD)

    assert (sent.status_code, sent.location) == (302, "/users/alice/delete")
    assert next_page(browser, sent).status_code == 200
    clock.turn(minutes=5)
    assert browser.open("/users/alice/delete").status_code == 200
    clock.turn(seconds=1)
    assert browser.open("/users/alice/delete").status_code == 303


@pytest.mark.asvs("7.5.3")
def test_the_form_itself_is_refused_once_the_proof_is_too_old(
    browser: Browser, auth: Auth, alice: User, clock: TurnableClock
) -> None:
    browser.sign_in("alice")
    for path in GUARDED:
        token = form_token(browser.open(path))
        clock.turn(seconds=301)

        sent = browser.client.post(
            path, data={"csrf_token": token}, headers=HTML
        )

        assert (sent.status_code, sent.location) == (
            303,
            f"/confirm?next={path}",
        )
        page = browser.open(sent.location)
        assert notices(page) == [AGAIN]
        browser.send(sent.location, password=PASSWORD)
    assert auth.db.find_user_by(id=alice.id).username == "alice"


def test_a_wrong_password_proves_nothing(
    browser: Browser, alice: User, clock: TurnableClock
) -> None:
    browser.sign_in("alice")
    clock.turn(minutes=6)
    before = session_of(browser).value

    failed = browser.send("/confirm?next=/users/alice/export", password="no")
    assert failed.status_code == 401
    assert field_errors(failed) == {"password": WRONG}
    assert 'value="no"' not in failed.text
    empty = browser.send("/confirm", password="")
    assert field_errors(empty) == {"password": "Enter your password"}

    assert session_of(browser).value == before
    assert browser.open("/users/alice/export").status_code == 303


@pytest.mark.attack(51, "A20")
def test_the_password_of_somebody_else_proves_nothing(
    browser: Browser, auth: Auth, alice: User, clock: TurnableClock
) -> None:
    auth.registration.register(
        "eve@example.com", "evil words of Eve's own", "eve"
    )
    browser.sign_in("alice")
    clock.turn(minutes=6)

    failed = browser.send("/confirm", password="evil words of Eve's own")

    assert field_errors(failed) == {"password": WRONG}
    for extra in ({"username": "eve"}, {"email": "eve@example.com"}):
        failed = browser.send(
            "/confirm", {"password": "evil words of Eve's own", **extra}
        )
        assert failed.status_code == 422
    assert browser.open("/users/alice/export").status_code == 303


@pytest.mark.asvs("7.2.4")
@pytest.mark.attack(59)
def test_the_old_token_is_dead_and_other_devices_go_on(
    browser: Browser,
    new_browser: Callable[[], Browser],
    auth: Auth,
    alice: User,
) -> None:
    other = new_browser()
    for who in (browser, other):
        who.sign_in("alice")
    before = session_of(browser)
    form = form_token(browser.open("/users/alice/delete"))

    sent = browser.send("/confirm", password=PASSWORD)

    after = session_of(browser)
    assert after.value != before.value
    assert re.fullmatch(r"[\w-]{43}", after.value)
    assert tables_holding(auth, after.value) == set()
    assert auth.get_user_from_session_id(before.value) is None
    assert auth.get_user_from_session_id(after.value) is not None
    assert other.open("/profile").status_code == 200
    [cookie] = [
        c
        for c in sent.headers.getlist("Set-Cookie")
        if c.startswith("session_id=")
    ]
    assert cookie.endswith("; HttpOnly; Path=/; SameSite=Lax")
    assert "Max-Age" not in cookie
    # A form of the session before is no form of this one.
    late = browser.client.post(
        "/users/alice/delete", data={"csrf_token": form}, headers=HTML
    )
    assert late.status_code == 422
    assert auth.db.find_user_by(id=alice.id).username == "alice"


@one_database
@pytest.mark.settings(base_url="https://id.example.com")
def test_under_https_the_new_cookie_is_as_strict_as_the_old(
    browser: Browser, alice: User
) -> None:
    base = "https://id.example.com"
    page = browser.open("/login", base_url=base)
    typed = {"email": "alice", "password": PASSWORD}

    def send(path: str, page: Any, **typed: str) -> list[str]:
        """Send a form; give the cookies of the answer."""
        data = {**typed, "csrf_token": form_token(page)}
        sent = browser.client.post(
            path, data=data, headers=HTML, base_url=base
        )
        return [
            cookie.partition("=")[2].partition("; ")[2]
            for cookie in sent.headers.getlist("Set-Cookie")
            if cookie.startswith("__Host-session_id=")
        ]

    first = send("/login", page, **typed)
    page = browser.open("/confirm", base_url=base)
    second = send("/confirm", page, password=PASSWORD)

    assert first == second == ["Secure; HttpOnly; Path=/; SameSite=Lax"]


@pytest.mark.asvs("N21")
def test_a_remembered_session_stays_remembered_and_lives_no_longer(
    browser: Browser, auth: Auth, alice: User, clock: TurnableClock
) -> None:
    browser.send("/login", email="alice", password=PASSWORD, remember="true")
    born = auth.sessions.term(session_of(browser).value)
    clock.turn(days=29)

    sent = browser.send("/confirm", password=PASSWORD)

    [cookie] = [
        c
        for c in sent.headers.getlist("Set-Cookie")
        if c.startswith("session_id=")
    ]
    assert f"Max-Age={86400};" in cookie
    term = auth.sessions.term(session_of(browser).value)
    assert (term.created_at, term.dies_at) == (born.created_at, born.dies_at)
    clock.turn(days=1)
    assert browser.open("/profile").location == "/login?next=/profile"


def test_confirming_makes_no_session_live_longer(
    browser: Browser, alice: User, clock: TurnableClock
) -> None:
    browser.sign_in("alice")
    for _ in range(20):
        clock.turn(hours=8)
        browser.send("/confirm", password=PASSWORD)
    assert browser.open("/profile").status_code == 200

    clock.turn(hours=8)

    assert browser.open("/profile").status_code == 302


@pytest.mark.attack(22, "A28")
@one_database
@pytest.mark.parametrize(
    "place",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "/%2fevil.example",
        "javascript:alert(1)",
        "",
    ],
)
def test_confirming_never_leads_to_another_site(
    browser: Browser, alice: User, place: str
) -> None:
    browser.sign_in("alice")
    page = browser.open("/confirm", query_string={"next": place})

    sent = browser.client.post(
        "/confirm",
        query_string={"next": place},
        data={"password": PASSWORD, "csrf_token": form_token(page)},
        headers=HTML,
    )

    assert sent.location == "/profile"


@pytest.mark.attack(41, "A21")
def test_guesses_here_and_at_the_sign_in_share_one_budget(
    browser: Browser,
    new_browser: Callable[[], Browser],
    alice: User,
    clock: TurnableClock,
) -> None:
    browser.sign_in("alice")
    browser.client.delete_cookie("vestibule_device")
    for _ in range(5):
        browser.send("/confirm", password="a wrong one")
    other = new_browser()
    for _ in range(5):
        other.sign_in("alice", "a wrong one")

    held_up = browser.send("/confirm", password=PASSWORD)

    assert held_up.status_code == 429
    assert held_up.headers["Retry-After"] == "60"
    assert other.sign_in("alice").status_code == 429
    clock.turn(seconds=60)
    sent = browser.send("/confirm", password=PASSWORD)
    assert sent.status_code == 302
    # Being right clears the count, as a sign-in does.
    for _ in range(9):
        failed = browser.send("/confirm", password="a wrong one")
        assert failed.status_code == 401
    assert other.sign_in("alice").status_code == 302


def test_strangers_sign_in_instead_of_confirming(browser: Browser) -> None:
    assert browser.open("/confirm").location == "/login?next=/confirm"
    sent = browser.client.post(
        "/confirm", data={"password": PASSWORD}, headers=HTML
    )
    assert sent.status_code == 401


@pytest.mark.attack(75)
@one_database
def test_a_form_from_elsewhere_confirms_nothing(
    browser: Browser, alice: User, clock: TurnableClock
) -> None:
    browser.sign_in("alice")
    clock.turn(minutes=6)
    before = session_of(browser).value

    for token in ({}, {"csrf_token": "guessed"}):
        data = {"password": PASSWORD, **token}
        sent = browser.client.post("/confirm", data=data, headers=HTML)
        assert sent.status_code == 422

    assert session_of(browser).value == before


# -- which acts ask for it --------------------------------------------------


@pytest.mark.asvs("7.5.1", "X9")
def test_a_new_username_takes_no_proof_and_a_new_address_does(
    browser: Browser,
    auth: Auth,
    alice: User,
    clock: TurnableClock,
    postbox: Postbox,
) -> None:
    browser.sign_in("alice")
    clock.turn(minutes=6)
    sent = browser.send(
        "/profile", username="alice2", email="alice@example.com"
    )
    assert (sent.status_code, sent.location) == (302, "/profile")
    # The letter about the username.
    assert len(postbox.empty()) == 1

    typed = {"username": "alice3", "email": "new@example.com"}
    sent = browser.send("/profile", typed)

    assert sent.status_code == 303
    assert sent.location == "/confirm?next=/profile"
    assert notices(browser.open(sent.location)) == [AGAIN]
    # A slip on the way costs nothing either.
    browser.send(sent.location, password="no")
    back = browser.send(sent.location, password=PASSWORD)
    assert back.location == "/profile"
    page = next_page(browser, back)
    for name, value in typed.items():
        assert f'name="{name}" value="{value}"' in page.text
    assert auth.db.find_user_by(id=alice.id).username == "alice2"
    assert postbox.empty() == []

    data = {**typed, "csrf_token": form_token(page)}
    sent = browser.client.post("/profile", data=data, headers=HTML)

    assert notices(next_page(browser, sent)) == [
        "Profile updated successfully",
        "Confirm new@example.com: we have sent a message there. "
        "Until then alice@example.com stays.",
    ]
    assert auth.db.find_user_by(id=alice.id).username == "alice3"


@one_database
@pytest.mark.settings(name_fields="true")
def test_names_are_kept_over_the_question_as_well(
    browser: Browser, alice: User, clock: TurnableClock
) -> None:
    browser.sign_in("alice")
    clock.turn(minutes=6)
    typed = {
        "username": "alice",
        "email": "new@example.com",
        "first_name": "Älice",
        "last_name": "O'Neill",
    }
    sent = browser.send("/profile", typed)
    browser.send(sent.location, password=PASSWORD)

    page = browser.open("/profile").text

    assert 'name="first_name" value="Älice"' in page
    assert 'name="last_name" value="O&#39;Neill"' in page


def test_the_form_for_a_new_password_is_a_proof_of_its_own(
    browser: Browser, auth: Auth, alice: User, clock: TurnableClock
) -> None:
    browser.sign_in("alice")
    clock.turn(hours=1)

    sent = browser.send(
        "/password/change",
        old_password=PASSWORD,
        new_password="another good password",
        new_password2="another good password",
    )

    assert sent.location == "/password/change/done"
    assert auth.valid_login("alice", "another good password")


def test_what_one_may_see_takes_no_proof(
    browser: Browser, auth: Auth, alice: User, clock: TurnableClock
) -> None:
    browser.sign_in("alice")
    clock.turn(hours=1)
    for path in (
        "/profile",
        "/users/alice",
        "/users/alice/feedback/add",
        "/password/change",
        "/secret",
    ):
        assert browser.open(path).status_code in (200, 302), path
    typed = {"title": "No proof", "content": "is asked for"}
    sent = browser.send("/users/alice/feedback/add", typed)
    assert sent.location == "/users/alice"
    for act in ("update", "delete"):
        sent = browser.send(
            f"/feedback/1/{act}", typed if act == "update" else {}
        )
        assert sent.location == "/users/alice"


def test_who_may_not_is_not_asked_to_confirm_first(
    browser: Browser, alice: User, bob: User, clock: TurnableClock
) -> None:
    browser.sign_in("alice")
    clock.turn(hours=1)
    for act in ("delete", "export"):
        bobs = browser.open(f"/users/bob/{act}")
        none = browser.open(f"/users/nobody/{act}")
        assert bobs.status_code == none.status_code == 403
        # The switch of the language leads back to the same address.
        assert bobs.text == none.text.replace("/nobody/", "/bob/")


@one_database
def test_an_account_that_was_reset_meanwhile_confirms_nothing(
    browser: Browser, auth: Auth
) -> None:
    user = account(auth, "carol")
    browser.sign_in("carol")
    token = session_of(browser).value
    auth.password_reset.finish(
        auth.password_reset.issue(user), "words of somebody new"
    )

    sent = browser.client.post(
        "/confirm", data={"password": PASSWORD}, headers=HTML
    )

    assert sent.status_code == 401
    assert auth.get_user_from_session_id(token) is None


@pytest.mark.settings(session_idle="7d", session_absolute="7d")
def test_a_session_of_the_browser_ends_with_it_however_long_it_may_idle(
    browser: Browser, auth: Auth, alice: User
) -> None:
    browser.sign_in("alice")

    answer = browser.send("/confirm", password=PASSWORD)

    [cookie] = [
        found
        for found in answer.headers.getlist("Set-Cookie")
        if found.startswith("session_id=")
    ]
    assert "Max-Age" not in cookie
    assert "Expires" not in cookie
