"""People of another system are brought over, and sign in as before."""

from functools import partial
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from conftest import PASSWORD, Postbox
from foreign_systems import CHEAP, with_bcrypt, with_phpass
from importer import Run, as_csv, as_jsonl, importing_into
from stagecraft import Opened, at_once, both_doors, counts, rows
from vestibule.auth import Auth
from vestibule.history import Event
from vestibule.outcomes import LoggedIn
from vestibule.policy import OPERATOR

HEADER = ("email", "password_hash")
OURS = "$argon2id$v=19$m=8,t=1,p=1$"


@pytest.fixture
def run(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Run:
    """Run the import over the test's database."""
    return importing_into(database_url, tmp_path / "operator", monkeypatch)


def acts(auth: Auth, email: str) -> list[str]:
    """List what the history tells of an account, in its order."""
    user = auth.db.find_user_by(email=email)
    told = auth.db.read(
        select(Event.act).where(Event.subject_id == user.id).order_by(Event.id)
    )
    return [row[0] for row in told]


@both_doors
def test_who_comes_with_a_hash_signs_in_with_the_old_password(
    app: Flask, auth: Auth, run: Run, opened: Opened
) -> None:
    people = {
        f"person{number}": make(PASSWORD)
        for number, make in enumerate(CHEAP.values())
    }
    done = run(
        as_csv(
            HEADER,
            *((f"{who}@example.com", kept) for who, kept in people.items()),
        )
    )
    assert done.exit_code == 0, done.output
    assert done.stdout == (
        f"Imported {len(people)}, rejected 0, of these already there 0.\n"
    )
    auth.passwords.hasher.warm_up()

    for who in people:
        email = f"{who}@example.com"
        wrong = opened(app).sign_in(email, "a wrong guess")
        assert wrong.status_code == 401
        door = opened(app)
        assert door.sign_in(email).status_code == door.works
        assert door.whoami() == email

        user = auth.db.find_user_by(email=email)
        assert user.hashed_password.startswith(OURS)
        before = auth.passwords.hasher.count
        assert opened(app).sign_in(who).status_code == door.works
        assert auth.passwords.hasher.count == before + 1
        assert acts(auth, email) == [
            *("importing", "login", "password.rehash", "login", "login"),
        ]


def test_first_sign_ins_at_once_all_work(auth: Auth, run: Run) -> None:
    people = {
        f"person{number}@example.com": make(PASSWORD)
        for number, make in enumerate(CHEAP.values())
    }
    assert run(as_csv(HEADER, *people.items())).exit_code == 0

    for email in people:
        results = at_once(
            [partial(auth.login.with_password, email, PASSWORD)] * 3
        )
        assert [type(result) for result in results] == [LoggedIn] * 3
        assert acts(auth, email).count("password.rehash") == 1


def test_all_that_a_row_tells_is_kept(auth: Auth, run: Run) -> None:
    row = {
        "email": "Anna.Ödman@Example.com".replace("Ö", "O"),
        "password_hash": with_bcrypt(PASSWORD),
        "username": "Änna",
        "first_name": " Anna ",
        "last_name": "Ödman-Ångström",
        "email_verified": True,
        "created_at": "2019-05-31T11:30:00.5+02:00",
    }
    assert run(as_jsonl(row), name="users.jsonl").exit_code == 0

    user = auth.db.find_user_by(email="anna.odman@example.com")
    assert user.email == "Anna.Odman@Example.com"
    assert user.username == "Änna"
    assert (user.first_name, user.last_name) == ("Anna", "Ödman-Ångström")
    assert user.created_at == user.password_changed_at == 1_559_295_000
    assert user.email_verified_at
    assert not user.is_admin
    assert user.hashed_password == row["password_hash"]
    assert auth.valid_login("änna", PASSWORD)


def test_what_a_row_does_not_tell_is_empty_or_derived(
    auth: Auth, run: Run
) -> None:
    row = {
        "email": "anna@example.com",
        "password_hash": "!",
        "username": None,
        "first_name": None,
        "email_verified": None,
        "created_at": None,
    }
    assert run(as_jsonl(row), name="users.jsonl").exit_code == 0

    user = auth.db.find_user_by(email="anna@example.com")
    assert user.username == "anna"
    assert (user.first_name, user.last_name) == (None, None)
    assert user.email_verified_at is None
    assert abs(user.created_at - auth.clock.now()) < 600
    assert user.hashed_password == "!"


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ((), [True, False, False]),
        (("--verified",), [True, True, True]),
        (("--unverified",), [False, False, False]),
    ],
)
def test_who_is_confirmed_is_as_the_file_says_or_the_operator(
    auth: Auth, run: Run, options: tuple[str, ...], wanted: list[bool]
) -> None:
    text = as_csv(
        (*HEADER, "email_verified"),
        ("a1@example.com", "!", "true"),
        ("b2@example.com", "!", "0"),
        ("c3@example.com", "!", ""),
    )
    assert run(text, *options).exit_code == 0

    found = rows(auth)["vestibule_users"]
    told = [user["email_verified_at"] is not None for user in found]
    assert told == wanted


