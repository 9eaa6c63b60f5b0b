"""A letter in the outbox is sent, later or not at all, and never lost."""

import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest
from sqlalchemy import update

from conftest import Postbox, TurnableClock
from vestibule.auth import Auth
from vestibule.db import DB
from vestibule.errors import Conflict
from vestibule.ground.letters import Letter, Undelivered
from vestibule.outbox import LEASE, Outbox, OutboxLetter
from vestibule.user import User

HELLO = Letter("alice@example.com", "Hello", "A secret link is in here.")


@dataclass
class Trouble:
    """A post that fails with what it is told, and counts."""

    error: Callable[[], BaseException]
    calls: int = 0

    def send(self, letter: Letter) -> None:
        """Fail to send."""
        del letter
        self.calls += 1
        raise self.error()


@dataclass
class Ledger:
    """A post that writes down which letters it sent, from many threads."""

    sent: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def send(self, letter: Letter) -> None:
        """Send a letter and write it down."""
        with self.lock:
            self.sent[letter.subject] += 1


def busy() -> Undelivered:
    """Say that the server wants the letter later."""
    return Undelivered("server is busy")


def only(auth: Auth) -> OutboxLetter:
    """Take the only letter that there is."""
    (letter,) = auth.outbox.latest()
    return letter


def test_a_letter_is_handed_to_the_post_once(
    auth: Auth, postbox: Postbox, clock: TurnableClock
) -> None:
    auth.outbox.put(None, HELLO)

    assert auth.outbox.deliver(postbox) == 1
    assert auth.outbox.deliver(postbox) == 0
    clock.turn(days=1)
    assert auth.outbox.deliver(postbox) == 0
    (letter,) = postbox.letters
    assert (letter.to, letter.subject, letter.text) == (
        HELLO.to,
        HELLO.subject,
        HELLO.text,
    )
    assert letter.key == str(only(auth).id)
    assert letter.moment == only(auth).created_at
    assert (only(auth).state, only(auth).tries) == ("sent", 1)


@pytest.mark.attack(148, "A14")
@pytest.mark.asvs("X4")
@pytest.mark.parametrize("error", [Conflict, ZeroDivisionError])
def test_a_letter_is_there_exactly_when_its_cause_is(
    auth: Auth, error: type[Exception]
) -> None:
    auth.outbox.stirred.clear()

    def work() -> None:
        with auth.db.unit():
            auth.outbox.put(None, HELLO)
            raise error

    with pytest.raises(error):
        work()
    assert auth.outbox.latest() == []
    assert not auth.outbox.stirred.is_set()

    with auth.db.unit():
        auth.outbox.put(None, HELLO)
        assert not auth.outbox.stirred.is_set()
    assert auth.outbox.stirred.is_set()
    assert only(auth).state == "waiting"


@pytest.mark.asvs("13.2.6")
def test_a_letter_that_does_not_leave_is_tried_after_ever_longer_pauses(
    auth: Auth, clock: TurnableClock
) -> None:
    auth.outbox.put(None, HELLO)
    post = Trouble(busy)

    pauses = []
    while only(auth).state == "waiting":
        assert auth.outbox.deliver(post) == 0
        pause = only(auth).due_at - clock.now()
        pauses.append(pause)
        clock.turn(seconds=pause - 1)
        tried = post.calls
        auth.outbox.deliver(post)
        assert post.calls == tried
        clock.turn(seconds=1)

        if post.calls > 5000:
            break
    assert pauses[:5] == [10, 20, 40, 60, 60]
    # Whenever the server comes back, the letter leaves within a minute.
    assert max(pauses) == 60
    assert (only(auth).state, only(auth).trouble) == (
        "failed",
        "server is busy",
    )


def test_a_letter_is_delivered_as_soon_as_the_post_works_again(
    auth: Auth, postbox: Postbox, clock: TurnableClock
) -> None:
    auth.outbox.put(None, HELLO)
    for _ in range(3):
        auth.outbox.deliver(Trouble(busy))
        clock.turn(hours=1)

    assert auth.outbox.deliver(postbox) == 1
    assert postbox.letters[0].text == HELLO.text
    assert (only(auth).state, only(auth).trouble) == ("sent", "")


