"""The pages of administrators: the list, one account, acts, feedback."""

import re
from collections.abc import Callable
from urllib.parse import unquote

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from conftest import (
    PASSWORD,
    Browser,
    Postbox,
    TurnableClock,
    account,
    field_errors,
    form_token,
    notices,
)
from vestibule.auth import Auth
from vestibule.errors import Conflict
from vestibule.ground.randomness import fingerprint
from vestibule.policy import OPERATOR
from vestibule.user import User

ACTS = ["disable", "enable", "promote", "demote", "reset", "sign-out"]
AGENT = "Mozilla/5.0 (Windows NT 10.0) Firefox/140.0"


@pytest.fixture
def desk(browser: Browser, admin: User) -> Browser:
    """Give the test the browser of an administrator."""
    browser.sign_in("admin")
    return browser


def listed(response: TestResponse) -> list[str]:
    """Read the usernames in the list of users."""
    return re.findall(r'rowheader"><a [^>]*>([^<]*)</a>', response.text)


def link(response: TestResponse, text: str) -> str:
    """Find the address of a link by its text."""
    found = re.search(rf'<a [^>]*href="([^"]+)"[^>]*>{text}', response.text)
    assert found, response.text
    return found[1].replace("&amp;", "&")


def words(response: TestResponse) -> str:
    """Read what a page says, without its tags."""
    inner = response.text.partition("<main")[2].partition(">")[2]
    bare = re.sub(r"<[^>]+>", " ", inner)
    return re.sub(r"\s+", " ", bare)


# -- who may ----------------------------------------------------------------


@pytest.mark.attack(89)
@pytest.mark.asvs("8.4.2")
@pytest.mark.parametrize(
    "path",
    ["/admin", "/admin/users", "/admin/users/1", "/admin/feedback"]
    + [f"/admin/users/1/{act}" for act in ACTS],
)
def test_nobody_but_an_administrator_gets_in(
    browser: Browser, auth: Auth, alice: User, bob: User, path: str
) -> None:
    assert browser.open(path).location == f"/login?next={path}"
    browser.sign_in("bob")

    assert browser.open(path).status_code == 403
    assert "/admin" not in browser.open("/profile").text
    if path.removeprefix("/admin/users/1/") in ACTS:
        token = form_token(browser.open("/logout"))
        answer = browser.client.post(path, data={"csrf_token": token})
        assert answer.status_code == 403
    assert auth.db.find_user_by(id=alice.id).is_active


def test_an_administrator_is_led_to_the_list(desk: Browser) -> None:
    page = desk.open("/profile")

    assert link(page, "Admin") == "/admin/users"
    assert desk.open("/admin").location == "/admin/users"


@pytest.mark.asvs("7.5.3", "8.4.2")
def test_acts_ask_for_a_fresh_proof_before_anything_is_filled_in(
    desk: Browser, auth: Auth, alice: User, clock: TurnableClock
) -> None:
    clock.turn(minutes=30)

    assert desk.open(f"/admin/users/{alice.id}").status_code == 200
    for act in ACTS:
        path = f"/admin/users/{alice.id}/{act}"
        to = desk.open(path).location
        assert unquote(to) == f"/confirm?next={path}"
    back = desk.send(to, password=PASSWORD).location
    assert back == path
    assert desk.open(back).status_code == 200


# -- the list ---------------------------------------------------------------


def test_the_list_shows_everybody_the_newest_first(
    desk: Browser, auth: Auth, alice: User, bob: User
) -> None:
    auth.administration.set_active(bob, is_active=False, by=OPERATOR)
    page = desk.open("/admin/users")

    assert listed(page) == ["bob", "alice", "admin"]
    assert "All users, the newest first" in page.text
    assert 'scope="col"' in page.text
    assert re.search(r"bob</a>.*?Disabled.*?alice</a>", page.text, re.DOTALL)
    assert link(page, "alice") == f"/admin/users/{alice.id}"