@pytest.mark.settings(verified_email_required="true")
def test_an_unconfirmed_address_must_be_confirmed_as_everybodys(
    auth: Auth, run: Run
) -> None:
    text = as_csv(HEADER, ("anna@example.com", with_bcrypt(PASSWORD)))
    assert run(text).exit_code == 0

    with pytest.raises(Exception, match="Confirm your email address"):
        auth.login.with_password("anna@example.com", PASSWORD)
    user = auth.db.find_user_by(email="anna@example.com")
    assert user.hashed_password.startswith(OURS)


def test_nobody_is_told_by_mail(
    auth: Auth, run: Run, postbox: Postbox
) -> None:
    assert run(as_csv(HEADER, ("anna@example.com", "!"))).exit_code == 0

    assert postbox.empty() == []
    assert counts(auth)["vestibule_outbox"] == 0


def test_importing_computes_no_hash_and_has_one_event_for_each(
    auth: Auth, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    from vestibule.capabilities.passwords.lanes import Lanes

    def never(*_: object) -> None:
        """Fail as soon as a hash is computed."""
        raise AssertionError

    monkeypatch.setattr(Lanes, "work", never)
    people = [
        (f"person{number}@example.com", with_phpass(PASSWORD))
        for number in range(1203)
    ]
    assert run(as_csv(HEADER, *people)).exit_code == 0

    events = rows(auth)["vestibule_events"]
    assert len(events) == 1203
    assert {(e["act"], e["outcome"], e["door"]) for e in events} == {
        ("importing", "done", "command")
    }
    users = rows(auth)["vestibule_users"]
    assert sorted(e["subject_id"] for e in events) == sorted(
        user["id"] for user in users
    )
    assert counts(auth)["vestibule_identifiers"] == 2406
    found = auth.db.find_user_by(email="person777@example.com")
    assert found.username == "person777"


def test_imported_people_can_do_what_everybody_can(
    auth: Auth, run: Run
) -> None:
    text = as_csv(HEADER, ("anna@example.com", with_phpass(PASSWORD)))
    assert run(text).exit_code == 0
    anna = auth.db.find_user_by(email="anna@example.com")

    auth.passwords.change(anna, PASSWORD, "another good password")
    assert auth.valid_login("anna", "another good password")
    auth.deletion.delete(anna, by=OPERATOR)
    assert counts(auth)["vestibule_identifiers"] == 0
    assert run(text).exit_code == 0


def test_an_account_without_a_password_sets_one_by_mail(
    auth: Auth, run: Run, postbox: Postbox
) -> None:
    text = as_csv(HEADER, ("anna@example.com", "!aBcDeF"))
    assert run(text).exit_code == 0
    for guess in ("!", "!aBcDeF", "", " "):
        assert not auth.valid_login("anna@example.com", guess)

    auth.password_reset.ask("anna@example.com")
    token = postbox.link("/password_reset/").rpartition("/")[2]
    auth.update_password(token, "my first password here")
    assert auth.valid_login("anna", "my first password here")
