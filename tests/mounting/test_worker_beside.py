"""The worker of a host's process: it starts when there is work, and ends."""

import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from flask import Flask

from conftest import PASSWORD
from processes import (
    PATIENCE,
    Server,
    environment,
    eventually,
    free_port,
    mailed_link,
    post,
    started,
)
from vestibule import Vestibule, create_app, testing
from vestibule.auth import Auth

HOST = """
from flask import Flask
from vestibule import Vestibule

app = Flask("shop")
Vestibule(app)


@app.get("/threads")
def threads():
    import threading
    return " ".join(sorted(t.name for t in threading.enumerate()))
"""


def script(folder: Path, code: str, **more: str) -> str:
    """Run a program beside the host, and read what it says at its end."""
    (folder / "shop.py").write_text(HOST)
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env=environment(folder, **more),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def workers() -> list[threading.Thread]:
    """List the workers that run in this process."""
    return [
        thread
        for thread in threading.enumerate()
        if thread.name == "vestibule-worker"
    ]


# -- when it starts ---------------------------------------------------------


def test_it_starts_with_the_first_request_and_not_before(
    tmp_path: Path,
) -> None:
    said = script(
        tmp_path,
        "import threading; from shop import app\n"
        "print('first', threading.active_count())\n"
        "client = app.test_client()\n"
        "print(client.get('/threads').text)\n"
        "print(client.get('/threads').text, threading.active_count())\n",
    )

    assert "first 1\n" in said
    assert said.count("MainThread vestibule-worker\n") == 1
    assert "MainThread vestibule-worker 2\n" in said


def test_many_first_requests_at_once_start_one(tmp_path: Path) -> None:
    said = script(
        tmp_path,
        "import threading; from concurrent.futures import *\n"
        "from shop import app\n"
        "sys_go = threading.Barrier(8)\n"
        "def ask(_):\n"
        "    sys_go.wait()\n"
        "    return app.test_client().get('/threads').status_code\n"
        "with ThreadPoolExecutor(8) as pool:\n"
        "    print(*pool.map(ask, range(8)))\n"
        "print(sum(t.name == 'vestibule-worker'"
        " for t in threading.enumerate()), 'worker')\n",
    )

    assert "200 200 200" in said
    assert "\n1 worker\n" in said


def test_each_process_that_a_server_forks_has_its_own(tmp_path: Path) -> None:
    said = script(
        tmp_path,
        "import os, sys\n"
        "from shop import app\n"
        "def child(number):\n"
        "    if os.fork():\n"
        "        return os.wait()[1]\n"
        "    made = app.test_client().post('/users', data={\n"
        "        'email': f'a{number}@example.com',\n"
        f"        'password': {PASSWORD!r}}})\n"
        "    text = app.test_client().get('/threads').text\n"
        "    print(number, made.status_code, text, flush=True)\n"
        "    sys.exit(0)\n"
        "print('ends', child(1), child(2))\n"
        "import threading; print('parent', threading.active_count())\n",
    )

    for number in (1, 2):
        assert re.search(rf"^{number} 200 .* vestibule-worker$", said, re.M)
    assert "ends 0 0\nparent 1\n" in said
    assert "Traceback" not in said


def test_a_child_of_a_process_that_has_one_starts_its_own(
    tmp_path: Path,
) -> None:
    said = script(
        tmp_path,
        "import os, sys, threading\n"
        "from vestibule import worker\n"
        # SQLite itself does not bear a fork while a thread is using it.
        "worker.Worker.round = lambda self: 0\n"
        "from shop import app\n"
        "print('parent', app.test_client().get('/threads').text, flush=True)\n"
        "if not os.fork():\n"
        "    print('child', threading.active_count(), flush=True)\n"
        "    print('child', app.test_client().get('/threads').text)\n"
        "    sys.exit(0)\n"
        "print('ends', os.wait()[1])\n",
    )

    assert "parent MainThread vestibule-worker\n" in said
    assert "child 1\nchild MainThread vestibule-worker\n" in said
    assert "ends 0\n" in said


def test_processes_forked_from_one_that_worked_share_nothing_with_it(
    tmp_path: Path, database_url: str
) -> None:
    said = script(
        tmp_path,
        "import os\n"
        "from shop import app\n"
        "from vestibule import testing\n"
        "def use():\n"
        "    ask = testing.sign_in(app, testing.user(app))\n"
        "    for _ in range(30):\n"
        "        assert ask.get('/profile').status_code == 200\n"
        "use()\n"
        "for _ in range(4):\n"
        "    if not os.fork():\n"
        "        use()\n"
        "        os._exit(0)\n"
        "use()\n"
        "print([os.wait()[1] for _ in range(4)])\n"
        "use()\n",
        VESTIBULE_DATABASE_URL=database_url,
    )

    assert "[0, 0, 0, 0]" in said


@pytest.mark.parametrize(
    "how",
    ["app.testing", "worker=False", "operations of its own"],
)
def test_it_does_not_start_where_it_is_not_wanted(how: str) -> None:
    app = Flask("shop")
    settings, before = testing.settings(), workers()
    if how == "operations of its own":
        Vestibule().init_app(app, Auth.opened(settings))
    else:
        Vestibule(app, settings, worker=how != "worker=False")
    app.testing = how == "app.testing"

    assert app.test_client().get("/login").status_code == 200

    assert workers() == before
    testing.close(app)


def test_a_served_standalone_site_has_no_second_one(auth: Auth) -> None:
    before = workers()
    create_app(auth=auth).test_client().get("/")

    assert workers() == before