def test_a_search_is_kept_in_the_form_and_in_further_pages(
    desk: Browser, auth: Auth
) -> None:
    for number in range(52):
        auth.registration.register(
            f"ann{number}@example.com", PASSWORD, f"ann{number}"
        )
    asked = "?search=ANN&state=active&role=&address=unconfirmed"
    page = desk.open(f"/admin/users{asked}")

    assert len(listed(page)) == 50
    assert 'value="ANN"' in page.text
    assert '<option value="unconfirmed" selected>' in page.text
    assert link(page, "Clear filters") == "/admin/users"
    older = link(page, "Older users")
    assert {"search=ANN", "state=active", "address=unconfirmed"} < {
        *older.partition("?")[2].split("&")
    }
    rest = desk.open(older)
    assert listed(rest) == ["ann1", "ann0"]
    assert "Older users" not in rest.text
    newest = desk.open(link(rest, "Newest users"))
    assert listed(newest) == listed(page)


def test_each_filter_of_the_list_leaves_others_out(
    desk: Browser, auth: Auth, alice: User, bob: User
) -> None:
    auth.registration.register("new@example.com", PASSWORD, "newcomer")
    auth.administration.set_active(bob, is_active=False, by=OPERATOR)
    for query, names in (
        ("state=disabled", ["bob"]),
        ("state=active", ["newcomer", "alice", "admin"]),
        ("role=admin", ["admin"]),
        ("role=other", ["newcomer", "bob", "alice"]),
        ("address=unconfirmed", ["newcomer"]),
        ("address=confirmed", ["bob", "alice", "admin"]),
        ("state=&role=&address=&search=", ["newcomer", "bob", "alice"]),
    ):
        assert listed(desk.open(f"/admin/users?{query}"))[:3] == names


def test_no_match_is_told_apart_from_the_end_of_the_list(
    desk: Browser,
) -> None:
    none = desk.open("/admin/users?search=zebra")
    assert "No users match" in none.text
    assert link(none, "Clear filters") == "/admin/users"

    end = desk.open("/admin/users?before=1")
    assert "There is nothing older." in end.text
    assert "No users match" not in end.text


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("state=asleep", "state"),
        ("role=admin&role=other", "role"),
        ("search=a%00b", "search"),
        (f"search={'x' * 300}", "search"),
        ("before=x", None),
        ("before=0", None),
        (f"before={2**64}", None),
        ("colour=red", None),
    ],
)
def test_an_odd_search_is_told_and_finds_nothing(
    desk: Browser, alice: User, query: str, field: str | None
) -> None:
    page = desk.open(f"/admin/users?{query}")

    assert page.status_code == 422
    assert "There is a problem" in page.text
    assert listed(page) == []
    if field:
        assert [*field_errors(page)] == [field]


# -- one account ------------------------------------------------------------


def test_the_page_of_an_account_tells_what_helps_its_owner(
    desk: Browser, new_browser: Callable[[], Browser], auth: Auth, alice: User
) -> None:
    other = new_browser()
    other.client.environ_base["HTTP_USER_AGENT"] = AGENT
    other.sign_in("alice", "wrong password")
    other.sign_in("alice")
    number = auth.feedback.add(alice, "The door squeaks", "!", by=OPERATOR)
    page = desk.open(f"/admin/users/{alice.id}")
    said = words(page)

    assert "Can sign in. The email address is confirmed." in said
    assert "alice@example.com" in said
    assert "Firefox/140.0" in said
    assert "127.0.0.1" in said
    assert "The door squeaks" in said
    assert link(page, "Edit") == f"/feedback/{number}/update"
    assert re.search(r"Sign-in Done alice Website, 127\.0\.0\.1", said)
    assert "Sign-in Refused: Wrong password or name" in said
    assert "Account created Done The operator" in said


