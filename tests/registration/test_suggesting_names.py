"""Whoever asks for a taken username is told three free ones like it."""

import re
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import event

from conftest import PASSWORD, Browser, account, field_errors
from vestibule.auth import Auth
from vestibule.ground import names
from vestibule.user import User, UsernameTaken


def suggested(text: str) -> list[str]:
    """Read the names out of a refusal."""
    found = re.search(r"Try (\S+), (\S+) or (\S+)$", text)
    assert found, text
    return [*found.groups()]


def test_the_page_names_three_that_can_be_had(
    browser: Browser, auth: Auth, alice: User
) -> None:
    page = browser.send(
        "/register",
        username="Alice",
        email="new@example.com",
        password1=PASSWORD,
        password2=PASSWORD,
    )

    free = suggested(field_errors(page)["username"])
    assert len({*free}) == 3
    for number, name in enumerate(free):
        assert name.startswith("alice")
        auth.registration.register(f"{number}@example.com", PASSWORD, name)


def test_the_api_and_the_profile_name_some_too(
    program: FlaskClient,
    browser: Browser,
    auth: Auth,
    alice: User,
    bob: User,
) -> None:
    sent = {
        "email": "new@example.com",
        "password": PASSWORD,
        "username": "alice",
    }
    refused = program.post("/api/v1/users", json=sent)
    browser.sign_in("bob")
    browser.send("/profile", username="alice", email="bob@example.com")

    assert refused.json is not None
    assert refused.json["code"] == "username.taken"
    suggested(refused.json["title"])
    suggested(field_errors(browser.open("/profile"))["username"])


@pytest.mark.attack(27)
@pytest.mark.settings(verified_email_required="true")
def test_a_taken_address_changes_nothing_of_the_answer(
    new_browser: Callable[[], Browser], alice: User
) -> None:
    texts = []
    for email in ("new@example.com", "alice@example.com"):
        page = new_browser().send(
            "/register",
            username="alice",
            email=email,
            password1=PASSWORD,
            password2=PASSWORD,
        )
        texts.append(re.sub(r"\d", "0", field_errors(page)["username"]))

    assert texts[0] == texts[1]


def test_names_that_are_taken_are_not_named(
    auth: Auth, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    digits = "123456"
    near = names.like_username("alice", digits)
    for name in near[:2]:
        account(auth, name)
    monkeypatch.setattr(auth.db.randomness, "digits", lambda _: digits)

    with pytest.raises(UsernameTaken) as taken:
        auth.registration.register("x@example.com", PASSWORD, "alice")

    assert suggested(str(taken.value)) == near[2:5]


def test_where_too_few_are_free_none_is_named(
    auth: Auth, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    digits = "123456"
    for name in names.like_username("alice", digits)[2:]:
        account(auth, name)
    monkeypatch.setattr(auth.db.randomness, "digits", lambda _: digits)

    with pytest.raises(UsernameTaken) as taken:
        auth.registration.register("x@example.com", PASSWORD, "alice")

    assert str(taken.value).endswith("Choose another one")


def test_it_costs_one_query(auth: Auth, alice: User) -> None:
    asked: list[str] = []

    def note(*given: object) -> None:
        """Note a statement."""
        asked.append(str(given[2]))

    event.listen(auth.db.engine, "before_cursor_execute", note)
    with pytest.raises(UsernameTaken):
        auth.registration.register("x@example.com", PASSWORD, "alice")

    assert sum(" IN (" in statement for statement in asked) == 1


@pytest.mark.parametrize(
    "name", ["bob", "Ёжик", "x" * 20, "a.b", "a--", "straße", "İstanbul"]
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_every_name_that_is_named_can_be_one(
    name: str, database_url: str
) -> None:
    near = names.like_username(name, "123456")

    assert len(near) >= 3
    for one in near:
        assert names.username(one).canonical == one
