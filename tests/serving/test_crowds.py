"""A real server under crowds: slow bodies, and sign-ins that take long."""

import json
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import requests

from conftest import HTML, PASSWORD
from processes import PATIENCE, Server, eventually, serving
from vestibule.doors.capacity import BODIES, OF_ONE, SEATS, THREADS

SLOW = {"VESTIBULE_HASH_MEMORY": "65536", "VESTIBULE_HASH_PASSES": "8"}
BODY = json.dumps({"email": "nobody", "password": PASSWORD}).encode()


def slow(server: Server, path: str, whence: str) -> socket.socket:
    """Begin a request from an address of this machine, without its body."""
    connection = socket.create_connection(
        ("127.0.0.1", server.port), PATIENCE, (whence, 0)
    )
    connection.sendall(
        f"POST {path} HTTP/1.1\r\nHost: localhost:{server.port}\r\n"
        "Content-Type: application/json\r\n"
        f"Content-Length: {len(BODY)}\r\n\r\n".encode()
    )
    return connection


def answered(connection: socket.socket) -> bytes:
    """Read the status line and the head of an answer, if one is there."""
    connection.setblocking(False)
    try:
        return connection.recv(4096, socket.MSG_PEEK)
    except BlockingIOError:
        return b""
    finally:
        connection.settimeout(PATIENCE)


@contextmanager
def crowd(server: Server, addresses: int, each: int) -> Iterator[list[int]]:
    """Begin many slow requests; say how many of each address are waited for.

    Whoever is not is refused at once.
    """
    with ExitStack() as stack:
        groups = [
            [
                stack.enter_context(
                    slow(server, "/sessions", f"127.0.1.{number + 1}")
                )
                for _ in range(each)
            ]
            for number in range(addresses)
        ]
        flat = [one for group in groups for one in group]

        def refused() -> bool:
            """Tell whether all that cannot be waited for were refused."""
            waiting = sum(not answered(one) for one in flat)
            return waiting <= min(BODIES, addresses * OF_ONE)

        eventually(refused, "the refusals")
        for one in flat:
            told = answered(one).lower()
            assert not told or b" 503 " in told
            assert not told or b"retry-after: 2" in told
        yield [sum(not answered(one) for one in group) for group in groups]


@pytest.mark.attack(113, 135)
@pytest.mark.asvs("15.4.4")
def test_bodies_that_never_come_leave_the_site_to_others(
    tmp_path: Path,
) -> None:
    with serving(tmp_path) as server:
        with crowd(server, 1, THREADS // 4) as waited_for:
            assert waited_for == [OF_ONE]
            # Somebody from elsewhere notices nothing.
            page = requests.get(
                f"{server.url}/login", headers=HTML, timeout=PATIENCE
            )
            assert page.status_code == 200
            with slow(server, "/sessions", "127.0.2.1") as other:
                other.sendall(BODY)
                assert b" 401 " in other.recv(4096)
        with crowd(server, BODIES // OF_ONE + 1, OF_ONE) as waited_for:
            assert sum(waited_for) == BODIES
            check = requests.get(f"{server.url}/check", timeout=PATIENCE)
            assert check.status_code == 401
        # Where nobody sends any more, nobody is waited for.
        eventually(lambda: is_let_in(server), "a sign-in")


@pytest.mark.parametrize("method", ["POST", "ODD"])
def test_bodies_of_no_length_hold_nobody_up(
    tmp_path: Path, method: str
) -> None:
    begun = (
        f"{method} /nothing HTTP/1.1\r\nHost: localhost\r\n"
        "Transfer-Encoding: chunked\r\n\r\n"
    )
    with serving(tmp_path) as server, ExitStack() as stack:
        for _ in range(3 * SEATS):
            one = stack.enter_context(
                socket.create_connection(("127.0.0.1", server.port), PATIENCE)
            )
            one.sendall(begun.encode())
            assert b" 411 " in one.recv(4096)
        page = requests.get(f"{server.url}/", headers=HTML, timeout=PATIENCE)
        assert page.status_code == 200


@pytest.mark.attack(113)
def test_pictures_that_never_come_hold_nobody_up(tmp_path: Path) -> None:
    with serving(tmp_path) as server, ExitStack() as stack:
        typed = {"email": "anna@example.com", "password": PASSWORD}
        for path in ("/users", "/sessions"):
            answer = requests.post(
                server.url + path, data=typed, timeout=PATIENCE
            )
            assert answer.status_code == 200
        begun = (
            "PUT /api/v1/profile/picture HTTP/1.1\r\nHost: localhost\r\n"
            f"Cookie: session_id={answer.cookies['session_id']}\r\n"
            "Content-Type: image/png\r\nContent-Length: 1000000\r\n\r\n"
        )
        for number in range(3 * SEATS):
            one = stack.enter_context(
                socket.create_connection(
                    ("127.0.0.1", server.port),
                    PATIENCE,
                    (f"127.0.1.{number + 1}", 0),
                )
            )
            one.sendall(begun.encode())
        page = requests.get(f"{server.url}/", headers=HTML, timeout=PATIENCE)
        assert page.status_code == 200
        assert is_let_in(server)


def is_let_in(server: Server) -> bool:
    """Tell whether a guess is checked, and not refused."""
    with slow(server, "/sessions", "127.0.1.1") as one:
        one.sendall(BODY)
        return b" 401 " in one.recv(4096)


@pytest.mark.asvs("15.4.4")
def test_sign_ins_that_take_long_hold_nobody_else_up(tmp_path: Path) -> None:
    with serving(tmp_path, **SLOW) as server:

        def guess(_: int) -> requests.Response:
            """Guess once."""
            return requests.post(
                f"{server.url}/sessions",
                data={"email": "nobody", "password": PASSWORD},
                timeout=PATIENCE,
            )

        with ThreadPoolExecutor(40) as threads:
            guesses = [threads.submit(guess, n) for n in range(40)]
            seen = 0
            while not all(one.done() for one in guesses):
                check = requests.get(f"{server.url}/check", timeout=PATIENCE)
                assert check.status_code == 401
                seen += 1
            answers = [one.result() for one in guesses]

    assert seen > 0
    refused = [one for one in answers if one.status_code == 503]
    assert refused
    assert {one.headers["Retry-After"] for one in refused} == {"2"}
    others = {one.status_code for one in answers} - {503}
    assert others <= {401, 429}
