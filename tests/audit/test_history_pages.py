"""People see their own activity in words, administrators everybody's."""

import csv
import json
import re

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from annals import HERE, Hand, sealed, write
from conftest import Browser, TurnableClock, field_errors
from programs import Program
from vestibule.auth import Auth
from vestibule.history import Circumstances, under
from vestibule.policy import OPERATOR
from vestibule.user import User

OWN, HISTORY, TAKE = (
    "/account/activity",
    "/admin/history",
    "/admin/history/export",
)


def said(response: TestResponse) -> str:
    """Read a page without its markup."""
    assert response.status_code == 200, response.text
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.text))


def way(response: TestResponse, text: str) -> str:
    """Find where a link leads."""
    found = re.search(
        rf'href="([^"]+)"[^>]*>{re.escape(text)}</a>', (response.text)
    )
    assert found, text
    return found[1].replace("&amp;", "&")


@pytest.fixture
def hand(auth: Auth) -> Hand:
    """Give the test somebody who has the database in hand."""
    return Hand(auth.db.engine)


# -- one's own --------------------------------------------------------------


@pytest.mark.parametrize("is_sealed", [False, True])
def test_people_read_in_words_what_happened_to_their_account(
    auth: Auth, browser: Browser, alice: User, is_sealed: bool
) -> None:
    browser.sign_in("alice", "a guess")
    browser.sign_in("alice")
    with under(Circumstances(door="command")):
        auth.history.record("administration.set_password", alice.id)
    if is_sealed:
        auth.audit.seal()

    page = said(browser.open(OWN))
    assert "Password set by the operator Done The operator" in page
    assert "Sign-in Done You" in page
    assert "Sign-in Refused: Wrong password or name Visitor" in page
    assert "127.0.0.1" in page
    assert "in your name" not in page


def test_nobody_reads_there_where_an_administrator_was_or_who_it_is(
    auth: Auth, browser: Browser, alice: User, admin: User
) -> None:
    with under(HERE):
        auth.history.record("users.disable", alice.id, actor_id=admin.id)
    browser.sign_in("alice")

    page = said(browser.open(OWN))
    assert "Account disabled Done An administrator" in page
    assert HERE.address not in page
    assert "admin " not in page.replace("An administrator", "")


def test_nobody_reads_there_what_happened_to_others(
    auth: Auth, browser: Browser, alice: User, bob: User
) -> None:
    auth.history.record("feedback.add", bob.id, actor_id=bob.id)
    browser.sign_in("alice")

    assert "Feedback written" not in said(browser.open(OWN))


def test_a_long_activity_has_pages(
    auth: Auth, browser: Browser, alice: User
) -> None:
    browser.sign_in("alice")
    sealed(auth, 60, alice.id)

    first = browser.open(OWN)
    assert "act.59" in first.text
    assert "act.3 " not in said(first)
    second = browser.open(way(first, "Older activity"))
    assert "act.3 " in said(second)
    assert way(second, "Newest activity") == OWN


@pytest.mark.parametrize("place", ["x", "1-2", "9" * 45, "1-" + "g" * 32])
def test_a_place_that_no_list_has_said_is_refused(
    browser: Browser, alice: User, admin: User, place: str
) -> None:
    browser.sign_in("admin")

    for page in (OWN, HISTORY):
        answer = browser.open(f"{page}?before={place}")
        assert answer.status_code == 422
        assert "There is no such place" in answer.text
        assert "#before" not in answer.text


def test_programs_read_their_activity_as_well(
    auth: Auth, app: Flask, alice: User
) -> None:
    program = Program(app)
    sealed(auth, 60, alice.id)
    program.bear("alice")
    asked = "/activity"

    first = program.call("GET", asked).get_json()
    newest = first["items"][0]
    assert (newest["act"], newest["text"]) == ("login", "Sign-in")
    assert (newest["outcome"], newest["by"]) == ("done", "self")
    second = program.call("GET", f"{asked}?before={first['next']}").get_json()
    acts = [one["act"] for one in first["items"] + second["items"]]
    assert len(acts) == len(first["items"]) + len(second["items"])
    assert [a for a in acts if a.startswith("act.")] == [
        f"act.{number}" for number in range(59, -1, -1)
    ]
    assert second["next"] is None


def test_what_is_not_ours_says_so_wherever_it_is_read(
    auth: Auth, app: Flask, browser: Browser, hand: Hand, admin: User
) -> None:
    auth.history.record("feedback.add", admin.id, actor_id=admin.id)
    hand.do(
        "UPDATE vestibule_events SET act = 'users.disable' "
        "WHERE act = 'feedback.add'"
    )
    auth.audit.seal()
    browser.sign_in("admin")

    for place in (OWN, HISTORY, f"/admin/users/{admin.id}"):
        page = said(browser.open(place))
        assert page.count("Not written by this site") == 1, place
        assert "Account disabled Not written by this site" in page
    program = Program(app)
    program.bear("admin")
    items = program.call("GET", "/activity").get_json()["items"]
    foreign = {one["act"]: one["is_foreign"] for one in items}
    assert foreign["users.disable"] is True
    assert foreign["login"] is foreign["registration"] is False


# -- everybody's ------------------------------------------------------------


@pytest.fixture
def desk(browser: Browser, admin: User) -> Browser:
    """Give the test the browser of a signed-in administrator."""
    browser.sign_in("admin")
    return browser


