"""The gate: few may have something hashed, and the others cost nothing."""

import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from conftest import HTML, PASSWORD, Browser
from processes import eventually
from stagecraft import watched
from vestibule import Vestibule
from vestibule.auth import Auth
from vestibule.doors import capacity
from vestibule.doors.capacity import Seats
from vestibule.doors.gate import Gate, doors_of
from vestibule.doors.turnstile import Turnstile
from vestibule.policy import Act
from vestibule.settings import Settings
from vestibule.user import User

DOORS = (
    "/login",
    "/sessions",
    "/api/v1/sessions",
    "/register",
    "/users",
    "/api/v1/users",
)


def gate_of(app: Flask) -> Gate:
    """Find the gate of an application."""
    found: Gate = app.extensions["vestibule"].front.gate
    return found


@contextmanager
def full(turnstile: Turnstile) -> Iterator[None]:
    """Take every place of a turnstile that is free."""
    taken = 0
    while turnstile.enter(f"somebody {taken}", 0):
        taken += 1
    try:
        yield
    finally:
        for number in range(taken):
            turnstile.leave(f"somebody {number}")


def as_program(client: FlaskClient, path: str, **more: Any) -> TestResponse:
    """Send a sign-in as a program does."""
    typed = {"email": "alice", "name": "alice", "password": PASSWORD}
    return client.post(path, json=typed, **more)


# -- the turnstile ----------------------------------------------------------


def queue(turnstile: Turnstile, *names: str) -> list[str]:
    """Let some wait in this order, then say in which they came in."""
    came: list[str] = []

    def wait(name: str) -> None:
        if turnstile.enter(name, 60):
            came.append(name)
            turnstile.leave(name)

    with ThreadPoolExecutor(len(names)) as threads, full(turnstile):
        for number, name in enumerate(names):
            threads.submit(wait, name)
            eventually(
                lambda: len(turnstile.waiting) > number,  # noqa: B023
                f"{name} to wait",
            )
    return came


def test_who_was_let_in_least_comes_next_and_friends_before_all() -> None:
    turnstile = Turnstile(1, room=9)
    for name in ("often", "often", "once"):
        assert turnstile.enter(name, 0)
        turnstile.leave(name)
    turnstile.welcome("friend")

    came = queue(turnstile, "often", "once", "new", "friend", "also new")

    assert came == ["friend", "new", "also new", "once", "often"]


def test_a_full_room_sends_away_who_was_let_in_most() -> None:
    turnstile = Turnstile(1, room=2)
    for _ in range(3):
        assert turnstile.enter("flood", 0)
        turnstile.leave("flood")

    assert queue(turnstile, "flood", "flood")[0] == "flood"
    with ThreadPoolExecutor(3) as threads, full(turnstile):
        floods = [
            threads.submit(turnstile.enter, "flood", 60) for _ in range(2)
        ]
        eventually(lambda: len(turnstile.waiting) == 2, "a full room")
        assert not turnstile.enter("flood", 60)
        threads.submit(turnstile.enter, "new", 60)
        eventually(
            lambda: "new" in [one.who for one in turnstile.waiting],
            "the new one to wait",
        )
        eventually(lambda: any(one.done() for one in floods), "one sent away")
        assert [one.result() for one in floods if one.done()] == [False]
        turnstile.room = 0
        for one in [*turnstile.waiting]:
            one.told.set()
    assert turnstile.waiting == []


@pytest.mark.asvs("2.4.1", "15.4.4")
def test_nobody_alone_can_have_all_places() -> None:
    turnstile = Turnstile(4, of_one=2)

    assert [turnstile.enter("one", 0) for _ in range(3)] == [True, True, False]
    assert turnstile.enter("other", 0)
    turnstile.leave("one")
    assert turnstile.enter("one", 0)
    for name in ("one", "one", "other"):
        turnstile.leave(name)
    assert turnstile.inside == {}


def test_a_forked_process_begins_with_nobody_inside(app: Flask) -> None:
    turnstile = gate_of(app).turnstile
    with full(turnstile):
        child = os.fork()
        if child == 0:
            # Whatever happens, no second run of the tests goes on.
            try:
                os._exit(7 if turnstile.enter("somebody", 0) else 1)
            finally:
                os._exit(2)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7


