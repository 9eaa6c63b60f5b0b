"""Hostile arguments of commands: words and a status, never a traceback."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import example, given
from hypothesis import strategies as st

from conftest import PASSWORD
from hostility import NUMBERS, TEXTS, lasting_state, odd_texts, tries
from vestibule.auth import Auth
from vestibule.doors.cli import main
from vestibule.user import User

Command = Callable[..., Result]
# What a shell hands over: no NUL, and other bytes as lone surrogates.
BYTES = ["\udcff\udcfe", "al\udce9ice", "\udc80@example.com"]
WORDS = [*TEXTS, *NUMBERS, *BYTES, "--", "-", "-x", "--help=1", "id:", "id:٣"]
WORDS += ["id:-1", "id:" + "9" * 18, "id:" + "9" * 19, "id:1\n", "%", "_", "*"]


@pytest.fixture
def command(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Command:
    """Run commands in an empty folder, over the test's database."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, typed: str | bytes = "", **more: str) -> Result:
        """Run one command to its end; a bug comes out as it is."""
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


def assert_in_words(result: Result) -> None:
    """See that a command said in words how it went."""
    assert result.exit_code in (0, 1, 2, 3), result.output
    assert "Traceback" not in result.output
    assert "$argon2id$v=19$m=" not in result.output
    if result.exit_code:
        assert result.stderr.strip()


def test_no_odd_word_is_a_user(
    command: Command, auth: Auth, alice: User
) -> None:
    before = lasting_state(auth)
    for odd in WORDS:
        for arguments in (
            ("show", odd),
            ("show", "--json", odd),
            ("promote", odd),
            ("demote", odd),
            ("delete", odd, "--confirm", odd),
            ("delete", "alice", "--confirm", odd),
            ("set-password", odd, "--password-stdin"),
        ):
            if odd.strip() == "id:1":
                continue
            result = command("user", *arguments, typed=PASSWORD)
            assert_in_words(result)
            # Status 0 is a page of help.
            assert result.exit_code or "Usage" in result.stdout, arguments
    assert lasting_state(auth) == before


def test_lists_begin_and_end_at_any_number(
    command: Command, alice: User
) -> None:
    for odd in WORDS:
        for arguments in (
            ("--after", odd),
            ("--most", odd),
            (f"--after={odd}", "--json"),
        ):
            result = command("user", "list", *arguments)
            assert_in_words(result)
            if result.exit_code == 0 and "--json" in arguments:
                assert isinstance(json.loads(result.stdout), list)


def test_no_odd_password_is_set(
    command: Command, auth: Auth, alice: User
) -> None:
    before = lasting_state(auth)
    odd_ones: list[bytes] = [
        *(b"", b"\n", b"\x00" * 20, b"\xff" * 20, b"short", b"x" * 10**6),
        *("\u202e".encode() * 2, b"a\x07larm bells ring", "é".encode() * 513),
    ]
    for odd in odd_ones:
        result = command(
            "user", "set-password", "alice", "--password-stdin", typed=odd
        )
        assert_in_words(result)
        assert result.exit_code in (1, 2), odd
    assert lasting_state(auth) == before


def test_odd_settings_and_folders_are_refused_in_words(
    command: Command,
) -> None:
    for odd in WORDS:
        for arguments in (
            ("config", "show", "--preset", odd),
            ("user", "list", "--preset", odd),
            ("db", odd),
            (odd,),
        ):
            assert_in_words(command(*arguments))
    for odd in ("\x00", "\ud800", "x" * 5000, "/dev/null/x", "\udcff"):
        for arguments in (
            ("config", "show", "--data", odd),
            ("user", "list", "--data", odd),
        ):
            assert_in_words(command(*arguments, VESTIBULE_DATABASE_URL=""))


@tries(40)
@given(st.lists(odd_texts() | st.sampled_from(WORDS), max_size=3))
@example(words=["show", "\ud800"])
@example(words=["show", "\x00"])
@example(words=["list", "--after", "9" * 30])
def test_any_words_at_all_are_answered(
    command: Command, alice: User, words: list[str]
) -> None:
    for first in ("user", "db", "config"):
        assert_in_words(command(first, *words))


@tries(40)
@given(odd_texts() | st.emails(), odd_texts(), odd_texts())
@example(email="\ud800@example.com", name="\x00", password="\ud800")
@example(email="a@b.c", name="\x00", password="seven purple llamas")
def test_an_account_is_created_of_good_words_alone(
    command: Command, auth: Auth, email: str, name: str, password: str
) -> None:
    typed = password.encode("utf-8", "surrogatepass")
    result = command(
        "user",
        "create",
        "--password-stdin",
        *("--username", name),
        *("--", email),
        typed=typed,
    )
    assert_in_words(result)
