"""No form and no body writes a column that it does not ask for.

Attack: mass assignment (OWASP API3:2023).
"""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from flask import Flask

from askers import Asker
from conftest import TurnableClock
from deeds import Deed, deeds
from policy_stage import Stage, staged
from verdicts import verdict
from vestibule.auth import Auth
from vestibule.policy import Who

pytestmark = [
    pytest.mark.settings(
        attempts_per_account=1_000_000, attempts_per_address=1_000_000
    ),
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]
NUMBER = 777_777
HASH = "$argon2id$v=19$m=8,t=1,p=1$c21lbGxzbGlrZQ$planted"
PLANTED: dict[str, object] = {
    "is_admin": True,
    "is_active": False,
    "id": NUMBER,
    "hashed_password": HASH,
    "proven_at": 2**40,
    "email_verified_at": 2**40,
    "created_at": NUMBER,
    "password_changed_at": NUMBER,
}
Guarded = dict[str, list[str]]


@pytest.fixture
def stage(app: Flask, auth: Auth, clock: TurnableClock) -> Iterator[Stage]:
    """Set the stage."""
    with staged(app, auth, clock) as made:
        yield made


def who_may(stage: Stage, deed: Deed) -> Asker:
    """Find somebody whom the table lets do a deed."""
    if deed.act.is_public:
        return stage.askers["anonymous"]
    return next(
        asker
        for name in ("owner", "admin")
        if verdict(deed.act, (asker := stage.askers[name]).standing(deed))
        == "done"
    )


def guarded(stage: Stage) -> Guarded:
    """Read the columns that no request may write as it likes."""
    now = stage.read()
    known = {row["id"] for row in stage.rows["vestibule_users"]}
    known |= {("f", row["id"]) for row in stage.rows["vestibule_feedback"]}

    def users(row: dict[str, Any]) -> object:
        """Read the role and state of an account, and its moments."""
        return (
            row["id"] if row["id"] in known else "new",
            *(row["is_admin"], row["is_active"], row["email_verified_at"]),
            *(row["created_at"], row["password_changed_at"]),
        )

    def feedback(row: dict[str, Any]) -> object:
        """Read whose a piece of feedback is."""
        number = row["id"] if ("f", row["id"]) in known else "new"
        return number, row["user_id"], row["created_at"]

    def sessions(row: dict[str, Any]) -> object:
        """Read whose a session is, and its moments."""
        return row["user_id"], row["proven_at"], row["created_at"]

    return {
        read.__name__: sorted(
            repr(read(row)) for row in now[f"vestibule_{read.__name__}"]
        )
        for read in (users, feedback, sessions)
    }


def assert_planted_nothing(
    stage: Stage, told: object, *usual: Guarded
) -> None:
    """See that the columns hold what they held, or what is usual."""
    if not stage.changed():
        return
    assert guarded(stage) in usual, told
    rows = stage.read()
    assert HASH not in repr(rows), told
    for table in ("users", "feedback"):
        assert NUMBER not in {row["id"] for row in rows[f"vestibule_{table}"]}
    stage.put_back()


@pytest.mark.attack(87, "A32")
@pytest.mark.asvs("8.2.3", "15.3.3")
def test_no_body_writes_a_column_that_it_does_not_ask_for(
    stage: Stage,
) -> None:
    before = guarded(stage)
    tried = 0
    for deed in deeds(stage.app):
        if deed.looks or deed.line.raw:
            continue
        asker = who_may(stage, deed)
        answer = stage.ask(asker, deed)
        assert answer.status == deed.works, (str(deed), answer)
        usual = guarded(stage)
        stage.put_back()
        bob = stage.people["bob"].id
        for name, value in {**PLANTED, "user_id": bob, "owner": bob}.items():
            answer = stage.ask(asker, deed, extra={name: value})
            told = (str(deed), name, answer)
            assert answer.status < 500, told
            assert_planted_nothing(stage, told, before, usual)
            tried += 1
    assert tried > 250


@pytest.mark.attack(87, "A32")
@pytest.mark.asvs("15.3.3", "15.3.7")
def test_no_query_writes_a_column(stage: Stage) -> None:
    before = guarded(stage)
    query = urlencode(PLANTED)
    for deed in deeds(stage.app):
        asker = who_may(stage, deed)
        stage.ask(asker, deed)
        usual = guarded(stage)
        stage.put_back()
        answer = stage.ask(asker, deed, query=query)
        told = (str(deed), answer)
        assert answer.status < 500, told
        assert_planted_nothing(stage, told, before, usual)


@pytest.mark.attack(10, 87)
@pytest.mark.asvs("8.2.2", "15.3.3")
def test_whose_something_is_comes_from_the_session_and_the_address_alone(
    stage: Stage,
) -> None:
    bob = stage.people["bob"]
    at_home = Asker("bob", bob, bob, Who.OWNER)
    theirs = stage.askers["other"]
    at_home.token, at_home.visit = theirs.token, theirs.visit
    at_home.form = theirs.form
    alice = stage.facts["alice"]
    meant = {
        "user_id": alice["id"],
        "owner": "alice",
        "user": "alice",
        "number": alice["feedback"],
        "next": "/users/alice",
    }
    hers = mentions(stage, stage.people["alice"].id)
    for deed in deeds(stage.app):
        if deed.act.is_public or deed.line.raw:
            continue
        if verdict(deed.act, at_home.standing(deed)) != "done":
            continue
        for name, value in meant.items():
            extra = {} if deed.looks else {name: value}
            query = urlencode({name: value})
            for way in ({"extra": extra}, {"query": query}):
                answer = stage.ask(at_home, deed, **way)
                told = (str(deed), way, answer)
                assert answer.status < 500, told
                assert "secret of alice" not in answer.text, told
                if stage.changed():
                    number = stage.people["alice"].id
                    assert mentions(stage, number) == hers, told
                stage.put_back()


def mentions(stage: Stage, number: int) -> list[str]:
    """List the rows of an account, but for events."""
    return sorted(
        repr((table, row))
        for table, rows in stage.read().items()
        for row in rows
        if table not in ("vestibule_events", "vestibule_attempts")
        if row.get("user_id") == number
        or (table == "vestibule_users" and row["id"] == number)
    )