@pytest.mark.attack(31, 88)
def test_nothing_secret_is_on_any_page(
    desk: Browser, auth: Auth, alice: User
) -> None:
    token = auth.sessions.open(alice.id)
    reset = auth.get_reset_password_token(alice.email)
    secrets = [token, reset, alice.hashed_password, "$argon2"]
    secrets += [fingerprint(token).hex(), fingerprint(reset).hex()]

    for path in (
        *("/admin/users", f"/admin/users/{alice.id}", "/admin/feedback"),
        *(f"/admin/users/{alice.id}/{act}" for act in ACTS),
    ):
        page = desk.open(path)
        assert page.status_code == 200
        for secret in secrets:
            assert secret not in page.text
        assert 'type="password"' not in page.text


def test_the_state_of_an_account_stands_on_top(
    desk: Browser, auth: Auth, alice: User
) -> None:
    auth.registration.register("new@example.com", PASSWORD, "newcomer")
    new = auth.administration.find("newcomer")
    page = desk.open(f"/admin/users/{new.id}")
    assert notices(page) == [
        "Can sign in. The email address is not confirmed."
    ]
    auth.administration.set_active(alice, is_active=False, by=OPERATOR)
    page = desk.open(f"/admin/users/{alice.id}")
    assert notices(page) == ["Disabled: nobody can sign in to this account."]
    assert "Enable account" in page.text
    assert "Disable account" not in page.text


@pytest.mark.settings(verified_email_required=True)
def test_who_must_confirm_the_address_first_is_shown_so(
    desk: Browser, auth: Auth
) -> None:
    auth.registration.register("new@example.com", PASSWORD, "newcomer")
    new = auth.administration.find("newcomer")

    assert notices(desk.open(f"/admin/users/{new.id}")) == [
        "Cannot sign in yet: the email address is not confirmed."
    ]


@pytest.mark.parametrize(
    "number", ["0", "999", "x", "-1", "1.0", "٣", "9" * 19, "9" * 5000]
)
def test_an_account_that_is_not_there_is_not_found(
    desk: Browser, number: str
) -> None:
    for act in ("", *(f"/{act}" for act in ACTS)):
        page = desk.open(f"/admin/users/{number}{act}")
        assert page.status_code == 404, act


# -- acts -------------------------------------------------------------------


def test_disabling_says_what_will_happen_and_does_it(
    desk: Browser,
    new_browser: Callable[[], Browser],
    auth: Auth,
    alice: User,
    postbox: Postbox,
) -> None:
    other = new_browser()
    other.sign_in("alice")
    path = f"/admin/users/{alice.id}/disable"
    asked = words(desk.open(path))
    assert "Nobody can sign in to it any more" in asked
    assert "We tell them by email at alice@example.com." in asked
    assert auth.db.find_user_by(id=alice.id).is_active

    done = desk.send(path)

    assert done.location == f"/admin/users/{alice.id}"
    assert "alice is disabled, and signed out" in notices(
        desk.open(done.location)
    )
    assert other.open("/profile").status_code == 302
    refused = other.sign_in("alice")
    assert "This account is disabled" in refused.text
    [letter] = postbox.empty()
    assert letter.to == "alice@example.com"
    assert letter.subject == "Support closed sign-in to your Vestibule account"

    desk.send(f"/admin/users/{alice.id}/enable")
    assert other.sign_in("alice").status_code == 302
    [letter] = postbox.empty()
    assert letter.subject == "Support opened sign-in to your Vestibule account"
    assert "/login" in letter.text


def test_nobody_is_told_twice_of_the_same(
    auth: Auth, alice: User, postbox: Postbox
) -> None:
    for is_active, letters in (
        *((True, 0), (False, 1), (False, 0)),
        *((True, 1), (True, 0), (False, 1)),
    ):
        auth.administration.set_active(alice, is_active=is_active, by=OPERATOR)
        assert len(postbox.empty()) == letters


