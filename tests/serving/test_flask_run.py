"""``flask run`` in a checkout, and what ``pip install -r`` would install."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from conftest import HTML, PASSWORD
from processes import (
    PATIENCE,
    ROOT,
    Server,
    environment,
    free_port,
    mailed_link,
    post,
    run,
    started,
)

TOOLS = Path(sys.executable).parent


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Copy of a checkout what an application needs to run."""
    ignored = shutil.ignore_patterns("__pycache__", "vestibule-data")
    for name in ("src", "classic"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=ignored)
    shutil.copy(ROOT / "wsgi.py", tmp_path)
    return tmp_path


@contextmanager
def flask_run(folder: Path, home: Path) -> Iterator[Server]:
    """Run ``flask run`` in a folder, as the texts say."""
    port = free_port()
    # The files find the package by themselves.
    env = environment(home, PYTHONPATH="", VESTIBULE_PORT=str(port))
    command = [sys.executable, "-m", "flask", "run", "--port", str(port)]
    with started(command, port, folder, env) as server:
        yield server


@pytest.mark.parametrize("folder", [".", "classic"])
def test_flask_run_serves_the_whole_application(
    checkout: Path, folder: str
) -> None:
    with flask_run(checkout / folder, checkout) as server:
        email = "anna@example.com"
        assert requests.get(server.url, timeout=PATIENCE).text == (
            '{"message":"Bienvenue"}'
        )
        made = post(server, "/users", email=email, password=PASSWORD)
        assert made.json() == {"email": email, "message": "user created"}
        page = requests.get(
            f"{server.url}/login", headers=HTML, timeout=PATIENCE
        )
        assert "<h1>Sign in</h1>" in page.text
        # The worker is beside it, and links lead back here.
        mailed_link(server, "/verify-email/")
        assert f"To: {email}" in server.said()
        assert "Traceback" not in server.said()


def test_classic_names_work_in_a_script(checkout: Path) -> None:
    script = (
        "from auth import Auth\n"
        "from db import DB\n"
        "from user import User\n"
        "auth = Auth()\n"
        "user = auth.register_user('bob@bob.com', 'correct horse battery')\n"
        "assert isinstance(user, User)\n"
        "assert isinstance(auth.db, DB)\n"
        "assert auth.valid_login('bob@bob.com', 'correct horse battery')\n"
        "session_id = auth.create_session('bob@bob.com')\n"
        "assert auth.get_user_from_session_id(session_id).id == user.id\n"
        "auth.db.close()\n"
        "print(user.email)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=checkout / "classic",
        env=environment(checkout),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "bob@bob.com\n"), done.stderr
    # The command line looks at the same accounts from the same folder.
    shown = run(
        "user", "list", "--data", "classic/vestibule-data", home=checkout
    )
    assert "bob@bob.com" in shown.stdout


def test_requirements_are_those_of_the_lock_file(tmp_path: Path) -> None:
    exported = subprocess.run(
        [
            TOOLS / "uv",
            "export",
            "--frozen",
            "--offline",
            "--no-dev",
            "--no-emit-project",
            "--no-header",
            "--format",
            "requirements-txt",
            "--project",
            ROOT,
        ],
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert exported.returncode == 0, exported.stderr
    assert (ROOT / "requirements.txt").read_text() == exported.stdout
    assert "--hash=sha256:" in exported.stdout
