"""Writing, changing and deleting feedback on the pages."""

import re
from collections.abc import Callable
from html import unescape

import pytest
from sqlalchemy import update

from conftest import (
    HTML,
    PASSWORD,
    Browser,
    TurnableClock,
    field_errors,
    form_token,
    notices,
)
from stagecraft import counts, next_page
from vestibule.auth import Auth
from vestibule.capabilities.feedback.records import FeedbackRecord
from vestibule.policy import OPERATOR
from vestibule.user import User

WORDS = {"title": "The door", "content": "It is heavy."}
one_database = pytest.mark.parametrize(
    "database_url", ["sqlite"], indirect=True
)
EXPIRED = "This page was open too long, so we refreshed it"


def titles(auth: Auth, user: User) -> list[str]:
    """List the titles of somebody's feedback, the newest first."""
    return [i.title for i in auth.feedback.of(user, by=OPERATOR).items]


def words_on(page: str) -> list[str]:
    """Read what the items of a page say."""
    return [unescape(w) for w in re.findall(r'class="words">([^<]*)<', page)]


def test_somebody_writes_reads_changes_and_deletes_feedback(
    browser: Browser, auth: Auth, alice: User, clock: TurnableClock
) -> None:
    browser.sign_in("alice")
    empty = browser.open("/users/alice").text
    assert "Tell us what works and what does not." in empty
    assert 'href="/users/alice/feedback/add"' in empty

    sent = browser.send("/users/alice/feedback/add", WORDS)
    assert (sent.status_code, sent.location) == (302, "/users/alice")
    page = next_page(browser, sent)
    assert notices(page) == ["Your feedback was sent"]
    assert "No feedback yet" not in page.text
    assert "<h3>The door</h3>" in page.text
    assert words_on(page.text) == ["It is heavy."]
    assert "changed on" not in page.text

    clock.turn(days=1)
    browser.sign_in("alice")
    form = browser.open("/feedback/1/update").text
    assert 'value="The door"' in form
    assert ">\nIt is heavy.</textarea>" in form
    sent = browser.send(
        "/feedback/1/update", title="The door", content="It is light now."
    )
    assert (sent.status_code, sent.location) == (302, "/users/alice")
    page = next_page(browser, sent)
    assert notices(page) == ["The feedback was changed"]
    assert words_on(page.text) == ["It is light now."]
    assert "changed on" in page.text

    asked = browser.open("/feedback/1/delete")
    assert "Delete “The door”? This can’t be undone." in asked.text
    assert titles(auth, alice) == ["The door"]
    sent = browser.send("/feedback/1/delete")
    assert (sent.status_code, sent.location) == (302, "/users/alice")
    page = next_page(browser, sent)
    assert notices(page) == ["The feedback was deleted"]
    assert "No feedback yet" in page.text
    assert titles(auth, alice) == []


def test_the_page_shows_all_but_the_password_and_the_ways_on(
    browser: Browser, auth: Auth, alice: User
) -> None:
    auth.feedback.add(alice, "One", "…", by=OPERATOR)
    browser.sign_in("alice")

    page = browser.open("/users/alice").text

    assert "alice@example.com" in page
    assert alice.hashed_password not in page
    for way in (
        "/feedback/1/update",
        "/feedback/1/delete",
        "/users/alice/feedback/add",
        "/users/alice/export",
        "/users/alice/delete",
        "/profile",
    ):
        assert f'href="{way}"' in page, way


def test_a_secret_leads_to_ones_own_page(
    browser: Browser, alice: User
) -> None:
    assert browser.open("/secret").location == "/login?next=/secret"

    browser.sign_in("alice")

    assert browser.open("/secret").location == "/users/alice"


@pytest.mark.attack(86)
def test_markup_in_feedback_is_shown_as_text(
    browser: Browser, auth: Auth, alice: User
) -> None:
    evil = "<script>alert(1)</script>\"'><b>&amp;{{ 7*7 }}"
    browser.sign_in("alice")
    browser.send("/users/alice/feedback/add", title=evil, content=evil)

    for path in ("/users/alice", "/feedback/1/update", "/feedback/1/delete"):
        page = browser.open(path).text
        assert "<script>" not in page
        assert "<b>" not in page
        assert evil in unescape(page), path
    assert titles(auth, alice) == [evil]