def test_administrators_read_what_happened_to_everybody(
    auth: Auth, desk: Browser, alice: User, bob: User
) -> None:
    with under(HERE):
        auth.history.record("users.disable", alice.id, actor_id=bob.id)
    auth.audit.seal()

    page = desk.open(HISTORY)
    assert f"Account disabled Done bob alice Website, {HERE.address}" in said(
        page
    )
    assert way(page, "alice") == f"/admin/users/{alice.id}"
    assert "are signed against later changes" in page.text


def test_who_is_gone_is_a_number(
    auth: Auth, desk: Browser, alice: User
) -> None:
    auth.deletion.delete(alice, by=OPERATOR)

    page = desk.open(HISTORY)
    leads = way(page, f"Number {alice.id}")
    assert leads == f"{HISTORY}?who=id:{alice.id}"
    assert "Deletion of the account" in said(desk.open(leads))


def test_a_search_finds_what_it_says(
    auth: Auth, desk: Browser, alice: User, clock: TurnableClock
) -> None:
    auth.history.record("feedback.add", alice.id, actor_id=alice.id)
    auth.history.record("feedback.add", alice.id, "rate.wait")
    auth.history.record("picture.change", alice.id)

    def found(query: str) -> list[str]:
        text = desk.open(f"{HISTORY}?{query}").text
        return re.findall(r'<th scope="row"[^>]*>([^<]+)</th>', text)

    assert found("act=feedback.add") == ["Feedback written"] * 2
    assert found("act=feedback.add&outcome=refused") == ["Feedback written"]
    # Two codes that read alike are one.
    assert found("act=picture") == ["New picture"]
    assert found("who=alice&outcome=refused") == ["Feedback written"]
    assert found(f"who=id:{alice.id}&act=picture") == ["New picture"]
    assert found("since=2999-01-01") == []
    assert found("until=2001-01-01") == []
    assert len(found("since=2001-01-01&until=2999-01-01")) >= 4


def test_what_is_no_day_is_said_at_its_field(desk: Browser) -> None:
    for day in ("yesterday", "2026-13-01", "2026-1-1", "20261122"):
        answer = desk.open(f"{HISTORY}?since={day}")
        assert answer.status_code == 422
        assert field_errors(answer) == {"since": "Write a day like 2026-11-22"}


@pytest.mark.parametrize(
    ("query", "errors"),
    [
        ("act=nonsense", {"act": "Choose one of the answers given"}),
        ("outcome=xx", {"outcome": "Choose one of the answers given"}),
        ("who=nobody", {"who": "There is no user &#39;nobody&#39;"}),
        (
            "since=2026-02-02&until=2026-02-01",
            {"until": "This day is before the first one"},
        ),
    ],
)
def test_what_nothing_can_match_is_said_at_its_field(
    desk: Browser, query: str, errors: dict[str, str]
) -> None:
    answer = desk.open(f"{HISTORY}?{query}")

    assert answer.status_code == 422
    assert field_errors(answer) == errors
    # What there is to choose from is still there.
    assert '<option value="login"' in answer.text


def test_one_day_alone_may_be_asked_for(desk: Browser) -> None:
    answer = desk.open(f"{HISTORY}?since=2026-02-02&until=2026-02-02")

    assert answer.status_code == 200


def test_ways_lead_to_what_somebody_did(
    desk: Browser, admin: User, alice: User
) -> None:
    own = way(desk.open(OWN), "What was done in your name")
    assert own == f"{HISTORY}?who=id:{admin.id}"
    hers = way(desk.open(f"/admin/users/{alice.id}"), "All history of alice")
    assert hers == f"{HISTORY}?who=id:{alice.id}"


def test_the_pages_of_a_search_keep_what_was_asked(
    auth: Auth, desk: Browser, alice: User
) -> None:
    for _ in range(60):
        auth.history.record("feedback.add", alice.id)
    first = desk.open(f"{HISTORY}?act=feedback.add&who=alice")
    older = way(first, "Older events")

    assert "act=feedback.add" in older
    assert "who=alice" in older
    assert desk.open(older).text.count("Feedback written</th>") == 10


@pytest.mark.parametrize(
    ("written_as", "media_type"),
    [("csv", "text/csv"), ("jsonl", "application/jsonl")],
)
def test_administrators_take_the_history_along(
    auth: Auth,
    desk: Browser,
    alice: User,
    written_as: str,
    media_type: str,
) -> None:
    write(auth, 3, alice.id)
    answer = desk.send(TAKE, who="alice", written_as=written_as)

    assert answer.status_code == 200
    assert answer.mimetype == media_type
    disposition = answer.headers["Content-Disposition"]
    assert disposition == f"attachment; filename=history.{written_as}"
    lines = answer.text.splitlines()
    if written_as == "csv":
        acts = [row["act"] for row in csv.DictReader(lines)]
    else:
        acts = [json.loads(line)["act"] for line in lines]
    assert acts[:3] == ["act.2", "act.1", "act.0"]
    noted = auth.audit.of(0).items
    assert noted == []
    assert "Download of the history of everybody" in said(desk.open(HISTORY))


@pytest.mark.asvs("7.5.3")
def test_to_take_it_along_needs_a_fresh_proof(
    desk: Browser, clock: TurnableClock
) -> None:
    clock.turn(minutes=20)
    answer = desk.open(f"{TAKE}?who=alice")

    assert answer.status_code == 303
    assert "/confirm" in answer.location