def test_a_refused_act_sends_no_letter(
    auth: Auth, admin: User, postbox: Postbox
) -> None:
    with pytest.raises(Conflict, match="at least one administrator"):
        auth.administration.set_active(admin, is_active=False, by=OPERATOR)

    assert postbox.empty() == []


def test_roles_are_given_and_taken_without_a_letter(
    desk: Browser, auth: Auth, alice: User, postbox: Postbox
) -> None:
    page = desk.open(f"/admin/users/{alice.id}")
    assert "Make an administrator" in page.text
    assert "role away" not in page.text

    done = desk.send(f"/admin/users/{alice.id}/promote")
    page = desk.open(done.location)
    assert "alice is an administrator now" in notices(page)
    assert auth.db.find_user_by(id=alice.id).is_admin
    assert "role away" in page.text

    desk.send(f"/admin/users/{alice.id}/demote")
    assert not auth.db.find_user_by(id=alice.id).is_admin
    assert postbox.empty() == []


@pytest.mark.parametrize("act", ["disable", "demote"])
def test_the_last_administrator_stays_and_the_page_says_why(
    desk: Browser, auth: Auth, admin: User, act: str
) -> None:
    refused = desk.send(f"/admin/users/{admin.id}/{act}")

    assert refused.status_code == 409
    assert "There must be at least one administrator." in words(refused)
    assert "<title>Error: " in refused.text
    kept = auth.db.find_user_by(id=admin.id)
    assert (kept.is_admin, kept.is_active) == (True, True)
    assert desk.open("/admin/users").status_code == 200


def test_who_gives_up_the_role_is_led_to_sign_in(
    desk: Browser, auth: Auth, admin: User, alice: User
) -> None:
    auth.administration.set_admin(alice, is_admin=True, by=OPERATOR)
    page = desk.open(f"/admin/users/{admin.id}/demote")
    assert "This is your own account." in notices(page)

    done = desk.send(f"/admin/users/{admin.id}/demote")

    assert done.location == "/login"
    assert "admin is no administrator any more" in notices(desk.open("/login"))
    desk.sign_in("admin")
    assert desk.open("/admin/users").status_code == 403


@pytest.mark.asvs("6.4.6")
def test_a_reset_link_goes_to_the_owner_and_to_no_page(
    desk: Browser, auth: Auth, alice: User, postbox: Postbox
) -> None:
    done = desk.send(f"/admin/users/{alice.id}/reset")
    page = desk.open(done.location)

    assert "The link is on its way to alice@example.com" in notices(page)
    path = postbox.link("/password_reset/")
    assert path.rpartition("/")[2] not in done.text + page.text
    desk.open("/logout")
    assert auth.password_reset.look(path.rpartition("/")[2]).id == alice.id
    assert "Reset link sent by an administrator Done admin" in words(page)


def test_too_many_reset_links_are_refused_in_words(
    desk: Browser, alice: User
) -> None:
    for _ in range(5):
        desk.send(f"/admin/users/{alice.id}/reset")
    refused = desk.send(f"/admin/users/{alice.id}/reset")

    assert refused.status_code == 429
    assert "Too many tries" in refused.text


@pytest.mark.asvs("7.4.5")
def test_signing_out_ends_every_session_and_changes_nothing_else(
    desk: Browser,
    new_browser: Callable[[], Browser],
    auth: Auth,
    alice: User,
    postbox: Postbox,
) -> None:
    other = new_browser()
    other.sign_in("alice")
    page = desk.open(f"/admin/users/{alice.id}")
    assert "Signed in nowhere." not in page.text

    done = desk.send(f"/admin/users/{alice.id}/sign-out")

    assert "Signed in nowhere." in desk.open(done.location).text
    assert other.open("/profile").status_code == 302
    assert other.sign_in("alice").status_code == 302
    assert postbox.empty() == []