def test_lines_are_kept_in_the_words_and_white_edges_are_not(
    browser: Browser, auth: Auth, alice: User
) -> None:
    browser.sign_in("alice")
    sent = browser.send(
        "/users/alice/feedback/add",
        title="  The door ",
        content="\r\n\r\none\r\n\r\n\ttwo \r\n",
    )

    [item] = auth.feedback.of(alice, by=OPERATOR).items
    assert (item.title, item.content) == ("The door", "one\n\n\ttwo")
    assert words_on(next_page(browser, sent).text) == ["one\n\n\ttwo"]
    # Unchanged, the form leaves the words as they are.
    form = browser.open("/feedback/1/update").text
    shown = re.search(r"<textarea[^>]*>\n(.*?)</textarea>", form, re.S)
    assert shown
    assert unescape(shown[1]) == item.content


def test_after_an_error_all_that_was_typed_is_still_there(
    browser: Browser, auth: Auth, alice: User
) -> None:
    auth.feedback.add(alice, "Before", "Before", by=OPERATOR)
    browser.sign_in("alice")
    for path in ("/users/alice/feedback/add", "/feedback/1/update"):
        failed = browser.send(path, title="x" * 101, content="kept <words>")
        assert failed.status_code == 422
        assert field_errors(failed) == {
            "title": "Title must be 100 characters or fewer"
        }
        assert f'value="{"x" * 101}"' in failed.text
        assert ">\nkept &lt;words&gt;</textarea>" in failed.text
        assert "<title>Error: " in failed.text

        failed = browser.send(path, title="kept title", content=" \r\n ")
        assert field_errors(failed) == {"content": "Enter your feedback"}
        assert 'value="kept title"' in failed.text

    assert titles(auth, alice) == ["Before"]


def test_a_form_that_was_open_too_long_keeps_what_was_typed(
    browser: Browser, auth: Auth, alice: User
) -> None:
    browser.sign_in("alice")
    for token in ({}, {"csrf_token": "guessed"}):
        late = browser.client.post(
            "/users/alice/feedback/add", data={**WORDS, **token}, headers=HTML
        )
        assert late.status_code == 422
        assert EXPIRED in late.text
        assert 'value="The door"' in late.text
        assert ">\nIt is heavy.</textarea>" in late.text
    assert titles(auth, alice) == []

    again = {**WORDS, "csrf_token": form_token(late)}
    done = browser.client.post(
        "/users/alice/feedback/add", data=again, headers=HTML
    )
    assert done.status_code == 302
    assert titles(auth, alice) == ["The door"]


def test_of_two_tabs_the_later_one_wins_and_a_deleted_one_stays_deleted(
    browser: Browser, auth: Auth, alice: User
) -> None:
    auth.feedback.add(alice, "Both", "as it was", by=OPERATOR)
    browser.sign_in("alice")
    one, two, three, four = (
        form_token(browser.open("/feedback/1/update")) for _ in range(4)
    )
    for token, said in ((one, "first"), (two, "second")):
        data = {"title": "Both", "content": said, "csrf_token": token}
        browser.client.post("/feedback/1/update", data=data, headers=HTML)
    [item] = auth.feedback.of(alice, by=OPERATOR).items
    assert item.content == "second"

    for status in (302, 403):
        gone = browser.client.post(
            "/feedback/1/delete", data={"csrf_token": three}, headers=HTML
        )
        assert gone.status_code == status
    data = {"title": "Both", "content": "back again", "csrf_token": four}
    late = browser.client.post("/feedback/1/update", data=data, headers=HTML)
    assert late.status_code == 403
    assert counts(auth)["vestibule_feedback"] == 0


def test_an_administrator_is_told_that_feedback_is_gone(
    browser: Browser, auth: Auth, alice: User, admin: User
) -> None:
    auth.feedback.add(alice, "Gone", "soon", by=OPERATOR)
    browser.sign_in("admin")
    token = form_token(browser.open("/feedback/1/delete"))
    auth.feedback.delete(1, by=OPERATOR)

    late = browser.client.post(
        "/feedback/1/delete", data={"csrf_token": token}, headers=HTML
    )

    assert late.status_code == 404
    assert "There is nothing at this address" in late.text


