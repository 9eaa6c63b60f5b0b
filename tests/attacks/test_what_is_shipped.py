"""What is shipped: scripts that keep nothing, no key, and no tools of ours."""

import http.server
import re
import socket
import subprocess
import sys
import threading
import tomllib
from pathlib import Path

import pytest

from processes import ROOT, SOURCE, environment
from vestibule.doctor.probe import fetched

PACKAGE = SOURCE / "vestibule"
SCRIPTS = sorted((PACKAGE / "doors/static").glob("*.js"))
# What writes a member whose name comes from elsewhere, and what keeps
# anything in the browser or sends it away.
IN_NO_SCRIPT = re.compile(
    r"__proto__|\bprototype\b|\bconstructor\s*\[|\.assign\([^)]*JSON|"
    r"\]\s*=(?![=>])|"
    r"(local|session)Storage|indexedDB|document\.cookie|\bcaches\.|"
    r"\bfetch\(|XMLHttpRequest|sendBeacon|WebSocket|EventSource|import\("
)
# What a browser is asked about passkeys, and no more, comes from the site:
# at an address that the page wrote down, as `connect-src` holds it to.
FETCHING = {"passkeys.js", "passkey_signals.js"}
FROM_THE_PAGE = re.compile(r"\bfetch\(form\.dataset(\.\w+|\[\w+\]), \{$", re.M)
KEYS = re.compile(
    r"-----BEGIN (\w+ )?PRIVATE KEY|AKIA[0-9A-Z]{16}|ghp_\w{36}|xox[bp]-\w+"
)


def without_words(script: str) -> str:
    """Take the comments and the plain texts out of a script."""
    script = re.sub(r"^\s*//.*$", "", script, flags=re.M)
    return re.sub(r'"[^"\n]*"', '""', script)


@pytest.mark.asvs("14.3.3", "15.3.6")
@pytest.mark.parametrize("file", SCRIPTS, ids=lambda file: file.name)
def test_no_script_writes_members_by_name_or_keeps_anything(
    file: Path,
) -> None:
    script = without_words(file.read_text("utf-8"))

    # An array that is taken apart is no member that is written.
    script = re.sub(r"const \[[\w, {}]*\] =", "", script)
    if file.name in FETCHING:
        script, fetches = FROM_THE_PAGE.subn("", script)
        assert fetches
    assert [m[0] for m in IN_NO_SCRIPT.finditer(script)] == []


@pytest.mark.asvs("14.3.3", "15.3.6")
@pytest.mark.parametrize(
    "script",
    [
        "target[name] = value;",
        "Object.assign(target, JSON.parse(text));",
        "value.__proto__.admin = true;",
        "sessionStorage.setItem('token', token);",
        "fetch('https://example.com', { body: text });",
    ],
)
def test_what_may_not_stand_in_a_script_is_found(script: str) -> None:
    assert IN_NO_SCRIPT.search(without_words(script))


@pytest.mark.asvs("14.3.3")
@pytest.mark.parametrize(
    "script",
    [
        'fetch("https://example.com", {\n',
        "fetch(address, {\n",
        "fetch(form.action, {\n",
        "fetch(form.dataset.options, extra);",
    ],
)
def test_only_what_the_page_wrote_down_is_fetched(script: str) -> None:
    assert not FROM_THE_PAGE.search(script)


# -- ways out ---------------------------------------------------------------


@pytest.mark.asvs("15.3.2")
def test_the_one_address_that_is_asked_leads_nowhere_else() -> None:
    paths = []

    class Leading(http.server.BaseHTTPRequestHandler):
        """Leads everybody on."""

        def do_GET(self) -> None:
            """Say that what was asked for is elsewhere."""
            paths.append(self.path)
            self.send_response(302)
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with http.server.HTTPServer(("127.0.0.1", 0), Leading) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/check"
        status, _, _ = fetched(url, {}, socket.create_connection)
        server.shutdown()

    assert (status, paths) == (302, ["/check"])


# -- what is released -------------------------------------------------------


@pytest.mark.asvs("15.2.3")
def test_what_is_released_holds_no_tools_of_those_who_make_it() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    named = re.compile(r"^[\w.-]+", re.M)
    tools = {named.findall(n)[0] for n in project["dependency-groups"]["dev"]}
    shipped = {*named.findall((ROOT / "requirements.txt").read_text("utf-8"))}

    assert wheel == {"packages": ["src/vestibule"]}
    assert len(shipped) > 20
    assert tools & shipped <= {"valkey"}
    stray = {"tests", "test", "examples", "benchmarks", "conftest.py", "docs"}
    assert not stray & {path.name for path in PACKAGE.rglob("*")}


@pytest.mark.asvs("15.2.3")
def test_a_running_application_has_loaded_nothing_that_tests_need(
    tmp_path: Path,
) -> None:
    code = (
        "import sys\n"
        "from vestibule.doors.app import create_app\n"
        "from vestibule.settings import Settings\n"
        "app = create_app(Settings.load({}, data=sys.argv[1]))\n"
        "app.test_client().get('/login', headers={'Accept': 'text/html'})\n"
        "print(*sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)],
        env={
            name: value
            for name, value in environment(tmp_path).items()
            if "COVERAGE" not in name
        },
        capture_output=True,
        text=True,
        check=True,
    )

    loaded = {*done.stdout.split()}
    assert "vestibule.auth" in loaded
    for name in ("pytest", "hypothesis", "werkzeug.debug", "coverage.html"):
        assert name not in loaded
    assert not [name for name in loaded if "vestibule.testing" in name]


@pytest.mark.asvs("13.3.1")
def test_no_file_of_ours_holds_a_key() -> None:
    listed = subprocess.run(
        [
            "git",
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    names = listed.stdout.decode().rstrip("\0").split("\0")
    assert len(names) > 400
    # Whoever deploys a copy without its history has only the package.
    found = [
        name
        for name in names
        if (ROOT / name).is_file()
        and KEYS.search((ROOT / name).read_bytes().decode("latin-1"))
    ]

    assert found == []
    assert not [n for n in names if Path(n).name in (".env", "secret-key")]
