"""Rows that stay out are told one by one, and cost no other row."""

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from conftest import PASSWORD, account
from foreign_systems import with_bcrypt
from importer import Run, as_csv, as_jsonl, importing_into
from stagecraft import counts, rows
from vestibule.auth import Auth
from vestibule.capabilities.importing.operations import Importing, Verdicts

HEADER = ("email", "password_hash")
GOOD = with_bcrypt(PASSWORD)
BAD: dict[str, tuple[dict[str, Any], str, str]] = {
    "no address": ({"email": ""}, "email", "email.required"),
    "null address": ({"email": None}, "email", "email.required"),
    "no such address": ({"email": "anna"}, "email", "email.format"),
    "long address": ({"email": "a" * 999 + "@b.de"}, "email", "field.too_"),
    "address of a number": ({"email": 7}, "email", "field.type"),
    "address of a list": ({"email": ["a@b.de"]}, "email", "field.type"),
    "no hash": ({"password_hash": ""}, "password_hash", "password_hash.req"),
    "null hash": (
        {"password_hash": None},
        "password_hash",
        "password_hash.req",
    ),
    "a password": (
        {"password_hash": PASSWORD},
        "password_hash",
        "password_hash.unknown",
    ),
    "long hash": ({"password_hash": "$" * 513}, "password_hash", "field.too"),
    "weak hash": (
        {"password_hash": "5f4dcc3b5aa765d61d8327deb882cf99"},
        "password_hash",
        "password_hash.weak",
    ),
    "dear hash": (
        {"password_hash": "$2b$31$" + "." * 53},
        "password_hash",
        "password_hash.too_costly",
    ),
    "reserved username": (
        {"username": "Admin"},
        "username",
        "username.reserved",
    ),
    "username with a space": (
        {"username": "anna b"},
        "username",
        "username.chars",
    ),
    "long username": ({"username": "a" * 21}, "username", "username.too_long"),
    "mixed username": ({"username": "annа"}, "username", "username.mixed"),
    "long first name": ({"first_name": "a" * 31}, "first_name", "field.too"),
    "bell in a name": ({"last_name": "\a"}, "last_name", "field.characters"),
    "zero in a name": ({"last_name": "\0"}, "last_name", "field.characters"),
    "half a character": ({"last_name": "\ud800"}, "last_name", "field.charac"),
    "perhaps confirmed": (
        {"email_verified": "maybe"},
        "email_verified",
        "field.switch",
    ),
    "confirmed twice": ({"email_verified": 2}, "email_verified", "field.swi"),
    "a day": ({"created_at": "2024-05-31"}, "created_at", "created_at.format"),
    "no zone": (
        {"created_at": "2024-05-31T10:00:00"},
        "created_at",
        "created_at.format",
    ),
    "a number for a moment": ({"created_at": 5}, "created_at", "field.type"),
    "no such day": (
        {"created_at": "2023-02-29T10:00:00Z"},
        "created_at",
        "created_at.format",
    ),
    "before the clocks": (
        {"created_at": "1969-12-31T23:59:59Z"},
        "created_at",
        "created_at.format",
    ),
    "before all time": (
        {"created_at": "0001-01-01T00:00:00+23:00"},
        "created_at",
        "created_at.format",
    ),
    "in the future": (
        {"created_at": "2999-01-01T00:00:00Z"},
        "created_at",
        "created_at.future",
    ),
    "a role": ({"is_admin": True}, "", "import.no_rights"),
    "a column of passwords": ({"password": "x"}, "", "import.no_passwords"),
    "a misspelt column": ({"user_name": "x"}, "", "import.column"),
}


