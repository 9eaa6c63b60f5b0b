"""Help, settings and the schema on the command line, and its refusals."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result
from sqlalchemy import make_url

from conftest import run_sql
from processes import free_port, run
from vestibule.doors.cli import main
from vestibule.migrations import HEAD
from vestibule.sections import all_knobs

Command = Callable[..., Result]


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Run commands in an empty folder, without any setting."""
    monkeypatch.chdir(tmp_path)

    def in_folder(*arguments: str, **env: str) -> Result:
        """Run one command to its end."""
        return CliRunner(catch_exceptions=False).invoke(
            main, arguments, env=env, prog_name="vestibule"
        )

    return in_folder


def told(result: Result, status: int) -> str:
    """Check that a command only spoke on the error stream; say what."""
    assert result.exit_code == status, result.output
    assert result.stdout == ""
    return result.stderr


def all_commands(
    group: click.Group = main, path: tuple[str, ...] = ()
) -> Iterator[tuple[str, ...]]:
    """List the words of every command there is."""
    for name, found in group.commands.items():
        if isinstance(found, click.Group):
            yield from all_commands(found, (*path, name))
        else:
            yield (*path, name)


def test_bare_command_fits_on_a_screen_and_helps(tmp_path: Path) -> None:
    done = run(home=tmp_path)
    assert done.returncode == 2
    lines = [line for line in done.stderr.splitlines() if line]
    assert len(lines) <= 24
    assert "Usage: vestibule [OPTIONS] COMMAND" in lines[0]
    assert any("vestibule dev " in line for line in lines)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("path", list(all_commands()), ids=" ".join)
def test_help_of_every_command_has_an_example(
    command: Command, path: tuple[str, ...]
) -> None:
    for word in ("--help", "-h"):
        done = command(*path, word)
        assert done.exit_code == 0
        assert f"Example: vestibule {' '.join(path)}" in done.stdout


def test_examples_of_the_help_are_no_errors(command: Command) -> None:
    """Every option that an example names must be one of the command."""
    for path in all_commands():
        shown = command(*path, "--help").stdout
        example = shown.rpartition("Example: ")[2]
        for option in re.findall(r"--[a-z-]+", example):
            assert f"{option} " in shown.partition("Example: ")[0]


@pytest.mark.parametrize(
    ("arguments", "nearest"),
    [
        (["usr"], "user"),
        (["user", "creat"], "create"),
        (["user", "show", "anna", "--jsn"], "--json"),
        (["db", "upgrad"], "upgrade"),
    ],
    ids=" ".join,
)
def test_misspelt_command_names_the_nearest(
    command: Command, arguments: list[str], nearest: str
) -> None:
    shown = told(command(*arguments), 2)
    assert f"Did you mean '{nearest}'?" in shown


