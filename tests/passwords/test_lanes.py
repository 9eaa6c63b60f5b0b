"""Hash lanes: few at a time, and refused before anything is counted."""

import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask

from conftest import PASSWORD, TurnableClock
from processes import PATIENCE, eventually
from stagecraft import Opened, both_doors, watched
from vestibule.auth import Auth
from vestibule.capabilities.passwords import lanes as lane_module
from vestibule.capabilities.passwords.hasher import Hasher
from vestibule.capabilities.passwords.lanes import (
    NICENESS,
    NICEST,
    WAITING,
    Lanes,
)
from vestibule.db import DB
from vestibule.errors import Refusal, Unavailable
from vestibule.ground.tally import counted
from vestibule.sections import PasswordSettings
from vestibule.settings import Settings
from vestibule.user import User


@contextmanager
def blocked(lanes: Lanes, taken: int) -> Iterator[None]:
    """Keep places of the lanes taken by work that does not end."""
    over = threading.Event()
    with ThreadPoolExecutor(taken) as threads:
        try:
            for _ in range(taken):
                threads.submit(lambda: lanes.work(over.wait))
            eventually(
                lambda: lanes.places._value == lanes.most - taken,
                "the places to be taken",
            )
            yield
        finally:
            over.set()


def idle() -> Lanes:
    """Make lanes for nobody in particular."""
    return Lanes(lambda: False)


def test_lanes_are_as_many_as_the_processors_of_a_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lane_module, "processors", lambda: 8)

    assert Lanes(lambda: False).number == 8
    assert Hasher(PasswordSettings(), lambda: False).lanes.number == 8
    assert Lanes(lambda: False, processes=4).number == 2
    assert Lanes(lambda: False, processes=16).number == 1


@pytest.mark.parametrize(("workers", "number"), [(1, 8), (4, 2)])
def test_the_processes_of_a_server_share_its_processors(
    settings: Settings,
    clock: TurnableClock,
    monkeypatch: pytest.MonkeyPatch,
    workers: int,
    number: int,
) -> None:
    monkeypatch.setattr(lane_module, "processors", lambda: 8)

    auth = Auth(DB(settings.having("test", WORKERS=str(workers)), clock))
    assert auth.passwords.hasher.lanes.number == number
    auth.db.close()


def test_only_the_processors_that_this_process_may_use_are_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    monkeypatch.setattr(
        os, "sched_getaffinity", lambda _: {0, 3, 5}, raising=False
    )
    assert lane_module.processors() == 3


def test_where_nobody_says_which_processors_are_ours_all_of_them_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    for known, taken in ((6, 6), (None, 1)):
        monkeypatch.setattr(os, "cpu_count", lambda known=known: known)
        assert lane_module.processors() == taken


def test_where_a_thread_has_no_niceness_of_its_own_none_is_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    set_to: list[tuple[int, int, int]] = []
    monkeypatch.setattr(os, "setpriority", lambda *to: set_to.append(to))
    monkeypatch.setattr("sys.platform", "darwin")
    assert idle().work(lambda: 7) == 7
    assert not set_to
    monkeypatch.setattr("sys.platform", "linux")
    assert idle().work(lambda: 7) == 7
    assert len(set_to) == 1


def test_a_system_that_forbids_it_does_not_hold_a_lane_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object) -> None:
        """Refuse, as a container may."""
        raise PermissionError

    monkeypatch.setattr(os, "setpriority", refuse)
    assert idle().work(lambda: 7) == 7


def test_a_lane_gives_way_and_whoever_waits_for_it_does_not() -> None:
    def niceness() -> int:
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    before = niceness()
    assert idle().work(niceness) == min(before + NICENESS, NICEST)
    assert niceness() == before


@pytest.mark.asvs("15.2.2", "X2")
def test_as_many_hash_at_once_as_there_are_lanes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lane_module, "processors", lambda: 3)
    lanes, most = idle(), 0
    inside, alone = 0, threading.Lock()
    together = threading.Barrier(3)

    def hashing() -> None:
        nonlocal inside, most
        with alone:
            inside += 1
            most = max(most, inside)
        # Whoever is alone in the lanes waits here in vain.
        together.wait(PATIENCE)
        with alone:
            inside -= 1

    with ThreadPoolExecutor(lanes.most) as threads:
        list(threads.map(lambda _: lanes.work(hashing), range(6)))
    assert most == 3


