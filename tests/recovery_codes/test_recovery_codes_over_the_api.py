"""Recovery codes over the API."""

import pytest
from flask import Flask

from conftest import TurnableClock
from phones import Phone
from programs import Program, told
from vestibule.user import User

HERE = "/recovery-codes"


@pytest.fixture
def bearer(app: Flask, alice: User) -> Program:
    """A program that has a token of Alice's."""
    program = Program(app)
    program.bear("alice")
    return program


@pytest.fixture
def phone(clock: TurnableClock, bearer: Program) -> Phone:
    """Alice's phone, whose app is switched on by that program."""
    begun = bearer.call("POST", "/totp")
    phone = Phone(begun.json["secret"], clock)
    on = bearer.call("PUT", "/totp", {"code": phone.code(-1)})
    assert on.status_code == 200
    return phone


@pytest.mark.asvs("6.5.2")
def test_a_program_gets_ten_codes_once(
    bearer: Program, phone: Phone, clock: TurnableClock
) -> None:
    none = {"left": 0, "created_at": None}
    assert bearer.call("GET", HERE).json == none

    made = bearer.call("POST", HERE)

    assert made.status_code == 201
    assert made.headers["Cache-Control"] == "no-store"
    assert len(set(made.json["codes"])) == 10
    left = bearer.call("GET", HERE).json
    assert left["left"] == 10
    assert left["created_at"]
    assert made.json["codes"][0] not in str(left)


def test_a_program_without_a_second_factor_gets_none(bearer: Program) -> None:
    refused = bearer.call("POST", HERE)

    assert told(refused) == (409, "recovery_codes.no_factor")


@pytest.mark.asvs("7.5.1", "N30")
@pytest.mark.attack("A20")
def test_a_program_must_prove_first_too(
    bearer: Program, phone: Phone, clock: TurnableClock
) -> None:
    clock.turn(minutes=6)

    assert told(bearer.call("POST", HERE)) == (401, "proof.too_old")
