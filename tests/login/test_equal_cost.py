"""A refused sign-in costs the same whoever it is tried on."""

import pytest
from flask import Flask

from conftest import PASSWORD
from stagecraft import Opened, both_doors, face, watched
from vestibule.auth import Auth
from vestibule.policy import OPERATOR
from vestibule.user import User


@pytest.mark.asvs("6.3.8")
@pytest.mark.attack(23, 24, 25, 28, "A4")
@both_doors
@pytest.mark.settings(verified_email_required="true")
def test_every_state_of_an_account_costs_the_same_and_answers_alike(
    app: Flask, auth: Auth, alice: User, opened: Opened
) -> None:
    auth.registration.register("unproven@example.com", PASSWORD, "unproven")
    gone = auth.registration.register("gone@example.com", PASSWORD, "gone")
    auth.deletion.delete(gone, by=OPERATOR)
    auth.passwords.hasher.warm_up()
    seen = {}
    for name in (
        "alice@example.com",
        "nobody@example.com",
        "unproven@example.com",
        "gone@example.com",
        "alice",
        "nobody",
        "not @ a name",
        "a" * 300,
    ):
        door = opened(app)
        before = auth.passwords.hasher.count
        with watched(auth) as statements:
            answer = door.sign_in(name, "a wrong guess")
        hashes = auth.passwords.hasher.count - before
        described = str(face(answer)).replace(name, "NAME")
        seen[name] = (hashes, statements, described)

    assert seen["alice"][0] == 1
    for name, found in seen.items():
        assert found == seen["alice"], name


@pytest.mark.attack(23, 131)
@both_doors
def test_a_password_too_long_to_hash_costs_nobody_a_hash(
    app: Flask, auth: Auth, alice: User, opened: Opened
) -> None:
    before = auth.passwords.hasher.count

    for name in ("alice@example.com", "nobody@example.com"):
        answer = opened(app).sign_in(name, "a" * 1025)
        assert answer.status_code == 401

    assert auth.passwords.hasher.count == before


@pytest.mark.attack(29)
@both_doors
@pytest.mark.settings(verified_email_required="true")
def test_only_who_knows_the_password_learns_what_is_missing(
    app: Flask, auth: Auth, opened: Opened
) -> None:
    auth.registration.register("alice@example.com", PASSWORD, "alice")
    door = opened(app)

    wrong = door.sign_in("alice@example.com", "a wrong guess")
    right = door.sign_in("alice@example.com")

    assert "Confirm your email address first" not in wrong.text
    assert "Confirm your email address first" in right.text
    assert right.status_code in (401, 403)
    assert door.whoami() is None