def test_an_administrator_writes_changes_and_deletes_for_somebody(
    browser: Browser, auth: Auth, alice: User, admin: User
) -> None:
    browser.sign_in("admin")
    form = browser.open("/users/alice/feedback/add").text
    assert "You are writing as an administrator for alice." in form

    sent = browser.send("/users/alice/feedback/add", WORDS)
    assert sent.location == "/users/alice"
    page = next_page(browser, sent).text
    assert "You see this as an administrator." in page
    assert titles(auth, alice) == ["The door"]
    assert titles(auth, admin) == []
    for path in ("/feedback/1/update", "/feedback/1/delete"):
        assert "as an administrator" in browser.open(path).text
    sent = browser.send("/feedback/1/update", title="Mended", content="!")
    assert sent.location == "/users/alice"
    assert titles(auth, alice) == ["Mended"]
    sent = browser.send("/feedback/1/delete")
    assert sent.location == "/users/alice"
    assert titles(auth, alice) == []


def test_pages_about_somebody_else_are_the_administrations(
    browser: Browser, auth: Auth, alice: User, admin: User
) -> None:
    browser.sign_in("admin")
    theirs, own = (
        auth.feedback.add(user, "The door", "Heavy.", by=OPERATOR)
        for user in (alice, admin)
    )
    bar = '<nav class="bar" aria-label="Administration">'
    for path in (
        "/users/{name}",
        "/users/{name}/delete",
        "/users/{name}/feedback/add",
        "/feedback/{number}/update",
        "/feedback/{number}/delete",
    ):
        page = browser.open(path.format(name="alice", number=theirs)).text
        assert bar in page, path
        assert "/users/admin/delete" not in page, path

        page = browser.open(path.format(name="admin", number=own)).text
        assert bar not in page, path
        assert 'href="/users/admin/delete"' in page, path

    page = browser.open("/users/alice").text
    assert ">Delete the account of alice</a>" in page
    title = "<title>Delete the account of alice"
    assert title in browser.open("/users/alice/delete").text


@pytest.mark.asvs("2.3.2", "2.4.1")
def test_the_thirty_first_in_a_while_has_to_wait_and_is_kept(
    browser: Browser,
    new_browser: Callable[[], Browser],
    auth: Auth,
    alice: User,
    bob: User,
    *,
    clock: TurnableClock,
) -> None:
    for number in range(29):
        auth.feedback.add(alice, f"No. {number}", "…", by=OPERATOR)
    browser.sign_in("alice")
    assert browser.send("/users/alice/feedback/add", WORDS).status_code == 302

    held_up = browser.send("/users/alice/feedback/add", WORDS)

    assert held_up.status_code == 429
    assert held_up.headers["Retry-After"] == "60"
    assert "Too many tries. Try again in 1 minute" in held_up.text
    assert 'value="The door"' in held_up.text
    assert ">\nIt is heavy.</textarea>" in held_up.text
    assert len(titles(auth, alice)) == 20
    assert counts(auth)["vestibule_feedback"] == 30
    other = new_browser()
    other.sign_in("bob")
    assert other.send("/users/bob/feedback/add", WORDS).status_code == 302
    # Changing and deleting are not held up.
    assert browser.send("/feedback/1/update", WORDS).status_code == 302
    assert browser.send("/feedback/1/delete").status_code == 302
    clock.turn(seconds=60)
    again = browser.send("/users/alice/feedback/add", WORDS)
    assert again.status_code == 302


@pytest.mark.asvs("1.2.2")
def test_addresses_hold_names_in_any_letters(
    browser: Browser, auth: Auth
) -> None:
    for name in ("Ольга", "Łucja.ß", "李小龙"):
        user = auth.registration.register(
            f"x{len(name)}@example.com", PASSWORD, name, by_operator=True
        )
        browser.sign_in(name)

        sent = browser.send(f"/users/{name}/feedback/add", WORDS)

        page = next_page(browser, sent)
        assert page.status_code == 200
        assert f"<h1>{name}</h1>" in page.text
        assert titles(auth, user) == ["The door"]
        assert browser.open("/secret").location == sent.location
        browser.send("/logout")


def test_feedback_goes_along_with_a_changed_username(
    browser: Browser, auth: Auth, alice: User
) -> None:
    browser.sign_in("alice")
    browser.send("/users/alice/feedback/add", WORDS)
    browser.send("/profile", username="lisa", email="alice@example.com")

    assert "<h3>The door</h3>" in browser.open("/users/lisa").text
    old, none = (
        browser.open(f"/users/{name}") for name in ("alice", "never.was")
    )
    assert (old.status_code, old.data) == (none.status_code, none.data)
    assert old.status_code == 403
    # Who takes the name that is free now gets nothing of it.
    heir = auth.registration.register(
        "heir@example.com", PASSWORD, "alice", by_operator=True
    )
    assert titles(auth, heir) == []
    sent = browser.send("/feedback/1/update", WORDS)
    assert sent.location == "/users/lisa"


