"""Commands speak the language of the terminal, and English to programs."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from vestibule.auth import Auth
from vestibule.doors.cli import main
from vestibule.doors.commands import tongue
from vestibule.user import User

# Words do not depend on the database.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
Run = Callable[..., Result]


@pytest.fixture
def run(auth: Auth, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Give the test the commands, at a terminal in Russian."""
    monkeypatch.setenv("LC_ALL", "ru_RU.UTF-8")
    monkeypatch.setenv("VESTIBULE_SECRET_KEY", auth.settings.site.secret_key)
    data = str(auth.settings.data_folder)

    def called(*arguments: str, typed: str = "") -> Result:
        """Call a command on the test's data."""
        line = [*arguments, "--data", data]
        return CliRunner().invoke(main, line, input=typed)

    return called


@pytest.mark.parametrize(
    ("variables", "language"),
    [
        ({}, "en"),
        ({"LANG": "ru_RU.UTF-8"}, "ru"),
        ({"LANG": "ru"}, "ru"),
        ({"LANG": "RU_ru@euro"}, "ru"),
        ({"LANG": "C.UTF-8"}, "en"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LANG": "rum_RO"}, "en"),
        ({"LANG": "ru_RU", "LC_MESSAGES": "en_GB"}, "en"),
        ({"LANG": "ru_RU", "LC_MESSAGES": ""}, "ru"),
        ({"LANG": "en_GB", "LC_MESSAGES": "en_GB", "LC_ALL": "ru_RU"}, "ru"),
        ({"LANG": "ru_RU", "LC_ALL": "C"}, "en"),
    ],
)
def test_the_first_variable_that_is_set_decides(
    variables: dict[str, str],
    language: str,
    monkeypatch: pytest.MonkeyPatch,
    database_url: str,
) -> None:
    for name in ("LANG", "LC_MESSAGES", "LC_ALL"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    assert tongue() == language


def test_results_are_told_in_russian(
    run: Run, alice: User, admin: User
) -> None:
    told = [
        run("user", *line).output
        for line in (
            ("promote", "alice"),
            ("demote", "alice"),
            ("disable", "alice"),
            ("enable", "alice"),
            ("sign-out", "alice"),
            ("send-reset", "alice"),
            ("list", "--search", "nobody"),
            ("delete", "alice", "--confirm", "alice"),
        )
    ]
    told.append(run("db", "status").output)
    told.append(run("db", "upgrade").output)

    for text in told:
        left = re.sub(r"\S+@\S+|alice", "", text)
        assert re.search("[А-Яа-яё]{4}", left), text
        assert not re.search("[A-Za-z]{3}", left), text


def test_refusals_are_told_in_russian(run: Run, alice: User) -> None:
    refused = run("user", "show", "alicia")

    assert refused.exit_code == 3
    assert refused.output == (
        "Пользователя 'alicia' нет. Возможно, вы имели в виду alice?"
        "  [user.missing]\n"
    )


def test_programs_are_told_in_english(run: Run, alice: User) -> None:
    shown = json.loads(run("user", "show", "alice", "--json").output)

    assert shown["username"] == "alice"
    assert shown["language"] is None
    assert {*shown} >= {"email", "is_admin", "created_at"}


def test_help_is_in_english(run: Run) -> None:
    assert (
        "Create an account"
        in CliRunner().invoke(main, ["user", "create", "--help"]).output
    )


def test_an_account_is_made_for_who_reads_russian(
    run: Run, auth: Auth
) -> None:
    made = run(
        *("user", "create", "anna@example.com", "--language", "ru"),
        "--password-stdin",
        typed="correct horse battery staple\n",
    )

    assert made.output == "Создан аккаунт anna (anna@example.com).\n"
    assert auth.db.find_user_by(username="anna").language == "ru"
    assert re.search(r"^language +ru$", run("user", "show", "anna").output, 8)


def test_a_language_that_there_is_not_is_wrong_usage(run: Run) -> None:
    made = run(
        *("user", "create", "anna@example.com", "--language", "xx"),
        "--password-stdin",
        typed="correct horse battery staple\n",
    )

    assert made.exit_code == 2


def test_the_lines_of_an_import_are_told_in_russian(
    run: Run, tmp_path: Path
) -> None:
    path = tmp_path / "people.csv"
    path.write_text("email,password_hash\nnowhere,!\n", "utf-8")

    told = run("user", "import", str(path))

    assert told.exit_code == 1
    assert "строка 2: email: Введите адрес в правильном формате" in told.output
    assert "Перенесено: 0, отклонено: 1, из них уже есть: 0." in told.output
