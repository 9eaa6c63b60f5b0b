"""What happened to an account is told in words, and so is everything."""

import ast
import re
from pathlib import Path

import vestibule
from conftest import Browser
from vestibule.auth import Auth
from vestibule.doors.activity import DOORS, SHORT
from vestibule.errors import Reason
from vestibule.ground.acts import ACTS
from vestibule.history import Circumstances, under
from vestibule.policy import OPERATOR, Act
from vestibule.user import User

SOURCE = Path(vestibule.__file__).parent


def recorded() -> set[str]:
    """List the acts that the source notes in the history."""
    noting = {"record", "spend", "attempt", "attempt_from_here", "count_here"}
    found: set[str] = set()
    for file in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            name, first = node.func, node.args[0]
            if not isinstance(name, ast.Attribute) or name.attr not in noting:
                continue
            if isinstance(first, ast.Constant):
                found.add(str(first.value))
            elif isinstance(first, ast.JoinedStr):
                found |= {
                    f"administration.{word}"
                    for word in ("promote", "demote", "enable", "disable")
                }
    return found


def test_every_act_that_is_noted_has_words() -> None:
    refusable = {act.code for act in Act if not act.is_for_all}

    assert "login" in recorded()
    assert recorded() | refusable <= ACTS.keys()


def test_every_door_has_a_word() -> None:
    found = set()
    for file in SOURCE.rglob("*.py"):
        text = file.read_text("utf-8")
        found |= set(re.findall(r'\bdoor(?:: str)? ?= ?"(\w+)"', text))

    assert {"command", "python"} <= found
    assert found | {"page", "api", "json"} <= DOORS.keys()


def test_short_words_stand_for_reasons() -> None:
    assert SHORT.keys() <= Reason.known.keys()


def test_what_has_no_words_yet_is_told_by_its_code(
    browser: Browser, auth: Auth, alice: User, admin: User
) -> None:
    with under(Circumstances(door="worker")):
        auth.history.record("alchemy.try", alice.id, "gold.missing")
        auth.history.record("login", alice.id, "rate.wait")
        auth.history.record("login", alice.id, "password.too_short")
    browser.sign_in("admin")
    page = browser.open(f"/admin/users/{alice.id}").text
    said = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))

    assert "alchemy.try Refused Visitor worker" in said
    assert "Sign-in Refused: Too many tries Visitor" in said
    # A reason with a number in it cannot be told without the number.
    assert said.count("Sign-in Refused Visitor") == 1


def test_somebody_else_is_named_and_is_a_number_once_they_are_gone(
    browser: Browser, auth: Auth, alice: User, admin: User, bob: User
) -> None:
    for other in (admin, bob):
        auth.history.record("users.disable", alice.id, actor_id=other.id)
    auth.deletion.delete(bob, by=OPERATOR)
    browser.sign_in("admin")

    page = browser.open(f"/admin/users/{alice.id}").text
    said = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))

    assert "Account disabled Done admin" in said
    assert f"Account disabled Done Somebody else (number {bob.id})" in said
    assert f"/admin/users/{admin.id}" in page
    assert f"/admin/users/{bob.id}" not in page
