"""The development server, as somebody meets it who has just cloned it."""

import os
import re
import shlex
import shutil
import signal
import socket
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from conftest import HTML, PASSWORD
from processes import (
    PATIENCE,
    SOURCE,
    Server,
    Visitor,
    developing,
    environment,
    eventually,
    free_port,
    is_answered,
    mailed_link,
    post,
    run,
)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the tests of this module an empty home."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def server(home: Path) -> Iterator[Server]:
    """Run one development server for the tests that only use it."""
    with developing(home) as running:
        yield running


def mode(path: Path) -> str:
    """Write who may do what with a file."""
    return stat.filemode(path.stat().st_mode)


def test_it_says_where_everything_is(server: Server, home: Path) -> None:
    said = server.said()
    assert f"{server.url}/login" in said
    assert f"{server.url}/dev/mail" in said
    assert f"sqlite:///{home}/data/vestibule.db" in said
    assert "preset default" in said
    assert len(said.splitlines()) <= 8
    for path in ("/login", "/dev/mail"):
        answer = requests.get(
            server.url + path, headers=HTML, timeout=PATIENCE
        )
        assert answer.status_code == 200


def test_command_it_prints_makes_the_first_admin(
    server: Server, home: Path, tmp_path: Path
) -> None:
    email = "first@example.com"
    answer = post(server, "/users", email=email, password=PASSWORD)
    assert answer.status_code == 200
    printed = re.search(
        r"First admin .*?: (.+ promote NAME .+)", server.said()
    )
    assert printed
    # From another folder, as in another window.
    made = subprocess.run(
        shlex.split(printed[1].replace("NAME", "first")),
        cwd=tmp_path,
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    shown = run("user", "show", email, "--data", "data", home=home)
    assert re.search(r"^is_admin +True$", shown.stdout, re.MULTILINE)


@pytest.mark.asvs("13.3.2")
def test_nobody_else_can_read_what_it_keeps(
    server: Server, home: Path
) -> None:
    data = home / "data"
    assert mode(data) == "drwx------"
    assert mode(data / "secret-key") == "-rw-------"
    assert {mode(path) for path in data.glob("vestibule.db*")} == {
        "-rw-------"
    }
    assert len((data / "secret-key").read_text()) == 64


def test_database_in_an_open_folder_is_private(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir(mode=0o755)
    done = run("db", "upgrade", "--data", "shared", home=tmp_path)
    assert done.returncode == 0, done.stderr
    assert mode(shared / "vestibule.db") == "-rw-------"


def test_mails_are_printed_and_kept_on_a_page(server: Server) -> None:
    email = "mailed@example.com"
    answer = post(server, "/users", email=email, password=PASSWORD)
    assert answer.status_code == 200
    link = mailed_link(server, "/verify-email/")
    eventually(lambda: link in server.said(), "the mail on the console")
    assert f"To: {email}" in server.said()
    page = requests.get(link, headers=HTML, timeout=PATIENCE)
    assert page.status_code == 200
    assert "<h1>Confirm your email address</h1>" in page.text


def test_port_in_use_is_said_in_words(server: Server, home: Path) -> None:
    """Workers share their port; another server must not creep in there."""
    with socket.create_server(("127.0.0.1", 0)) as occupied:
        for port in (occupied.getsockname()[1], server.port):
            second = run(
                "dev", "--port", str(port), "--data", "two", home=home
            )
            assert second.returncode == 2
            assert second.stdout == ""
            assert second.stderr == (
                f"Cannot listen on 127.0.0.1, port {port}: Address already "
                "in use. Choose another one with --port.\n"
            )


@pytest.mark.parametrize(
    ("sign", "to_all"),
    [
        pytest.param(signal.SIGTERM, False, id="SIGTERM"),
        pytest.param(signal.SIGINT, False, id="SIGINT"),
        pytest.param(signal.SIGINT, True, id="Ctrl-C"),
    ],
)
def test_signal_ends_it_cleanly(
    tmp_path: Path, sign: signal.Signals, to_all: bool
) -> None:
    with developing(tmp_path) as server:
        # An idle connection that stays open must not hold it up.
        with requests.Session() as idle:
            assert idle.get(server.url, timeout=PATIENCE).status_code == 200
            if to_all:
                os.killpg(server.process.pid, sign)
            else:
                server.process.send_signal(sign)
            assert server.process.wait(PATIENCE) == 0
        eventually(server.is_gone, "the end of every process", 5)
        assert not is_answered(server.port)
        assert "Traceback" not in server.said()


def test_restart_signs_nobody_out(tmp_path: Path) -> None:
    port = free_port()
    with developing(tmp_path, port=port) as server:
        anna = Visitor(server)
        anna.send(
            "/register",
            username="anna",
            email="anna@example.com",
            password1=PASSWORD,
            password2=PASSWORD,
        )
        answer = anna.send("/login", email="anna", password=PASSWORD)
        assert answer.status_code == 302
        # This form is open while the server is started anew.
        page = anna.open("/profile").text
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert token
    with developing(tmp_path, port=port) as server:
        again = anna.open("/profile")
        assert again.url == f"{server.url}/profile"
        assert "anna@example.com" in again.text
        answer = anna.session.post(
            f"{server.url}/profile",
            data={
                "username": "anna2",
                "email": "anna@example.com",
                "csrf_token": token[1],
            },
            timeout=PATIENCE,
        )
        assert "Profile updated successfully" in answer.text


def test_changed_code_is_served_at_once(tmp_path: Path) -> None:
    shutil.copytree(
        SOURCE, tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__")
    )
    package = tmp_path / "src" / "vestibule"

    def change(path: Path, old: str, new: str) -> None:
        """Replace a text in a file, as an editor does."""
        text = path.read_text("utf-8")
        assert old in text
        path.write_text(text.replace(old, new), "utf-8")

    def served(url: str, text: str, **headers: str) -> bool:
        """Tell whether the entrance says so now."""
        try:
            answer = requests.get(url, headers=headers, timeout=PATIENCE)
        except requests.ConnectionError:
            return False
        return answer.status_code == 200 and text in answer.text

    with developing(tmp_path, PYTHONPATH=str(tmp_path / "src")) as server:
        change(
            package / "doors" / "templates" / "vestibule" / "home.html",
            "Welcome to {name}",
            "Come in to {name}",
        )
        eventually(
            lambda: served(server.url, "Come in to Vestibule", **HTML),
            "the new page",
        )
        change(package / "doors" / "classic.py", "Bienvenue", "Bonjour")
        eventually(lambda: served(server.url, "Bonjour"), "the new word")
        assert "Traceback" not in server.said()


def test_unknown_setting_names_the_nearest_one(tmp_path: Path) -> None:
    done = run(
        "dev",
        "--port",
        str(free_port()),
        home=tmp_path,
        VESTIBULE_PASWORD_MIN_LENGHT="12",
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == (
        "VESTIBULE_PASWORD_MIN_LENGHT is not a setting. "
        "Did you mean VESTIBULE_PASSWORD_MIN_LENGTH?\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_dot_env_of_the_working_folder_is_read(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(
        'VESTIBULE_SITE_NAME="The Porch"\n'
        "VESTIBULE_PASSWORD_MIN_LENGTH=20\n"
        "VESTIBULE_AFTER_LOGIN=/from-file\n"
    )
    with developing(tmp_path, VESTIBULE_PASSWORD_MIN_LENGTH="9") as server:
        page = requests.get(
            f"{server.url}/register", headers=HTML, timeout=10
        ).text
        assert "The Porch" in page
        # The environment goes before the file.
        assert "At least 9 characters" in page
