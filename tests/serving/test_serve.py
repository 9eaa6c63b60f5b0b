"""The production server: what it asks for, its workers, and its mails."""

import asyncio
import json
import os
import re
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from signal import SIGHUP, SIGINT, SIGTERM, Signals
from typing import Any

import pytest
import requests
import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from dotenv import dotenv_values
from requests.adapters import HTTPAdapter
from sqlalchemy import create_engine, text
from urllib3.util import Retry

from conftest import PASSWORD
from processes import (
    PATIENCE,
    SECRET_KEY,
    Server,
    environment,
    eventually,
    free_port,
    is_answered,
    post,
    production,
    run,
    serving,
    started,
)
from vestibule.auth import Auth
from vestibule.user import User

PASSES_FOR_SECONDS = {
    "VESTIBULE_HASH_MEMORY": "65536",
    "VESTIBULE_HASH_PASSES": "24",
}


def query(url: str, statement: str) -> list[tuple[Any, ...]]:
    """Look into the database of a running server."""
    engine = create_engine(url)
    with engine.connect() as connection:
        found = [tuple(row) for row in connection.execute(text(statement))]
    engine.dispose()
    return found


class PostOffice:
    """A real SMTP server that keeps what it is given, and takes its time."""

    def __init__(self) -> None:
        self.letters: list[tuple[str, str]] = []
        self.secure: list[bool] = []

    async def handle_DATA(  # noqa: N802
        self, _server: Any, session: Any, envelope: Any
    ) -> str:
        """Take one letter; slowly, so that others look for work meanwhile."""
        await asyncio.sleep(0.05)
        content = envelope.content.decode()
        found = re.search(r"^Message-ID: (\S+)", content, re.MULTILINE)
        assert found
        self.letters.append((envelope.rcpt_tos[0], found[1]))
        self.secure.append(session.ssl is not None)
        return "250 taken"


