"""Feedback for programs."""

import re

import pytest
from flask import Flask

from conftest import TurnableClock
from programs import Program, told
from vestibule.auth import Auth
from vestibule.policy import OPERATOR
from vestibule.user import User

LIST = "/users/alice/feedback"
WORDS = {"title": "The door", "content": "It is\nheavy."}
one_database = pytest.mark.parametrize(
    "database_url", ["sqlite"], indirect=True
)
MOMENT = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"


@pytest.fixture
def program(app: Flask, alice: User) -> Program:
    """Give the test a program in which Alice is signed in."""
    made = Program(app)
    made.bear("alice")
    return made


def test_a_program_writes_reads_changes_and_deletes(
    program: Program, clock: TurnableClock
) -> None:
    assert program.call("GET", LIST).json == {"items": [], "next": None}

    made = program.call("POST", LIST, WORDS)
    assert made.status_code == 201
    item = made.json
    assert {k: item[k] for k in ("id", "username", "title", "content")} == {
        "id": 1,
        "username": "alice",
        **WORDS,
    }
    assert re.fullmatch(MOMENT, item["created_at"])
    assert item["updated_at"] == item["created_at"]
    assert program.call("GET", "/feedback/1").json == item
    assert program.call("GET", LIST).json == {"items": [item], "next": None}

    clock.turn(hours=1)
    new = {"title": "The gate", "content": "It is light."}
    changed = program.call("PUT", "/feedback/1", new)
    assert changed.status_code == 200
    assert changed.json == {
        **item,
        **new,
        "updated_at": changed.json["updated_at"],
    }
    assert changed.json["updated_at"] > item["updated_at"]

    gone = program.call("DELETE", "/feedback/1")
    assert (gone.status_code, gone.data) == (204, b"")
    assert told(program.call("GET", "/feedback/1")) == (403, "forbidden")
    assert program.call("GET", LIST).json["items"] == []


@one_database
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/feedback/{}"),
        ("PUT", "/feedback/{}"),
        ("DELETE", "/feedback/{}"),
    ],
)
@pytest.mark.parametrize("number", ["2", "0", "-1", "x", "1.0", "9" * 30])
def test_what_is_not_there_is_as_what_is_not_ones_own(
    program: Program,
    auth: Auth,
    bob: User,
    *,
    method: str,
    path: str,
    number: str,
) -> None:
    auth.feedback.add(bob, "Bob's", "…", by=OPERATOR)
    body = WORDS if method == "PUT" else None

    bobs = program.call(method, path.format(1), body)
    none = program.call(method, path.format(number), body)

    assert told(bobs) == told(none) == (403, "forbidden")
    assert bobs.data == none.data


def test_the_list_of_somebody_else_is_as_that_of_nobody(
    program: Program, bob: User
) -> None:
    for method, body in (("GET", None), ("POST", WORDS)):
        bobs = program.call(method, "/users/bob/feedback", body)
        none = program.call(method, "/users/nobody/feedback", body)
        assert told(bobs) == (403, "forbidden")
        assert bobs.data == none.data


def test_an_administrator_is_told_what_is_missing(
    app: Flask, auth: Auth, alice: User, admin: User
) -> None:
    auth.feedback.add(alice, "One", "…", by=OPERATOR)
    program = Program(app)
    program.bear("admin")

    assert program.call("GET", "/feedback/1").json["username"] == "alice"
    assert told(program.call("GET", "/feedback/2")) == (404, "missing")
    gone = program.call("GET", "/users/nobody/feedback")
    assert told(gone) == (404, "missing")


def test_an_administrator_needs_a_fresh_proof_to_write_but_not_to_read(
    app: Flask,
    auth: Auth,
    alice: User,
    admin: User,
    clock: TurnableClock,
) -> None:
    auth.feedback.add(alice, "One", "…", by=OPERATOR)
    program = Program(app)
    program.bear("admin")
    clock.turn(seconds=301)

    assert program.call("GET", LIST).status_code == 200
    assert program.call("GET", "/feedback/1").status_code == 200
    for method, path, body in (
        ("POST", LIST, WORDS),
        ("PUT", "/feedback/1", WORDS),
        ("DELETE", "/feedback/1", None),
    ):
        refused = program.call(method, path, body)
        assert told(refused) == (401, "proof.too_old")
    # For what is the administrator's own none is needed.
    own = program.call("POST", "/users/admin/feedback", WORDS)
    assert own.status_code == 201


def test_too_much_is_refused_with_a_time_to_wait(
    program: Program, auth: Auth, alice: User, clock: TurnableClock
) -> None:
    for _ in range(30):
        auth.feedback.add(alice, "One of many", "…", by=OPERATOR)

    refused = program.call("POST", LIST, WORDS)

    assert told(refused) == (429, "rate.wait")
    assert refused.headers["Retry-After"] == "60"
    clock.turn(seconds=60)
    assert program.call("POST", LIST, WORDS).status_code == 201


def test_who_wrote_is_told_by_a_signal_and_in_the_history(
    program: Program, auth: Auth, alice: User
) -> None:
    program.call("POST", LIST, WORDS)
    program.call("PUT", "/feedback/1", WORDS)
    program.call("DELETE", "/feedback/1")

    told_of = [
        (event.act, event.outcome, event.actor_id)
        for event in auth.audit.of(alice.id).items
        if event.act.startswith("feedback")
    ]
    assert told_of == [
        (f"feedback.{act}", "done", alice.id)
        for act in ("delete", "change", "add")
    ]


def test_feedback_for_an_account_that_went_is_missing_and_nobodys(
    auth: Auth, alice: User
) -> None:
    auth.deletion.delete(alice, by=OPERATOR)

    with pytest.raises(Exception, match="nothing at this address"):
        auth.feedback.add(alice, "Too late", "…", by=OPERATOR)

    found = auth.feedback.search(by=OPERATOR)
    assert found.items == []
