"""What a line of the log looks like, and what can never be in one."""

import json
import logging
import os
import re
import sqlite3
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, text
from sqlalchemy.exc import DBAPIError

from conftest import PASSWORD
from leaks import LeakFinder
from vestibule.auth import Auth
from vestibule.doors.log_stream import LogStream
from vestibule.doors.logs import formatter
from vestibule.ground.redaction import network, without_addresses
from vestibule.settings import Settings
from vestibule.user import Identifier, User

MAIL_PASSWORD = "smtp secret"


class Log:
    """A logger whose lines go through a pipe, as those of a server do."""

    def __init__(self, *secrets: str) -> None:
        self.end, self.start = os.pipe()
        self.lines = LogStream(self.start)
        self.lines.setFormatter(formatter(secrets))
        self.logger = logging.Logger("vestibule.test")
        self.logger.addHandler(self.lines)

    def read(self) -> list[dict[str, Any]]:
        """Read all lines so far, each a JSON object by itself."""
        text = os.read(self.end, 1_000_000).decode()
        assert text.endswith("\n")
        return [json.loads(line) for line in text.splitlines()]

    def close(self) -> None:
        """Close what is open of the pipe."""
        for descriptor in (self.end, self.start):
            try:
                os.close(descriptor)
            except OSError:
                continue


@pytest.fixture
def log() -> Iterator[Log]:
    """Give the test a log."""
    made = Log(MAIL_PASSWORD)
    yield made
    made.close()


@pytest.mark.asvs("16.2.1", "16.2.2", "16.2.4")
def test_a_line_says_when_in_utc_how_bad_who_and_what(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Wherever the server stands.
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    before = datetime.now(UTC)
    log.logger.warning("%d letters wait", 3, extra={"user": 7, "actor": None})
    monkeypatch.undo()
    time.tzset()

    [line] = log.read()
    told = datetime.fromisoformat(line["timestamp"])
    assert abs((told - before).total_seconds()) < 3600
    moment = line.pop("timestamp")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", moment)
    assert line == {
        "level": "warning",
        "logger": "vestibule.test",
        "event": "3 letters wait",
        "user": 7,
    }


@pytest.mark.asvs("16.4.1", "X21")
def test_nothing_that_is_sent_makes_a_second_line(log: Log) -> None:
    forged = '{"level": "info", "event": "login: done", "user": 1}'
    for end in ("\n", "\r\n", "\r", "\v", "\f", "\x1c", "\x85", "\u2028"):
        log.logger.info("name %s", f"x{end}{forged}", extra={"a": end})
    log.logger.info("\x1b[2J\x7f\x00\ud800")

    text = os.read(log.end, 100_000)
    assert text.count(b"\n") == 9
    assert set(text) <= {10, *range(0x20, 0x7F)}
    for line in text.splitlines():
        assert json.loads(line)["level"] == "info"


@pytest.mark.asvs("16.2.5")
def test_a_line_shows_neither_addresses_nor_the_secrets_of_the_settings(
    log: Log,
) -> None:
    try:
        raise OSError(f"no to alice@example.com by {MAIL_PASSWORD}!")
    except OSError:
        log.logger.exception(
            "at %s", "postgresql://vestibule:hidden@db.example.com/x"
        )

    [line] = log.read()
    assert line["event"] == "at postgresql://…@db.example.com/x"
    assert "OSError: no to a…@e… by ********!" in line["traceback"]
    assert "alice" not in json.dumps(line)
    assert MAIL_PASSWORD not in json.dumps(line)


@pytest.mark.asvs("16.2.5", "13.3.1")
def test_all_settings_that_are_secret_are_hidden(tmp_path: Path) -> None:
    settings = Settings.load(
        {},
        secret_key="0123456789abcdef0123456789abcdef",
        old_secret_keys="abcdef0123456789abcdef0123456789,"
        "56789abcdef0123456789abcdef01234",
        mail_password="a mail, password",
        metrics_token="fedcba9876543210fedcba9876543210",
        database_url="postgresql://me:db-password@example.com/x",
    )
    told = settings.secrets

    assert {
        "0123456789abcdef0123456789abcdef",
        "abcdef0123456789abcdef0123456789",
        "56789abcdef0123456789abcdef01234",
        "a mail, password",
        "fedcba9876543210fedcba9876543210",
    } <= {*told}
    # Where a driver tells the password of an address without the address.
    assert "db-password" in told


@pytest.mark.asvs("16.5.1", "16.2.5")
def test_a_traceback_is_one_field_without_any_values(log: Log) -> None:
    def deeper(depth: int, typed: str) -> None:
        """Go down, holding what somebody typed."""
        if not depth:
            raise RuntimeError("broken")
        between(depth - 1, typed)

    def between(depth: int, typed: str) -> None:
        """Lie between, as Python tells equal frames but once."""
        deeper(depth - 1, typed)

    try:
        deeper(300, PASSWORD)
    except RuntimeError:
        log.logger.exception("unhandled error")

    text = os.read(log.end, 100_000)
    # One write to a pipe, which does not mix with those of others.
    assert len(text) <= 4096
    line = json.loads(text)
    assert line["traceback"].startswith("Traceback (most recent call last)")
    assert line["traceback"].endswith("RuntimeError: broken")
    assert PASSWORD not in text.decode()


@pytest.mark.asvs("X21", "16.5.2")
def test_a_log_that_nobody_reads_any_more_stops_nobody(log: Log) -> None:
    os.close(log.end)

    for _ in range(3):
        log.logger.warning("who hears this?")

    assert log.lines.lost == 3


@pytest.mark.asvs("X21", "16.5.2")
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="is Linux's")
def test_a_full_disk_stops_nobody() -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    lines = LogStream(full)
    lines.setFormatter(formatter(()))

    lines.handle(logging.makeLogRecord({"msg": "no room"}))
    os.close(full)
    lines.handle(logging.makeLogRecord({"msg": "no file"}))

    assert lines.lost == 2


