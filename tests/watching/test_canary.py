"""What a server emits over a whole life holds none of that life's secrets.

Each secret is marked, and everything that comes out is searched for it.
"""

import json
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
from sqlalchemy import create_engine, make_url, text

from canaries import (
    ABOUT,
    ADDRESS,
    KEPT,
    MAIL_NAME,
    NAME,
    NEW_EMAIL,
    TYPED,
    CanarySink,
    Life,
    live,
    said,
)
from mailroom import Mailroom
from processes import (
    PATIENCE,
    eventually,
    free_port,
    production,
    run,
    started,
)

# A server whose page of preferences is broken, with secrets at hand.
BREAKING = """
from vestibule.capabilities.preferences.operations import Preferences
def broken(self, *held, **typed):
    raise RuntimeError("broken on purpose")
Preferences.choose = broken
from vestibule.doors.cli import main
main()
"""
BEARER = {"Authorization": "Bearer " + KEPT["the metrics' token"]}


def found_in(told: str, secrets: dict[str, str]) -> list[str]:
    """Name the secrets that a text holds, whatever their case."""
    lower = told.lower()
    return [name for name, text in secrets.items() if text.lower() in lower]


@pytest.fixture
def options(
    database_url: str, mailroom: Mailroom, tmp_path: Path
) -> dict[str, str]:
    """Give the settings of the server, which hold marks themselves."""
    url = make_url(database_url)
    word = KEPT["Valkey's password"]
    if url.get_backend_name() == "postgresql":
        url = url.set(password=KEPT["the database's password"])
    return {
        "VESTIBULE_SECRET_KEY": KEPT["the secret key"],
        "VESTIBULE_METRICS_TOKEN": KEPT["the metrics' token"],
        "VESTIBULE_DATABASE_URL": url.render_as_string(hide_password=False),
        "VESTIBULE_VALKEY_URL": f"valkey://:{word}@127.0.0.1:{free_port()}/0",
        "VESTIBULE_TRUSTED_PROXIES": "127.0.0.1",
        "VESTIBULE_MAIL_SERVER": "127.0.0.1",
        "VESTIBULE_MAIL_CA_FILE": str(tmp_path / "ca.pem"),
        "VESTIBULE_MAIL_USERNAME": MAIL_NAME,
        "VESTIBULE_MAIL_PASSWORD": KEPT["the mail server's password"],
        "VESTIBULE_SUPPORT": "https://help.example.com",
    }


@pytest.fixture
def sink(mailroom: Mailroom) -> CanarySink:
    """Give the test a mail server that asks for a password."""
    made = CanarySink()
    mailroom.serve(made, must_sign_in=True)
    return made


@pytest.fixture
def life(
    options: dict[str, str], sink: CanarySink, tmp_path: Path
) -> Iterator[Life]:
    """Give the test a life at a server in production."""
    port = free_port()
    options["VESTIBULE_MAIL_PORT"] = str(sink.port)
    env = production(tmp_path, port) | options
    command = [sys.executable, "-c", BREAKING, "serve", "--port", str(port)]
    with started(command, port, tmp_path, env) as server:
        yield Life(server, sink)


def _promote(home: Path, options: dict[str, str]) -> None:
    """Make somebody an administrator from the command line."""
    done = run("user", "promote", NAME, home=home, **options)
    assert done.returncode == 0, done.stderr


def _administer(life: Life) -> None:
    """Look for somebody, and close and open another account."""
    # Whoever gets a role signs in anew.
    word = TYPED["the third password"]
    assert life.send("/login", email=NAME, password=word).status_code == 302
    for path in ("/admin/users", "/admin/feedback"):
        found = life.ask("GET", f"{path}?search={NEW_EMAIL}")
        assert found.status_code == 200, found.text
    other = {"email": "kanarineu2@kanarihaus.example"}
    other["password"] = TYPED["the second password"]
    made = requests.post(f"{life.server.url}/users", other, timeout=PATIENCE)
    assert made.status_code == 200, made.text
    listed = life.ask("GET", "/admin/users?search=kanarineu2").text
    place = re.search(r"/admin/users/\d+", listed)
    assert place
    for act in ("disable", "enable", "reset", "promote"):
        done = life.send(f"{place[0]}/{act}")
        assert done.status_code == 302, (act, done.status_code)


