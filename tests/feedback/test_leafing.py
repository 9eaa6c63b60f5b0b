"""Leafing through much feedback, while more of it comes and goes."""

import random
import re
from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import text

from conftest import Browser
from programs import Program, spots, told
from vestibule.auth import Auth
from vestibule.policy import OPERATOR
from vestibule.user import User

LIST = "/users/alice/feedback"
one_database = pytest.mark.parametrize(
    "database_url", ["sqlite"], indirect=True
)


def written(auth: Auth, user: User, count: int) -> None:
    """Write much, and have the count of it forgotten."""
    for number in range(count):
        auth.feedback.add(user, f"No. {number}", "…", by=OPERATOR)
        if number % 25 == 0:
            auth.throttle.forgive("feedback", user.id)


@pytest.fixture
def reader(app: Flask, alice: User) -> Program:
    """Give the test a program in which Alice is signed in."""
    program = Program(app)
    program.bear("alice")
    return program


def leafed(reader: Program, most: int) -> Iterator[list[int]]:
    """Leaf to the end; give the numbers of each part."""
    before = ""
    while True:
        part = reader.call("GET", f"{LIST}?most={most}{before}").json
        yield [item["id"] for item in part["items"]]
        if part["next"] is None:
            return
        before = f"&before={part['next']}"


@pytest.mark.parametrize("count", [0, 20, 21, 40, 41])
def test_pages_lead_from_the_newest_to_the_oldest_and_back(
    browser: Browser, auth: Auth, alice: User, bob: User, count: int
) -> None:
    written(auth, bob, 3)
    written(auth, alice, count)
    written(auth, bob, 3)
    browser.sign_in("alice")
    seen, path = [], "/users/alice"
    while path:
        page = browser.open(path).text
        seen += re.findall(r"<h3>No\. (\d+)</h3>", page)
        assert ("Newest feedback" in page) == ("before=" in path)
        older = re.search(r'href="([^"]+)">Older feedback', page)
        path = older[1].replace("&amp;", "&") if older else ""

    assert seen == [str(number) for number in reversed(range(count))]


@one_database
def test_the_page_after_the_last_says_so(
    browser: Browser, auth: Auth, alice: User
) -> None:
    written(auth, alice, 1)
    browser.sign_in("alice")

    page = browser.open("/users/alice?before=1").text

    assert "There is nothing older." in page
    assert "No feedback yet" not in page
    assert 'href="/users/alice">Newest feedback' in page


def test_no_part_repeats_or_skips_while_feedback_comes_and_goes(
    reader: Program, auth: Auth, alice: User
) -> None:
    chance = random.Random(7)
    written(auth, alice, 60)
    there = {i.id for i in auth.feedback.of(alice, by=OPERATOR, most=99).items}
    kept, seen = set(there), []
    for part in leafed(reader, most=7):
        seen += part
        gone = chance.sample(sorted(kept), 3)
        for number in gone:
            auth.feedback.delete(number, by=OPERATOR)
        kept -= {*gone}
        written(auth, alice, chance.randint(0, 5))

    assert seen == sorted(seen, reverse=True)
    assert len(seen) == len({*seen})
    assert kept <= {*seen} <= there


def test_numbers_are_never_given_again(auth: Auth, alice: User) -> None:
    first = auth.feedback.add(alice, "One", "…", by=OPERATOR)
    auth.feedback.delete(first, by=OPERATOR)

    assert auth.feedback.add(alice, "Two", "…", by=OPERATOR) > first


@pytest.mark.asvs("1.4.2")
@one_database
def test_the_size_of_a_part_is_between_one_and_a_hundred(
    reader: Program, auth: Auth, alice: User
) -> None:
    written(auth, alice, 101)
    for most, count in (("", 20), ("?most=1", 1), ("?most=100", 100)):
        answer = reader.call("GET", LIST + most)
        assert len(answer.json["items"]) == count
    for query, field in (
        ("most=0", "most"),
        ("most=101", "most"),
        ("most=-1", "most"),
        ("most=1_0", "most"),
        ("most=٣", "most"),
        ("most=", "most"),
        ("before=0", "before"),
        ("before=x", "before"),
        (f"before={'9' * 19}", "before"),
        (f"before={2**63}", "before"),
    ):
        answer = reader.call("GET", f"{LIST}?{query}")
        assert told(answer) == (422, "field.number"), query
        assert spots(answer) == {field: "field.number"}
    answer = reader.call("GET", f"{LIST}?most=1&most=2")
    assert spots(answer) == {"most": "field.repeated"}
    answer = reader.call("GET", f"{LIST}?page=2")
    assert spots(answer) == {"page": "field.unknown"}
    assert reader.call("GET", f"{LIST}?before={2**63 - 1}").status_code == 200


@one_database
def test_leafing_reads_along_the_index_and_sorts_nothing(auth: Auth) -> None:
    """Each page of a long list must cost what the first one costs."""
    rows = auth.db.read(
        text(
            "EXPLAIN QUERY PLAN SELECT * FROM vestibule_feedback "
            "WHERE user_id = 1 AND id < 9 ORDER BY id DESC LIMIT 21"
        )
    )

    steps = " ".join(str(row[-1]) for row in rows)

    assert "USING INDEX" in steps
    assert "TEMP B-TREE" not in steps
