"""What the table says of a session at each moment, to the second."""

import hashlib
import threading
from typing import Any

import pytest
from sqlalchemy import select

from conftest import TurnableClock
from vestibule.auth import Auth
from vestibule.capabilities.sessions import devices, sliding
from vestibule.capabilities.sessions.looks import Bearer, Term
from vestibule.capabilities.sessions.records import SessionRecord
from vestibule.errors import NotAllowed, NotProven
from vestibule.history import Circumstances, under
from vestibule.policy import STRANGER, Actor
from vestibule.user import User

HOUR, DAY = 3600, 86400
IDLE, ABSOLUTE, REMEMBER = 12 * HOUR, 7 * DAY, 30 * DAY
AGENT = "Mozilla/5.0 (Windows NT 10.0; rv:140.0) Firefox/140.0"


def rows(auth: Auth) -> list[dict[str, Any]]:
    """Read all there is in the table, times as seconds from now."""
    columns = SessionRecord.__table__.columns
    found = auth.db.read(
        select(*columns).order_by(columns["created_at"], columns["dies_at"])
    )
    now = auth.clock.now()
    return [
        {
            name: value - now if name.endswith("_at") else value
            for name, value in row._mapping.items()
        }
        for row in found
    ]


def told(auth: Auth, user: User) -> list[tuple[str, int | None]]:
    """List what the history has of an account's sessions."""
    items = reversed(auth.audit.of(user.id, 100).items)
    return [
        (one.act, one.actor_id)
        for one in items
        if one.act.startswith("session.")
    ]


@pytest.mark.asvs("7.3.1", "7.3.2")
@pytest.mark.parametrize(
    ("remember", "idle", "life"),
    [(False, IDLE, ABSOLUTE), (True, REMEMBER, REMEMBER)],
)
def test_a_session_is_written_down_as_it_was_opened(
    auth: Auth, alice: User, remember: bool, idle: int, life: int
) -> None:
    with under(Circumstances("page", "192.0.2.1" * 9, AGENT * 9)):
        token = auth.sessions.open(alice.id, remember=remember)

    [row] = rows(auth)
    assert row == {
        "fingerprint": hashlib.sha256(token.encode()).digest(),
        "user_id": alice.id,
        "created_at": 0,
        "seen_at": 0,
        "proven_at": 0,
        "idle_for": idle,
        "ends_at": idle,
        "dies_at": life,
        "address": ("192.0.2.1" * 9)[:45],
        "agent": (AGENT * 9)[:200],
    }


@pytest.mark.settings(session_idle="20d")
def test_a_session_ends_no_later_than_it_dies(auth: Auth, alice: User) -> None:
    auth.sessions.open(alice.id)

    [row] = rows(auth)
    assert (row["ends_at"], row["dies_at"]) == (ABSOLUTE, ABSOLUTE)


@pytest.mark.asvs("7.3.1")
def test_a_session_that_is_used_slides_on_and_no_other_does(
    auth: Auth, alice: User, clock: TurnableClock
) -> None:
    token = auth.sessions.open(alice.id)
    auth.sessions.open(alice.id)
    clock.turn(minutes=1)
    assert auth.sessions.owner(token)
    auth.sessions.slides.settle()

    assert sorted(
        (row["seen_at"], row["ends_at"], row["dies_at"]) for row in rows(auth)
    ) == [(-60, IDLE - 60, ABSOLUTE - 60), (0, IDLE, ABSOLUTE - 60)]


def test_what_is_told_of_a_session_has_slid_on_already(
    auth: Auth, alice: User, clock: TurnableClock
) -> None:
    token, now = auth.sessions.open(alice.id), clock.now()
    for seconds, ends in ((59, IDLE), (1, IDLE + 60)):
        clock.turn(seconds=seconds)
        assert auth.sessions.term(token) == Term(
            now, now + ends, now + ABSOLUTE
        )
    # Asked for alone, it is written by nobody.
    assert rows(auth)[0]["seen_at"] == -60
    clock.turn(hours=11)
    for _ in range(14):
        assert auth.sessions.owner(token)
        clock.turn(hours=11)
    assert auth.sessions.term(token).ends_at == now + ABSOLUTE


def test_of_a_session_that_is_over_nothing_is_told(
    auth: Auth, alice: User, clock: TurnableClock
) -> None:
    token = auth.sessions.open(alice.id)
    clock.turn(seconds=IDLE - 1)
    assert auth.sessions.term(token)
    clock.turn(seconds=1)
    for over in (token, "", "another"):
        with pytest.raises(NotProven):
            auth.sessions.term(over)
    assert auth.sessions.actor(token) == STRANGER
    assert auth.sessions.bearer(token) is None


def test_two_slides_at_once_are_one(
    auth: Auth, alice: User, clock: TurnableClock
) -> None:
    token = auth.sessions.open(alice.id)
    print_ = hashlib.sha256(token.encode()).digest()
    clock.turn(seconds=90)
    now = clock.now()
    auth.sessions._touch(print_, now)
    # Another process, whose request came a little later.
    auth.sessions._touch(print_, now + 59)
    assert rows(auth)[0]["seen_at"] == 0
    auth.sessions._touch(print_, now + 60)
    assert rows(auth)[0]["seen_at"] == 60
    assert rows(auth)[0]["ends_at"] == IDLE + 60