@pytest.mark.asvs("X21")
def test_a_reader_that_stops_reading_makes_nobody_wait_for_long(
    log: Log,
) -> None:
    written = 0
    while not log.lines.lost:
        log.logger.warning("x" * 500)
        written += 1

    def write_more() -> None:
        """Write lines that nobody will ever read."""
        for _ in range(100):
            log.logger.warning("lost")

    thread = threading.Thread(target=write_more, daemon=True)
    thread.start()
    thread.join(30)

    assert not thread.is_alive()
    assert log.lines.lost == 101
    assert len(log.read()) == written - 1
    log.logger.warning("here again")
    told = log.read()
    # How many are missing is said once there is somebody to say it to.
    assert told[0]["event"] == "here again"
    assert log.lines.lost == 0


def test_what_cannot_be_written_as_text_is_no_error(log: Log) -> None:
    log.logger.warning("odd", extra={"thing": object(), "bytes": b"\xff"})
    log.logger.warning("two places %s %s", "one value")  # noqa: PLE1206

    first, second = log.read()
    assert (first["thing"], first["bytes"]) == ("object", "bytes")
    assert second == {"event": "a line of the log could not be made"}


def test_warnings_and_dying_threads_are_lines_too(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    import sys
    from subprocess import run

    from processes import environment

    program = (
        "import threading, warnings\n"
        "from vestibule.doors.logs import write_json\n"
        "from vestibule.settings import Settings\n"
        "write_json(Settings())\n"
        "warnings.warn('old')\n"
        "thread = threading.Thread(target=lambda: 1 / 0)\n"
        "thread.start(); thread.join()\n"
        "raise ValueError('the end')\n"
    )
    done = run(
        [sys.executable, "-c", program],
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout) == (1, "")
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert [line["level"] for line in lines] == [
        "warning",
        "critical",
        "critical",
    ]
    assert "UserWarning: old" in lines[0]["event"]
    assert "ZeroDivisionError" in lines[1]["traceback"]
    assert "ValueError: the end" in lines[2]["traceback"]


@pytest.mark.asvs("16.2.5")
@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("192.0.2.77", "192.0.2.0/24"),
        ("::ffff:192.0.2.77", "192.0.2.0/24"),
        ("2001:db8:1:2:3::4", "2001:db8:1::/48"),
        ("fe80::1%eth0", "fe80::/48"),
        ("unknown", "unknown"),
        ("alice@example.com", "unknown"),
        ("", ""),
    ],
)
def test_a_network_is_shown_and_never_an_address(
    address: str, shown: str
) -> None:
    assert network(address) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("no mail here", "no mail here"),
        ("to alice@example.com.", "to a…@e…"),
        ("<a@b.c>, 'bob.x+y@d.example'", "<a@b.c>, 'b…@d…'"),
        ("почта@пример.рф", "п…@п…"),
        ("redis://:pass@host:1", "redis://…@host:1"),
    ],
)
def test_of_a_mail_address_only_first_letters_are_left(
    text: str, shown: str
) -> None:
    assert without_addresses(text) == shown.replace("a@b.c", "a…@b…")


