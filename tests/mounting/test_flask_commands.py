"""``flask vestibule …`` does what ``vestibule …`` does, for a host."""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest
from click.testing import Result
from flask import Flask

from conftest import PASSWORD
from hosts import hosting, one_database
from processes import PATIENCE, environment, eventually
from vestibule import Settings, testing
from vestibule.doors.cli import main
from vestibule.doors.mirror import LEFT_OUT, MirroredCommands

Command = Callable[..., Result]


def words(
    group: click.Group, path: tuple[str, ...] = ()
) -> Iterator[tuple[str, ...]]:
    """List the words of every command below a group."""
    context = click.Context(group)
    for name in group.list_commands(context):
        found = group.get_command(context, name)
        if isinstance(found, click.Group):
            yield from words(found, (*path, name))
        else:
            yield (*path, name)


EVERY = [path for path in words(main) if path[0] not in LEFT_OUT]


@pytest.fixture
def host(settings: Settings) -> Iterator[Flask]:
    """Give the test a host with a database and a name of its own."""
    with hosting(settings.having("app.config", SITE_NAME="Shop")) as app:
        yield app


@pytest.fixture
def command(host: Flask) -> Command:
    """Run commands of the host, as ``flask`` does."""

    def run(*arguments: str, typed: str = "") -> Result:
        """Run one command to its end."""
        return host.test_cli_runner(catch_exceptions=False).invoke(
            args=["vestibule", *arguments], input=typed, prog_name="flask"
        )

    return run


def test_a_host_has_every_command_but_those_that_serve() -> None:
    assert [*words(MirroredCommands())] == EVERY
    assert ("user", "create") in EVERY
    assert ("worker",) in EVERY


@one_database
@pytest.mark.parametrize("path", EVERY, ids=" ".join)
def test_the_help_of_each_command_shows_how_it_is_called_here(
    command: Command, path: tuple[str, ...]
) -> None:
    shown = command(*path, "--help")
    example = shown.stdout.partition("Example: ")[2]

    assert shown.exit_code == 0
    assert example.startswith(f"flask vestibule {' '.join(path)}")
    assert "--data" not in shown.stdout
    assert "--preset" not in shown.stdout
    for option in re.findall(r"--[a-z-]+", example):
        assert f"{option} " in shown.stdout.partition("Example: ")[0]


def test_commands_work_on_the_accounts_of_the_host(
    host: Flask, command: Command
) -> None:
    made = command(
        "user",
        "create",
        "anna@example.com",
        "--password-stdin",
        typed=PASSWORD,
    )
    promoted = command("user", "promote", "anna")
    listed = command("user", "list", "--json")
    missing = command("user", "show", "ana")

    assert made.stdout == "Created anna (anna@example.com).\n"
    assert promoted.exit_code == 0
    assert [user["is_admin"] for user in json.loads(listed.stdout)] == [True]
    assert missing.exit_code == 3
    assert "Did you mean anna?" in missing.stderr
    # The host goes on with the same connections.
    anna = testing.auth(host).administration.find("anna")
    client = testing.sign_in(host, anna)
    assert client.get("/orders").text == "The orders of anna"


@one_database
def test_a_hint_names_the_command_as_it_is_called_here(
    host: Flask, command: Command
) -> None:
    testing.user(host, "anna")
    testing.user(host, "ben")

    said = command("user", "list", "--most", "1").stderr

    assert "More: flask vestibule user list --after 1" in said


@one_database
def test_the_settings_shown_are_those_that_are_mounted(
    command: Command,
) -> None:
    rows = json.loads(command("config", "show", "--json").stdout)
    found = {row["name"]: (row["value"], row["origin"]) for row in rows}

    assert found["VESTIBULE_SITE_NAME"] == ("Shop", "app.config")
    assert found["VESTIBULE_SECRET_KEY"] == ("********", "option")
    assert "Up to date" in command("db", "status").stdout
    assert "Already at" in command("db", "upgrade").stdout


def test_the_real_command_knows_the_host_s_settings_and_sends_its_mails(
    tmp_path: Path,
) -> None:
    (tmp_path / "app.py").write_text(
        "from flask import Flask\n"
        "from vestibule import Vestibule\n"
        "app = Flask(__name__)\n"
        "app.config['VESTIBULE_DATA'] = 'inside'\n"
        "app.config['VESTIBULE_DEVELOPMENT'] = True\n"
        "Vestibule(app, url_prefix='/account')\n"
    )
    flask = [sys.executable, "-m", "flask", "vestibule"]
    env = environment(tmp_path)

    def run(*arguments: str) -> str:
        """Run a command to its end, and read what it prints."""
        return subprocess.run(
            [*flask, *arguments],
            cwd=tmp_path,
            env=env,
            input=PASSWORD,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=True,
        ).stdout

    run("user", "create", "anna@example.com", "--password-stdin")
    run("user", "set-password", "anna", "--password-stdin")
    assert (tmp_path / "inside/vestibule.db").exists()
    assert "/account  (option)" in run("config", "show")
    log = tmp_path / "worker.log"
    with log.open("w") as file:
        worker = subprocess.Popen(
            [*flask, "worker"], cwd=tmp_path, env=env, stderr=file
        )
    eventually(lambda: "To: anna@" in log.read_text(), "the letter")
    worker.terminate()

    assert worker.wait(PATIENCE) == 0
    assert "http://localhost:5000/account/password_reset" in log.read_text()
    assert log.read_text().count("To: anna@") == 1