def test_it_ends_with_the_application_where_a_test_says_so() -> None:
    app, before = Flask("shop"), workers()
    Vestibule(app, testing.settings())
    app.test_client().get("/login")
    assert len(workers()) == len(before) + 1

    testing.close(app)

    assert workers() == before


def test_a_command_of_the_host_starts_none(tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(
        HOST + "\n\n@app.cli.command()\ndef count():\n"
        "    import threading; print('threads', threading.active_count())\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "shop", "count"],
        cwd=tmp_path,
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
    )

    assert done.stdout == "threads 1\n"


# -- what it does -----------------------------------------------------------


@pytest.fixture
def debugged(tmp_path: Path) -> Iterator[Server]:
    """Run a host as its developer does, with reloader and debugger."""
    (tmp_path / "shop.py").write_text(HOST)
    port = free_port()
    command = [sys.executable, "-m", "flask", "--app", "shop", "run"]
    command += ["--debug", "--port", str(port)]
    env = environment(tmp_path, VESTIBULE_PORT=str(port))
    with started(command, port, tmp_path, env) as server:
        yield server


def test_in_debug_mode_letters_are_printed_once_and_shown_on_a_page(
    debugged: Server,
) -> None:
    email = "anna@example.com"
    assert (
        post(debugged, "/users", email=email, password=PASSWORD).status_code
        == 200
    )

    link = mailed_link(debugged, "/verify-email/")
    eventually(lambda: link in debugged.said(), "the letter on the console")
    (debugged.log.parent / "shop.py").write_text(HOST + "\nCHANGED = True\n")
    eventually(lambda: "Restarting" in debugged.said(), "the reloader")
    eventually(debugged.answers, "the reloaded host")
    threads = requests.get(f"{debugged.url}/threads", timeout=PATIENCE).text

    assert threads.count("vestibule-worker") == 1
    assert debugged.said().count(f"To: {email}") == 1
    assert "is not set" not in debugged.said()
    assert "Traceback" not in debugged.said()


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_a_host_that_is_stopped_ends_without_a_word(
    tmp_path: Path, sign: signal.Signals
) -> None:
    (tmp_path / "shop.py").write_text(HOST)
    port = free_port()
    command = [sys.executable, "-m", "flask", "--app", "shop", "run"]
    command += ["--port", str(port)]
    env = environment(tmp_path)
    with started(command, port, tmp_path, env) as server:
        requests.get(f"{server.url}/threads", timeout=PATIENCE)
        status = server.stop(sign)

    assert status in (0, -sign)
    assert "Traceback" not in server.said()
    assert "Fatal" not in server.said()


def test_an_interpreter_that_ends_waits_for_the_letter_in_hand(
    tmp_path: Path,
) -> None:
    said = script(
        tmp_path,
        "import time, threading\n"
        "from vestibule import worker\n"
        "taken = threading.Event()\n"
        "class Slow:\n"
        "    def send(self, letter):\n"
        "        taken.set()\n"
        "        time.sleep(0.5)\n"
        "        print('sent', letter.subject, flush=True)\n"
        "import vestibule.doors.hosting as hosting\n"
        "hosting.post_for = lambda *_, **__: Slow()\n"
        "from shop import app\n"
        "app.test_client().post('/users', data={\n"
        f"    'email': 'anna@example.com', 'password': {PASSWORD!r}}})\n"
        "assert taken.wait(30)\n"
        "print('end', flush=True)\n",
    )

    assert re.search(r"end\nsent Confirm", said), said


def test_debug_mode_that_is_set_late_prints_letters_as_well(
    tmp_path: Path,
) -> None:
    said = script(
        tmp_path,
        "import time; from shop import app\n"
        "app.debug = True\n"
        "app.test_client().post('/users', data={\n"
        f"    'email': 'anna@example.com', 'password': {PASSWORD!r}}})\n"
        "from vestibule import testing\n"
        "outbox = testing.auth(app).outbox\n"
        "while outbox.latest()[0].state == 'waiting':\n"
        "    time.sleep(0.05)\n",
    )

    assert "To: anna@example.com" in said
    assert "is not set" not in said


def test_what_production_needs_is_said_at_the_first_request(
    tmp_path: Path,
) -> None:
    code = "from shop import app; app.test_client().get('/threads')"
    nothing = script(tmp_path, code)
    everything = script(
        tmp_path,
        code,
        VESTIBULE_MAIL_SERVER="localhost",
        VESTIBULE_BASE_URL="https://shop.example",
    )
    only_loaded = script(tmp_path, "import shop")

    assert "no mail will leave: VESTIBULE_MAIL_SERVER is not set" in nothing
    assert "VESTIBULE_BASE_URL is not set: links in mails begin" in nothing
    assert everything == only_loaded == ""


def test_letters_of_the_last_run_leave_with_the_first_request(
    tmp_path: Path,
) -> None:
    (tmp_path / ".env").write_text("VESTIBULE_DEVELOPMENT=true\n")
    make: Any = (
        "from shop import app; from vestibule import testing\n"
        "testing.auth(app).register_user("
        f"'anna@example.com', {PASSWORD!r})\n"
    )
    assert "To: anna@example.com" not in script(tmp_path, make)

    said = script(
        tmp_path,
        "import time; from shop import app; from vestibule import testing\n"
        "app.test_client().get('/threads')\n"
        "outbox = testing.auth(app).outbox\n"
        "while outbox.latest()[0].state == 'waiting':\n"
        "    time.sleep(0.05)\n",
    )

    assert "To: anna@example.com" in said
