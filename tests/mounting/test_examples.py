"""Every example is run as its README says, and is well typed."""

import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Page, expect, sync_playwright

from conftest import HTML, PASSWORD
from processes import (
    PATIENCE,
    ROOT,
    Server,
    Visitor,
    environment,
    eventually,
    free_port,
    mailed_link,
    post,
    started,
)

EXAMPLES = ROOT / "examples"
NAMES = sorted(path.parent.name for path in EXAMPLES.glob("*/README.md"))

Copy = Callable[[str], Path]


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    """Copy an example, which may then leave its data where it is."""

    def copied(name: str) -> Path:
        """Copy one example."""
        folder = tmp_path / name
        ignored = shutil.ignore_patterns("__pycache__", "instance", "*-data")
        shutil.copytree(EXAMPLES / name, folder, ignore=ignored)
        return folder

    return copied


@contextmanager
def flask_run(folder: Path, *options: str) -> Iterator[Server]:
    """Run ``flask run`` in the folder of an example."""
    port = free_port()
    command = [sys.executable, "-m", "flask", *options, "run", "--debug"]
    command += ["--no-reload", "--port", str(port)]
    env = environment(folder, VESTIBULE_PORT=str(port))
    with started(command, port, folder, env) as server:
        yield server


def sign_up(server: Server, prefix: str, name: str) -> None:
    """Create an account, as a program does."""
    email = f"{name}@example.com"
    made = post(server, f"{prefix}/users", email=email, password=PASSWORD)
    assert made.status_code == 200, made.text


def test_every_example_is_listed_and_tested() -> None:
    listed = re.findall(r"\]\((\w+)/\)", (EXAMPLES / "README.md").read_text())

    assert sorted(listed) == NAMES
    # tests/forward_auth runs the proxies.
    assert NAMES == [
        "factory",
        "forward_auth",
        "mounted",
        "spa",
        "standalone",
        "tests",
    ]


@pytest.mark.slow
def test_the_examples_are_typed_as_strictly_as_can_be(copy: Copy) -> None:
    for name in NAMES:
        if not list((EXAMPLES / name).rglob("*.py")):
            continue
        done = subprocess.run(
            [
                sys.executable,
                *("-m", "mypy", "--strict"),
                *("--cache-dir", ROOT / ".mypy_cache/examples"),
                ".",
            ],
            cwd=copy(name),
            capture_output=True,
            text=True,
            timeout=5 * PATIENCE,
            check=False,
        )
        assert done.returncode == 0, f"{name}: {done.stdout}{done.stderr}"


def test_standalone_serves_the_whole_site_and_sends_its_mails(
    copy: Copy,
) -> None:
    folder = copy("standalone")
    with flask_run(folder, "--app", "wsgi") as server:
        sign_up(server, "", "anna")
        page = requests.get(server.url, headers=HTML, timeout=PATIENCE)

        assert "Welcome to Vestibule" in page.text
        assert mailed_link(server, "/verify-email/")
    names = re.findall(r"^(\w+)=", (folder / "env.example").read_text(), re.M)
    assert "VESTIBULE_BASE_URL" in names


def test_mounted_is_what_the_readme_prints(copy: Copy) -> None:
    lines = (copy("mounted") / "app.py").read_text()

    assert lines in (ROOT / "README.md").read_text()
    code = [line for line in lines.splitlines() if line]
    assert len(code) == 8


def test_mounted_brings_people_back_to_where_they_wanted(copy: Copy) -> None:
    with flask_run(copy("mounted")) as server:
        sign_up(server, "", "anna")
        visitor = Visitor(server)
        asked = visitor.open("/members")
        path = asked.url.removeprefix(server.url)
        visitor.send(path, email="anna", password=PASSWORD)

        assert visitor.open("/members").text == "Hello anna"


def test_factory_keeps_each_one_s_orders_apart(copy: Copy) -> None:
    folder = copy("factory")
    with flask_run(folder, "--app", "shop") as server:
        people = {}
        for name in ("anna", "bob"):
            sign_up(server, "/account", name)
            visitor = people[name] = Visitor(server)
            login = visitor.open("/orders/").url.removeprefix(server.url)
            visitor.send(login, email=name, password=PASSWORD)
            visitor.session.post(
                f"{server.url}/orders/",
                data={"what": f"a <lamp> for {name}"},
                timeout=PATIENCE,
            )
        annas = people["anna"].open("/orders/").text
        stranger = Visitor(server).open("/orders/")

        assert "a &lt;lamp&gt; for anna" in annas
        assert "for bob" not in annas
        assert "Signed in as anna" in annas
        assert stranger.url.endswith("/account/login?next=/orders/")
        letter = re.compile(rf"^{server.url}/account/verify-email/\S+", re.M)
        (link, *_) = eventually(
            lambda: letter.findall(server.said()), "the letter on the console"
        )
        assert requests.get(link, headers=HTML, timeout=PATIENCE).ok
    listed = subprocess.run(
        [
            sys.executable,
            *("-m", "flask", "--app", "shop", "vestibule", "user", "list"),
        ],
        cwd=folder,
        env=environment(folder),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
    )
    assert "anna@example.com" in listed.stdout


def test_the_tests_of_a_host_pass(copy: Copy) -> None:
    folder = copy("tests")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=folder,
        env=environment(folder),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^5 passed", done.stdout, re.M), done.stdout
    assert not (folder / "vestibule-data").exists()


@pytest.fixture
def window() -> Iterator[Page]:
    """Give the test a page of the system's Chromium."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    assert path, "Chromium is missing. Install the package chromium."
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser.new_page()
        browser.close()


@pytest.mark.browser
def test_the_single_page_signs_people_up_in_and_out(
    copy: Copy, window: Page
) -> None:
    complaints: list[str] = []
    window.on("console", lambda said: complaints.append(said.text))
    window.on("pageerror", lambda error: complaints.append(str(error)))
    said = window.locator("#said")
    with flask_run(copy("spa")) as server:
        policy = requests.get(server.url, timeout=PATIENCE).headers[
            "Content-Security-Policy"
        ]
        window.goto(server.url)
        window.get_by_label("Email address").fill("anna@example.com")
        window.get_by_label("Password").fill("short")
        window.get_by_role("button", name="Create an account").click()
        expect(said).to_contain_text("at least 8 characters")
        window.get_by_label("Password").fill(PASSWORD)
        window.get_by_role("button", name="Create an account").click()
        expect(said).to_have_text("Welcome.")
        expect(window.locator("#me")).to_have_text("anna")
        window.get_by_role("button", name="Tell my fortune").click()
        expect(said).to_have_text("anna will find a lamp.")
        window.reload()
        expect(window.locator("#me")).to_have_text("anna")
        assert window.evaluate("document.cookie") == ""
        window.get_by_role("button", name="Sign out").click()
        expect(said).to_have_text("See you.")
        window.get_by_label("Email address").fill("anna")
        window.get_by_label("Password").fill("a wrong password")
        window.get_by_role("button", name="Sign in", exact=True).click()
        expect(said).not_to_have_text("See you.")
        expect(window.locator("#inside")).to_be_hidden()
        wrong = said.inner_text()
        window.get_by_label("Password").fill(PASSWORD)
        window.get_by_role("button", name="Sign in", exact=True).click()
        expect(window.locator("#me")).to_have_text("anna")

    assert "unsafe" not in policy
    assert wrong
    # What is refused on purpose stands on the console as well.
    assert [text for text in complaints if "Failed to load" not in text] == []
