"""kill -9 of the whole server, again and again, while people register."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
from sqlalchemy import create_engine, text

from conftest import PASSWORD
from processes import PATIENCE, eventually, free_port, production

CLIENTS = 4
KILLS = {"sqlite": 50, "postgresql": 5}

# Starts the server of ``vestibule serve`` for each line it reads, in a
# process group of its own. The modules are loaded only once, because
# fifty interpreters would take minutes.
NURSERY = """
import os, sys
import granian
import vestibule.doors.app, vestibule.worker
from vestibule import migrations
from vestibule.doors import server
from vestibule.settings import Settings

settings = Settings.load()
for _ in sys.stdin:
    child = os.fork()
    if child == 0:
        os.setsid()
        migrations.upgrade(settings)
        server.serve(settings)
        os._exit(0)
    print(child, flush=True)
    os.waitpid(child, 0)
"""


@contextmanager
def nursery(home: Path, port: int, database_url: str) -> Iterator["Nursery"]:
    """Have servers ready to start, and leave none of them."""
    env = production(
        home,
        port,
        VESTIBULE_DATABASE_URL=database_url,
        VESTIBULE_PORT=str(port),
    )
    # What is killed in the middle leaves broken measurements.
    env = {k: v for k, v in env.items() if not k.startswith("COVERAGE_")}
    process = subprocess.Popen(
        [sys.executable, "-c", NURSERY],
        cwd=home,
        env=env,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    made = Nursery(process)
    try:
        yield made
    finally:
        made.kill()
        process.communicate(timeout=PATIENCE)


class Nursery:
    """Starts servers one after the other, and kills them."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process
        self.group = 0

    def start(self) -> None:
        """Start the next server."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        while not (line := self.process.stdout.readline().strip()).isdigit():
            assert line or self.process.poll() is None, "the nursery ended"
        self.group = int(line)

    def kill(self) -> None:
        """Kill the server and its workers in one stroke."""
        if self.group:
            os.killpg(self.group, signal.SIGKILL)
            self.group = 0


class Crowd:
    """People who register all the time; keeps who was told what."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.acknowledged: list[str] = []
        self.put_off: list[str] = []
        self.others: list[str] = []
        self.is_over = threading.Event()

    def register(self, client: int) -> None:
        """Register one account after the other until it is over."""
        number = 0
        while not self.is_over.is_set():
            number += 1
            email = f"c{client}n{number}@example.com"
            form = {"email": email, "password": PASSWORD}
            try:
                answer = requests.post(
                    f"{self.url}/users", data=form, timeout=PATIENCE
                )
            except requests.RequestException:
                time.sleep(0.01)  # The server is dead; try the next one.
                continue
            if answer.status_code == 200:
                self.acknowledged.append(email)
            elif answer.status_code == 503:
                # On a slow machine the file is busy for longer than
                # anybody waits: an honest answer, if nothing is kept.
                self.put_off.append(email)
            else:
                self.others.append(answer.text)


# What must be empty, and what must not, after all that.
SOUND = {
    "users without both names": (
        "SELECT u.id FROM vestibule_users u LEFT JOIN vestibule_identifiers i "
        "ON i.user_id = u.id GROUP BY u.id HAVING count(i.canonical) <> 2"
    ),
    "names without a user": (
        "SELECT canonical FROM vestibule_identifiers "
        "WHERE user_id NOT IN (SELECT id FROM vestibule_users)"
    ),
    "users without their letter": (
        "SELECT id FROM vestibule_users "
        "WHERE id NOT IN (SELECT user_id FROM vestibule_outbox)"
    ),
    "letters without a user": (
        "SELECT user_id FROM vestibule_outbox "
        "WHERE user_id NOT IN (SELECT id FROM vestibule_users)"
    ),
    "users whose registration is not in the history": (
        "SELECT id FROM vestibule_users WHERE id NOT IN "
        "(SELECT subject_id FROM vestibule_events WHERE act = 'registration' "
        "UNION ALL SELECT subject_id FROM vestibule_history "
        "WHERE act = 'registration')"
    ),
    "registrations of nobody": (
        "SELECT subject_id FROM (SELECT act, subject_id FROM vestibule_events "
        "UNION ALL SELECT act, subject_id FROM vestibule_history) AS told "
        "WHERE act = 'registration' "
        "AND subject_id NOT IN (SELECT id FROM vestibule_users)"
    ),
}


@pytest.mark.attack(143, "A50")
@pytest.mark.slow
def test_every_acknowledged_account_survives_kill_9(
    database_url: str, tmp_path: Path
) -> None:
    port = free_port()
    crowd = Crowd(f"http://127.0.0.1:{port}")
    kills = KILLS[database_url.partition(":")[0].partition("+")[0]]
    with (
        nursery(tmp_path, port, database_url) as house,
        ThreadPoolExecutor(CLIENTS) as pool,
    ):
        clients = [
            pool.submit(crowd.register, client) for client in range(CLIENTS)
        ]
        try:
            for _ in range(kills):
                house.start()
                enough = len(crowd.acknowledged) + random.randint(1, 12)
                eventually(
                    lambda: len(crowd.acknowledged) >= enough,  # noqa: B023
                    "registrations",
                )
                house.kill()
        finally:
            crowd.is_over.set()
        for client in clients:
            client.result(PATIENCE)

        assert len(crowd.acknowledged) >= kills
        assert crowd.others == []
        assert len(crowd.put_off) <= kills
        check_database(database_url, crowd, kills)
        house.start()
        with ThreadPoolExecutor(CLIENTS) as doors:
            signed_in = doors.map(
                lambda email: sign_in(crowd.url, email), crowd.acknowledged
            )
            assert set(signed_in) == {200}


def sign_in(url: str, email: str) -> int:
    """Sign in as soon as somebody answers."""
    form = {"email": email, "password": PASSWORD}

    def ask() -> int:
        """Try once; say the status, or 0 when nobody answers."""
        try:
            answer = requests.post(
                f"{url}/sessions", data=form, timeout=PATIENCE
            )
        except requests.ConnectionError:
            return 0
        return answer.status_code

    return eventually(ask, "an answer")


def check_database(database_url: str, crowd: Crowd, kills: int) -> None:
    """See that there is nothing half, and nobody too many."""
    engine = create_engine(database_url)
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            checked = connection.execute(text("PRAGMA integrity_check"))
            assert checked.all() == [("ok",)]
        for what, statement in SOUND.items():
            found = connection.execute(text(statement)).all()
            assert found == [], what
        emails = set(
            connection.execute(
                text("SELECT email FROM vestibule_users")
            ).scalars()
        )
    engine.dispose()
    assert emails >= set(crowd.acknowledged)
    assert emails.isdisjoint(crowd.put_off)
    # Whoever was registered without being told was in flight at a kill.
    assert len(emails) - len(crowd.acknowledged) <= kills * CLIENTS
