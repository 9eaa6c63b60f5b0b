"""Nothing is served that was not meant to be: no file, list or debugger."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from flask import Flask

from hostility import BROWSER, Knock, asked
from hosts import one_database
from processes import PATIENCE, Server, serving
from vestibule.doors import files

LEFT = [
    *(".git/HEAD", ".git/config", ".gitignore", ".svn/entries", ".hg/store"),
    *(".env", ".env.example", ".DS_Store", ".htaccess", "wsgi.py", "app.py"),
    *("pyproject.toml", "uv.lock", "requirements.txt", "Dockerfile"),
    *("vestibule.db", "secret-key", "data/secret-key", "vestibule.env"),
    *("backup.zip", "index.php", "vestibule.css.map", "vestibule.css~"),
    *("__init__.py", "server-status", "console", "debug/pprof", "phpinfo"),
    *("actuator/env", "docs/", "tests/", "src/vestibule/auth.py"),
]
FOLDERS = ["static", "static/", "static/vestibule", "static/vestibule/"]
FOLDERS += ["pictures", "pictures/", "brand/", "dev/", ".well-known/", "api/"]
SECRET = "a-secret-of-a-header"


@pytest.mark.asvs("13.4.1", "13.4.3", "13.4.7")
@one_database
def test_what_lies_beside_an_application_is_not_found(app: Flask) -> None:
    within = ("", "static/", "static/vestibule/", "api/v1/", "pictures/")
    for path in [*(f"{a}{b}" for a in within for b in LEFT), *FOLDERS]:
        for headers in ((), BROWSER):
            answer = asked(app, Knock("GET", f"/{path}", headers=headers))
            # Nobody is told without a session which pictures there are.
            hidden = 302 if headers else 401
            is_hidden = path.startswith("pictures/") and path != "pictures/"
            known = {404, hidden} if is_hidden else {404}
            assert answer.status in known, (path, answer)
            assert "Index of" not in answer.text, path


@pytest.mark.asvs("13.4.7")
@one_database
@pytest.mark.parametrize(
    "name", ["vestibule.css.bak", ".DS_Store", "vestibule.css~", "app.py", "x"]
)
def test_a_file_that_was_left_beside_ours_is_not_served(
    app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(files, "FOLDER", tmp_path)
    for one in ("good.css", name):
        (tmp_path / one).write_text("/* something */")

    path = "/static/vestibule/{}"
    assert asked(app, Knock("GET", path.format("good.css"))).status == 200
    assert asked(app, Knock("GET", path.format(name))).status == 404


@pytest.mark.asvs("13.4.4")
@one_database
def test_nobody_has_a_request_sent_back(app: Flask) -> None:
    rules = [str(rule) for rule in app.url_map.iter_rules()]
    assert len(rules) > 80
    headers = (("X-Secret", SECRET), ("Cookie", f"session_id={SECRET}"))
    in_front = ("/check", "/healthz", "/readyz", "/metrics")
    for path in (*rules, *in_front, "/nowhere"):
        for method in ("TRACE", "TRACK", "trace", "DEBUG"):
            answer = asked(app, Knock(method, path, headers=headers))
            assert answer.status in (404, 405), (method, path, answer)
            assert SECRET not in f"{answer.headers}{answer.text}", path


@pytest.mark.asvs("13.4.2")
@one_database
def test_no_debugger_answers(app: Flask) -> None:
    def bug() -> str:
        """Divide by nothing."""
        return str(1 / 0)

    app.add_url_rule("/bug", "bug", bug)
    assert not app.debug
    for path in ("/", "/bug", "/console"):
        for query in (
            "__debugger__=yes&cmd=resource&f=debugger.js",
            "__debugger__=yes&cmd=printpin&s=x",
            "debug=1&_debug=1&trace=1",
        ):
            found = asked(app, Knock("GET", path, query, BROWSER))
            assert found.status == {"/": 200, "/bug": 500}.get(path, 404)
            for word in ("Traceback", "ZeroDivision", "EVALEX", "werkzeug"):
                assert word not in found.text, (path, query)


# -- the server -------------------------------------------------------------


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Serve as in production, once for all here."""
    with serving(tmp_path_factory.mktemp("server")) as running:
        yield running


def said(server: Server, head: bytes) -> bytes:
    """Send a request as it is, and read what is answered."""
    with socket.create_connection(("127.0.0.1", server.port), 10) as line:
        line.sendall(
            head + b"\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        )
        return b"".join(iter(lambda: line.recv(65_536), b""))


@pytest.mark.asvs("13.4.2", "13.4.4", "13.4.6")
@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET / HTTP/1.1", b"200"),
        (b"GET /nowhere HTTP/1.1", b"404"),
        (b"TRACE / HTTP/1.1\r\nX-Secret: a-secret-of-a-header", b"405"),
        (b"TRACE /check HTTP/1.1", b"405"),
        (b"OPTIONS * HTTP/1.1", b""),
        (b"GET / HTTP/9.9", b""),
        (b"nonsense", b""),
        (b"GET /check HTTP/1.1\r\nContent-Length: x", b"400"),
    ],
)
def test_the_server_tells_no_version_of_anything(
    server: Server, head: bytes, status: bytes
) -> None:
    answer = said(server, head)

    assert answer[9:12] == (status or answer[9:12])
    head = answer.partition(b"\r\n\r\n")[0].lower().partition(b"\r\n")[2]
    lines = [line.partition(b": ")[::2] for line in head.split(b"\r\n")]
    told = dict(lines)
    # A name alone, which tells no holes of any version.
    assert told.get(b"server", b"granian") == b"granian", answer
    assert not {b"x-powered-by", b"via"} & {*told}, answer
    for word in (b"granian/", b"hyper", b"flask", b"werkzeug", b"python"):
        assert word not in answer.lower(), answer
    assert SECRET.encode() not in answer


@pytest.mark.asvs("13.4.2")
def test_in_production_nothing_answers_that_only_developers_need(
    server: Server,
) -> None:
    for path in ("/dev/mail", "/dev/letters", "/dev/components", "/console"):
        found = requests.get(server.url + path, timeout=PATIENCE)
        assert found.status_code == 404, path