@pytest.mark.asvs("16.2.5")
def test_an_error_of_the_database_tells_nothing_of_the_row(
    auth: Auth, alice: User, bob: User
) -> None:
    taken = {"kind": "username", "canonical": "alice", "user_id": bob.id}
    with pytest.raises((DBAPIError, sqlite3.Error)) as error:
        auth.db.write(insert(Identifier).values(**taken))

    assert "alice" not in str(error.value)
    assert "DETAIL" not in str(error.value)


def test_the_finder_of_leaks_finds_them(alice: User, auth: Auth) -> None:
    finder = LeakFinder(PASSWORD)
    logger = logging.Logger("vestibule.leaking")
    logger.addHandler(finder)

    logger.info("fine: %s", "0123456789abcdef" * 4)
    assert finder.take() == []
    logger.info("typed %s", PASSWORD)
    logger.info("fine", extra={"session": auth.sessions.open(alice.id)})
    logger.info("a letter to %s", alice.email)
    logger.info(alice.hashed_password)
    try:
        raise ValueError(PASSWORD)
    except ValueError:
        logger.exception("broken")

    assert len(finder.take()) == 5


@pytest.mark.asvs("16.2.5")
def test_a_secret_is_hidden_before_a_text_is_cut(log: Log) -> None:
    # Each of these cuts goes through the middle of the secret.
    log.logger.warning("x" * 795 + MAIL_PASSWORD)
    for lead in range(1380, 1400):
        try:
            raise RuntimeError(f"{'x' * lead}{MAIL_PASSWORD}{'y' * 4000}")
        except RuntimeError:
            log.logger.exception("broken")
        told = log.read()[-1]
        assert not re.search("xsm", told["traceback"])

    log.logger.warning("x" * 795 + MAIL_PASSWORD)
    [line] = log.read()
    assert re.fullmatch(r"x{795}\*{5}…", line["event"])


@pytest.mark.asvs("16.2.5")
def test_what_stands_inside_of_other_values_is_hidden_as_well(
    log: Log,
) -> None:
    log.logger.warning(
        "odd",
        extra={
            "held": {
                "alice@example.com": [MAIL_PASSWORD, ("bob@example.com", 7)],
                "deep": [[[[MAIL_PASSWORD]]]],
                "set": {MAIL_PASSWORD},
            },
            "none": [None, True, 1.5],
        },
    )

    [line] = log.read()
    assert line["held"] == {
        "a…@e…": ["********", ["b…@e…", 7]],
        "deep": [["list"]],
        "set": "set",
    }
    assert line["none"] == [None, True, 1.5]


@pytest.mark.asvs("16.2.5")
def test_a_password_of_the_database_is_hidden_in_both_spellings() -> None:
    url = "postgresql://me:db%2Fpass%40word@example.com/x"
    told = Settings.load({}, database_url=url).secrets

    assert {url, "db%2Fpass%40word", "db/pass@word"} <= {*told}
    assert list(told) == sorted(told, key=len, reverse=True)


@pytest.mark.asvs("16.2.1")
def test_every_line_fits_into_a_pipe_whatever_it_says(log: Log) -> None:
    log.logger.warning("\N{SNOWMAN}" * 5000, extra={"more": "\x00" * 5000})
    log.logger.warning("many", extra={"held": ["x" * 700] * 50})
    log.logger.warning("many", extra={f"n{n}": "x" * 50 for n in range(200)})

    for line in os.read(log.end, 100_000).splitlines():
        assert len(line) <= 4094
        assert {"timestamp", "level", "logger", "event"} <= {*json.loads(line)}


@pytest.mark.asvs("16.2.5")
@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_no_error_of_the_database_has_a_second_line(auth: Auth) -> None:
    statement = text("SELECT nothing,\n 'alice@example.com'")
    with pytest.raises(DBAPIError) as error:
        auth.db.write(statement)

    assert "\n" not in str(error.value.orig)
