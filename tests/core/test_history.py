"""Every act that concerns security leaves one row that tells its story."""

import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from click.testing import CliRunner
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Row, select

from conftest import HTML, PASSWORD, Browser, Postbox, TurnableClock
from vestibule.auth import Auth
from vestibule.doors.cli import main
from vestibule.errors import Conflict, Refusal
from vestibule.history import (
    Circumstances,
    Event,
    circumstances,
    under,
)
from vestibule.policy import OPERATOR
from vestibule.user import User

AGENT = "Mozilla/5.0 (X11; Linux x86_64) Rosewood/1.0"
NEW = "another horse, another staple"


def events(auth: Auth) -> list[Row[Any]]:
    """Read the whole history in its order."""
    columns = Event.__table__.columns
    return list(auth.db.read(select(*columns).order_by(Event.id)))


def stories(auth: Auth, acts: Iterable[str] = ()) -> list[tuple[str, str]]:
    """Read what was done and how it ended, perhaps of some acts only."""
    return [
        (row.act, row.outcome)
        for row in events(auth)
        if not acts or row.act in acts
    ]


def last(auth: Auth, act: str) -> Row[Any]:
    """Read the latest event of an act."""
    return [row for row in events(auth) if row.act == act][-1]


# -- what is told -----------------------------------------------------------


@pytest.mark.asvs("16.3.1")
def test_the_life_of_an_account_at_the_pages(
    auth: Auth, browser: Browser, postbox: Postbox
) -> None:
    browser.send(
        "/register",
        username="alice",
        email="alice@example.com",
        password1=PASSWORD,
        password2=PASSWORD,
    )
    browser.sign_in("alice", "a guess")
    browser.sign_in("alice")
    browser.send(
        "/password/change",
        old_password="a guess",
        new_password=NEW,
        new_password2=NEW,
    )
    browser.send(
        "/password/change",
        old_password=PASSWORD,
        new_password=NEW,
        new_password2=NEW,
    )
    browser.send("/logout")
    browser.send("/password_reset", email="alice@example.com")
    link = postbox.link("/password_reset/")
    browser.send(link, password=PASSWORD, confirm_password=PASSWORD)
    browser.sign_in("nobody", "a guess")

    acts = {
        "registration",
        "login",
        "password.change",
        "session.end",
        "password_reset.ask",
        "password_reset.finish",
    }
    assert stories(auth, acts) == [
        ("registration", "done"),
        ("login", "credentials.incorrect"),
        ("login", "done"),
        ("password.change", "old_password.incorrect"),
        ("password.change", "done"),
        ("session.end", "done"),
        ("password_reset.ask", "done"),
        ("password_reset.finish", "done"),
        ("login", "credentials.incorrect"),
    ]
    alice = auth.db.find_user_by(username="alice")
    *hers, unknown = [row for row in events(auth) if row.act in acts]
    assert {row.subject_id for row in hers} == {alice.id}
    assert unknown.subject_id is None
    who = [row.actor_id for row in hers]
    # Who acts is known from the sign-in to the sign-out and not otherwise.
    assert who == [None, None, *[alice.id] * 4, None, None]


@pytest.mark.asvs("16.2.1")
def test_a_row_tells_when_from_where_with_what_and_through_which_door(
    auth: Auth, app: Flask, alice: User, clock: TurnableClock
) -> None:
    clock.turn(days=1)
    client = app.test_client()
    client.post(
        "/sessions",
        json={"email": "alice@example.com", "password": PASSWORD},
        headers={"User-Agent": AGENT},
        environ_base={"REMOTE_ADDR": "2001:db8::17"},
    )

    row = last(auth, "login")
    assert row.at == clock.now()
    assert (row.door, row.address, row.agent) == (
        "json",
        "2001:db8::17",
        AGENT,
    )
    assert UUID(row.request_id).version == 7
    assert (row.subject_id, row.actor_id) == (alice.id, alice.id)


@pytest.mark.asvs("16.2.1")
def test_events_of_one_request_have_one_number_and_of_two_have_two(
    auth: Auth, program: FlaskClient
) -> None:
    for name in ("alice", "bob"):
        program.post(
            "/users",
            data={"email": f"{name}@example.com", "password": PASSWORD},
        )

    numbers = [
        {row.request_id for row in events(auth) if row.subject_id == user}
        for user in {row.subject_id for row in events(auth)}
    ]
    assert [len(found) for found in numbers] == [1, 1]
    assert numbers[0] != numbers[1]


def test_the_door_of_browsers_programs_commands_and_python(
    auth: Auth,
    browser: Browser,
    program: FlaskClient,
    alice: User,
    tmp_path: Path,
) -> None:
    browser.sign_in("alice", "a guess")
    program.post("/sessions", data={"email": "alice", "password": "a guess"})
    auth.valid_login("alice", "a guess")
    done = CliRunner().invoke(
        main,
        ["user", "promote", "alice", "--data", str(tmp_path)],
        env={
            "VESTIBULE_DATABASE_URL": auth.settings.database_url,
            "VESTIBULE_SECRET_KEY": auth.settings.site.secret_key,
        },
    )

    assert done.exit_code == 0, done.output
    tries = [row for row in events(auth) if row.act == "login"]
    assert [row.door for row in tries] == ["page", "json", "python"]
    assert [row.address for row in tries] == ["127.0.0.1"] * 2 + [""]
    assert {row.outcome for row in tries} == {"credentials.incorrect"}
    promotion = last(auth, "administration.promote")
    assert (promotion.door, promotion.address) == ("command", "")
    assert (promotion.subject_id, promotion.actor_id) == (alice.id, None)


