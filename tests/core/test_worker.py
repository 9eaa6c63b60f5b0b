"""The worker sends letters, clears away, and is not stopped by trouble."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from sqlalchemy import func, select, text, update

from conftest import Postbox, TurnableClock
from vestibule.attempts import Attempts
from vestibule.auth import Auth
from vestibule.capabilities.sessions.records import SessionRecord
from vestibule.errors import Unavailable
from vestibule.ground.letters import (
    ConsolePost,
    Letter,
    SmtpPost,
    Undelivered,
)
from vestibule.mailed_tokens import MailedToken
from vestibule.outbox import OutboxLetter
from vestibule.records import Record
from vestibule.settings import Settings
from vestibule.user import User
from vestibule.worker import Worker, post_for, sweep

HELLO = Letter("alice@example.com", "Hello", "Hello.")
SWEPT: list[type[Record]] = [
    SessionRecord,
    MailedToken,
    Attempts,
    OutboxLetter,
]


@dataclass
class Fickle:
    """A post that first fails in some ways, and then works."""

    troubles: list[Exception] = field(default_factory=list)
    sent: list[str] = field(default_factory=list)
    done: threading.Event = field(default_factory=threading.Event)

    def send(self, letter: Letter) -> None:
        """Fail, or take the letter."""
        if self.troubles:
            raise self.troubles.pop(0)
        self.sent.append(letter.subject)
        self.done.set()


@pytest.fixture
def start(
    auth: Auth,
) -> Iterator[Callable[[Fickle], Worker]]:
    """Give the test workers that run in a thread until it ends."""
    running: list[tuple[Worker, threading.Thread]] = []

    def started(post: Fickle) -> Worker:
        worker = Worker(auth, post)
        running.append((worker, worker.start()))
        return worker

    yield started
    for worker, thread in running:
        worker.stop()
        thread.join(10)
        assert not thread.is_alive()


def rows(auth: Auth, table: type[Record]) -> int:
    """Count the rows of a table."""
    row = auth.db.first(select(func.count()).select_from(table))
    assert row is not None
    return int(row[0])


def use_everything(auth: Auth, postbox: Postbox, user: User) -> None:
    """Leave a row in every table that is swept."""
    auth.sessions.open(user.id)
    auth.mailed_tokens.issue(user.id, "password_reset", user.email)
    auth.valid_login("alice", "a guess")
    auth.outbox.put(user.id, HELLO)
    postbox.empty()


# -- rounds -----------------------------------------------------------------


def test_a_round_sends_what_is_due(auth: Auth) -> None:
    post = Fickle()
    worker = Worker(auth, post)
    assert worker.round() == 0

    for _ in range(3):
        auth.outbox.put(None, HELLO)
    assert worker.round() == 3
    assert post.sent == ["Hello"] * 3


def test_the_sweep_reaches_every_table_where_time_runs_out(
    auth: Auth, postbox: Postbox, alice: User, clock: TurnableClock
) -> None:
    use_everything(auth, postbox, alice)
    assert sweep(auth) == 0
    assert [rows(auth, table) for table in SWEPT] == [1, 1, 2, 1]

    clock.turn(days=8)
    assert sweep(auth) == 5
    assert [rows(auth, table) for table in SWEPT] == [0, 0, 0, 0]
    assert auth.valid_login("alice", "correct horse battery staple")


def test_a_worker_sweeps_at_its_start_and_then_every_ten_minutes(
    auth: Auth, postbox: Postbox, alice: User, clock: TurnableClock
) -> None:
    worker = Worker(auth, postbox)
    use_everything(auth, postbox, alice)
    clock.turn(days=8)
    worker.round()
    assert rows(auth, SessionRecord) == 0

    use_everything(auth, postbox, alice)
    clock.turn(minutes=9)
    auth.db.write(update(SessionRecord).values(ends_at=0))
    worker.round()
    assert rows(auth, SessionRecord) == 1
    clock.turn(minutes=1)
    worker.round()
    assert rows(auth, SessionRecord) == 0


# -- running ----------------------------------------------------------------


def test_a_new_letter_wakes_the_worker_at_once(
    auth: Auth, start: Callable[[Fickle], Worker]
) -> None:
    post = Fickle()
    start(post)
    time.sleep(0.2)
    began = time.monotonic()
    auth.outbox.put(None, HELLO)

    assert post.done.wait(10)
    assert time.monotonic() - began < 1.5


@pytest.mark.parametrize("trouble", [ZeroDivisionError, Unavailable])
def test_trouble_is_logged_and_does_not_end_the_work(
    auth: Auth,
    start: Callable[[Fickle], Worker],
    caplog: pytest.LogCaptureFixture,
    trouble: type[Exception],
) -> None:
    said = {
        ZeroDivisionError: "the worker stumbled",
        Unavailable: "the database does not answer",
    }
    post = Fickle([trouble()])
    auth.outbox.put(None, HELLO)
    start(post)
    while post.troubles:
        time.sleep(0.01)
    auth.outbox.put(None, Letter("b@example.com", "Second", "x"))

    assert post.done.wait(10)
    assert post.sent == ["Second"]
    assert said[trouble] in caplog.text


@pytest.mark.parametrize("table", ["outbox", "attempts"])
def test_a_table_that_is_gone_is_named_and_not_called_silence(
    auth: Auth,
    start: Callable[[Fickle], Worker],
    caplog: pytest.LogCaptureFixture,
    table: str,
) -> None:
    auth.db.write(text(f"DROP TABLE vestibule_{table}"))
    start(Fickle())
    while not caplog.text:
        time.sleep(0.01)

    said = caplog.records[0].getMessage()
    assert "the schema is broken, see vestibule doctor: " in said
    assert f"vestibule_{table}" in said
    assert "does not answer" not in caplog.text
    assert "Traceback" not in caplog.text


def test_a_letter_that_does_not_leave_is_no_trouble_for_the_worker(
    auth: Auth, caplog: pytest.LogCaptureFixture
) -> None:
    auth.outbox.put(None, HELLO)

    assert Worker(auth, Fickle([Undelivered("later")])).round() == 0
    assert caplog.text == ""


def test_a_worker_stops_when_told(auth: Auth) -> None:
    worker = Worker(auth, Fickle())
    thread = worker.start()
    time.sleep(0.1)
    began = time.monotonic()
    worker.stop()
    thread.join(10)

    assert not thread.is_alive()
    assert time.monotonic() - began < 1.5


# -- the way letters leave --------------------------------------------------


def mail(**options: Any) -> Settings:
    """Make settings with a mail server."""
    return Settings.load(
        {},
        mail_server="mail.example.com",
        mail_sender="a@b.example",
        **options,
    )


def test_without_a_server_letters_wait_however_long_it_takes(
    auth: Auth, clock: TurnableClock
) -> None:
    auth.outbox.put(None, HELLO)
    worker = Worker(auth)

    for _ in range(20):
        assert worker.round() == 0
        clock.turn(hours=2)
    (letter,) = auth.outbox.latest()
    assert (letter.state, letter.tries) == ("waiting", 0)


def test_the_settings_choose_how_letters_leave() -> None:
    plain = SmtpPost("mail.example.com", 587, "a@b.example", use_tls=True)

    assert post_for(mail()) == plain
    assert post_for(mail(mail_use_tls="false")) == replace(
        plain, use_tls=False
    )
    assert post_for(mail(mail_use_ssl="true", mail_port="465")) == replace(
        plain, port=465, use_tls=False, use_ssl=True
    )
    assert post_for(
        mail(
            mail_username="alice",
            mail_password="secret",
            mail_ca_file="/ca.pem",
        )
    ) == replace(plain, username="alice", password="secret", ca_file="/ca.pem")


def test_in_development_letters_are_shown_and_sent_where_they_can_be() -> None:
    assert post_for(Settings.load({}, development="true")) == ConsolePost()
    assert post_for(mail(development="true")) == ConsolePost(
        SmtpPost("mail.example.com", 587, "a@b.example", use_tls=True)
    )


@pytest.mark.parametrize(
    ("options", "sender"),
    [
        ({}, "noreply@localhost"),
        (
            {"base_url": "https://id.example.com:8443/x"},
            "noreply@id.example.com",
        ),
        ({"mail_username": "box@example.com"}, "box@example.com"),
        (
            {"mail_username": "apikey", "base_url": "https://id.example.com"},
            "noreply@id.example.com",
        ),
        (
            {"mail_username": "box@example.com", "mail_sender": "x@y.example"},
            "x@y.example",
        ),
    ],
)
def test_the_sender_is_what_is_set_or_the_next_best(
    options: dict[str, Any], sender: str
) -> None:
    post = post_for(
        Settings.load({}, mail_server="mail.example.com", **options)
    )

    assert isinstance(post, SmtpPost)
    assert post.sender == sender