@pytest.mark.asvs("7.2.4")
@pytest.mark.parametrize(
    ("remember", "life"), [(False, None), (True, REMEMBER - HOUR)]
)
def test_a_new_token_is_in_place_of_the_old_one_and_slides_it_on(
    auth: Auth,
    alice: User,
    clock: TurnableClock,
    remember: bool,
    life: int | None,
) -> None:
    token = auth.sessions.open(alice.id, remember=remember)
    other = auth.sessions.open(alice.id)
    clock.turn(hours=1)
    renewed = auth.sessions.renew(token)

    assert renewed.life == life
    assert auth.sessions.owner(token) is None
    assert auth.sessions.actor(renewed.token).proven_at == clock.now()
    assert auth.sessions.actor(other).proven_at == clock.now() - HOUR
    print_ = hashlib.sha256(renewed.token.encode()).digest()
    [row] = [one for one in rows(auth) if one["fingerprint"] == print_]
    assert (row["created_at"], row["seen_at"]) == (-HOUR, 0)
    idle = REMEMBER if remember else IDLE
    dies = (REMEMBER if remember else ABSOLUTE) - HOUR
    assert (row["ends_at"], row["dies_at"]) == (min(idle, dies), dies)


@pytest.mark.parametrize("over", ["", "another", None])
def test_what_opens_nothing_is_renewed_into_nothing(
    auth: Auth, alice: User, clock: TurnableClock, over: str | None
) -> None:
    token = auth.sessions.open(alice.id)
    with pytest.raises(NotProven):
        auth.sessions.renew(over)
    clock.turn(seconds=IDLE)
    with pytest.raises(NotProven):
        auth.sessions.renew(token)


@pytest.mark.asvs("16.3.1")
def test_who_ends_which_sessions_stands_in_the_history(
    auth: Auth, alice: User, bob: User
) -> None:
    first, second, third = (auth.sessions.open(alice.id) for _ in range(3))
    his = auth.sessions.open(bob.id)

    auth.sessions.end(first)
    auth.sessions.end(first)
    handle = auth.sessions.devices(alice, second)[0].handle
    with pytest.raises(NotAllowed):
        auth.sessions.end_device(handle, by=Actor(bob))
    with pytest.raises(NotProven):
        auth.sessions.end_device(handle, by=STRANGER)
    auth.sessions.end_device(handle, by=Actor(alice, auth.clock.now()))
    assert auth.sessions.owner(second) is None
    assert auth.sessions.end_all(alice.id, keep=third) == 0
    fourth = auth.sessions.open(alice.id)
    assert auth.sessions.end_all(alice.id, keep=third) == 1
    assert auth.sessions.owner(fourth) is None
    assert auth.sessions.owner(third)
    assert auth.sessions.end_all(alice.id) == 1

    assert [act for act, _ in told(auth, alice)] == [
        "session.end",
        "session.end",
        "session.end_all",
        "session.end_all",
    ]
    assert told(auth, alice)[0] == ("session.end", alice.id)
    assert auth.sessions.owner(his)


def test_an_account_that_goes_takes_its_sessions_along(
    auth: Auth, alice: User, bob: User
) -> None:
    auth.sessions.open(alice.id)
    his = auth.sessions.open(bob.id)
    auth.sessions.forget(alice)

    assert [row["user_id"] for row in rows(auth)] == [bob.id]
    assert auth.sessions.owner(his)


def test_open_sessions_are_counted_to_the_second(
    auth: Auth, alice: User, bob: User, clock: TurnableClock
) -> None:
    assert auth.sessions.number() == 0
    auth.sessions.open(alice.id)
    clock.turn(seconds=1)
    auth.sessions.open(bob.id, remember=True)
    auth.sessions.open(bob.id)
    assert auth.sessions.number() == 3
    assert auth.sessions.elsewhere(bob) == 1
    assert auth.sessions.elsewhere(alice) == 0
    assert auth.sessions._devices.count(alice.id) == 1
    assert len(auth.sessions.devices(alice)) == 1
    clock.turn(seconds=IDLE - 1)
    assert auth.sessions._devices.count(alice.id) == 0
    assert auth.sessions.devices(alice) == []
    assert auth.sessions.number() == 2
    clock.turn(seconds=1)
    assert auth.sessions.number() == 1
    assert auth.sessions.elsewhere(alice) == 0


def test_two_hundred_sessions_are_swept_at_once(
    auth: Auth, alice: User, clock: TurnableClock
) -> None:
    for _ in range(205):
        auth.sessions.open(alice.id)
    clock.turn(seconds=IDLE - 1)
    assert auth.sessions.sweep(clock.now()) == 0
    clock.turn(seconds=1)
    auth.sessions.open(alice.id)

    swept = [auth.sessions.sweep(clock.now()) for _ in range(3)]
    assert swept == [200, 5, 0]
    assert len(rows(auth)) == 1


