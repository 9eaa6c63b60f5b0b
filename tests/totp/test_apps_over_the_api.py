"""An authenticator app over the API."""

from typing import Any

import pytest
from flask import Flask

from conftest import TurnableClock
from phones import Phone, with_app
from programs import Program, told
from vestibule.auth import Auth
from vestibule.user import User


@pytest.fixture
def bearer(app: Flask, alice: User) -> Program:
    """A program that has a token of Alice's."""
    program = Program(app)
    program.bear("alice")
    return program


def test_an_app_is_set_up_by_a_program(
    bearer: Program, auth: Auth, clock: TurnableClock
) -> None:
    off = {"is_on": False, "confirmed_at": None, "used_at": None}
    assert bearer.call("GET", "/totp").json == off

    begun = bearer.call("POST", "/totp")
    assert begun.status_code == 201
    assert begun.headers["Cache-Control"] == "no-store"
    assert {*begun.json} == {"secret", "uri", "expires_at"}
    phone = Phone(begun.json["secret"], clock)
    assert phone.key in begun.json["uri"]
    wrong = bearer.call("PUT", "/totp", {"code": phone.wrong()})
    assert told(wrong) == (401, "second_factor.incorrect")
    assert bearer.call("GET", "/totp").json == off

    on = bearer.call("PUT", "/totp", {"code": phone.code()})

    assert on.status_code == 200
    assert on.json["is_on"] is True
    assert on.json == bearer.call("GET", "/totp").json
    assert told(bearer.call("POST", "/totp")) == (409, "totp.on")
    more = {"code": phone.code(1)}
    assert told(bearer.call("PUT", "/totp", more)) == (409, "totp.on")


def test_a_program_signs_in_by_two_steps_and_turns_it_off(
    app: Flask, auth: Auth, alice: User
) -> None:
    phone = with_app(auth, alice)
    program = Program(app)
    held: Any = program.bear("alice")
    assert (held.status_code, held.json["ways"]) == (202, ["totp"])

    sent = {"waiting": held.json["waiting"], "code": phone.code()}
    sent["bearer"] = True
    opened = program.call("POST", "/sessions/second-factor", sent)
    program.token = opened.json["token"]

    assert program.call("DELETE", "/totp").status_code == 204
    assert auth.totp.app(alice) is None
    assert told(program.call("DELETE", "/totp")) == (404, "totp.off")
    assert told(program.call("PUT", "/totp", {"code": "123456"})) == (
        410,
        "totp.over",
    )


@pytest.mark.asvs("7.5.1", "X18")
@pytest.mark.attack("A20", 56)
def test_a_program_must_prove_first_too(
    bearer: Program, clock: TurnableClock
) -> None:
    clock.turn(minutes=6)
    calls: list[tuple[str, Any]] = [
        ("POST", None),
        ("PUT", {"code": "123456"}),
        ("DELETE", None),
    ]
    for method, body in calls:
        refused = bearer.call(method, "/totp", body)
        assert told(refused) == (401, "proof.too_old"), method