def test_a_place_is_given_back_after_an_error() -> None:
    lanes = idle()

    for _ in range(2 * lanes.most):
        with pytest.raises(ZeroDivisionError):
            lanes.work(lambda: 1 // 0)
        with pytest.raises(KeyError), lanes.place():
            raise KeyError

    with blocked(lanes, lanes.most), pytest.raises(Unavailable):
        lanes.work(int)


def test_whoever_watches_is_told_how_many_hash_and_how_many_wait() -> None:
    lanes, told = idle(), list[tuple[str, float]]()

    def note(what: str, by: float, **_: object) -> None:
        """Keep what is told."""
        told.append((what, by))

    def now() -> list[float]:
        """Add up how many hash, and how many wait, as a gauge does."""
        names = "hashes_running", "hashes_waiting"
        return [sum(by for what, by in told if what == n) for n in names]

    with counted.connected_to(note):
        with blocked(lanes, lanes.most):
            # Each is said to wait, and who gets a lane to do so no more.
            much = lanes.most + 2 * lanes.number
            eventually(lambda: len(told) >= much, "all lanes to be taken")
            assert now() == [lanes.number, WAITING]
        with pytest.raises(ZeroDivisionError):
            lanes.work(lambda: 1 // 0)
    assert now() == [0, 0]
    assert lanes.count == lanes.most + 1
    # All were there at once, and yet no lane more was opened.
    assert len(lanes._threads._threads) == lanes.number


def test_who_has_a_place_needs_no_second_to_hash() -> None:
    lanes = idle()

    with blocked(lanes, lanes.most - 1), lanes.place():
        assert lanes.places._value == 0
        with lanes.place():
            pass
        with pytest.raises(Unavailable):
            ThreadPoolExecutor(1).submit(lanes.work, int).result()
    assert lanes.work(int) == 0


def test_a_forked_process_has_lanes_of_its_own() -> None:
    lanes = idle()
    lanes.work(int)
    with blocked(lanes, lanes.most):
        child = os.fork()
        if child == 0:
            lanes.open()
            os._exit(lanes.work(lambda: 7))
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7


@both_doors
def test_a_sign_in_without_a_place_is_refused_and_nothing_is_written(
    app: Flask, auth: Auth, alice: User, opened: Opened
) -> None:
    door = opened(app)
    door.sign_in("alice@example.com", "a wrong guess")
    door = opened(app)
    lanes = auth.passwords.hasher.lanes
    before = lanes.count

    with blocked(lanes, lanes.most), watched(auth) as statements:
        answer = door.sign_in("alice@example.com")

    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "2"
    assert statements == []
    assert lanes.count == before + lanes.most


ACTS: dict[str, Callable[[Auth, User], object]] = {
    "sign in": lambda auth, _: auth.login.with_password("alice", PASSWORD),
    "change": lambda auth, user: auth.passwords.change(
        user, PASSWORD, "another good password"
    ),
    "confirm": lambda auth, user: auth.recent_proof.confirm(
        user, PASSWORD, auth.sessions.open(user.id)
    ),
}


@pytest.mark.parametrize("act", ACTS)
def test_an_attempt_that_finds_no_place_is_not_counted(
    auth: Auth, alice: User, act: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    spent: list[object] = []
    real = auth.throttle.spend

    def noting(*given: Any) -> Any:
        """Note that an attempt was counted."""
        found = real(*given)
        spent.append(found)
        return found

    monkeypatch.setattr(auth.throttle, "spend", noting)
    lanes = auth.passwords.hasher.lanes

    with blocked(lanes, lanes.most), pytest.raises(Refusal) as refused:
        ACTS[act](auth, alice)

    assert refused.type is Unavailable
    assert spent == []
    ACTS[act](auth, alice)
    assert len(spent) == 1
