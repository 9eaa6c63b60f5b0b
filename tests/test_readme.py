"""What the README and the documents print works as it is printed."""

import os
import pty
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from conftest import HTML
from processes import (
    PATIENCE,
    ROOT,
    Server,
    environment,
    free_port,
    mailed_link,
    started,
)
from vestibule.sections import all_knobs

PROGRAMS = Path(sys.executable).parent
PASSWORD = "three random words"
DOCUMENTS = sorted(
    [
        *(path for path in ROOT.glob("*.md")),
        *(ROOT / "docs").rglob("*.md"),
    ]
)


@dataclass(frozen=True)
class Block:
    """A piece of code in the README, and what the suite does with it."""

    heading: str
    role: str
    text: str

    def commands(self) -> list[tuple[str, str]]:
        """List the commands, each with the answer printed below it."""
        found: list[tuple[str, str]] = []
        for line in self.text.splitlines():
            if line.startswith("# "):
                found[-1] = (found[-1][0], line.removeprefix("# "))
            else:
                found.append((line, ""))
        return found


def blocks() -> list[Block]:
    """Read the pieces of code of the README in their order."""
    text = (ROOT / "README.md").read_text("utf-8")
    found: list[Block] = []
    for section in re.split(r"^## ", text, flags=re.M)[1:]:
        heading = section.partition("\n")[0]
        pattern = r"(?:<!-- suite: (.*?) -->\n)?```\w*\n(.*?)```\n"
        for role, code in re.findall(pattern, section, re.S):
            found.append(Block(heading, role, code))
    return found


def under(heading: str) -> list[Block]:
    """List the pieces of code below a heading."""
    found = [block for block in blocks() if block.heading == heading]
    assert found, heading
    return found


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Give the test a folder from which the README's commands are found."""
    for name in (".venv", "venv"):
        (tmp_path / name).symlink_to(PROGRAMS.parent)
    (tmp_path / "script").mkdir()
    # The script itself would bring the environment of this suite up to
    # date first, below the feet of other tests.
    dev = tmp_path / "script/dev"
    dev.write_text(f'#!/bin/sh\nexec {PROGRAMS}/vestibule dev "$@"\n')
    dev.chmod(0o755)
    return tmp_path


@contextmanager
def served(command: str, folder: Path) -> Iterator[Server]:
    """Run a command of the README that serves until it is stopped."""
    port = free_port()
    words = shlex.split(command)
    env = here(folder, port)
    if words[0] == "flask":
        words += ["--port", str(port)]
    with started(words, port, folder, env) as server:
        yield server


def here(folder: Path, port: int = 5000) -> dict[str, str]:
    """Make the environment of somebody who follows the README."""
    path = f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}"
    return environment(folder, PATH=path, VESTIBULE_PORT=str(port))


def answer(command: str, folder: Path, port: int = 5000) -> str:
    """Run a command of the README to its end and give what it prints."""
    command = command.replace("localhost:5000", f"localhost:{port}")
    done = subprocess.run(
        ["sh", "-c", command],
        cwd=folder,
        env=here(folder, port),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def at_terminal(command: str, folder: Path, typed: str) -> str:
    """Run a command at a terminal, and type after each of its questions."""
    mine, theirs = pty.openpty()
    process = subprocess.Popen(
        shlex.split(command),
        cwd=folder,
        env=here(folder),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    said, asked = b"", 0
    try:
        while piece := os.read(mine, 1024):
            said += piece
            if said.count(b": ") > asked:
                asked = said.count(b": ")
                os.write(mine, f"{typed}\n".encode())
    except OSError:
        # So Linux says that the other side of a terminal is closed.
        pass
    finally:
        os.close(mine)
    assert process.wait(PATIENCE) == 0, said.decode()
    return said.decode()


def test_the_suite_runs_every_piece_of_code_in_the_readme() -> None:
    assert [(block.heading, block.role) for block in blocks()] == [
        ("Start in 30 seconds", "serve"),
        ("The same for a program", "run"),
        ("The same for a program", "run TOKEN"),
        ("The first administrator", "run"),
        ("In your own Flask application", "save app.py"),
        ("In your own Flask application", "serve"),
        ("In production", "production"),
    ]


def test_the_first_steps_lead_where_the_readme_says(checkout: Path) -> None:
    (start,) = under("Start in 30 seconds")
    ask, reset = under("The same for a program")
    (promote,) = under("The first administrator")
    with served(start.text, checkout) as server:
        page = requests.get(server.url, headers=HTML, timeout=PATIENCE)
        assert "Create an account" in page.text
        for command, wanted in ask.commands():
            assert answer(command, checkout, server.port) == wanted
        link = mailed_link(server, "/password_reset/")
        token = link.rpartition("/")[2]
        for command, wanted in reset.commands():
            filled = command.replace("TOKEN", token)
            assert answer(filled, checkout, server.port) == wanted
        for command, wanted in promote.commands():
            assert answer(command, checkout, server.port) == wanted


def test_the_lines_in_a_host_protect_its_view(checkout: Path) -> None:
    program, run = under("In your own Flask application")
    (checkout / "app.py").write_text(program.text, "utf-8")
    with served(run.text, checkout) as server:
        visitor = requests.Session()
        page = visitor.get(
            f"{server.url}/members", headers=HTML, timeout=PATIENCE
        )
        assert page.url == f"{server.url}/login?next=/members"
        typed = {"email": "anna@example.com", "password": PASSWORD}
        for path in ("/users", "/sessions"):
            visitor.post(server.url + path, data=typed, timeout=PATIENCE)
        page = visitor.get(f"{server.url}/members", timeout=PATIENCE)
        assert page.text == "Hello anna"


def test_four_commands_serve_in_production(checkout: Path) -> None:
    (block,) = under("In production")
    install, configure, create, serve = [c for c, _ in block.commands()]
    # Installing takes a minute; here everything is installed already.
    assert install.startswith("python3 -m venv venv && venv/bin/pip install")
    answer(configure, checkout)
    assert (checkout / ".env").stat().st_mode & 0o777 == 0o600
    said = at_terminal(create, checkout, PASSWORD)
    assert "Created anna (anna@example.com), an administrator." in said

    with served(serve, checkout) as server:
        signed_in = requests.post(
            f"{server.url}/sessions",
            data={"email": "anna@example.com", "password": PASSWORD},
            timeout=PATIENCE,
        )
        assert signed_in.status_code == 200
        cookie = signed_in.headers["Set-Cookie"]
        assert cookie.startswith("__Host-session_id=")


@pytest.mark.parametrize(
    "document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT))
)
def test_every_link_of_a_document_leads_somewhere(document: Path) -> None:
    text = document.read_text("utf-8")
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text):
        if not target.startswith(("http:", "https:", "mailto:")):
            assert (document.parent / target).exists(), target


@pytest.mark.parametrize(
    "document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT))
)
def test_every_setting_that_a_document_names_exists(document: Path) -> None:
    known = {what.name for what in all_knobs().values()}
    known |= {f"{what.name}_FILE" for what in all_knobs().values()}
    named = re.findall(r"VESTIBULE_[A-Z][A-Z_]*", document.read_text("utf-8"))

    assert set(named) <= known


def test_every_capability_has_a_page() -> None:
    folders = (ROOT / "src/vestibule/capabilities").iterdir()
    capabilities = {
        folder.name
        for folder in folders
        if (folder / "operations.py").is_file()
    }
    pages = {path.stem for path in (ROOT / "docs/capabilities").glob("*.md")}

    assert pages == capabilities
