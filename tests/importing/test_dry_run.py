"""A rehearsal says what an import would say, and leaves no trace."""

import json
from pathlib import Path
from typing import Any

import pytest

from conftest import PASSWORD, account
from foreign_systems import with_bcrypt
from importer import Run, as_csv, importing_into
from stagecraft import rows, watched
from vestibule.auth import Auth

GOOD = with_bcrypt(PASSWORD)
HEADER = ("email", "password_hash", "username")
PEOPLE = [
    ("alice@example.com", GOOD, "somebody"),
    ("new@example.com", GOOD, "Alice"),
    ("bad", GOOD, ""),
    ("one@example.com", GOOD, "one-name"),
    ("ONE@example.com", GOOD, ""),
    ("two@example.com", GOOD, "One-Name"),
    ("weak@example.com", "0" * 32, ""),
    *((f"person{number}@example.com", "!", "") for number in range(1100)),
    ("person3@example.com", GOOD, ""),
    ("late@example.com", GOOD, "person4"),
    ("three@example.com", GOOD, "one-name"),
]


@pytest.fixture
def run(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Run:
    """Run the import over the test's database."""
    return importing_into(database_url, tmp_path / "operator", monkeypatch)


@pytest.mark.usefixtures("alice")
def test_a_rehearsal_rejects_what_the_import_does_and_keeps_nothing(
    auth: Auth, run: Run
) -> None:
    before = rows(auth)
    text = as_csv(HEADER, *PEOPLE)

    rehearsed = run(text, "--dry-run")

    assert rows(auth) == before
    assert rehearsed.stdout == (
        "Would import 1101, rejected 9, of these already there 3.\n"
        "This was a rehearsal: nothing is kept.\n"
    )
    done = run(text)
    assert done.stdout == (
        "Imported 1101, rejected 9, of these already there 3.\n"
    )
    assert done.stderr == rehearsed.stderr
    assert done.exit_code == rehearsed.exit_code == 1


def test_a_rehearsal_sends_the_database_no_writing(
    auth: Auth, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    account(auth, "alice")
    seen: list[str] = []
    usual = Auth.opened.__func__  # type: ignore[attr-defined]

    def opened(kind: Any, settings: Any) -> Auth:
        """Open the operations, and watch what they send."""
        made: Auth = usual(kind, settings)
        context = watched(made)
        seen_now = context.__enter__()
        close = made.db.close

        def closing() -> None:
            """Take over what was seen, and close."""
            seen.extend(seen_now)
            context.__exit__(None, None, None)
            close()

        made.db.close = closing  # type: ignore[method-assign]
        return made

    monkeypatch.setattr(Auth, "opened", classmethod(opened))
    assert run(as_csv(HEADER, *PEOPLE[3:5]), "--dry-run").exit_code == 1

    looks = [statement.split()[0].upper() for statement in seen]
    assert looks
    assert set(looks) == {"SELECT"}


def test_a_rehearsal_without_any_fault_ends_well_and_says_so_to_programs(
    auth: Auth, run: Run
) -> None:
    before = rows(auth)

    done = run(
        as_csv(HEADER, ("anna@example.com", GOOD, "")), "--dry-run", "--json"
    )

    assert done.exit_code == 0
    assert json.loads(done.stdout) == {
        "imported": 1,
        "rejected": 0,
        "already_there": 0,
        "dry_run": True,
    }
    assert rows(auth) == before