def test_what_is_refused_for_good_is_not_tried_again(
    auth: Auth, clock: TurnableClock
) -> None:
    auth.outbox.put(None, HELLO)
    post = Trouble(lambda: Undelivered("no such person", for_good=True))
    auth.outbox.deliver(post)
    clock.turn(days=1)
    auth.outbox.deliver(post)

    assert post.calls == 1
    assert (only(auth).state, only(auth).trouble) == (
        "failed",
        "no such person",
    )


def test_one_letter_in_trouble_does_not_hold_up_the_others(
    auth: Auth, clock: TurnableClock
) -> None:
    auth.outbox.put(None, Letter("a@example.com", "in trouble", "x"))
    clock.turn(seconds=1)
    for number in range(3):
        auth.outbox.put(None, Letter("b@example.com", f"fine {number}", "x"))
    ledger = Ledger()

    class Choosy:
        """A post that cannot send one of the letters."""

        def send(self, letter: Letter) -> None:
            """Send a letter, unless it is the one."""
            if letter.subject == "in trouble":
                raise busy()
            ledger.send(letter)

    assert auth.outbox.deliver(Choosy()) == 3
    assert sorted(ledger.sent) == ["fine 0", "fine 1", "fine 2"]


def test_a_bug_of_the_post_is_noted_and_does_not_go_on_for_ever(
    auth: Auth, postbox: Postbox, clock: TurnableClock
) -> None:
    auth.outbox.put(None, HELLO)
    post = Trouble(lambda: ZeroDivisionError("secret details"))

    with pytest.raises(ZeroDivisionError):
        auth.outbox.deliver(post)
    assert only(auth).trouble == "ZeroDivisionError"
    assert only(auth).due_at == clock.now() + 10
    clock.turn(days=1)
    assert auth.outbox.deliver(post) == 0

    assert post.calls == 1
    assert only(auth).state == "failed"


def test_a_letter_whose_link_is_dead_does_not_go_out(
    auth: Auth, clock: TurnableClock, alice: User, postbox: Postbox
) -> None:
    postbox.empty()
    auth.password_reset.ask("alice@example.com")
    clock.turn(minutes=59)
    down = Trouble(busy)
    auth.outbox.deliver(down)
    clock.turn(minutes=1)

    assert postbox.empty() == []
    (letter,) = [x for x in auth.outbox.latest() if x.state == "failed"]
    assert letter.trouble == "server is busy"


# -- secrets in letters -----------------------------------------------------


@pytest.mark.parametrize("for_good", [None, True])
def test_in_production_the_text_is_wiped_once_the_letter_is_over(
    auth: Auth, postbox: Postbox, for_good: bool | None
) -> None:
    auth.outbox.put(None, HELLO)
    auth.outbox.deliver(Trouble(busy))
    assert only(auth).text == HELLO.text

    auth.db.write(update(OutboxLetter).values(due_at=0))
    if for_good:
        auth.outbox.deliver(Trouble(lambda: Undelivered("no", for_good=True)))
    else:
        auth.outbox.deliver(postbox)
    assert only(auth).text == ""


@pytest.mark.settings(development="true")
def test_in_development_the_text_is_kept_for_the_local_inbox(
    auth: Auth, postbox: Postbox
) -> None:
    auth.outbox.put(None, HELLO)
    auth.outbox.deliver(postbox)

    assert (only(auth).state, only(auth).text) == ("sent", HELLO.text)


# -- several workers --------------------------------------------------------


def test_workers_side_by_side_send_every_letter_once(auth: Auth) -> None:
    second = Auth(DB(auth.settings, auth.clock))
    outboxes = [auth.outbox, second.outbox] * 2
    for number in range(60):
        letter = Letter("alice@example.com", f"letter {number}", "x")
        auth.outbox.put(None, letter)
    ledger = Ledger()
    start = threading.Barrier(len(outboxes))

    def work(outbox: Outbox) -> int:
        start.wait()
        sent = 0
        while found := outbox.deliver(ledger):
            sent += found
        return sent

    with ThreadPoolExecutor(len(outboxes)) as threads:
        sent = list(threads.map(work, outboxes))
    # One that found a letter taken before its eyes may have stopped early.
    sent.append(work_off(auth.outbox, ledger))
    second.db.close()

    assert ledger.sent == {f"letter {number}": 1 for number in range(60)}
    assert sum(sent) == 60