@pytest.mark.attack("A33")
@one_database
@pytest.mark.parametrize("number", ["0", "1", "-1", "²", "9" * 19, "9" * 40])
def test_strangers_cannot_tell_what_there_is(
    browser: Browser, auth: Auth, alice: User, bob: User, number: str
) -> None:
    auth.feedback.add(bob, "Bob's own", "…", by=OPERATOR)
    browser.sign_in("alice")
    for act in ("update", "delete"):
        bobs = browser.open(f"/feedback/1/{act}")
        other = browser.open(f"/feedback/{number}/{act}")
        assert bobs.status_code == other.status_code == 403
        # The switch of the language leads back to the same address.
        back = r'name="next" value="[^"]*"'
        assert re.sub(back, "", bobs.text) == re.sub(back, "", other.text)


def test_a_proof_that_got_too_old_costs_no_words(
    browser: Browser,
    auth: Auth,
    alice: User,
    admin: User,
    clock: TurnableClock,
) -> None:
    browser.sign_in("admin")
    token = form_token(browser.open("/users/alice/feedback/add"))
    clock.turn(seconds=301)

    data = {**WORDS, "csrf_token": token}
    path = "/users/alice/feedback/add"
    held_up = browser.client.post(path, data=data, headers=HTML)

    assert held_up.status_code == 303
    assert held_up.location == f"/confirm?next={path}"
    back = browser.send(held_up.location, password=PASSWORD)
    assert back.location == path
    page = browser.open(path).text
    assert 'value="The door"' in page
    assert ">\nIt is heavy.</textarea>" in page
    assert titles(auth, alice) == []


def test_a_session_that_ended_costs_no_words(
    browser: Browser, auth: Auth, alice: User
) -> None:
    auth.feedback.add(alice, "Before", "Before", by=OPERATOR)
    for path in ("/users/alice/feedback/add", "/feedback/1/update"):
        browser.sign_in("alice")
        token = form_token(browser.open(path))
        auth.destroy_session(alice.id)

        data = {**WORDS, "csrf_token": token}
        held_up = browser.client.post(path, data=data, headers=HTML)

        assert held_up.status_code == 401
        [way] = re.findall('class="button" href="([^"]+)"', held_up.text)
        assert way == f"/login?next={path}"
        back = browser.send(way, email="alice", password=PASSWORD)
        assert back.location == path
        page = browser.open(path).text
        assert 'value="The door"' in page
        assert ">\nIt is heavy.</textarea>" in page
        # Once: later the page is as new.
        assert "It is heavy." not in browser.open(path).text
        browser.send("/logout")
    assert titles(auth, alice) == ["Before"]


def test_nobody_else_is_shown_the_words_of_an_ended_session(
    browser: Browser, auth: Auth, alice: User, bob: User
) -> None:
    browser.sign_in("alice")
    path = "/users/alice/feedback/add"
    token = form_token(browser.open(path))
    auth.destroy_session(alice.id)
    data = {**WORDS, "csrf_token": token}
    browser.client.post(path, data=data, headers=HTML)

    browser.sign_in("bob")

    for seen in ("/users/bob/feedback/add", "/users/alice/feedback/add"):
        assert "It is heavy." not in browser.open(seen).text
    browser.send("/logout")
    browser.sign_in("alice")
    assert "It is heavy." not in browser.open(path).text


@pytest.mark.asvs("3.3.5")
def test_words_without_end_fit_no_cookie_and_are_still_answered(
    browser: Browser, auth: Auth, alice: User
) -> None:
    browser.sign_in("alice")
    path = "/users/alice/feedback/add"
    token = form_token(browser.open(path))
    auth.destroy_session(alice.id)
    words = "".join(chr(0x4E00 + 7 * n % 9999) for n in range(5000))

    held_up = browser.client.post(
        path,
        data={"title": "x", "content": words, "csrf_token": token},
        headers=HTML,
    )

    assert held_up.status_code == 401
    for cookie in held_up.headers.getlist("Set-Cookie"):
        assert len(cookie) < 4096


def test_a_moment_of_no_year_we_know_is_still_shown(
    browser: Browser, auth: Auth, alice: User
) -> None:
    auth.feedback.add(alice, "Old", "…", by=OPERATOR)
    auth.db.write(update(FeedbackRecord).values(created_at=-5))
    browser.sign_in("alice")

    assert browser.open("/users/alice").status_code == 200