@pytest.mark.attack(75)
@pytest.mark.parametrize("act", ACTS)
def test_an_act_without_its_form_is_not_done(
    desk: Browser, auth: Auth, alice: User, act: str
) -> None:
    before = vars(auth.db.find_user_by(id=alice.id))
    answer = desk.client.post(f"/admin/users/{alice.id}/{act}")

    assert answer.status_code == 422
    after = vars(auth.db.find_user_by(id=alice.id))
    drop = "_sa_instance_state"
    before.pop(drop)
    after.pop(drop)
    assert before == after


def test_a_deleted_account_leads_back_to_the_list(
    desk: Browser, alice: User
) -> None:
    to = link(desk.open(f"/admin/users/{alice.id}"), "Delete account")

    done = desk.send(to)

    assert done.location == "/admin/users"
    page = desk.open(done.location)
    assert notices(page) == ["alice was deleted"]
    assert listed(page) == ["admin"]


# -- feedback ---------------------------------------------------------------


def titles(response: TestResponse) -> list[str]:
    """Read the titles of the feedback on a page."""
    return re.findall(r'<li class="card">\s*<h2>([^<]*)</h2>', response.text)


def test_feedback_is_searched_by_words_and_by_author(
    desk: Browser, auth: Auth, alice: User, bob: User
) -> None:
    auth.feedback.add(alice, "Doors", "100% brass", by=OPERATOR)
    auth.feedback.add(bob, "Windows", "no BRASS at all", by=OPERATOR)
    number = auth.feedback.add(alice, "Light", "too little", by=OPERATOR)

    page = desk.open("/admin/feedback")
    assert titles(page) == ["Light", "Windows", "Doors"]
    assert link(page, "Edit") == f"/feedback/{number}/update"
    assert link(page, "Delete") == f"/feedback/{number}/delete"
    assert link(page, "bob") == f"/admin/users/{bob.id}"
    for query, found in (
        ("search=brass", ["Windows", "Doors"]),
        ("search=brass&username=ALICE", ["Doors"]),
        ("search=%25", ["Doors"]),
        ("username=bob&search=", ["Windows"]),
        ("username=nobody", []),
        ("search=zebra", []),
    ):
        page = desk.open(f"/admin/feedback?{query}")
        assert titles(page) == found, query
        if not found:
            assert "No feedback matches" in page.text
            assert link(page, "Clear filters") == "/admin/feedback"


def test_feedback_goes_page_by_page_and_keeps_the_search(
    desk: Browser, auth: Auth, alice: User
) -> None:
    assert "No feedback yet" in desk.open("/admin/feedback").text
    for number in range(22):
        auth.feedback.add(alice, f"Door {number}", "x", by=OPERATOR)

    page = desk.open("/admin/feedback?search=door&username=alice")
    older = link(page, "Older feedback")
    rest = desk.open(older)

    assert len(titles(page)) == 20
    assert "search=door" in older
    assert "username=alice" in older
    assert titles(rest) == ["Door 1", "Door 0"]
    assert desk.open("/admin/feedback?before=x").status_code == 422


# -- languages --------------------------------------------------------------


def test_russian_readers_find_no_english_words(
    desk: Browser, app: Flask, auth: Auth, alice: User
) -> None:
    account(auth, "bob")
    auth.feedback.add(alice, "Д", "Д", by=OPERATOR)
    for path in (
        *("/admin/users", "/admin/users?search=zz", "/admin/feedback"),
        *(f"/admin/users/{alice.id}", "/admin/users?state=x"),
        *(f"/admin/users/{alice.id}/{act}" for act in ACTS),
    ):
        page = desk.client.get(
            path, headers={"Accept": "text/html", "Accept-Language": "ru"}
        )
        said = words(page)
        names = r"alice|admin|bob|example\.com|UTC|Werkzeug|id|zz|JSON|API"
        left = set(re.findall(r"[A-Za-z]{2,}", re.sub(names, "", said)))
        assert left == set(), path