@contextmanager
def post_office(folder: Path) -> Iterator[tuple[PostOffice, dict[str, str]]]:
    """Run an SMTP server with STARTTLS and a password; give its settings."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)

    def check(*asked: Any) -> AuthResult:
        """Let in who knows the password."""
        right = asked[-1] == LoginPassword(b"vestibule", b"smtp-password")
        return AuthResult(success=right)

    office = PostOffice()
    port = free_port()
    controller = Controller(
        office,
        hostname="127.0.0.1",
        port=port,
        tls_context=context,
        require_starttls=True,
        auth_required=True,
        authenticator=check,
    )
    controller.start()
    try:
        yield (
            office,
            {
                "VESTIBULE_MAIL_SERVER": "localhost",
                "VESTIBULE_MAIL_PORT": str(port),
                "VESTIBULE_MAIL_USERNAME": "vestibule",
                "VESTIBULE_MAIL_PASSWORD": "smtp-password",
                "VESTIBULE_MAIL_CA_FILE": str(folder / "ca.pem"),
            },
        )
    finally:
        controller.stop()


@pytest.mark.attack(21, "A1")
def test_it_refuses_to_start_half_configured(tmp_path: Path) -> None:
    port = str(free_port())
    done = run("serve", "--port", port, home=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr
    # The command it names, typed as it is, and its line for the file get rid
    # of the complaint.
    (keep,) = re.findall(r"^ +(\(umask .+)$", done.stderr, re.MULTILINE)
    (line,) = re.findall(r"^ +(VESTIBULE_.+)$", done.stderr, re.MULTILINE)
    kept = tmp_path / ".env"
    subprocess.run(
        ["sh", "-ec", keep],
        cwd=tmp_path,
        env=environment(
            tmp_path,
            PATH=f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        ),
        timeout=PATIENCE,
        check=True,
    )
    with kept.open("a", encoding="utf-8") as file:
        file.write(f"{line}\n")
    fixed = {k: v or "" for k, v in dotenv_values(kept).items()}
    kept.unlink()
    missing = {
        "VESTIBULE_SECRET_KEY": "secrets.key",
        "VESTIBULE_BASE_URL": "site.address",
    }
    assert {*fixed} == {*missing}
    for name in fixed:
        without = {key: fixed[key] for key in fixed if key != name}
        done = run("serve", "--port", port, home=tmp_path, **without)
        assert done.returncode == 2
        assert re.findall(r"ERROR (\S+)", done.stderr) == [missing[name]]
    assert not (tmp_path / "vestibule-data").exists()
    with started_as_told(tmp_path, port, fixed) as server:
        assert server.answers()
        # The folder was new, so it has migrated first.
        status = run("db", "status", home=tmp_path)
        assert status.stdout.startswith("Up to date")


@contextmanager
def started_as_told(
    folder: Path, port: str, settings: dict[str, str]
) -> Iterator[Server]:
    """Start the server with nothing but what it asked for."""
    command = [sys.executable, "-m", "vestibule", "serve", "--port", port]
    env = environment(folder, **settings)
    with started(command, int(port), folder, env) as server:
        yield server


@pytest.mark.parametrize("command", ["serve", "dev"])
def test_classroom_serves_no_network(tmp_path: Path, command: str) -> None:
    port = free_port()
    done = run(
        command,
        "--preset",
        "classroom",
        "--port",
        str(port),
        home=tmp_path,
        VESTIBULE_HOST="0.0.0.0",
        VESTIBULE_SECRET_KEY=SECRET_KEY,
        VESTIBULE_BASE_URL="http://localhost",
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "The preset classroom serves this machine alone, not 0.0.0.0. "
        "Leave out --host, or choose another preset.\n"
    )
    assert not is_answered(port)


def test_a_start_with_all_that_is_needed_warns_of_nothing(
    tmp_path: Path,
) -> None:
    strong = {
        "VESTIBULE_ATTEMPTS_PER_ADDRESS": "30",
        "VESTIBULE_HASH_MEMORY": "19456",
        "VESTIBULE_HASH_PASSES": "2",
        "VESTIBULE_MAIL_SERVER": "127.0.0.1",
    }
    with serving(tmp_path, **strong) as server:
        assert '"info"' in server.said()
        assert "WARN" not in server.said().upper()


def test_two_workers_share_sessions_and_send_each_letter_once(
    database_url: str, tmp_path: Path
) -> None:
    with (
        post_office(tmp_path) as (office, settings),
        serving(
            tmp_path,
            "--workers",
            "2",
            VESTIBULE_DATABASE_URL=database_url,
            **settings,
        ) as server,
    ):
        eventually(lambda: len(server.children()) == 2, "both workers")
        people = [f"person{number}@example.com" for number in range(12)]
        with ThreadPoolExecutor(4) as pool:
            answers = pool.map(
                lambda email: post(
                    server, "/users", email=email, password=PASSWORD
                ),
                people,
            )
            assert {answer.status_code for answer in answers} == {200}
        answer = post(server, "/sessions", email=people[0], password=PASSWORD)
        cookie = {"session_id": answer.cookies["session_id"]}
        # Each connection is new, so the system spreads them.
        for _ in range(40):
            profile = requests.get(
                f"{server.url}/profile", cookies=cookie, timeout=PATIENCE
            )
            assert profile.json() == {"email": people[0]}
        unsent = "SELECT count(*) FROM vestibule_outbox WHERE state <> 'sent'"
        eventually(
            lambda: query(database_url, unsent) == [(0,)], "all letters"
        )
        assert server.stop() == 0
    assert sorted(to for to, _ in office.letters) == sorted(people)
    assert len({number for _, number in office.letters}) == len(people)
    assert all(office.secure)
    # What a letter said is a secret and is not kept once it is gone.
    texts = "SELECT DISTINCT text FROM vestibule_outbox"
    assert query(database_url, texts) == [("",)]


def test_worker_alone_delivers(
    auth: Auth, alice: User, database_url: str, tmp_path: Path
) -> None:
    auth.password_reset.ask(alice.email)
    with post_office(tmp_path) as (office, settings):
        process = subprocess.Popen(
            [sys.executable, "-m", "vestibule", "worker"],
            cwd=tmp_path,
            env=production(
                tmp_path,
                free_port(),
                VESTIBULE_DATABASE_URL=database_url,
                **settings,
            ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            eventually(lambda: office.letters, "the letter")
            # It goes on looking for what others put into the outbox.
            auth.administration.set_password(alice, PASSWORD)
            eventually(lambda: len(office.letters) == 2, "the second letter")
            process.send_signal(SIGTERM)
            said, told = process.communicate(timeout=PATIENCE)
        finally:
            process.kill()
            process.wait()
    assert process.returncode == 0, told
    assert {to for to, _ in office.letters} == {"alice@example.com"}
    assert said == ""
    lines = [json.loads(line) for line in told.splitlines()]
    assert lines[0]["event"] == "worker is running"
    assert {line["level"] for line in lines} == {"info"}
    unsent = "SELECT count(*) FROM vestibule_outbox WHERE state <> 'sent'"
    assert query(database_url, unsent) == [(0,)]


def test_request_in_hand_is_finished_before_the_end(tmp_path: Path) -> None:
    made = run(
        "user",
        "create",
        "anna@example.com",
        "--password-stdin",
        home=tmp_path,
        typed=PASSWORD,
        **PASSES_FOR_SECONDS,
    )
    assert made.returncode == 0, made.stderr
    database = f"sqlite:///{tmp_path / 'vestibule-data' / 'vestibule.db'}"
    with serving(tmp_path, **PASSES_FOR_SECONDS) as server:
        answers: list[requests.Response] = []
        asking = threading.Thread(
            target=lambda: answers.append(
                post(server, "/sessions", email="anna", password=PASSWORD)
            )
        )
        asking.start()
        # It is counted before the hash begins, which takes seconds.
        counted = "SELECT count(*) FROM vestibule_attempts"
        eventually(lambda: query(database, counted) != [(0,)], "the attempt")
        opened = "SELECT count(*) FROM vestibule_sessions"
        assert query(database, opened) == [(0,)]
        assert server.stop() == 0
        asking.join(PATIENCE)
    assert [answer.status_code for answer in answers] == [200]
    assert "session_id" in answers[0].cookies
    assert query(database, opened) == [(1,)]


@pytest.mark.parametrize("sign", [SIGTERM, SIGINT], ids=lambda sign: sign.name)
def test_signal_to_every_process_ends_it_at_once(
    tmp_path: Path, sign: Signals
) -> None:
    """So comes Ctrl-C from a terminal, and the end from systemd.

    On a machine with too much to do, granian may lose patience with one of
    its workers; never time and again.
    """
    ends = []
    for _ in range(3):
        with serving(tmp_path, "--workers", "2") as server:
            eventually(
                lambda: server.said().count("Started worker") == 2,
                "both workers ready",
            )
            os.killpg(server.process.pid, sign)
            assert server.process.wait(PATIENCE) == 0
            eventually(server.is_gone, "the end of every process")
            ends.append("refused to gracefully stop" not in server.said())
        if ends[-1]:
            break
    assert any(ends)


def test_reload_replaces_the_workers_and_nobody_notices(
    tmp_path: Path,
) -> None:
    """A browser asks again when its connection ends before any answer.

    A worker that stops may close one that it has just accepted.
    Source: RFC 9110, section 9.2.2.
    """
    with serving(tmp_path, "--workers", "2") as server:
        eventually(lambda: len(server.children()) == 2, "both workers")
        old = server.children()
        is_over = threading.Event()

        def visit() -> list[int]:
            """Ask again and again, each time by a new connection."""
            statuses = []
            while not is_over.is_set():
                with requests.Session() as browser:
                    again = Retry(connect=0, read=1, allowed_methods=["GET"])
                    browser.mount("http://", HTTPAdapter(max_retries=again))
                    answer = browser.get(server.url, timeout=PATIENCE)
                statuses.append(answer.status_code)
            return statuses

        def are_replaced() -> bool:
            """Tell whether only new workers are left."""
            now = server.children()
            return len(now) == 2 and not now & old

        with ThreadPoolExecutor(3) as pool:
            visits = [pool.submit(visit) for _ in range(3)]
            try:
                server.process.send_signal(SIGHUP)
                eventually(are_replaced, "new workers")
            finally:
                is_over.set()
            statuses = [visit.result(PATIENCE) for visit in visits]
        assert {status for some in statuses for status in some} == {200}
        assert all(len(some) > 10 for some in statuses)
        assert server.answers()
