"""What a sign-in never asks, and whom there never is."""

import re

import pytest
from flask import Flask

from conftest import PASSWORD, TurnableClock
from hostility import all_shapes
from processes import SOURCE
from stagecraft import counts
from vestibule.auth import Auth
from vestibule.user import User


@pytest.mark.asvs("6.2.10", "N3")
def test_a_password_is_good_for_as_long_as_its_owner_wants(
    auth: Auth, alice: User, clock: TurnableClock
) -> None:
    clock.turn(days=10 * 365)

    assert auth.login.with_password("alice", PASSWORD).user.id == alice.id


@pytest.mark.asvs("6.4.2", "N3")
def test_nobody_is_asked_for_a_hint_or_a_secret_question() -> None:
    asking = re.compile(r"hint|question|answer|maiden|pet_name|birth")
    shapes = all_shapes()
    assert len(shapes) > 20

    for shape in shapes:
        for name, look in shape.looks().items():
            told = f"{name} {look.label}".lower().replace("one's hint", "")
            assert not asking.search(told), (shape, name)
    for page in SOURCE.rglob("*.html"):
        fields = re.findall(r'<input[^>]*name="([^"]+)"', page.read_text())
        assert not [name for name in fields if asking.search(name)], page


@pytest.mark.asvs("6.3.2")
@pytest.mark.attack(91)
def test_a_new_database_has_no_account(app: Flask, auth: Auth) -> None:
    app.test_client().get("/login")

    assert counts(auth)["vestibule_users"] == 0
    for name in ("admin", "root", "administrator", "user", "test", "demo"):
        assert not auth.valid_login(name, name)
        assert not auth.valid_login(name, "")
