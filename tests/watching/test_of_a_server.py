"""What a real server tells those who watch it: lines, numbers, its end."""

import json
import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from tempfile import gettempdir
from typing import Any

import pytest
import requests

from conftest import HTML
from processes import PATIENCE, Server, Visitor, eventually, serving

TOKEN = "metrics-0123456789abcdefghijklmnop"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
SIGN_UP = {"email": "alice@example.com", "password": "seven purple llamas"}
WORKERS = 2


def lines(server: Server) -> list[dict[str, Any]]:
    """Read the log, each line of which is a JSON object."""
    return [json.loads(line) for line in server.said().splitlines()]


def of(server: Server, logger: str) -> list[dict[str, Any]]:
    """Read the lines of one logger."""
    return [line for line in lines(server) if line["logger"] == logger]


def ask(server: Server, path: str, **headers: str) -> requests.Response:
    """Look at an address, and follow nothing."""
    return requests.get(
        server.url + path,
        headers=headers,
        timeout=PATIENCE,
        allow_redirects=False,
    )


def numbers(server: Server) -> dict[str, float]:
    """Read the metrics, by name and labels."""
    text = requests.get(
        f"{server.url}/metrics", headers=BEARER, timeout=PATIENCE
    ).text
    found = re.findall(r"^(vestibule_\S+) ([0-9.e+-]+)$", text, re.M)
    return {name: float(value) for name, value in found}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Serve with two processes, behind a proxy on this machine."""
    with serving(
        tmp_path_factory.mktemp("server"),
        "--workers",
        str(WORKERS),
        VESTIBULE_METRICS_TOKEN=TOKEN,
        VESTIBULE_TRUSTED_PROXIES="127.0.0.1",
    ) as running:
        made = requests.post(f"{running.url}/users", SIGN_UP, timeout=PATIENCE)
        assert made.status_code == 200, made.text
        yield running


@pytest.mark.asvs("16.2.1", "16.2.2", "16.2.3", "16.2.4")
def test_every_line_from_the_first_on_is_json(server: Server) -> None:
    told = lines(server)

    assert {"timestamp", "level", "logger", "event"} <= set.intersection(
        *(set(line) for line in told)
    )
    loggers = {line["logger"] for line in told}
    # Ours, granian's and alembic's.
    assert {"vestibule", "_granian", "alembic.runtime.migration"} <= loggers
    assert all(line["timestamp"].endswith("Z") for line in told)


@pytest.mark.asvs("16.2.1", "16.2.5")
def test_a_request_is_one_line_that_names_the_rule_and_not_the_path(
    server: Server,
) -> None:
    number = "0123456789abcdef0123456789abcdef"
    ask(
        server,
        "/password_reset/a-token-that-nobody-may-read?next=/secret",
        **HTML,
        **{"X-Request-ID": number, "X-Forwarded-For": "2001:db8:7:8::9"},
    )

    [line] = [
        line
        for line in of(server, "vestibule.requests")
        if line["request_id"] == number
    ]
    del line["timestamp"], line["ms"]
    assert line == {
        "level": "info",
        "logger": "vestibule.requests",
        "event": "request",
        "request_id": number,
        "method": "GET",
        "route": "/password_reset/<token>",
        "status": 302,
        "network": "2001:db8:7::/48",
    }
    assert "nobody-may-read" not in server.said()
    assert "/secret" not in server.said()


@pytest.mark.asvs("16.2.1", "16.3.1", "16.4.3")
def test_an_event_is_a_line_with_the_number_of_its_request(
    server: Server,
) -> None:
    visitor = Visitor(server)
    visitor.session.headers["X-Request-ID"] = "0123456789-wrong-guess"
    visitor.send("/login", email="alice", password="wrong")
    visitor.session.headers["X-Request-ID"] = "0123456789-right-guess"
    visitor.send("/login", email="alice", password=SIGN_UP["password"])
    visitor.session.headers["X-Request-ID"] = "0123456789-look-around"
    visitor.open("/profile")

    told = {
        line["request_id"]: line
        for line in of(server, "vestibule.events")
        if line["act"] == "login"
    }
    for name, outcome, actor in (
        ("0123456789-wrong-guess", "credentials.incorrect", None),
        ("0123456789-right-guess", "done", 1),
    ):
        line = told[name]
        assert (line["outcome"], line["user"]) == (outcome, 1)
        assert (line["door"], line.get("actor")) == ("page", actor)
        assert line["network"] == "127.0.0.0/24"
    [look] = [
        line
        for line in of(server, "vestibule.requests")
        if line["request_id"] == "0123456789-look-around"
    ]
    assert (look["route"], look["user"]) == ("/profile", 1)


@pytest.mark.asvs("16.4.1")
@pytest.mark.parametrize(
    "sent",
    ["short", "x" * 37, "0123456789abcdef ok", "0123456789abcdef\u00e9", '"'],
)
def test_a_number_that_is_none_is_not_taken(server: Server, sent: str) -> None:
    before = len(of(server, "vestibule.requests"))
    requests.get(
        server.url,
        headers={"X-Request-ID": sent.encode("latin-1")},
        timeout=PATIENCE,
    )

    line = of(server, "vestibule.requests")[before]
    assert re.fullmatch(r"[0-9a-f-]{36}", line["request_id"])


def test_what_is_asked_all_the_time_writes_no_lines(server: Server) -> None:
    before = len(lines(server))
    for path in ("/check", "/healthz", "/readyz", "/metrics"):
        ask(server, path)
    ask(server, "/static/vestibule/vestibule.css")
    ask(server, "/static/vestibule/nothing.css")

    [line] = lines(server)[before:]
    assert (line["status"], line["route"]) == (
        404,
        "/static/vestibule/<path:filename>",
    )


def test_whichever_process_answers_it_tells_the_numbers_of_all(
    server: Server,
) -> None:
    name = (
        "vestibule_http_request_duration_seconds_count"
        '{route="/healthz",status="2xx"}'
    )
    before = numbers(server).get(name, 0)
    for _ in range(20):
        # Each on a connection of its own, so that both processes get some.
        ask(server, "/healthz")

    assert {numbers(server)[name] for _ in range(5)} == {before + 20}
    assert numbers(server)["vestibule_sign_ups_total"] == 1


def test_a_process_that_dies_leaves_its_counts_and_nothing_in_hand(
    server: Server,
) -> None:
    folder = _folder(server)
    before = numbers(server)
    victim = min(server.children())
    os.kill(victim, signal.SIGKILL)
    eventually(
        lambda: (
            victim not in server.children()
            and len(server.children()) == WORKERS
        ),
        "another process",
    )
    eventually(server.answers, "an answer")

    after = numbers(server)
    counted = {name for name in before if name.endswith(("_total", "_count"))}
    assert all(after[name] >= before[name] for name in counted)
    kept = {path.name for path in folder.glob(f"*_{victim}.db")}
    assert not any(name.startswith("gauge") for name in kept)


def _folder(server: Server) -> Path:
    """Find where the processes of a server keep their numbers."""
    pattern = f"vestibule-metrics-{server.process.pid}-*"
    [found] = Path(gettempdir()).glob(pattern)
    return found


def test_a_server_that_is_told_to_end_says_so_first_and_then_ends(
    tmp_path: Path,
) -> None:
    with serving(
        tmp_path, VESTIBULE_METRICS_TOKEN=TOKEN, VESTIBULE_DRAIN="5m"
    ) as server:
        folder = _folder(server)
        assert folder.stat().st_mode & 0o777 == 0o700
        assert ask(server, "/readyz").status_code == 200
        server.process.terminate()
        eventually(
            lambda: ask(server, "/readyz").status_code == 503, "the word"
        )
        assert ask(server, "/readyz").json()["server"] == "ending"
        # Everybody else is served as ever.
        assert ask(server, "/login", **HTML).status_code == 200
        assert ask(server, "/healthz").status_code == 200
        assert server.process.poll() is None
        # Who says it twice does not want to wait.
        assert server.stop() == 0
        assert not folder.exists()


def test_a_server_clears_up_after_one_that_was_killed(tmp_path: Path) -> None:
    with serving(tmp_path, VESTIBULE_METRICS_TOKEN=TOKEN) as server:
        left = _folder(server)
        server.kill()
    assert left.exists()
    with serving(tmp_path, VESTIBULE_METRICS_TOKEN=TOKEN) as server:
        assert not left.exists()
        assert numbers(server)["vestibule_sign_ups_total"] == 0