def _fail(life: Life, database: str) -> None:
    """Break: a bug, a mail server that refuses, a database that is gone."""
    broken = life.send("/preferences", language="ru", theme="dark")
    assert broken.status_code == 500
    life.sink.answers["RCPT"] = f"550 no {NEW_EMAIL} here"
    before = len(life.sink.heard)
    asked = {"email": NEW_EMAIL}
    requests.post(f"{life.server.url}/reset_password", asked, timeout=PATIENCE)
    eventually(lambda: len(life.sink.heard) > before, "a refusal")
    with _without_sessions(database):
        for path in ("/profile", "/check"):
            assert life.ask("GET", path).status_code >= 500
    assert life.ask("GET", "/profile").status_code == 200


@contextmanager
def _without_sessions(database: str) -> Iterator[None]:
    """Take a table away for a while."""
    engine = create_engine(database, isolation_level="AUTOCOMMIT")
    rename = "ALTER TABLE vestibule_{} RENAME TO vestibule_{}"
    with engine.connect() as connection:
        connection.execute(text(rename.format("sessions", "gone")))
        yield
        connection.execute(text(rename.format("gone", "sessions")))
    engine.dispose()


@pytest.mark.asvs("3.3.4", "16.2.5", "16.4.1", "16.5.1", "16.5.4", "13.4.6")
@pytest.mark.attack("A46")
@pytest.mark.slow
def test_nothing_that_is_emitted_holds_a_secret(
    life: Life, options: dict[str, str], tmp_path: Path, database_url: str
) -> None:
    live(life)
    _promote(tmp_path, options)
    _administer(life)
    _fail(life, database_url)
    gone = life.send(f"/users/{NAME}/delete", account="1")
    assert gone.status_code in (302, 303), said(gone)
    metrics = requests.get(
        f"{life.server.url}/metrics", headers=BEARER, timeout=PATIENCE
    ).text
    assert life.server.stop() == 0

    lines = [json.loads(line) for line in life.server.said().splitlines()]
    told = "\n".join(json.dumps(line, ensure_ascii=False) for line in lines)
    everything = KEPT | TYPED | ABOUT | life.tokens
    assert len(life.tokens) > 30
    assert found_in(told, everything) == []
    assert found_in(life.server.said(), everything) == []
    assert found_in(metrics, everything) == []
    # What somebody typed may stand in a form again, but nothing secret.
    cookies = {n: t for n, t in life.tokens.items() if n.startswith("cookie")}
    assert len(life.refusals) > 20
    for body in life.refusals:
        assert found_in(body, KEPT | TYPED | cookies) == []
        assert "Traceback" not in body
    mails = [*life.mails()]
    assert len(mails) >= 5
    for mail in mails:
        assert found_in(mail, KEPT | TYPED | cookies) == []
    # It has been told all the same, and by whom.
    _check_what_was_told(lines)


def _check_what_was_told(lines: list[dict[str, Any]]) -> None:
    """See that what had to be logged is there: no empty log was searched."""
    acts = {(line.get("act"), line.get("outcome")) for line in lines}
    assert {
        ("login", "credentials.incorrect"),
        ("login", "done"),
        ("password.change", "done"),
        ("password_reset.finish", "done"),
        ("administration.disable", "done"),
        ("deletion", "done"),
    } <= acts
    traces = "".join(line.get("traceback", "") for line in lines)
    assert "broken on purpose" in traces
    networks = {line.get("network") for line in lines}
    assert ADDRESS.rpartition(".")[0] + ".0/24" in networks


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_search_finds_what_is_planted(
    options: dict[str, str], sink: CanarySink, tmp_path: Path
) -> None:
    port = free_port()
    options["VESTIBULE_MAIL_PORT"] = str(sink.port)
    env = production(tmp_path, port) | options
    # As somebody would who wants to see more: the path, and the header.
    planted = (
        "import logging, vestibule.doors.access_log as ledger\n"
        "note = ledger.AccessLog._note\n"
        "def wordy(self, environ, *more):\n"
        "    logging.getLogger('vestibule').warning(\n"
        "        'at %s by %s', environ['PATH_INFO'],\n"
        "        environ.get('HTTP_USER_AGENT'))\n"
        "    note(self, environ, *more)\n"
        "ledger.AccessLog._note = wordy\n"
        "from vestibule.doors.cli import main\n"
        "main()\n"
    )
    command = [sys.executable, "-c", planted, "serve", "--port", str(port)]
    with started(command, port, tmp_path, env) as server:
        Life(server, sink).ask("GET", f"/{ABOUT['a path']}")
        told = server.said()

    assert found_in(told, ABOUT) == ["the agent", "a path"]