# -- the gate ---------------------------------------------------------------


def test_the_gate_stands_where_strangers_can_have_something_hashed(
    app: Flask, settings: Settings
) -> None:
    acts = (Act.SIGN_IN, Act.REGISTER)
    assert doors_of(app, *acts) == {*DOORS}

    host = Flask("host")
    Vestibule(host, settings, url_prefix="/account")
    host.extensions["vestibule"].auth.db.close()
    assert doors_of(host, *acts) == {f"/account{path}" for path in DOORS}


@pytest.mark.parametrize("path", DOORS)
def test_who_finds_no_place_is_refused_as_by_the_door_and_costs_nothing(
    app: Flask, auth: Auth, alice: User, path: str
) -> None:
    client = app.test_client()
    hasher = auth.passwords.hasher
    before = hasher.count
    with full(gate_of(app).turnstile), watched(auth) as statements:
        answers = [as_program(client, path) for _ in range(3)]

    for answer in answers:
        assert answer.status_code == 503
        assert answer.headers["Retry-After"] == "2"
        assert "The service is busy" in answer.text
        assert "Set-Cookie" not in answer.headers
        told = answer.get_json()
        if path in ("/sessions", "/users"):
            assert list(told) == ["message"]
        else:
            assert answer.mimetype == "application/problem+json"
            assert told["code"] == "unavailable"
    assert (statements, hasher.count) == ([], before)
    assert as_program(client, path).status_code != 503


@pytest.mark.attack("A38")
def test_no_spelling_of_the_method_leads_around_the_gate(app: Flask) -> None:
    # Flask takes any of them for POST; a browser never sends them.
    with full(gate_of(app).turnstile):
        statuses = {
            app.test_client().open("/login", environ_overrides=odd).status_code
            for odd in (
                {"REQUEST_METHOD": "post"},
                {"REQUEST_METHOD": "Post"},
                {"REQUEST_METHOD": "POST"},
            )
        }

    assert statuses == {503}


def test_a_visitor_is_refused_by_a_page_in_their_language(app: Flask) -> None:
    client = app.test_client()
    with full(gate_of(app).turnstile):
        pages = {
            wish: client.post(
                "/login", headers={**HTML, "Accept-Language": wish}
            )
            for wish in ("en", "ru", "ru-RU,ru;q=0.9", "fr")
        }
        client.set_cookie("vestibule_language", "ru")
        chosen = client.post("/login", headers=HTML)

    assert all(page.status_code == 503 for page in pages.values())
    assert "<h1" in pages["en"].text
    assert "The service is busy" in pages["en"].text
    assert pages["fr"].text == pages["en"].text
    assert pages["ru"].text != pages["en"].text
    assert pages["ru-RU,ru;q=0.9"].text == pages["ru"].text == chosen.text
    assert "Content-Security-Policy" in pages["en"].headers


def test_a_copied_refusal_holds_nothing_of_who_was_refused_first(
    app: Flask, alice: User
) -> None:
    browser = Browser(app)
    browser.sign_in("alice")
    odd = {**HTML, "Host": "evil.example", "X-Odd": "evil", "Referer": "evil"}
    with full(gate_of(app).turnstile):
        browser.client.post("/login?next=/evil", headers=odd)
        answer = app.test_client().post("/login", headers=HTML)

    assert "alice" not in answer.text
    assert "evil" not in f"{answer.text}{answer.headers}"


@pytest.mark.asvs("15.4.4")
def test_everything_else_answers_while_all_places_are_taken(
    app: Flask, alice: User
) -> None:
    browser = Browser(app)
    browser.sign_in("alice")
    with full(gate_of(app).turnstile):
        assert browser.open("/login").status_code == 302
        assert browser.open("/profile").status_code == 200
        assert Browser(app).open("/login").status_code == 200
        sent = browser.send("/profile", username="alice2", email="a@b.example")
        assert sent.status_code < 400
        assert browser.client.delete("/sessions").status_code == 302


