"""What operators do for people: disable, sign out, reset, export, search."""

import io
import json
import os
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text

from conftest import PASSWORD, Postbox, TurnableClock, account
from vestibule.auth import Auth
from vestibule.capabilities.export.operations import MOST_TAKEN
from vestibule.doors.cli import main
from vestibule.policy import OPERATOR
from vestibule.user import User

Command = Callable[..., Result]


@pytest.fixture
def command(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Command:
    """Run commands in an empty folder, over the test's database."""
    monkeypatch.chdir(tmp_path)
    env = {
        "VESTIBULE_DATABASE_URL": database_url,
        "VESTIBULE_SECRET_KEY": "9e2f61c07ab84d35f1d6083b7ca49e52",
        "VESTIBULE_HASH_MEMORY": "8",
        "VESTIBULE_HASH_PASSES": "1",
    }

    def run(*arguments: str) -> Result:
        """Run one command to its end."""
        return CliRunner(catch_exceptions=False).invoke(
            main, ["user", *arguments], env=env, prog_name="vestibule"
        )

    return run


def names(done: Result) -> list[str]:
    """Read the usernames of a list."""
    assert done.exit_code == 0, done.output
    return [line.split()[1] for line in done.stdout.splitlines()]


def test_a_table_that_is_gone_is_named_in_one_plain_line(
    command: Command, auth: Auth
) -> None:
    auth.db.write(text("DROP TABLE vestibule_identifiers"))

    done = command("list", "--search", "al")

    assert (done.exit_code, done.stdout) == (4, "")
    assert done.stderr.startswith("The database has lost a table: ")
    assert "vestibule_identifiers" in done.stderr
    assert done.stderr.count("\n") == 1


# -- looking for accounts ---------------------------------------------------


def test_accounts_are_listed_by_what_they_begin_with(
    command: Command, auth: Auth, alice: User, bob: User, admin: User
) -> None:
    account(auth, "alan")

    assert names(command("list", "--search", "AL")) == ["alice", "alan"]
    assert names(command("list", "--search", "bob@exam")) == ["bob"]
    assert names(command("list", "--search", f"id:{bob.id}")) == ["bob"]
    assert names(command("list", "--admins")) == ["admin"]
    nobody = command("list", "--search", "a%")
    assert (nobody.stdout, nobody.exit_code) == ("", 0)
    assert nobody.stderr == "No accounts here.\n"


def test_disabled_accounts_are_listed_and_marked(
    command: Command, auth: Auth, alice: User, admin: User
) -> None:
    auth.administration.set_active(alice, is_active=False, by=OPERATOR)

    done = command("list", "--disabled")
    assert names(done) == ["alice"]
    assert done.stdout.endswith("  disabled\n")
    assert command("list").stdout.splitlines()[1].endswith("  admin")
    shown = json.loads(command("list", "--disabled", "--json").stdout)
    assert [user["is_active"] for user in shown] == [False]
    assert "is_active          False" in command("show", "alice").stdout


def test_the_way_on_in_a_list_keeps_the_search(
    command: Command, auth: Auth
) -> None:
    for number in range(3):
        made = account(auth, f"anna{number}")
        auth.administration.set_active(made, is_active=False, by=OPERATOR)
        account(auth, f"bert{number}")
    seen: list[str] = []
    asked = ["list", "--search", "an", "--disabled", "--most", "2"]
    done = command(*asked)
    seen += names(done)
    on = done.stderr.removeprefix("More: vestibule user ").split()
    assert on[:4] == ["list", "--search", "an", "--disabled"]

    rest = command(*on)

    assert seen + names(rest) == ["anna0", "anna1", "anna2"]
    assert rest.stderr == ""


def test_a_search_with_blanks_is_quoted_in_the_way_on(
    command: Command, alice: User, auth: Auth
) -> None:
    account(auth, "alan")
    done = command("list", "--search", " a", "--most", "1")

    assert "list --search ' a' --after" in done.stderr


# -- closing and opening ----------------------------------------------------


def test_an_account_is_disabled_and_enabled_and_its_owner_told(
    command: Command,
    auth: Auth,
    alice: User,
    postbox: Postbox,
    clock: TurnableClock,
) -> None:
    token = auth.sessions.open(alice.id)

    done = command("disable", "ALICE@example.com")
    assert done.stdout == (
        "alice is disabled now, and signed out. They are told by mail.\n"
    )
    assert auth.sessions.owner(token) is None
    assert not auth.valid_login("alice", PASSWORD)
    done = command("enable", f"id:{alice.id}")
    assert done.stdout == "alice is enabled now. They are told by mail.\n"
    assert auth.valid_login("alice", PASSWORD)
    # The command reads the real clock, which goes on.
    clock.turn(minutes=5)
    assert [letter.subject for letter in postbox.empty()] == [
        "Support closed sign-in to your Vestibule account",
        "Support opened sign-in to your Vestibule account",
    ]


@pytest.mark.parametrize("act", ["disable", "demote"])
def test_the_last_administrator_stays(
    command: Command, auth: Auth, admin: User, act: str
) -> None:
    refused = command(act, "admin")

    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "at least one administrator" in refused.stderr
    assert "[last_admin]" in refused.stderr
    kept = auth.administration.find("admin")
    assert (kept.is_admin, kept.is_active) == (True, True)


def test_signing_out_says_how_many_sessions_ended(
    command: Command, auth: Auth, alice: User
) -> None:
    tokens = [auth.sessions.open(alice.id) for _ in range(2)]

    done = command("sign-out", "alice")
    assert done.stdout == "alice is signed out. Sessions ended: 2.\n"
    assert [auth.sessions.owner(token) for token in tokens] == [None, None]
    again = command("sign-out", "alice")
    assert again.stdout == "alice is signed out. Sessions ended: 0.\n"


def test_a_reset_link_goes_by_mail_and_is_not_shown(
    command: Command,
    auth: Auth,
    alice: User,
    postbox: Postbox,
    clock: TurnableClock,
) -> None:
    done = command("send-reset", "alice")

    assert done.stdout == "The link goes by email to alice@example.com.\n"
    clock.turn(minutes=5)
    token = postbox.link("/password_reset/").rpartition("/")[2]
    assert auth.password_reset.look(token).id == alice.id
    assert token not in done.output


@pytest.mark.parametrize(
    "act", ["disable", "enable", "sign-out", "send-reset", "export"]
)
def test_unknown_names_are_status_3(
    command: Command, alice: User, act: str, tmp_path: Path
) -> None:
    more = ["--to", "x.zip"] if act == "export" else []
    refused = command(act, "alcie", *more)

    assert (refused.exit_code, refused.stdout) == (3, "")
    assert "Did you mean alice?  [user.missing]" in refused.stderr
    assert not (tmp_path / "x.zip").exists()


# -- taking data along ------------------------------------------------------


def test_an_export_is_a_new_file_that_only_its_owner_reads(
    command: Command, alice: User, tmp_path: Path
) -> None:
    before = os.umask(0)
    try:
        done = command("export", "alice", "--to", "alice.zip")
    finally:
        os.umask(before)
    path = tmp_path / "alice.zip"

    assert done.stdout == "Wrote what is kept of alice to alice.zip.\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with zipfile.ZipFile(path) as file:
        assert file.testzip() is None
        facts = file.read("my-data.json").decode()
    assert "alice@example.com" in facts
    assert alice.hashed_password not in facts


def test_an_export_writes_over_no_file(
    command: Command, alice: User, tmp_path: Path
) -> None:
    (tmp_path / "there.zip").write_text("mine")
    (tmp_path / "link.zip").symlink_to(tmp_path / "there.zip")
    for name in ("there.zip", "link.zip"):
        refused = command("export", "alice", "--to", name)
        assert refused.exit_code == 2
        assert f"{name} is there already; name a new file." in refused.stderr
    assert (tmp_path / "there.zip").read_text() == "mine"


def test_an_export_goes_to_standard_output_and_nothing_else_does(
    command: Command, alice: User
) -> None:
    done = command("export", "alice", "--to", "-")

    assert done.exit_code == 0
    with zipfile.ZipFile(io.BytesIO(done.stdout_bytes)) as file:
        assert "my-data.json" in file.namelist()
    assert done.stderr == ""


def test_an_export_that_is_refused_leaves_no_file(
    command: Command, auth: Auth, alice: User, tmp_path: Path
) -> None:
    for _ in range(MOST_TAKEN):
        auth.export.take(alice, by=OPERATOR)

    refused = command("export", "alice", "--to", "alice.zip")

    assert refused.exit_code == 1
    assert "[rate.wait]" in refused.stderr
    assert not (tmp_path / "alice.zip").exists()
    missing = command("export", "alice", "--to", "no/such/folder.zip")
    assert missing.exit_code == 1
    assert "No such file or directory" in missing.stderr