def test_wrong_options_of_the_servers_are_refused_in_words(
    command: Command, tmp_path: Path
) -> None:
    port = str(free_port())
    for arguments, text in (
        (["dev", "--port", "x"], "'x' is not a valid integer"),
        (["dev", "--port", "70000"], "VESTIBULE_PORT: 70000 is outside 1"),
        (["dev", "--preset", "clasroom"], "Did you mean 'classroom'?"),
        (["dev", "--workers", "2"], "No such option '--workers'"),
        (["serve", "--workers", "0"], "VESTIBULE_WORKERS: 0 is outside 1"),
        (["serve", "--port", port, "extra"], "unexpected extra argument"),
    ):
        assert text in told(command(*arguments), 2)
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def empty_database(
    request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[str]:
    """Name a database that has no table yet, on either engine."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty' / 'vestibule.db'}"
        return
    server = request.getfixturevalue("postgres")
    name = f"empty_{free_port()}"
    run_sql(server, f"CREATE DATABASE {name} TEMPLATE template0")
    url = make_url(server).set(database=name)
    yield url.render_as_string(hide_password=False)
    run_sql(server, f"DROP DATABASE {name} WITH (FORCE)")


on_both = pytest.mark.parametrize(
    "empty_database", ["sqlite", "postgres"], indirect=True
)


@on_both
def test_upgrade_and_status_tell_the_revision(
    command: Command, empty_database: str
) -> None:
    def status() -> dict[str, object]:
        """Ask for the status as a program does."""
        done = command(
            "db", "status", "--json", VESTIBULE_DATABASE_URL=empty_database
        )
        assert (done.exit_code, done.stderr) == (0, "")
        found: dict[str, object] = json.loads(done.stdout)
        return found

    assert status() == {"revision": None, "newest": HEAD, "current": False}
    for said in (
        f"Upgraded to revision {HEAD}.",
        f"Already at revision {HEAD}.",
    ):
        done = command("db", "upgrade", VESTIBULE_DATABASE_URL=empty_database)
        assert (done.exit_code, done.stdout) == (0, f"{said}\n")
    assert status() == {"revision": HEAD, "newest": HEAD, "current": True}


def test_status_of_no_database_makes_none(
    command: Command, tmp_path: Path
) -> None:
    done = command("db", "status")

    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout == (
        f"At revision none, the newest is {HEAD}. Run: vestibule db upgrade\n"
    )
    assert list(tmp_path.iterdir()) == []


@on_both
def test_database_of_a_newer_version_is_left_alone(
    command: Command, empty_database: str
) -> None:
    env = {"VESTIBULE_DATABASE_URL": empty_database}
    assert command("db", "upgrade", **env).exit_code == 0
    run_sql(
        empty_database, "UPDATE vestibule_version SET version_num = '9999'"
    )
    for arguments in (["db", "upgrade"], ["user", "list"], ["worker"]):
        shown = told(command(*arguments, **env), 4)
        assert shown == (
            "The database is at revision 9999, and this Vestibule knows only "
            f"up to {HEAD}. Install the newer version again.\n"
        )


@pytest.mark.parametrize(
    "arguments",
    [["db", "status"], ["db", "upgrade"], ["user", "list"], ["worker"]],
    ids=" ".join,
)
def test_database_that_does_not_answer_is_one_plain_line(
    command: Command, arguments: list[str]
) -> None:
    url = f"postgresql://anna:pa55word@127.0.0.1:{free_port()}/accounts"
    shown = told(command(*arguments, VESTIBULE_DATABASE_URL=url), 4)
    assert shown.startswith("The database does not answer: connection failed")
    assert shown.count("\n") == 1
    assert "pa55word" not in shown


@pytest.mark.parametrize(
    "url",
    [
        "pa55word",
        "mysql://anna:pa55word@127.0.0.1/accounts",
        "postgres://anna:pa55word@127.0.0.1/accounts",
        "postgresql+asyncpg://anna:pa55word@127.0.0.1/accounts",
        "postgresql://anna:pa55word@127.0.0.1:port/accounts",
    ],
)
def test_unusable_database_address_is_explained_and_not_repeated(
    command: Command, url: str
) -> None:
    shown = told(command("db", "status", VESTIBULE_DATABASE_URL=url), 2)
    assert shown.startswith("VESTIBULE_DATABASE_URL: write it like postgresql")
    assert "pa55word" not in shown


def test_folder_that_cannot_be_made_is_one_plain_line(
    command: Command, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    for arguments in (["user", "list"], ["db", "upgrade"]):
        shown = told(command(*arguments, "--data", "file/data"), 1)
        assert shown == f"{tmp_path}/file/data: Not a directory\n"


def test_settings_are_listed_with_where_they_come_from(
    command: Command, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text(
        "VESTIBULE_SITE_NAME=Porch\nVESTIBULE_PORT=5001\n"
    )
    arguments = ["config", "show", "--preset", "classroom"]
    env = {
        "VESTIBULE_PORT": "5002",
        "VESTIBULE_DATABASE_URL": "postgresql://anna:pa55word@db/accounts",
    }
    done = command(*arguments, "--json", **env)
    assert (done.exit_code, done.stderr) == (0, "")
    found = {row["name"]: row for row in json.loads(done.stdout)}
    assert set(found) == {what.name for what in all_knobs().values()}
    for name, value, origin in (
        ("SITE_NAME", "Porch", ".env"),
        ("PORT", 5002, "environment"),
        ("PRESET", "classroom", "option"),
        ("REVEAL_ACCOUNTS", True, "preset classroom"),
        ("WORKERS", 1, "default"),
        ("DATABASE_URL", "********", "environment"),
        ("SECRET_KEY", "", "default"),
    ):
        row = found[f"VESTIBULE_{name}"]
        assert (row["value"], row["origin"]) == (value, origin), name
    plain = command(*arguments, **env).stdout
    assert len(plain.splitlines()) == len(found)
    assert re.search(
        r"^VESTIBULE_PORT +5002  \(environment\)$", plain, re.MULTILINE
    )
    assert "pa55word" not in plain + done.stdout


def test_reading_settings_makes_no_folder(
    command: Command, tmp_path: Path
) -> None:
    assert command("config", "show").exit_code == 0
    assert list(tmp_path.iterdir()) == []
