"""What the README and the documents print works as it is printed."""

import re
from pathlib import Path

import pytest
import requests

from conftest import HTML
from processes import PATIENCE, ROOT, mailed_link
from snippets import DOCUMENTS, Block, blocks
from vestibule.sections import all_knobs
from walks import answer, at_terminal, fits, lay_out, served

PASSWORD = "three random words"
README = ROOT / "README.md"


def under(heading: str) -> list[Block]:
    """List the pieces of code below a heading."""
    found = [block for block in blocks(README) if block.heading == heading]
    assert found, heading
    return found


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Give the test a folder from which the README's commands are found."""
    return lay_out(tmp_path)


def test_the_suite_runs_every_piece_of_code_in_the_readme() -> None:
    assert [(block.heading, block.role) for block in blocks(README)] == [
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
            assert fits(wanted, answer(command, checkout, server.port))
        link = mailed_link(server, "/password_reset/")
        token = link.rpartition("/")[2]
        for command, wanted in reset.commands():
            filled = command.replace("TOKEN", token)
            assert fits(wanted, answer(filled, checkout, server.port))
        for command, wanted in promote.commands():
            assert fits(wanted, answer(command, checkout, server.port))


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
    text = document.read_text("utf-8")
    for block in blocks(document):
        # What must fail may be misspelt on purpose.
        if block.verb == "fails":
            text = text.replace(block.text, "")
    named = re.findall(r"VESTIBULE_[A-Z][A-Z_]*", text)

    assert set(named) <= known


def test_every_capability_has_a_page() -> None:
    folders = (ROOT / "src/vestibule/capabilities").iterdir()
    capabilities = {
        folder.name
        for folder in folders
        if (folder / "operations.py").is_file()
    }
    found = (ROOT / "docs/capabilities").glob("*.md")
    pages = {path.stem for path in found} - {"README"}

    assert pages == capabilities
