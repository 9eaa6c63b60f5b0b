"""/healthz and /readyz: what they say, when, and how soon."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, text

from conftest import HTML
from vestibule.auth import Auth
from vestibule.doors.app import Vestibule
from vestibule.doors.hall import Hall
from vestibule.engine import DatabaseSilent
from vestibule.readiness import Readiness
from vestibule.settings import Settings

ALL_WELL = {
    "status": "ready",
    "database": "ok",
    "schema": "ok",
    "worker": "ok",
    "server": "ok",
}


@pytest.fixture
def own(app: Flask) -> Hall:
    """Give the test the hall of its application."""
    found = app.extensions["vestibule"]
    assert isinstance(found, Hall)
    return found


@pytest.fixture
def asked(auth: Auth, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note how often the database is asked for its revision."""
    asked: list[str] = []
    look = auth.db.revision

    def noting() -> str:
        """Note it, and ask."""
        asked.append("once")
        return look()

    monkeypatch.setattr(auth.db, "revision", noting)
    return asked


@pytest.mark.asvs("13.4.5", "13.4.6")
def test_a_process_that_answers_says_so_and_asks_nobody(
    program: FlaskClient, auth: Auth, asked: list[str]
) -> None:
    seen: list[str] = []
    event.listen(auth.db.engine, "checkout", lambda *_: seen.append("one"))
    auth.db.close()

    answer = program.get("/healthz", headers=HTML)

    assert (answer.status_code, answer.json) == (200, {"status": "alive"})
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in answer.headers
    assert (seen, asked) == ([], [])


def test_a_process_that_can_work_says_so(program: FlaskClient) -> None:
    answer = program.get("/readyz")

    assert (answer.status_code, answer.json) == (200, ALL_WELL)
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_both_are_for_looking_alone(program: FlaskClient, path: str) -> None:
    head = program.head(path)
    assert (head.status_code, head.data) == (200, b"")
    assert int(head.headers["Content-Length"]) > 10
    for method in ("POST", "PUT", "DELETE", "OPTIONS", "BREW"):
        answer = program.open(path, method=method)
        assert answer.status_code == 405
        assert answer.headers["Allow"] == "GET, HEAD"


@pytest.mark.settings(preset="classroom")
def test_a_classroom_tells_nobody_else(program: FlaskClient) -> None:
    for path in ("/healthz", "/readyz"):
        away = {"REMOTE_ADDR": "192.0.2.7"}
        assert program.get(path, environ_base=away).status_code == 403
        assert program.get(path).status_code == 200


def told(program: FlaskClient) -> tuple[int, dict[str, Any]]:
    """Ask whether it is ready; give the status and what is told."""
    answer = program.get("/readyz")
    assert answer.json is not None
    return answer.status_code, answer.json


@pytest.mark.asvs("16.5.2")
def test_each_thing_that_is_missing_is_named(
    own: Hall, program: FlaskClient
) -> None:
    own.readiness.is_working = lambda: False
    assert told(program) == (
        503,
        ALL_WELL | {"status": "not ready", "worker": "stopped"},
    )
    own.readiness.is_working = lambda: True
    own.readiness.is_ending = lambda: True
    assert told(program) == (
        503,
        ALL_WELL | {"status": "not ready", "server": "ending"},
    )


@pytest.mark.parametrize(
    ("revision", "state"), [("0001", "behind"), ("9999", "ahead")]
)
def test_a_schema_of_another_version_is_not_worked_with(
    auth: Auth, program: FlaskClient, revision: str, state: str
) -> None:
    change = "UPDATE vestibule_version SET version_num = :revision"
    auth.db.write(text(change), revision=revision)

    assert told(program) == (
        503,
        ALL_WELL | {"status": "not ready", "schema": state},
    )


