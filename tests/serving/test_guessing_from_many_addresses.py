"""A real server: strangers guess from many addresses, and the owner comes."""

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests
from requests.adapters import HTTPAdapter

from conftest import PASSWORD
from processes import PATIENCE, Server, serving
from racing import shut_by_ten
from vestibule.auth import Auth

ADDRESSES, GUESSES = 10, 30


class From(HTTPAdapter):
    """Sends requests from one address of this machine."""

    def __init__(self, address: str) -> None:
        self.address = address
        super().__init__()

    def init_poolmanager(self, *given: Any, **named: Any) -> None:
        """Open connections from there."""
        named["source_address"] = (self.address, 0)
        super().init_poolmanager(*given, **named)


def visitor(address: str) -> requests.Session:
    """Make somebody who comes from an address, and keeps cookies."""
    session = requests.Session()
    session.mount("http://", From(address))
    return session


def sign_in(server: Server, session: requests.Session, password: str) -> int:
    """Try to sign in, and again where the server is too busy."""
    deadline = time.monotonic() + 2 * PATIENCE
    while time.monotonic() < deadline:
        answer = session.post(
            f"{server.url}/api/v1/sessions",
            json={"name": "alice", "password": password},
            timeout=PATIENCE,
        )
        if answer.status_code != 503:
            return answer.status_code
        time.sleep(0.05)
    raise AssertionError("too busy for too long")


@pytest.mark.attack(32, 36, "A21", "A22")
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_owner_signs_in_while_ten_addresses_guess(
    auth: Auth, tmp_path: Path
) -> None:
    cheap = {
        "VESTIBULE_HASH_MEMORY": "8",
        "VESTIBULE_HASH_PASSES": "1",
        "VESTIBULE_DATABASE_URL": auth.settings.database_url,
    }
    with serving(tmp_path, "--workers", "2", **cheap) as server:
        person = {"username": "alice", "email": "alice@example.com"}
        made = requests.post(
            f"{server.url}/api/v1/users",
            json={**person, "password": PASSWORD},
            timeout=PATIENCE,
        )
        assert made.status_code == 201, made.text
        owner = visitor("127.0.2.1")
        assert sign_in(server, owner, PASSWORD) == 201
        shut_by_ten(auth, auth.db.find_user_by(username="alice").id)
        strangers = [visitor(f"127.0.1.{n + 1}") for n in range(ADDRESSES)]

        def guess(number: int) -> int:
            """Guess once, from the next address."""
            stranger = strangers[number % ADDRESSES]
            return sign_in(server, stranger, f"guess {number}")

        with ThreadPoolExecutor(ADDRESSES) as threads:
            guesses = [threads.submit(guess, n) for n in range(GUESSES)]
            came: list[int] = []
            while not came or not all(one.done() for one in guesses):
                # On the way: from another address each time.
                way = visitor(f"127.0.2.{len(came) % 250 + 2}")
                way.cookies.update(owner.cookies)
                came.append(sign_in(server, way, PASSWORD))
            told = Counter(one.result() for one in guesses)
        new = sign_in(server, visitor("127.0.3.1"), PASSWORD)

    assert told == {401: 10, 429: GUESSES - 10}
    assert {*came} == {201}
    assert new == 429
