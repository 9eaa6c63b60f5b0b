"""What others answer the doctor: late, drop by drop, or with tricks."""

import socket
import threading
from contextlib import suppress
from http.client import HTTPException
from typing import Any

import pytest
from sqlalchemy import make_url

from clinic import Clinic
from mailroom import HERE, free_port
from vestibule.doctor import probe, reader
from vestibule.doctor.examination import scrubbed
from vestibule.doctor.finding import State
from vestibule.doctor.patience import Patience
from vestibule.doctor.reader import Reader
from vestibule.doors import doctor as door
from vestibule.doors.doctor import admit

pytest_plugins = ["clinic_fixtures"]


class Dripping:
    """A server whose answer never ends, and comes byte by byte."""

    def __init__(self) -> None:
        self.listening = socket.create_server((HERE, 0))
        self.url = f"http://{HERE}:{self.listening.getsockname()[1]}/"
        self.is_cut = threading.Event()
        self.is_over = threading.Event()
        threading.Thread(target=self.drip, daemon=True).start()

    def drip(self) -> None:
        """Answer until nobody listens any more."""
        made = self.listening.accept()[0]
        with made, suppress(OSError):
            made.sendall(b"HTTP/1.1 200 OK\r\nX-Long: ")
            while not self.is_over.wait(0.01):
                made.sendall(b"x")
        self.is_cut.set()


@pytest.mark.asvs("13.1.3")
def test_an_answer_that_never_ends_is_cut() -> None:
    server = Dripping()
    told: list[BaseException] = []

    def fetch() -> None:
        """Ask, and note what came of it."""
        try:
            probe.fetched(
                server.url,
                {},
                socket.create_connection,
                patience=Patience(visit=0.2),
            )
        except (OSError, HTTPException) as error:
            told.append(error)

    asking = threading.Thread(target=fetch, daemon=True)
    asking.start()
    asking.join(30)
    is_cut = server.is_cut.wait(30)
    server.is_over.set()
    server.listening.close()

    assert not asking.is_alive()
    assert is_cut


@pytest.mark.asvs("16.4.1")
def test_what_others_say_moves_no_cursor() -> None:
    said = "v=spf1\x1b[2J\x1b[H\r0 errors\u202e\x00\udc80 é"

    assert scrubbed(said, []) == (
        r"v=spf1\x1b[2J\x1b[H\r0 errors\u202e\x00\udc80 é"
    )


def test_what_others_say_makes_no_line_of_its_own(
    sqlite_clinic: Clinic,
) -> None:
    def tricking(*_: Any) -> Any:
        """Fail with a line that looks like ours."""
        raise OSError("gone\n0 errors, 0 warnings.\x1b[8m")

    (found,) = sqlite_clinic.in_the_world(addresses=tricking).look("site.name")

    assert found.what.endswith(r"gone 0 errors, 0 warnings.\x1b[8m")


def test_a_database_that_comes_up_later_is_waited_for(
    postgres_clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = postgres_clinic.settings()
    url = make_url(settings.database_url)
    postgres_clinic.having(
        database_url=url.set(
            host=HERE, port=free_port(), query={}
        ).render_as_string(hide_password=False)
    )
    asked: list[float] = []
    later = Reader(postgres_clinic.settings())
    later.patience = 60.0

    def come_up(seconds: float) -> None:
        """Let it be there at the third time."""
        asked.append(seconds)
        if len(asked) == 3:
            later.engine = Reader(settings).engine

    monkeypatch.setattr(reader, "sleep", come_up)

    assert later.value("SELECT 1") == 1
    assert len(asked) == 3
    later.close()


@pytest.mark.parametrize("is_there", [True, False])
def test_one_that_refuses_or_never_comes_is_not_waited_for_for_ever(
    postgres_clinic: Clinic, monkeypatch: pytest.MonkeyPatch, is_there: bool
) -> None:
    url = make_url(postgres_clinic.settings().database_url)
    there = url.set(database="nobody_made_it")
    gone = url.set(host=HERE, port=free_port(), query={})
    asked = Reader(
        postgres_clinic.having(
            database_url=(there if is_there else gone).render_as_string(
                hide_password=False
            )
        ).settings()
    )
    asked.patience = 0.05
    slept: list[float] = []
    monkeypatch.setattr(reader, "sleep", slept.append)

    with pytest.raises(reader.Silent):
        asked.value("SELECT 1")

    assert bool(slept) != is_there
    asked.close()


def test_the_start_waits_for_the_database_and_the_doctor_does_not(
    postgres_clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[float] = []
    connected = Reader._connected_at_last

    def noting(one: Reader) -> Any:
        """Note for how long it would wait."""
        seen.append(one.patience)
        return connected(one)

    monkeypatch.setattr(Reader, "_connected_at_last", noting)
    postgres_clinic.look("database.reach")
    assert {*seen} == {0.0}
    seen.clear()

    assert State.ERROR not in {
        one.state for one in admit(postgres_clinic.settings())
    }
    assert {*seen} == {door.COMING_UP}