@pytest.mark.asvs("16.5.2")
def test_a_database_that_does_not_answer_makes_a_process_unready_for_a_while(
    auth: Auth,
    program: FlaskClient,
    own: Hall,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def silent() -> str:
        """Find nobody there."""
        raise DatabaseSilent

    with monkeypatch.context() as patch:
        patch.setattr(auth.db, "revision", silent)
        states = {"status": "not ready", "database": "silent"}
        assert told(program) == (503, ALL_WELL | states | {"schema": "silent"})

    own.readiness.begin_anew()
    assert told(program) == (200, ALL_WELL)


def test_a_database_that_has_lost_its_tables_is_not_called_silent(
    auth: Auth, program: FlaskClient, own: Hall
) -> None:
    auth.db.write(text("ALTER TABLE vestibule_version RENAME TO gone"))
    states = {"status": "not ready", "schema": "behind"}
    assert told(program) == (503, ALL_WELL | states)

    auth.db.write(text("ALTER TABLE gone RENAME TO vestibule_version"))
    own.readiness.begin_anew()
    assert told(program) == (200, ALL_WELL)


class Hanging:
    """A database that answers only when it is let go."""

    def __init__(self, auth: Auth, monkeypatch: pytest.MonkeyPatch) -> None:
        self.is_let_go = threading.Event()
        self.asked = 0
        self.answer = auth.db.revision()
        monkeypatch.setattr(auth.db, "revision", self.revision)

    def revision(self) -> str:
        """Answer at last."""
        self.asked += 1
        assert self.is_let_go.wait(60)
        return self.answer


@pytest.fixture
def hanging(auth: Auth, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hanging]:
    """Give the test a database that hangs."""
    made = Hanging(auth, monkeypatch)
    yield made
    made.is_let_go.set()


@pytest.mark.asvs("16.5.2", "13.1.3")
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_nobody_waits_for_a_database_that_hangs(
    program: FlaskClient, hanging: Hanging, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vestibule.readiness.PATIENCE", 0.05)

    assert [told(program)[0] for _ in range(5)] == [503] * 5
    # They all waited for one answer, which still has not come.
    assert hanging.asked == 1


@pytest.mark.asvs("13.1.3")
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_few_wait_at_once_and_all_others_hear_what_was_known(
    auth: Auth, hanging: Hanging
) -> None:
    readiness = Readiness(auth)
    waiting = [
        threading.Thread(target=readiness.states, daemon=True)
        for _ in range(4)
    ]
    for thread in waiting:
        thread.start()
    while readiness._places._value:
        pass

    # The fifth does not wait at all; nothing is known to be there yet.
    assert readiness.states()["database"] == "silent"
    assert hanging.asked == 1
    assert all(thread.is_alive() for thread in waiting)
    hanging.is_let_go.set()
    for thread in waiting:
        thread.join(60)
    assert readiness.states()["database"] == "ok"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_flood_asks_the_database_once_a_second(
    program: FlaskClient,
    asked: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    moment = 1000.0
    monkeypatch.setattr("vestibule.readiness.monotonic", lambda: moment)

    for _ in range(50):
        assert told(program)[0] == 200
    assert len(asked) == 1
    moment += 1.01
    assert told(program)[0] == 200
    assert len(asked) == 2


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_nobody_foresaw_is_not_all_well(
    program: FlaskClient, own: Hall, caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> bool:
        """Break with something that nobody should read."""
        raise RuntimeError("a secret")

    own.readiness.is_working = broken
    for _ in range(3):
        answer = program.get("/readyz")
        assert (answer.status_code, answer.json) == (500, {"status": 500})

    # Whoever runs the site reads why, and not each second.
    assert caplog.text.count("RuntimeError: a secret") == 1


@pytest.mark.asvs("13.4.5")
@pytest.mark.settings(metrics_token="0123456789abcdefghijklmnopqrstuv")
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_host_keeps_its_own_addresses_unless_it_asks(
    settings: Settings,
) -> None:
    for watched, statuses in ((False, [404] * 3), (True, [200, 200, 401])):
        host = Flask("host")
        Vestibule(host, settings=settings, worker=False, watched=watched)
        client = host.test_client()
        assert [
            client.get(path).status_code
            for path in ("/healthz", "/readyz", "/metrics")
        ] == statuses
        host.extensions["vestibule"].auth.db.close()


@pytest.mark.settings(url_prefix="/account")
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_they_stand_at_the_root_whatever_the_prefix(
    program: FlaskClient,
) -> None:
    assert program.get("/healthz").status_code == 200
    assert program.get("/account/healthz").status_code == 404


@pytest.mark.asvs("16.5.2")
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_error_that_nobody_thought_of_is_over_when_it_is_over(
    auth: Auth,
    program: FlaskClient,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("vestibule.readiness.FRESH", 0.0)

    def broken() -> str:
        """Fail in another way than a database does."""
        raise MemoryError("on purpose")

    with monkeypatch.context() as patched:
        patched.setattr(auth.db, "revision", broken)
        assert told(program)[0] == 503
        assert "on purpose" in caplog.text

    assert told(program) == (200, ALL_WELL)


@pytest.mark.asvs("16.5.2")
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_machine_without_room_for_a_thread_is_unready_for_a_while(
    program: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vestibule.readiness.FRESH", 0.0)

    def refuse(_: threading.Thread) -> None:
        """Start no thread."""
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refuse)
        assert told(program)[0] == 503

    assert told(program) == (200, ALL_WELL)