def work_off(outbox: Outbox, ledger: Ledger) -> int:
    """Send what is left."""
    sent = 0
    while found := outbox.deliver(ledger):
        sent += found
    return sent


def test_the_letter_of_a_killed_worker_is_sent_again_after_its_lease(
    auth: Auth, postbox: Postbox, clock: TurnableClock
) -> None:
    auth.outbox.put(None, HELLO)
    code = f"""
import os
from vestibule.db import DB
from vestibule.outbox import Outbox
from vestibule.settings import Settings

class Last:
    def send(self, letter):
        os._exit(9)

settings = Settings.load({{}}, database_url={auth.settings.database_url!r})
Outbox(DB(settings)).deliver(Last())
"""
    killed = subprocess.run([sys.executable, "-c", code], check=False)
    assert killed.returncode == 9
    assert (only(auth).state, only(auth).tries) == ("waiting", 1)
    assert only(auth).text == HELLO.text

    assert auth.outbox.deliver(postbox) == 0
    clock.moment = only(auth).due_at - 1
    assert auth.outbox.deliver(postbox) == 0
    clock.turn(seconds=1)
    assert auth.outbox.deliver(postbox) == 1
    assert postbox.letters[0].text == HELLO.text


def test_a_letter_being_sent_is_nobody_else_s_for_the_time_of_the_lease(
    auth: Auth, clock: TurnableClock
) -> None:
    auth.outbox.put(None, HELLO)
    ledger = Ledger()

    class Slow:
        """A post that takes as long as a lease but for a second."""

        def send(self, letter: Letter) -> None:
            """Let time pass while others look for letters."""
            del letter
            clock.turn(seconds=LEASE - 1)
            assert auth.outbox.deliver(ledger) == 0

    assert auth.outbox.deliver(Slow()) == 1
    assert ledger.sent == {}


def test_an_idle_worker_does_not_wait_for_the_write_lock(auth: Auth) -> None:
    other = DB(auth.settings, auth.clock)
    with other.unit():
        other.write(update(OutboxLetter).values(tries=0))
        assert other.is_writing
        assert auth.outbox.deliver(Ledger()) == 0
    other.close()


# -- looking, forgetting, clearing away -------------------------------------


def test_at_most_twenty_letters_leave_in_one_round(auth: Auth) -> None:
    for number in range(25):
        auth.outbox.put(None, Letter("a@example.com", str(number), "x"))
    ledger = Ledger()

    assert auth.outbox.deliver(ledger) == 20
    assert auth.outbox.deliver(ledger) == 5


def test_the_local_inbox_shows_the_newest_letters_first(auth: Auth) -> None:
    for number in range(60):
        auth.outbox.put(None, Letter("a@example.com", str(number), "x"))

    shown = [letter.subject for letter in auth.outbox.latest()]
    assert shown == [str(number) for number in range(59, 9, -1)]


def test_forgetting_an_account_takes_its_letters_only(
    auth: Auth, alice: User, bob: User
) -> None:
    auth.outbox.put(alice.id, HELLO)
    auth.outbox.put(bob.id, HELLO)
    auth.outbox.put(None, HELLO)

    auth.outbox.forget(alice.id)

    left = {letter.user_id for letter in auth.outbox.latest()}
    assert left == {bob.id, None}


def test_the_sweep_takes_letters_that_are_over_for_a_week(
    auth: Auth, postbox: Postbox, clock: TurnableClock
) -> None:
    auth.outbox.put(None, Letter("a@example.com", "sent", "x"))
    auth.outbox.deliver(postbox)
    auth.outbox.put(None, Letter("a@example.com", "waiting", "x"))
    clock.turn(days=7)
    assert auth.outbox.sweep(clock.now()) == 0

    clock.turn(seconds=1)
    assert auth.outbox.sweep(clock.now()) == 1
    assert only(auth).subject == "waiting"