def test_what_operators_do_is_told(auth: Auth, alice: User, bob: User) -> None:
    auth.db.update_user(bob.id, is_admin=True)
    auth.administration.set_admin(alice, is_admin=True, by=OPERATOR)
    auth.administration.set_admin(alice, is_admin=False, by=OPERATOR)
    auth.administration.set_password(alice, NEW)
    auth.deletion.delete(alice, by=OPERATOR)

    acts = [
        "administration.promote",
        "administration.demote",
        "administration.set_password",
        "deletion",
    ]
    assert stories(auth, acts) == [(act, "done") for act in acts]
    assert last(auth, "deletion").subject_id == alice.id


@pytest.mark.asvs("16.3.1", "16.3.3")
def test_an_attempt_that_must_wait_is_told_as_well(
    auth: Auth, alice: User
) -> None:
    for _ in range(12):
        auth.valid_login("alice", "a guess")

    assert stories(auth, ["login"])[9:] == [
        ("login", "credentials.incorrect"),
        ("login", "rate.wait"),
        ("login", "rate.wait"),
    ]
    assert last(auth, "login").subject_id == alice.id


def test_a_refused_registration_leaves_no_account_behind(
    auth: Auth, alice: User
) -> None:
    with pytest.raises(Refusal):
        auth.registration.register("alice@example.com", NEW, "alicia")

    rows = [row for row in events(auth) if row.act == "registration"]
    assert {row.subject_id for row in rows if row.outcome == "done"} == {
        alice.id
    }


# -- how it is written ------------------------------------------------------


def test_an_event_outlives_a_refusal_and_not_a_bug(auth: Auth) -> None:
    def act(outcome: str, error: Exception) -> None:
        with auth.db.unit():
            auth.history.record("something", 1, outcome)
            raise error

    with pytest.raises(Conflict):
        act("conflict", Conflict())
    with pytest.raises(ZeroDivisionError):
        act("done", ZeroDivisionError())

    assert stories(auth) == [("something", "conflict")]


@pytest.mark.asvs("1.3.3")
def test_what_is_too_long_is_cut_and_not_refused(auth: Auth) -> None:
    here = Circumstances("json", "1" * 500, "x" * 5000, "r" * 500, 7)
    with under(here):
        auth.history.record("something", None)

    (row,) = events(auth)
    assert (len(row.address), len(row.agent), len(row.request_id)) == (
        45,
        200,
        36,
    )


@pytest.mark.asvs("16.4.1")
@pytest.mark.parametrize("agent", ["", "\x00", "a\tb", "é☃", "\udcff"])
def test_any_agent_may_call_itself_anything(
    auth: Auth, app: Flask, alice: User, agent: str
) -> None:
    answer = app.test_client().post(
        "/sessions",
        data={"email": "alice", "password": PASSWORD},
        headers={"Accept": HTML["Accept"]},
        environ_overrides={"HTTP_USER_AGENT": agent},
    )

    assert answer.status_code == 200
    assert last(auth, "login").agent.isprintable()


@pytest.mark.attack(138, 139)
@pytest.mark.asvs("16.2.5")
def test_no_event_holds_a_secret_or_what_was_typed(
    auth: Auth, browser: Browser, alice: User, postbox: Postbox
) -> None:
    browser.sign_in("typed-name@example.com", "typed-secret")
    browser.sign_in("alice", "typed-secret")
    browser.send("/password_reset", email="typed-name@example.com")
    browser.sign_in("alice")

    told = str(events(auth))
    for secret in ("typed-secret", "typed-name", PASSWORD, "argon2"):
        assert secret not in told


# -- who is acting ----------------------------------------------------------


@pytest.mark.asvs("15.4.1")
def test_circumstances_belong_to_one_thread_and_end_with_it() -> None:
    seen: list[Circumstances] = []

    def look() -> None:
        seen.append(circumstances())

    with under(Circumstances("page", "192.0.2.1", actor_id=7)):
        assert circumstances() == Circumstances(
            "page", "192.0.2.1", actor_id=7
        )
        other = threading.Thread(target=look)
        other.start()
        other.join()
        with under(Circumstances("json")):
            assert circumstances().actor_id is None
        assert circumstances().actor_id == 7

    assert seen == [Circumstances()]
    assert circumstances() == Circumstances()


def test_nobody_acts_for_the_one_who_was_signed_in_before(
    auth: Auth, app: Flask, browser: Browser, alice: User, bob: User
) -> None:
    browser.sign_in("alice")
    browser.open("/profile")
    app.test_client().post(
        "/sessions", data={"email": "bob", "password": "a guess"}
    )

    row = last(auth, "login")
    assert (row.subject_id, row.actor_id) == (bob.id, None)
