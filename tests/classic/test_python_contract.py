"""The Python contract: Auth, DB and User, as classroom scripts use them."""

import ast
import inspect
import os
import re
import shutil
import subprocess
import sys
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import InvalidRequestError, NoResultFound

from conftest import PASSWORD, TurnableClock
from processes import PATIENCE, environment
from stagecraft import tables_holding
from vestibule.auth import Auth
from vestibule.db import DB
from vestibule.policy import OPERATOR
from vestibule.user import User

ALICE = "alice@example.com"
NEW_PASSWORD = "seven purple llamas"
CLASSIC = Path(__file__).parents[2] / "classic"
FILES = sorted(CLASSIC.glob("*.py"))

SIGNATURES: list[tuple[Callable[..., Any], list[str], Any]] = [
    (DB.add_user, ["email", "hashed_password"], User),
    (DB.find_user_by, [], User),
    (DB.update_user, ["user_id"], type(None)),
    (Auth.register_user, ["email", "password"], User),
    (Auth.valid_login, ["email", "password"], bool),
    (Auth.create_session, ["email"], str | None),
    (Auth.get_user_from_session_id, ["session_id"], User | None),
    (Auth.destroy_session, ["user_id"], type(None)),
    (Auth.get_reset_password_token, ["email"], str),
    (Auth.update_password, ["reset_token", "password"], type(None)),
]

SCRIPT = """
from sqlalchemy.exc import InvalidRequestError
from sqlalchemy.orm.exc import NoResultFound

from auth import Auth
from db import DB
from user import User

db = DB()
user = db.add_user("test@test.com", "SuperHashedPwd")
assert isinstance(user, User), user
assert isinstance(user.id, int), user.id
found = db.find_user_by(email="test@test.com")
assert (found.id, found.hashed_password) == (user.id, "SuperHashedPwd")
for wanted, refusal in (
    ({"email": "test2@test.com"}, NoResultFound),
    ({"no_email": "test@test.com"}, InvalidRequestError),
):
    try:
        db.find_user_by(**wanted)
    except refusal:
        pass
    else:
        raise SystemExit(f"found {wanted}")
assert db.update_user(user.id, hashed_password="NewPwd") is None
assert db.find_user_by(id=user.id).hashed_password == "NewPwd"

auth = Auth()
me = auth.register_user("me@me.com", "mySecuredPwd")
try:
    auth.register_user("me@me.com", "mySecuredPwd")
except ValueError as error:
    assert str(error) == "User me@me.com already exists", error
else:
    raise SystemExit("registered twice")
assert auth.valid_login("me@me.com", "mySecuredPwd") is True
assert auth.valid_login("me@me.com", "wrong") is False
session_id = auth.create_session("me@me.com")
assert auth.get_user_from_session_id(session_id).id == me.id
auth.destroy_session(me.id)
assert auth.get_user_from_session_id(session_id) is None
auth.update_password(auth.get_reset_password_token("me@me.com"), "anotherPwd9")
assert auth.valid_login("me@me.com", "anotherPwd9")
assert DB().find_user_by(email="me@me.com").id == me.id
print(DB().settings.database_url)
"""


def describe(data: Path, **more: str) -> dict[str, str]:
    """Describe a process whose data lie in a folder of the test."""
    return environment(
        data,
        VESTIBULE_DATA=str(data),
        PYTHONDONTWRITEBYTECODE="1",
        **more,
    )