@pytest.fixture
def run(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Run:
    """Run the import over the test's database."""
    return importing_into(database_url, tmp_path / "operator", monkeypatch)


def test_a_row_that_cannot_be_stays_out_and_the_others_come_in(
    auth: Auth, run: Run
) -> None:
    first = {"email": "first@example.com", "password_hash": GOOD}
    last = {"email": "last@example.com", "password_hash": GOOD}
    bad = [
        {"email": f"bad{number}@example.com", "password_hash": GOOD, **wrong}
        for number, (wrong, _, _) in enumerate(BAD.values())
    ]

    done = run(
        as_jsonl(first, *bad, last),
        "--rejects",
        "rejected.jsonl",
        name="users.jsonl",
    )

    assert done.exit_code == 1
    assert done.stdout == (
        f"Imported 2, rejected {len(BAD)}, of these already there 0.\n"
    )
    assert done.stderr == ""
    lines = Path("rejected.jsonl").read_text("utf-8").splitlines()
    told = [json.loads(line) for line in lines]
    assert [t["line"] for t in told] == list(range(2, len(BAD) + 2))
    for found, (name, (_, field, code)) in zip(told, BAD.items(), strict=True):
        assert found["field"] == field, name
        assert found["code"].startswith(code), name
        assert found["reason"]
    emails = [user["email"] for user in rows(auth)["vestibule_users"]]
    assert sorted(emails) == ["first@example.com", "last@example.com"]


def test_a_rejection_names_the_line_and_never_the_hash(
    auth: Auth, run: Run
) -> None:
    secret = "$2b$31$" + "secretdigest" * 4 + "abcde"
    done = run(
        as_csv(
            HEADER,
            ("anna@example.com", secret),
            ("anna", "mypassword"),
            ("eva@example.com", GOOD),
        ),
        "--rejects",
        "rejected.jsonl",
    )
    shown = done.output + Path("rejected.jsonl").read_text("utf-8")
    assert "secretdigest" not in shown
    assert "mypassword" not in shown
    assert Path("rejected.jsonl").stat().st_mode & 0o777 == 0o600

    said = run(as_csv(HEADER, ("anna@example.com", secret), ("anna", "x")))
    assert said.stderr.splitlines() == [
        "line 2: password_hash: To check this password hash would cost too "
        "much: bcrypt cost may be at most 14  [password_hash.too_costly]",
        "line 3: email: Enter an email address in the correct format, like "
        "name@example.com  [email.format]",
        "line 3: password_hash: This is no password hash of a kind that can "
        "be checked here  [password_hash.unknown]",
    ]


def test_who_is_there_already_is_rejected_and_left_as_they_are(
    auth: Auth, run: Run
) -> None:
    alice = account(auth, "alice")
    before = rows(auth)
    text = as_csv(
        (*HEADER, "username"),
        ("ALICE@example.com", GOOD, ""),
        ("new@example.com", GOOD, "Alice"),
    )

    done = run(text)

    assert done.exit_code == 1
    assert done.stdout == "Imported 0, rejected 2, of these already there 1.\n"
    assert "line 2: email: " in done.stderr
    assert "[email.taken]" in done.stderr
    assert "line 3: username: " in done.stderr
    assert "[username.taken]" in done.stderr
    assert rows(auth) == before
    assert auth.db.find_user_by(id=alice.id).email == "alice@example.com"


def test_the_same_name_twice_in_a_file_comes_in_once(
    auth: Auth, run: Run
) -> None:
    done = run(
        as_csv(
            (*HEADER, "username"),
            ("a1@example.com", GOOD, "anna"),
            ("A1@Example.com", GOOD, "other"),
            ("b2@example.com", GOOD, "ANNA"),
            ("anna@example.com", GOOD, ""),
            ("anna@example.org", GOOD, ""),
        )
    )
    assert done.stdout == "Imported 3, rejected 2, of these already there 1.\n"
    assert [line[:17] for line in done.stderr.splitlines()] == [
        "line 3: email: Th",
        "line 4: username:",
    ]
    names = [user["username"] for user in rows(auth)["vestibule_users"]]
    assert names[0] == "anna"
    assert all(name.startswith("anna") for name in names[1:])
    assert len(set(names)) == 3
    assert counts(auth)["vestibule_identifiers"] == 6


def test_many_with_one_name_before_the_at_all_find_a_username(
    auth: Auth, run: Run
) -> None:
    people = [(f"info@site{number}.example", "!") for number in range(120)]
    assert run(as_csv(HEADER, *people)).exit_code == 0

    names = {user["username"] for user in rows(auth)["vestibule_users"]}
    assert len(names) == 120
    assert all(name.startswith("info") and len(name) <= 20 for name in names)
    # "info" itself is reserved.
    assert "info" not in names


def test_many_digits_are_tried_before_a_username_is_given_up(
    auth: Auth, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    spare = type(auth.randomness).digits
    monkeypatch.setattr(
        type(auth.randomness),
        "digits",
        lambda self, n: "00000" if n == 5 else spare(self, n),
    )
    people = [(f"anna@site{number}.example", "!") for number in range(4)]
    assert run(as_csv(HEADER, *people)).exit_code == 0

    names = [user["username"] for user in rows(auth)["vestibule_users"]]
    assert names[:2] == ["anna", "anna00000"]
    assert len(set(names)) == 4


def test_who_is_quicker_to_take_a_name_keeps_it(
    auth: Auth, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Somebody registers after the names were looked up.
    usual = Importing._judge
    others = ["alice"]

    def late(self: Importing, *given: Any) -> Any:
        """Let somebody register just after the look at the names."""
        judged = usual(self, *given)
        while others:
            account(auth, others.pop())
        return judged

    monkeypatch.setattr(Importing, "_judge", late)
    text = as_csv(
        (*HEADER, "created_at", "first_name"),
        ("bob@example.com", GOOD, "2020-01-01T00:00:00Z", "Bob"),
        ("alice@example.com", GOOD, "", ""),
        ("carol@example.com", GOOD, "", ""),
    )

    done = run(text)

    assert done.stdout == "Imported 2, rejected 1, of these already there 1.\n"
    assert auth.valid_login("alice", PASSWORD)
    bob = auth.db.find_user_by(email="bob@example.com")
    assert (bob.created_at, bob.first_name) == (1_577_836_800, "Bob")
    told = [e["act"] for e in rows(auth)["vestibule_events"]]
    assert sorted(told) == ["importing", "importing", "registration"]


def test_a_batch_that_fails_leaves_nothing_of_itself(
    auth: Auth, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = Importing.bring
    done: list[int] = []

    def break_down(self: Importing, newcomers: Any) -> Verdicts:
        """Fail in the middle of the second batch."""
        if done:
            with self.db.unit():
                self._together(newcomers)
                raise IntegrityError("", {}, Exception()) from None
        done.append(1)
        return usual(self, newcomers)

    monkeypatch.setattr(Importing, "bring", break_down)
    people = [(f"person{number}@example.com", "!") for number in range(700)]
    with pytest.raises(IntegrityError):
        run(as_csv(HEADER, *people))

    found = counts(auth)
    assert found["vestibule_users"] == 500
    assert found["vestibule_identifiers"] == 1000
    assert found["vestibule_events"] == 500
