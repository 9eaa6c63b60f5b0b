"""Nobody learns by asking for a code who has an account."""

from typing import Any

import pytest
from flask import Flask

from conftest import PASSWORD, Browser
from costs import Cost, counted
from stagecraft import face
from vestibule.auth import Auth
from vestibule.policy import OPERATOR
from vestibule.user import User

pytestmark = pytest.mark.settings(mailed_sign_in="true")
NAMES = (
    "alice@example.com",
    "alice",
    "absent@example.com",
    "absent",
    "unproven@example.com",
    "disabled@example.com",
    "gone",
)


@pytest.fixture(autouse=True)
def _people(auth: Auth, alice: User) -> None:
    """Put accounts of all states into the database."""
    auth.registration.register("unproven@example.com", PASSWORD, "unproven")
    for name in ("disabled", "gone"):
        auth.registration.register(
            f"{name}@example.com", PASSWORD, name, by_operator=True
        )
    user = auth.db.find_user_by(username="disabled")
    auth.administration.set_active(user, is_active=False, by=OPERATOR)
    gone = auth.db.find_user_by(username="gone")
    auth.deletion.delete(gone, by=OPERATOR)


def cost(auth: Auth, act: Any) -> tuple[Any, tuple[int, ...]]:
    """Do something, and say what it cost."""
    with counted(auth, Cost("", "")) as spent:
        answer = act()
    return answer, (spent.reads, spent.writes, spent.commits, spent.hashes)


@pytest.mark.attack(18, 23, 24, "A4")
@pytest.mark.asvs("6.3.8")
def test_every_state_of_an_account_costs_the_same_and_answers_alike(
    app: Flask, auth: Auth
) -> None:
    asked: dict[Any, str] = {}
    typed: dict[Any, str] = {}
    for name in NAMES:
        browser = Browser(app)
        # Of everybody's letters some are spent and some are not.
        for turn in range(2):
            browser.open("/login/code")
            answer, spent = cost(
                auth, lambda b=browser, n=name: b.send("/login/code", email=n)
            )
            seen = [face(answer), face(browser.open(answer.location))]
            asked.setdefault((turn, spent, str(seen).replace(name, "X")), name)
        wrong, spent = cost(
            auth, lambda b=browser: b.send("/login/code/enter", code="0" * 8)
        )
        typed.setdefault((spent, str(face(wrong)).replace(name, "X")), name)

    assert len(asked) == 2, asked
    assert len(typed) == 1, typed
    # As docs/costs.md says.
    assert {spent for _, spent, _ in asked} == {(4, 5, 3, 0)}


@pytest.mark.attack(18, "A4")
@pytest.mark.asvs("6.3.8")
@pytest.mark.settings(mailed_sign_in="true", attempts_per_address=1000)
def test_spent_letters_tell_as_little(app: Flask, auth: Auth) -> None:
    seen: dict[Any, str] = {}
    for name in NAMES:
        program = app.test_client()
        for turn in range(8):
            answer, spent = cost(
                auth,
                lambda p=program, n=name: p.post(
                    "/api/v1/sessions/mailed-code", json={"name": n}
                ),
            )
            assert answer.status_code == 202
            assert set(answer.json) == {"ticket"}
            assert len(answer.json["ticket"]) == 64
            if turn in (0, 7):
                seen.setdefault((turn, spent), name)

    # Names of one account share its letters.
    by_turn = {turn: n for (turn, _), n in seen.items()}
    assert set(by_turn) == {0, 7}
    assert len({spent for turn, spent in seen if turn == 7}) == 1


@pytest.mark.attack(6)
def test_what_can_be_no_name_is_told_so(app: Flask) -> None:
    for name in ("no name", "a@b", "alice@example.com,eve@example.com"):
        page = Browser(app).send("/login/code", email=name)
        assert page.status_code == 422
        answer = app.test_client().post(
            "/api/v1/sessions/mailed-code", json={"name": name}
        )
        assert answer.status_code == 422
        assert answer.json
        assert answer.json["errors"][0]["field"] == "name"