def run(folder: Path, env: dict[str, str], *command: str) -> str:
    """Run a Python command from a folder and return what it printed."""
    done = subprocess.run(
        [sys.executable, *command],
        cwd=folder,
        env=env,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize(
    ("verb", "parameters", "returns"),
    SIGNATURES,
    ids=[verb.__qualname__ for verb, _, _ in SIGNATURES],
)
def test_the_verbs_have_the_signatures_of_the_contract(
    verb: Callable[..., Any], parameters: list[str], returns: Any
) -> None:
    taken = [
        name
        for name, what in inspect.signature(verb).parameters.items()
        if what.kind is what.POSITIONAL_OR_KEYWORD
        and what.default is what.empty
    ]

    assert taken == ["self", *parameters]
    assert typing.get_type_hints(verb)["return"] == returns


@pytest.mark.parametrize("kind", [Auth, DB, User])
def test_every_public_method_is_annotated_and_documented(kind: type) -> None:
    public = [
        member
        for name, member in inspect.getmembers(kind, inspect.isfunction)
        if not name.startswith("_")
        and member.__module__.startswith("vestibule.")
    ]

    for method in public:
        hints = typing.get_type_hints(method)
        assert {*inspect.signature(method).parameters} - {"self"} <= {*hints}
        assert "return" in hints, method
        assert re.match(r"[A-Z].{12,}[.?:]", inspect.getdoc(method) or "")
    assert re.match(r"[A-Z].{12,}[.?:]", inspect.getdoc(kind) or "")


def test_a_user_keeps_id_email_and_hashed_password(auth: Auth) -> None:
    made = auth.db.add_user("bob@me.com", "a hash")

    found = auth.db.find_user_by(email="bob@me.com", hashed_password="a hash")

    assert (found.id, found.email) == (made.id, "bob@me.com")
    assert {"id", "email", "hashed_password"} <= {
        *User.__table__.columns.keys()
    }
    assert not {"session_id", "reset_token"} & {*User.__table__.columns.keys()}


def test_numbers_are_given_in_order_and_never_again(auth: Auth) -> None:
    first = auth.db.add_user("bob@me.com", "a hash")
    auth.deletion.delete(first, by=OPERATOR)

    second = auth.db.add_user("bob@me.com", "a hash")

    assert second.id == first.id + 1


@pytest.mark.parametrize(
    ("wanted", "refusal"),
    [
        ({"email": "nobody@me.com"}, NoResultFound),
        ({"email": "not an address"}, NoResultFound),
        ({"email": None}, NoResultFound),
        ({"id": 404}, NoResultFound),
        ({"email": ALICE, "id": 404}, NoResultFound),
        ({"no_email": ALICE}, InvalidRequestError),
        ({"email": ALICE, "metadata": 1}, InvalidRequestError),
        ({"__class__": User}, InvalidRequestError),
        ({}, InvalidRequestError),
    ],
)
def test_a_user_who_is_not_there_is_not_found(
    auth: Auth, alice: User, wanted: dict[str, Any], refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        auth.db.find_user_by(**wanted)


def test_updating_a_user_changes_only_what_users_have(
    auth: Auth, alice: User
) -> None:
    auth.db.update_user(alice.id, hashed_password="other")

    assert auth.db.find_user_by(id=alice.id).hashed_password == "other"
    for unknown in ({"session_id": "x"}, {"id": 7}, {"__table__": 1}):
        with pytest.raises(ValueError, match=next(iter(unknown))):
            auth.db.update_user(alice.id, hashed_password="new", **unknown)
    assert auth.db.find_user_by(id=alice.id).hashed_password == "other"
    with pytest.raises(NoResultFound):
        auth.db.update_user(404, hashed_password="other")


def test_a_taken_address_is_refused_by_its_name(auth: Auth) -> None:
    made = auth.register_user("bob@me.com", NEW_PASSWORD)

    assert isinstance(made, User)
    assert made.hashed_password.startswith("$argon2id$")
    with pytest.raises(ValueError, match=r"^User bob@me\.com already exists$"):
        auth.register_user("bob@me.com", NEW_PASSWORD)
    with pytest.raises(ValueError, match=r"^User Bob@Me\.com already exists$"):
        auth.register_user("Bob@Me.com", NEW_PASSWORD)


def test_a_login_is_valid_or_not(auth: Auth, alice: User) -> None:
    assert auth.valid_login(ALICE, PASSWORD) is True
    assert auth.valid_login(ALICE, "a guess") is False
    assert auth.valid_login("nobody@example.com", PASSWORD) is False
    assert auth.valid_login(ALICE, "") is False


def test_a_session_leads_to_its_user_until_it_is_destroyed(
    auth: Auth, alice: User, bob: User
) -> None:
    mine, theirs = auth.create_session(ALICE), auth.create_session(bob.email)
    assert isinstance(mine, str)

    found = auth.get_user_from_session_id(mine)

    assert found is not None
    assert found.id == alice.id
    assert auth.create_session("nobody@example.com") is None
    for nobody in (None, "", "unknown", mine[:-1]):
        assert auth.get_user_from_session_id(nobody) is None
    auth.destroy_session(alice.id)
    assert auth.get_user_from_session_id(mine) is None
    assert auth.get_user_from_session_id(theirs) is not None


def test_a_reset_token_sets_one_password_within_the_hour(
    auth: Auth, alice: User, clock: TurnableClock
) -> None:
    older = auth.get_reset_password_token(ALICE)
    token = auth.get_reset_password_token(ALICE)

    with pytest.raises(ValueError, match="invalid or expired"):
        auth.update_password(older, NEW_PASSWORD)
    auth.update_password(token, NEW_PASSWORD)
    assert auth.valid_login(ALICE, NEW_PASSWORD)
    with pytest.raises(ValueError, match="invalid or expired"):
        auth.update_password(token, PASSWORD)
    late = auth.get_reset_password_token(ALICE)
    clock.turn(hours=1)
    with pytest.raises(ValueError, match="invalid or expired"):
        auth.update_password(late, PASSWORD)
    with pytest.raises(ValueError, match="no account"):
        auth.get_reset_password_token("nobody@example.com")
    assert auth.valid_login(ALICE, NEW_PASSWORD)


@pytest.mark.attack("A11", "A16")
@pytest.mark.asvs("14.2.4")
def test_no_table_holds_a_session_or_a_reset_token_in_clear(
    auth: Auth, alice: User
) -> None:
    session_id = auth.create_session(ALICE)
    reset_token = auth.get_reset_password_token(ALICE)

    assert session_id
    assert tables_holding(auth, session_id) == set()
    assert tables_holding(auth, reset_token) == set()
    assert tables_holding(auth, ALICE)


def test_scripts_in_the_classic_folder_use_the_configured_database(
    database_url: str, tmp_path: Path
) -> None:
    env = describe(tmp_path, VESTIBULE_DATABASE_URL=database_url)

    assert run(CLASSIC, env, "-c", SCRIPT) == f"{database_url}\n"


def test_a_copy_of_the_folder_works_beside_an_installed_vestibule(
    tmp_path: Path,
) -> None:
    copy, data = tmp_path / "lesson", tmp_path / "data"
    shutil.copytree(CLASSIC, copy, ignore=shutil.ignore_patterns("__*"))

    printed = run(copy, describe(data), "-c", SCRIPT)

    assert printed == f"sqlite:///{data / 'vestibule.db'}\n"
    assert (data / "vestibule.db").stat().st_size > 0
    assert (data / "secret-key").stat().st_mode & 0o777 == 0o600
    assert [*copy.glob("*.db")] == []


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_classic_file_is_executable_annotated_and_documented(
    file: Path,
) -> None:
    source = file.read_text("utf-8")

    assert source.startswith("#!/usr/bin/env python3\n")
    assert os.access(file, os.X_OK)
    tree = ast.parse(source)
    assert re.match(r"[A-Z].+\.", ast.get_docstring(tree) or "")
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            assert re.match(r"[A-Z].+\.", ast.get_docstring(node) or "")
        if isinstance(node, ast.FunctionDef):
            assert node.returns is not None, node.name
            assert all(a.annotation for a in node.args.args), node.name


def test_the_five_files_of_the_contract_are_there_and_pycodestyle_clean(
    tmp_path: Path,
) -> None:
    names = {file.name for file in FILES}

    assert {"user.py", "db.py", "auth.py", "app.py", "main.py"} <= names
    found = run(
        tmp_path, describe(tmp_path), "-m", "pycodestyle", *map(str, FILES)
    )
    assert found == ""
