"""Clients that hang up in the middle leave nothing for the next one."""

import random
import socket
import struct
import threading
from contextlib import suppress
from pathlib import Path

import pytest
import requests

from conftest import PASSWORD
from processes import PATIENCE, Server, serving

PEOPLE = ("ann", "bea", "cleo")
ROUNDS = 15


def rude(server: Server, token: str, stop: threading.Event) -> None:
    """Ask for a private answer again and again, and hang up at some byte."""
    chance = random.Random(token)
    asked = (
        f"GET /api/v1/profile HTTP/1.1\r\nHost: localhost\r\n"
        f"Authorization: Bearer {token}\r\n\r\n"
    ).encode()
    while not stop.is_set():
        place = ("127.0.0.1", server.port)
        with suppress(OSError), socket.create_connection(place, 10) as line:
            # The line is cut at once, and not closed in peace.
            cut = struct.pack("ii", 1, 0)
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, cut)
            sent = chance.choice([20, 60, len(asked), len(asked)])
            line.sendall(asked[:sent])
            if sent == len(asked) and chance.random() < 0.5:
                line.recv(chance.choice([1, 40]))
        stop.wait(0.005)


def polite(server: Server, name: str, token: str, wrong: list[str]) -> None:
    """Ask for one's own answers; note each that is not one's own."""
    answered = 0
    with requests.Session() as line:
        line.headers["Authorization"] = f"Bearer {token}"
        for _ in range(ROUNDS):
            try:
                answer = line.get(
                    f"{server.url}/api/v1/profile", timeout=PATIENCE
                )
            except requests.ConnectionError:
                # Kept for the next one, and ended by the server meanwhile.
                continue
            if answer.status_code == 503:
                continue
            answered += 1
            told = answer.json().get("username")
            if told != name:
                wrong.append(f"{name} got {answer.status_code} {told}")
    if not answered:
        wrong.append(f"{name} got nothing")


@pytest.mark.attack(68, 135)
def test_nobody_gets_the_answer_of_somebody_who_hung_up(
    database_url: str, tmp_path: Path
) -> None:
    wrong: list[str] = []
    with serving(tmp_path, VESTIBULE_DATABASE_URL=database_url) as server:
        tokens = {name: entered(server, name) for name in PEOPLE}
        stop = threading.Event()
        storm = [
            threading.Thread(target=rude, args=(server, token, stop))
            for token in tokens.values()
        ]
        people = [
            threading.Thread(target=polite, args=(server, *own, wrong))
            for own in tokens.items()
        ]
        for thread in (*storm, *people):
            thread.start()
        for thread in people:
            thread.join(PATIENCE)
        stop.set()
        for thread in storm:
            thread.join(PATIENCE)
        assert not any(one.is_alive() for one in (*storm, *people))
        assert server.answers()

    assert wrong == []


def entered(server: Server, name: str) -> str:
    """Make an account, and give the token of a session."""
    told = {"email": f"{name}@example.com", "password": PASSWORD}
    url = f"{server.url}/api/v1"
    made = requests.post(
        f"{url}/users", json={**told, "username": name}, timeout=PATIENCE
    )
    assert made.status_code == 201, made.text
    opened = requests.post(
        f"{url}/sessions",
        json={"name": name, "password": PASSWORD, "bearer": True},
        timeout=PATIENCE,
    )
    token: str = opened.json()["token"]
    return token
