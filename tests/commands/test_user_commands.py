"""What operators do to accounts with ``vestibule user …``."""

import json
import os
import pty
import re
import select
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from conftest import PASSWORD, account
from processes import PATIENCE, environment
from stagecraft import rows
from vestibule.auth import Auth
from vestibule.doors.cli import main
from vestibule.errors import NotProven
from vestibule.settings import Settings
from vestibule.user import User

NEW = "a fresh and quite long phrase"
Command = Callable[..., Result]


@pytest.fixture
def command(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Command:
    """Run commands in an empty folder, over the test's database."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, typed: str | bytes = "", **more: str) -> Result:
        """Run one command to its end."""
        env = {
            "VESTIBULE_DATABASE_URL": database_url,
            "VESTIBULE_SECRET_KEY": "9e2f61c07ab84d35f1d6083b7ca49e52",
            "VESTIBULE_HASH_MEMORY": "8",
            "VESTIBULE_HASH_PASSES": "1",
            **more,
        }
        return CliRunner(catch_exceptions=False).invoke(
            main, arguments, input=typed, env=env, prog_name="vestibule"
        )

    return run


def refused(result: Result, status: int) -> str:
    """Check that a command only spoke on the error stream; say what."""
    assert result.exit_code == status, result.output
    assert result.stdout == ""
    assert result.stderr.endswith("\n")
    return result.stderr


def test_created_account_signs_in_at_once(
    command: Command, auth: Auth
) -> None:
    done = command(
        "user",
        "create",
        "anna@example.com",
        "--password-stdin",
        typed=f"{PASSWORD}\n",
    )
    assert done.exit_code == 0, done.output
    assert done.stdout == "Created anna (anna@example.com).\n"
    assert auth.valid_login("anna@example.com", PASSWORD)
    assert auth.valid_login("anna", PASSWORD)
    assert not auth.administration.find("anna").is_admin


def test_created_account_needs_no_confirmation_mail(
    command: Command, database_url: str
) -> None:
    done = command(
        "user",
        "create",
        "anna@example.com",
        "--password-stdin",
        "--preset",
        "nist",
        typed=PASSWORD,
    )
    assert done.exit_code == 0, done.output
    settings = Settings.load({}, preset="nist", database_url=database_url)
    strict = Auth.opened(settings)
    assert strict.settings.email.verified_required
    assert strict.valid_login("anna", PASSWORD)
    strict.db.close()


def test_operator_may_give_a_reserved_name_and_the_admin_role(
    command: Command, auth: Auth
) -> None:
    done = command(
        "user",
        "create",
        "root@example.com",
        "--username",
        "root",
        "--admin",
        "--password-stdin",
        typed=PASSWORD,
    )
    assert done.exit_code == 0, done.output
    assert "root (root@example.com), an administrator" in done.stdout
    assert auth.administration.find("root").is_admin
    assert auth.valid_login("root", PASSWORD)


@pytest.mark.parametrize(
    ("email", "password", "code"),
    [
        ("ALICE@example.com", PASSWORD, "email.taken"),
        ("not an address", PASSWORD, "email.format"),
        ("anna@example.com", "short", "password.too_short"),
        ("anna@example.com", "", "password.too_short"),
    ],
)
@pytest.mark.usefixtures("alice")
def test_account_that_may_not_be_is_refused_with_its_code(
    command: Command, email: str, password: str, code: str
) -> None:
    told = refused(
        command("user", "create", email, "--password-stdin", typed=password),
        1,
    )
    assert f"[{code}]" in told
    assert len(command("user", "list").stdout.splitlines()) == 1


def test_password_that_is_no_text_is_refused(command: Command) -> None:
    told = refused(
        command(
            "user",
            "create",
            "anna@example.com",
            "--password-stdin",
            typed=b"\xff\xfe long enough\n",
        ),
        2,
    )
    assert told == "The password on standard input is not UTF-8.\n"


@pytest.mark.parametrize(
    "place",
    [
        ["hunter2hunter2"],
        ["--password", "hunter2hunter2"],
        ["--password=hunter2hunter2"],
        ["--password-stdin", "hunter2hunter2"],
    ],
    ids=["bare", "option", "equals", "after the flag"],
)
@pytest.mark.parametrize(
    "act",
    [["create", "anna@example.com"], ["set-password", "alice"]],
    ids=lambda act: act[0],
)
def test_password_as_an_argument_is_refused_and_not_repeated(
    command: Command,
    auth: Auth,
    alice: User,
    act: list[str],
    place: list[str],
) -> None:
    before = rows(auth)
    told = refused(command("user", *act, *place, typed=PASSWORD), 2)
    assert "A password is never an argument" in told
    assert "--password-stdin" in told
    assert "hunter2" not in told
    assert rows(auth) == before


@pytest.mark.parametrize(
    ("arguments", "way_out"),
    [
        (["create", "anna@example.com"], "--password-stdin"),
        (["set-password", "alice"], "--password-stdin"),
        (["delete", "alice"], "--confirm alice"),
    ],
    ids=["create", "set-password", "delete"],
)
def test_nothing_is_asked_where_nobody_can_answer(
    command: Command,
    auth: Auth,
    alice: User,
    arguments: list[str],
    way_out: str,
) -> None:
    before = rows(auth)
    told = refused(command("user", *arguments, typed=f"{NEW}\n{NEW}\n"), 2)
    assert told == f"There is no terminal to ask at. Use {way_out}.\n"
    assert rows(auth) == before


def test_list_goes_by_number_and_says_how_to_go_on(
    command: Command, auth: Auth
) -> None:
    numbers = {name: account(auth, name).id for name in ("zoe", "anna", "mia")}
    whole = command("user", "list")
    assert whole.exit_code == 0
    found = [line.split()[1] for line in whole.stdout.splitlines()]
    assert found == ["zoe", "anna", "mia"]
    assert whole.stderr == ""
    part = command("user", "list", "--most", "2")
    assert len(part.stdout.splitlines()) == 2
    assert (
        part.stderr == f"More: vestibule user list --after {numbers['anna']}\n"
    )
    rest = command("user", "list", "--after", str(numbers["anna"]))
    assert rest.stdout.split()[1] == "mia"


def test_list_of_nobody_is_an_empty_array(command: Command) -> None:
    done = command("user", "list", "--json")
    assert (done.exit_code, json.loads(done.stdout)) == (0, [])
    assert command("user", "list").stderr == "No accounts here.\n"


def test_programs_get_exactly_these_facts(
    command: Command, alice: User, admin: User
) -> None:
    done = command("user", "show", "alice", "--json")
    assert done.exit_code == 0
    shown = json.loads(done.stdout)
    moment = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"
    assert re.fullmatch(moment, shown.pop("created_at"))
    assert re.fullmatch(moment, shown.pop("email_verified_at"))
    # Of one account alone.
    assert shown.pop("language") is None
    assert shown == {
        "id": alice.id,
        "username": "alice",
        "email": "alice@example.com",
        "is_admin": False,
        "is_active": True,
    }
    listed = json.loads(command("user", "list", "--json").stdout)
    assert [user["username"] for user in listed] == ["alice", "admin"]
    assert [user["is_admin"] for user in listed] == [False, True]
    assert {frozenset(user) for user in listed} == {
        frozenset([*shown, "created_at", "email_verified_at"])
    }


def test_account_is_found_by_each_of_its_names(
    command: Command, alice: User, bob: User
) -> None:
    for name in ("alice", "ALICE", "Alice@Example.com", f"id:{alice.id}"):
        done = command("user", "show", name)
        assert done.exit_code == 0, name
        assert re.search(r"^username +alice$", done.stdout, re.MULTILINE)


@pytest.mark.parametrize(
    "act", ["show", "promote", "demote", "set-password", "delete"]
)
def test_unknown_name_is_status_3_with_the_nearest_names(
    command: Command, auth: Auth, alice: User, act: str
) -> None:
    before = rows(auth)
    # What asks for more does so only after it knows whom it is about.
    told = refused(command("user", act, "alcie", typed=PASSWORD), 3)
    assert told == (
        "There is no user 'alcie'. Did you mean alice?  [user.missing]\n"
    )
    told = refused(command("user", act, "zebra"), 3)
    assert told == "There is no user 'zebra'.  [user.missing]\n"
    assert rows(auth) == before


def test_promotion_and_demotion_change_the_role_and_sign_out(
    command: Command, auth: Auth, alice: User, admin: User
) -> None:
    for act, is_admin in (("promote", True), ("demote", False)):
        token = auth.create_session("alice@example.com")
        assert auth.get_user_from_session_id(token)
        done = command("user", act, "alice")
        assert done.exit_code == 0, done.output
        assert auth.administration.find("alice").is_admin is is_admin
        assert auth.get_user_from_session_id(token) is None


def test_new_password_replaces_the_old_one_and_signs_out(
    command: Command, auth: Auth, alice: User
) -> None:
    token = auth.create_session("alice@example.com")
    done = command(
        "user", "set-password", "alice", "--password-stdin", typed=f"{NEW}\r\n"
    )
    assert done.exit_code == 0, done.output
    assert auth.get_user_from_session_id(token) is None
    assert auth.valid_login("alice", NEW)
    with pytest.raises(NotProven):
        auth.login.prove("alice", PASSWORD)
    recipients = {row["recipient"] for row in rows(auth)["vestibule_outbox"]}
    assert recipients == {"alice@example.com"}


def test_deletion_takes_the_username_once_more(
    command: Command, auth: Auth, alice: User, bob: User
) -> None:
    told = refused(command("user", "delete", "alice", "--confirm", "bob"), 2)
    assert told == "That is not alice; nothing is deleted.\n"
    assert auth.valid_login("alice", PASSWORD)
    done = command("user", "delete", "alice", "--confirm", "alice")
    assert (done.exit_code, done.stdout) == (0, "Deleted alice.\n")
    assert not auth.valid_login("alice", PASSWORD)
    assert auth.valid_login("bob", PASSWORD)
    refused(command("user", "show", "alice"), 3)


def test_nothing_secret_is_ever_printed(
    command: Command, auth: Auth, alice: User, database_url: str
) -> None:
    made = command(
        "user",
        "create",
        "anna@example.com",
        "--password-stdin",
        typed=PASSWORD,
    )
    key = "the-secret-key-of-this-test-0123456789"
    said = made.output
    for arguments in (
        ["user", "list"],
        ["user", "list", "--json"],
        ["user", "show", "anna"],
        ["user", "show", "anna", "--json"],
        ["user", "promote", "anna"],
        ["config", "show"],
        ["config", "show", "--json"],
        ["db", "status"],
    ):
        done = command(
            *arguments,
            VESTIBULE_SECRET_KEY=key,
            VESTIBULE_MAIL_PASSWORD="smtp-password",
        )
        assert done.exit_code == 0, done.output
        said += done.output
    hashes = {row["hashed_password"] for row in rows(auth)["vestibule_users"]}
    assert len(hashes) == 2
    for secret in (*hashes, "$argon2", PASSWORD, key, "smtp-password"):
        assert secret not in said
    assert database_url not in said


class Terminal:
    """A real terminal with a command of Vestibule in it."""

    def __init__(self, home: Path, *arguments: str) -> None:
        self.screen, inside = pty.openpty()
        self.seen = ""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "vestibule", *arguments],
            cwd=home,
            env=environment(home),
            stdin=inside,
            stdout=inside,
            stderr=inside,
            start_new_session=True,
        )
        os.close(inside)

    def answer(self, question: str, text: str) -> None:
        """Wait for a question and type an answer."""
        while question not in self.seen:
            ready, _, _ = select.select([self.screen], [], [], PATIENCE)
            assert ready, f"asks something else: {self.seen!r}"
            self.seen += os.read(self.screen, 1024).decode()
        self.seen = self.seen.partition(question)[2]
        os.write(self.screen, f"{text}\n".encode())

    def end(self) -> tuple[int, str]:
        """Read the rest, and say the exit status and what was read."""
        try:
            while more := os.read(self.screen, 1024):
                self.seen += more.decode()
        except OSError:
            pass  # This is how a closed terminal reads.
        finally:
            os.close(self.screen)
        return self.process.wait(PATIENCE), self.seen


def test_terminal_asks_twice_for_a_password_and_hides_it(
    tmp_path: Path,
) -> None:
    terminal = Terminal(tmp_path, "user", "create", "anna@example.com")
    terminal.answer("Password: ", PASSWORD)
    terminal.answer("The password once more: ", "something else")
    terminal.answer("Password: ", PASSWORD)
    terminal.answer("The password once more: ", PASSWORD)
    status, seen = terminal.end()
    assert status == 0
    assert "Created anna (anna@example.com)." in seen
    assert PASSWORD not in seen
    assert "something else" not in seen


def test_terminal_asks_for_the_name_before_a_deletion(tmp_path: Path) -> None:
    made = subprocess.run(
        [
            sys.executable,
            "-m",
            "vestibule",
            "user",
            "create",
            "a@example.com",
            "--username",
            "anna",
            "--password-stdin",
        ],
        cwd=tmp_path,
        env=environment(tmp_path),
        input=PASSWORD.encode(),
        capture_output=True,
        timeout=PATIENCE,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    question = "Type the username to go on: "
    for typed, status, told in (
        ("yes", 2, "That is not anna; nothing is deleted."),
        ("anna", 0, "Deleted anna."),
    ):
        terminal = Terminal(tmp_path, "user", "delete", "a@example.com")
        terminal.answer(question, typed)
        ended, seen = terminal.end()
        assert (ended, told in seen) == (status, True), seen
