"""The command as operators run it: pipes, terminals, and Ctrl-C."""

import json
import os
import pty
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import PASSWORD
from foreign_systems import REAL, with_bcrypt
from importer import as_csv
from processes import PATIENCE, environment, eventually, run, serving

HEADER = ("email", "password_hash", "username")


def people(count: int) -> str:
    """Write a file of that many people."""
    hashed = with_bcrypt(PASSWORD)
    listed = [(f"p{n}@example.com", hashed, f"p{n:05}") for n in range(count)]
    return as_csv(HEADER, *listed)


def ids(home: Path) -> list[int]:
    """List the numbers of all accounts in the folder's database."""
    done = run("user", "list", "--most", "10000", "--json", home=home)
    return [user["id"] for user in json.loads(done.stdout)]


def test_people_brought_over_by_a_pipe_sign_in_at_the_server(
    tmp_path: Path,
) -> None:
    # The costs are those that the systems choose themselves.
    hashed = {
        "flask": REAL["werkzeug scrypt"](PASSWORD),
        "django": REAL["django pbkdf2_sha256"](PASSWORD),
        "wordpress": REAL["wordpress before"](PASSWORD),
    }
    rows = [(f"{name}@example.com", kept, "") for name, kept in hashed.items()]
    done = run(
        "user",
        "import",
        "-",
        "--format",
        "csv",
        home=tmp_path,
        typed=as_csv(HEADER, *rows),
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "Imported 3, rejected 0, of these already there 0.\n"
    assert done.stderr == ""

    import requests

    with serving(tmp_path) as server:
        for name in hashed:
            typed = {"email": f"{name}@example.com", "password": PASSWORD}
            for _ in range(2):
                answer = requests.post(
                    f"{server.url}/sessions", data=typed, timeout=PATIENCE
                )
                assert answer.status_code == 200
            typed["password"] = "a wrong guess"
            answer = requests.post(
                f"{server.url}/sessions", data=typed, timeout=PATIENCE
            )
            assert answer.status_code == 401


def test_a_terminal_sees_a_bar_that_goes_away(tmp_path: Path) -> None:
    (tmp_path / "users.csv").write_text(people(700), "utf-8")
    mine, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "vestibule", "user", "import", "users.csv"],
        cwd=tmp_path,
        env=environment(tmp_path, TERM="xterm", COLUMNS="80"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=theirs,
    )
    os.close(theirs)
    shown = b""
    try:
        while piece := os.read(mine, 4096):
            shown += piece
    except OSError:
        # So Linux says that the other side of a terminal is closed.
        pass
    finally:
        os.close(mine)
    out, _ = process.communicate(timeout=PATIENCE)

    assert process.returncode == 0
    assert b"Importing" in shown
    assert b"Imported" not in shown
    assert out == b"Imported 700, rejected 0, of these already there 0.\n"


def test_ctrl_c_leaves_whole_people_and_the_same_file_goes_on(
    tmp_path: Path,
) -> None:
    text = people(2600)
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "vestibule", "user", "import", "-"),
            *("--format", "csv"),
        ],
        cwd=tmp_path,
        env=environment(tmp_path),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    # The rest does not come: the command waits for it.
    lines = text.splitlines(keepends=True)
    process.stdin.write("".join(lines[:1300]))
    process.stdin.flush()
    eventually(lambda: len(ids(tmp_path)) == 1000, "two batches")

    process.send_signal(signal.SIGINT)
    out, said = process.communicate(timeout=PATIENCE)

    assert process.returncode == 1
    assert out == "Imported 1000, rejected 0, of these already there 0.\n"
    assert said.startswith("Stopped. Start it again with the same file")
    assert "Traceback" not in said
    (tmp_path / "users.csv").write_text(text, "utf-8")
    again = run("user", "import", "users.csv", home=tmp_path)
    assert again.returncode == 1
    assert again.stdout == (
        "Imported 1600, rejected 1000, of these already there 1000.\n"
    )
    assert len(ids(tmp_path)) == 2600
    assert len(re.findall(r"\[email\.taken\]", again.stderr)) == 1000


def test_ctrl_c_waits_for_the_batch_that_is_being_written(
    tmp_path: Path,
) -> None:
    program = (
        "import os, signal\n"
        "from vestibule.__main__ import main\n"
        "from vestibule.capabilities.importing.operations import Importing\n"
        "usual = Importing._together\n"
        "def slow(self, newcomers):\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    return usual(self, newcomers)\n"
        "Importing._together = slow\n"
        "main()\n"
    )
    (tmp_path / "users.csv").write_text(people(1200), "utf-8")
    done = subprocess.run(
        [sys.executable, "-c", program, "user", "import", "users.csv"],
        cwd=tmp_path,
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )

    assert done.returncode == 1
    assert done.stdout == (
        "Imported 500, rejected 0, of these already there 0.\n"
    )
    assert "Stopped." in done.stderr
    assert len(ids(tmp_path)) == 500


@pytest.mark.attack(146)
def test_a_database_that_falls_silent_is_told_with_what_went_in(
    tmp_path: Path,
) -> None:
    program = (
        "from vestibule.__main__ import main\n"
        "from vestibule.errors import Unavailable\n"
        "from vestibule.capabilities.importing.operations import Importing\n"
        "usual = Importing.bring\n"
        "went = []\n"
        "def silent(self, newcomers):\n"
        "    if went:\n"
        "        raise Unavailable\n"
        "    went.append(1)\n"
        "    return usual(self, newcomers)\n"
        "Importing.bring = silent\n"
        "main()\n"
    )
    (tmp_path / "users.csv").write_text(people(700), "utf-8")
    done = subprocess.run(
        [sys.executable, "-c", program, "user", "import", "users.csv"],
        cwd=tmp_path,
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )

    assert done.returncode == 4
    assert done.stdout.startswith("Imported 500, rejected 0")
    assert "The database does not answer" in done.stderr
    assert "Traceback" not in done.stderr