def test_places_come_back_whatever_became_of_a_request(
    app: Flask, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, client = gate_of(app), app.test_client()

    def broken(*_: object) -> None:
        raise KeyboardInterrupt

    for number in range(2 * gate.turnstile.places):
        as_program(client, "/sessions")
        client.post("/login", data=b"\xff", content_type="text/odd")
        client.post("/sessions", data=b"{", headers={"Content-Length": "9"})
        with monkeypatch.context() as patch:
            patch.setattr(gate, "_behind", broken)
            with pytest.raises(KeyboardInterrupt):
                as_program(client, "/sessions")
        assert gate.turnstile.inside == {}, number


def test_a_place_is_taken_when_the_body_is_there_and_not_before(
    app: Flask, alice: User
) -> None:
    gate = gate_of(app)
    inside: list[int] = []

    pieces = [b'{"email":"alice"', b',"password":"a guess"}']
    length = sum(map(len, pieces))

    class Body:
        """A body that notes how many places are taken as it comes."""

        def read(self, _: int = -1) -> bytes:
            """Give the next piece."""
            inside.append(gate.turnstile.inside.total())
            return pieces.pop(0)

    answer = app.test_client().post(
        "/sessions",
        content_type="application/json",
        environ_overrides={
            "wsgi.input": Body(),
            "CONTENT_LENGTH": str(length),
        },
    )
    assert answer.status_code == 401
    assert inside == [0, 0]


def test_in_the_server_of_a_host_nobody_waits(app: Flask) -> None:
    gate = gate_of(app)
    assert (gate.turnstile.room, gate.pace, gate.bodies) == (0, 0.0, None)


@pytest.mark.parametrize("path", DOORS)
def test_no_spelling_of_a_door_leads_past_the_gate(
    app: Flask, auth: Auth, alice: User, path: str
) -> None:
    hasher = auth.passwords.hasher
    before = hasher.count
    with full(gate_of(app).turnstile):
        for disguise in (f"/{path}", f"//{path}", f"{path}/", f"//{path}//"):
            answer = as_program(
                app.test_client(),
                "/",
                environ_overrides={"PATH_INFO": disguise},
            )
            assert answer.status_code in (404, 503), disguise
    assert hasher.count == before


@pytest.mark.parametrize("is_ours", [False, True])
def test_a_body_that_never_says_its_length_holds_no_place(
    app: Flask, alice: User, *, is_ours: bool
) -> None:
    gate = gate_of(app)
    if is_ours:
        gate.widen()
    inside: list[int] = []

    class Body:
        """A body of unknown length that never comes to more."""

        def read(self, _: int = -1) -> bytes:
            """Note how many places are taken."""
            inside.append(gate.turnstile.inside.total())
            return b""

    app.test_client().post(
        "/sessions",
        environ_overrides={
            "wsgi.input": Body(),
            "wsgi.input_terminated": True,
            "CONTENT_LENGTH": "",
        },
    )
    assert inside
    assert not any(inside)


@pytest.mark.parametrize(
    ("path", "is_welcome"), [("/sessions", True), ("/users", False)]
)
def test_only_who_signed_in_is_known_by_their_place(
    app: Flask, alice: User, path: str, *, is_welcome: bool
) -> None:
    gate = gate_of(app)
    client = app.test_client()
    typed = {"email": "alice@example.com", "password": PASSWORD}
    if path == "/users":
        typed["email"] = "carol@example.com"
    here = {"REMOTE_ADDR": "192.0.2.7"}

    for _ in range(4):
        client.post(path, data={}, environ_overrides=here)
    answer = client.post(path, data=typed, environ_overrides=here)

    assert answer.status_code == 200
    known = "gate:from:192.0.2.7"
    gate.turnstile.room, gate.turnstile.places = 9, 1
    came = queue(gate.turnstile, "new", known)
    assert came == ([known, "new"] if is_welcome else ["new", known])


@pytest.mark.attack("A22")
def test_a_known_device_is_known_wherever_it_is(
    app: Flask, alice: User, bob: User
) -> None:
    gate, browsers = gate_of(app), {}
    for name in ("alice", "bob"):
        browsers[name] = Browser(app)
        browsers[name].sign_in(name)
    again = Browser(app)
    again.sign_in("alice")

    def named(browser: Browser, address: str) -> str:
        """Say as whom the gate takes a browser."""
        cookie = browser.client.get_cookie("vestibule_device")
        value = cookie.value if cookie else ""
        sent = {
            "REMOTE_ADDR": address,
            "HTTP_COOKIE": f"other=1; vestibule_device={value}",
        }
        return gate._who(sent)

    own = named(browsers["alice"], "192.0.2.1")
    # All devices of an account have one name, wherever they are.
    assert own == named(browsers["alice"], "198.51.100.9")
    assert own == named(again, "192.0.2.1") == f"gate:account:{alice.id}"
    assert named(browsers["bob"], "192.0.2.1") != own
    assert named(Browser(app), "192.0.2.1") == "gate:from:192.0.2.1"
    gate.turnstile.room, gate.turnstile.places = 9, 1
    came: list[str] = []

    def enter(name: str) -> None:
        """Wait for a place, and say when there was one."""
        is_known = name == own
        if gate.turnstile.enter(name, 60, is_known=is_known):
            came.append(name)
            gate.turnstile.leave(name)

    with ThreadPoolExecutor(3) as threads, full(gate.turnstile):
        for number, name in enumerate(("new 1", "new 2", own)):
            threads.submit(enter, name)
            eventually(
                lambda: len(gate.turnstile.waiting) > number,  # noqa: B023
                f"{name} to wait",
            )
    assert came == [own, "new 1", "new 2"]


@pytest.mark.attack("A22")
@pytest.mark.parametrize(
    "value",
    [
        "gate:account:1",
        "W1sxLCAidG9rZW4iXV0.aSD2Vw.forged-by-somebody-without-the-key",
        "a" * 100_000,
        '"',
        "\xff",
    ],
)
def test_a_forged_device_counts_under_its_address(
    app: Flask, value: str
) -> None:
    sent = {
        "REMOTE_ADDR": "192.0.2.1",
        "HTTP_COOKIE": f"vestibule_device={value}",
    }

    assert gate_of(app)._who(sent) == "gate:from:192.0.2.1"


def test_a_known_device_has_a_turn_in_a_flood_from_ever_new_places() -> None:
    turnstile = Turnstile(1, room=4)
    came: list[str] = []

    def wait(name: str, *, is_known: bool) -> bool:
        """Wait for a place, and say when there was one."""
        is_in = turnstile.enter(name, 60, is_known=is_known)
        if is_in:
            came.append(name)
            turnstile.leave(name)
        return is_in

    with ThreadPoolExecutor(9) as threads:
        with full(turnstile):
            flood = [
                threads.submit(wait, f"new {number}", is_known=False)
                for number in range(4)
            ]
            eventually(lambda: len(turnstile.waiting) == 4, "a full room")
            owner = threads.submit(wait, "owner", is_known=True)
            eventually(
                lambda: "owner" in [one.who for one in turnstile.waiting],
                "the owner to wait",
            )
        assert owner.result()
        assert [one.result() for one in flood].count(False) == 1
    assert came[0] == "owner"


def test_whoever_signs_in_again_and_again_takes_turns_with_new_ones() -> None:
    turnstile = Turnstile(1, room=9)
    for _ in range(3):
        assert turnstile.enter("flood", 0)
        turnstile.welcome("flood")
        turnstile.leave("flood")

    turnstile.welcome("friend")

    came = queue(turnstile, "flood", "flood", "new", "also new", "friend")
    assert came == ["friend", "new", "flood", "also new", "flood"]


def test_a_room_full_of_one_kind_makes_way_for_the_other() -> None:
    turnstile = Turnstile(1, room=4)
    turnstile.welcome("friend")
    with ThreadPoolExecutor(6) as threads, full(turnstile):
        for _ in range(4):
            threads.submit(turnstile.enter, "friend", 60)
        eventually(lambda: len(turnstile.waiting) == 4, "a full room")
        for number in range(2):
            threads.submit(turnstile.enter, f"new {number}", 60)
        eventually(
            lambda: sum("new" in one.who for one in turnstile.waiting) == 2,
            "the new ones to wait",
        )
        # Half of the room is theirs, and no more.
        assert not turnstile.enter("new 3", 0)
        assert len(turnstile.waiting) == 4
        for one in [*turnstile.waiting]:
            one.told.set()


def test_who_signed_in_lately_is_remembered_longest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("vestibule.doors.turnstile.MOST_NAMES", 2)
    turnstile = Turnstile(1, room=9)
    for who in ("first", "second", "first", "third"):
        turnstile.welcome(who)

    assert queue(turnstile, "second", "first") == ["first", "second"]


def test_a_refusal_keeps_its_place_as_long_as_a_hash_would(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = gate_of(app)
    gate.widen()
    gate.pace = 30.0
    kept: list[tuple[float, int]] = []

    def sleep(seconds: float) -> None:
        """Note for how long a place is kept, and that it is."""
        kept.append((seconds, gate.turnstile.inside.total()))

    clock = SimpleNamespace(monotonic=time.monotonic, sleep=sleep)
    monkeypatch.setattr("vestibule.doors.gate.time", clock)
    answer = app.test_client().post("/api/v1/sessions", json={})

    assert answer.status_code == 422
    [(seconds, inside)] = kept
    assert (20 < seconds <= 30, inside) == (True, 1)


def test_where_all_seats_are_taken_a_page_waits_and_is_then_refused(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(capacity, "PATIENCE", 0.01)
    gate = gate_of(app)
    gate.widen()
    gate.seats = seats = Seats(1, 1)
    assert seats.take()

    page = app.test_client().get("/login", headers=HTML)
    assert (page.status_code, page.headers["Retry-After"]) == (503, "2")
    assert app.test_client().get("/check").status_code == 401

    seats.give_back()
    for _ in range(3):
        page = app.test_client().get("/login", headers=HTML)
        assert page.status_code == 200


def test_a_large_body_is_one_of_few_and_takes_no_seat(
    app: Flask, alice: User
) -> None:
    gate = gate_of(app)
    gate.widen()
    gate.seats = Seats(0, 0)
    browser = Browser(app)
    large = b"x" * 70_000

    assert gate.uploads is not None
    sent = browser.client.post("/login", data=large, headers=HTML)
    assert sent.status_code == 413
    with full(gate.uploads):
        sent = browser.client.post("/login", data=large, headers=HTML)
    assert sent.status_code == 503
    assert gate.uploads.inside == {}


def test_in_our_own_server_waiting_leaves_threads_to_others(
    app: Flask, auth: Auth
) -> None:
    gate = gate_of(app)
    auth.passwords.hasher.warm_up()
    gate.widen()

    assert gate.bodies is not None
    assert gate.uploads is not None
    held = gate.turnstile.room + gate.bodies.places + gate.uploads.places
    held += capacity.SEATS + capacity.LINE + gate.turnstile.places
    assert held < capacity.THREADS - 16
    assert gate.bodies.of_one < gate.bodies.places / 4
    assert gate.uploads.of_one < gate.uploads.places
    assert 0 < gate.pace <= 0.25


def test_who_waited_is_let_in_when_a_place_comes_back(
    app: Flask, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vestibule.doors.gate.PATIENCE", 60)
    gate = gate_of(app)
    gate.widen()
    typed = {"email": "alice@example.com", "password": PASSWORD}
    with ThreadPoolExecutor(1) as threads:
        with full(gate.turnstile):
            client = app.test_client()
            told = threads.submit(client.post, "/sessions", data=typed)
            eventually(lambda: gate.turnstile.waiting, "somebody to wait")
        assert told.result().status_code == 200
    assert gate.turnstile.inside == {}


def test_who_waits_in_vain_is_refused(
    app: Flask, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vestibule.doors.gate.PATIENCE", 0.01)
    gate = gate_of(app)
    gate.widen()
    with full(gate.turnstile):
        answer = as_program(app.test_client(), "/sessions")

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
    assert gate.turnstile.waiting == []