def test_a_bearer_is_told_in_few_words(auth: Auth, alice: User) -> None:
    token = auth.sessions.open(alice.id)

    assert auth.sessions.bearer(token) == Bearer(
        auth.clock.now(),
        alice.id,
        "alice",
        "alice@example.com",
        alice.email_verified_at,
        False,
    )
    assert auth.sessions.bearer("x" * 128) is None
    assert auth.sessions.bearer("x" * 129) is None
    assert auth.sessions.bearer("") is None


def test_devices_are_listed_with_their_facts_the_own_one_first(
    auth: Auth, alice: User, bob: User, clock: TurnableClock
) -> None:
    opened = clock.now()
    with under(Circumstances("page", "192.0.2.1", AGENT)):
        own = auth.sessions.open(alice.id)
    clock.turn(minutes=5)
    auth.sessions.open(alice.id)
    clock.turn(minutes=5)
    auth.sessions.open(alice.id, remember=True)
    auth.sessions.open(bob.id)

    listed = auth.sessions.devices(alice, own)
    assert [one.is_current for one in listed] == [True, False, False]
    assert [one.seen_at - opened for one in listed] == [0, 600, 300]
    assert listed[0].facts == {
        "created_at": opened,
        "seen_at": opened,
        "ends_at": opened + IDLE,
        "dies_at": opened + ABSOLUTE,
        "address": "192.0.2.1",
        "agent": AGENT,
    }
    assert "Firefox" in str(listed[0].name)
    print_ = hashlib.sha256(own.encode()).digest()
    named = hashlib.sha256(b"handle of " + print_).hexdigest()[:32]
    assert listed[0].handle == devices.handle(print_) == named
    assert not any(one.is_current for one in auth.sessions.devices(alice))
    assert auth.sessions.export(alice).facts == [
        one.facts for one in auth.sessions.devices(alice)
    ]


def test_more_devices_are_taken_along_than_are_shown(
    auth: Auth, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(60):
        auth.sessions.open(alice.id)

    assert len(auth.sessions.devices(alice)) == 50
    taken: Any = auth.sessions.export(alice).facts
    assert len(taken) == 60
    [device, *_] = auth.sessions.devices(alice)
    monkeypatch.setattr(devices, "MOST_LOOKED_AT", 0)
    assert not auth.sessions._devices.end(alice.id, device.handle)


def test_what_ends_while_it_is_being_ended_was_not_ended_by_us(
    auth: Auth, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    auth.sessions.open(alice.id)
    [device] = auth.sessions.devices(alice)
    monkeypatch.setattr(auth.db, "write", lambda *_, **__: 0)
    assert auth.sessions._devices.end(alice.id, device.handle) is False
    monkeypatch.undo()
    assert auth.sessions._devices.end(alice.id, device.handle) is True
    assert auth.sessions._devices.end(alice.id, device.handle) is False


# -- the thread that writes -------------------------------------------------


def test_the_thread_has_a_name_and_holds_no_process_up() -> None:
    names: list[tuple[str, bool]] = []

    def write(*_: object) -> None:
        """Note who writes."""
        own = threading.current_thread()
        names.append((own.name, own.daemon))

    slides = sliding.Slides(write)
    slides.ask(b"one", 1)
    slides.settle()
    assert names == [("vestibule-slides", True)]


def test_a_fault_nobody_thought_of_ends_no_thread_and_is_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    go, written = threading.Event(), []

    def write(fingerprint: bytes, _: int) -> None:
        """Fail at the first, and write all others."""
        assert go.wait(30)
        written.append(fingerprint)
        if len(written) == 1:
            raise ZeroDivisionError

    slides = sliding.Slides(write)
    # Whoever waits behind it is not tried in vain, and may ask again.
    for name in (b"one", b"two", b"two"):
        slides.ask(name, 1)
    go.set()
    slides.settle()
    assert written == [b"one"]
    slides.ask(b"two", 1)
    slides.settle()
    assert written == [b"one", b"two"]
    assert caplog.text.count("sessions could not slide on") == 1
    assert "ZeroDivisionError" in caplog.text


def test_what_a_process_does_at_its_end_is_said_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[tuple[Any, ...]] = []
    monkeypatch.setattr(
        "multiprocessing.util.Finalize",
        lambda one, act, given, exitpriority=None: asked.append(
            (one, act, given[0](), exitpriority)
        ),
    )
    slides = sliding.Slides(lambda *_: None)
    for name in (b"one", b"two", b"three"):
        slides.ask(name, 1)
        slides.settle()
    assert asked == [(slides, sliding._finish, slides, 1)]


def test_a_process_that_ends_finishes_what_waits() -> None:
    import weakref

    go, written = threading.Event(), []

    def write(fingerprint: bytes, _: int) -> None:
        """Write late."""
        assert go.wait(30)
        written.append(fingerprint)

    slides = sliding.Slides(write)
    slides.ask(b"one", 1)
    threading.Timer(0.05, go.set).start()
    sliding._finish(weakref.ref(slides))
    assert written == [b"one"]
    # Nothing is to finish for slides that are gone.
    known = weakref.ref(sliding.Slides(write))
    assert known() is None
    sliding._finish(known)
