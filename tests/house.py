"""A house full of people: the application at a port of this process.

What it serves is what everybody gets; only the clock stands still, and
there are addresses at which something goes wrong. The proofs of the look
and script/make-screenshots walk through it.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import create_engine, text
from werkzeug import exceptions
from werkzeug.serving import make_server

from conftest import CHEAP, PASSWORD, Browser, TurnableClock
from paintings import svg
from passkeyring import Ring
from phones import with_app
from processes import free_port
from vestibule.auth import Auth
from vestibule.db import DB
from vestibule.doors.app import create_app
from vestibule.errors import (
    Expired,
    NotAllowed,
    TooMany,
    Unavailable,
)
from vestibule.ground.letters import Letter
from vestibule.history import Circumstances, under
from vestibule.migrations import bring_up_to_date
from vestibule.policy import OPERATOR, Actor
from vestibule.settings import Settings
from vestibule.user import User

PORTRAIT = svg(
    '<rect width="40" height="40" fill="#d9c7a0"/>'
    '<circle cx="20" cy="15" r="7" fill="#7a4a2b"/>'
    '<path d="M6 40c0-11 6-15 14-15s14 4 14 15z" fill="#2b5c9e"/>',
    'viewBox="0 0 40 40"',
)
# More than one page of each list shows.
MANY = 60
FEEDBACK = (
    (
        "The door closes too fast",
        "With two bags in my hands I never get through.\n\n"
        "Could it wait a little longer?",
    ),
    ("Thank you for the light", "In the evening the hall looks lovely."),
    (
        "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamten",
        "A long word, and a long address: "
        "https://example.com/" + "a-rather-long-address/" * 6,
    ),
)
DEVICES = (
    ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_5) Safari/604.1", "203.0.113.8"),
    ("Mozilla/5.0 (Windows NT 10.0; rv:140.0) Firefox/140.0", "203.0.113.7"),
    ("", "198.51.100.23"),
)
TROUBLES: dict[str, Callable[[], Exception]] = {
    "401": exceptions.Unauthorized,
    "403": NotAllowed,
    "405": lambda: exceptions.MethodNotAllowed(["GET"]),
    "410": Expired,
    "413": exceptions.RequestEntityTooLarge,
    "429": lambda: TooMany(90),
    "500": lambda: RuntimeError("nobody thought of this"),
    "503": Unavailable,
}


@dataclass
class House:
    """A running application, and what its people are called."""

    app: Flask
    auth: Auth
    url: str
    names: dict[str, str] = field(default_factory=dict)

    def cookies(self, name: str) -> list[Any]:
        """Sign somebody in, and give the cookies of their browser."""
        browser = Browser(self.app)
        assert browser.sign_in(name).status_code == 302, name
        if name == "irina":
            # The clock stands still, so her app has but one code to show.
            user = self.auth.administration.find(name)
            token = self.auth.sessions.open(user.id)
            browser.client.set_cookie("session_id", token)
        kept = ("session_id", "vestibule_visit")
        found = [(one, browser.client.get_cookie(one)) for one in kept]
        return [
            {"name": one, "value": cookie.value, "url": self.url}
            for one, cookie in found
            if cookie
        ]

    def age(self, name: str) -> None:
        """Let ten minutes pass since somebody has proven who they are."""
        self.auth.db.write(
            text(
                "UPDATE vestibule_sessions SET proven_at = proven_at - 600 "
                "WHERE user_id = :id"
            ).bindparams(id=self.auth.administration.find(name).id)
        )


class Swallow:
    """A mail server that keeps nothing."""

    def send(self, letter: Letter) -> None:
        """Take a letter."""
        del letter


@contextmanager
def opened(folder: Path, moment: int = 0, **more: str) -> Iterator[House]:
    """Build the house in a folder, let the people in, and serve it."""
    port = free_port()
    options: dict[str, Any] = {
        "database_url": f"sqlite:///{folder / 'vestibule.db'}",
        "data": folder,
        "secret_key": "9e2f61c07ab84d35f1d6083b7ca49e52",
        "base_url": f"http://localhost:{port}",
        "support": "support@example.com",
        "development": "true",
        "mailed_sign_in": "true",
        "attempts_per_address": "1000000",
        **CHEAP,
        **more,
    }
    engine = create_engine(options["database_url"])
    bring_up_to_date(engine)
    engine.dispose()
    clock = TurnableClock()
    clock.moment = moment or clock.moment
    auth = Auth(DB(Settings.load({}, **options), clock))
    app = create_app(auth=auth)
    for name, kind in TROUBLES.items():
        app.add_url_rule(f"/trouble/{name}", f"trouble{name}", _raising(kind))
    house = House(app, auth, f"http://localhost:{port}")
    _move_in(house)
    with _served(app, port):
        yield house
    auth.db.close()


def _raising(kind: Callable[[], Exception]) -> Callable[[], str]:
    """Make a view in which something goes wrong."""

    def trouble() -> str:
        """Raise what this address stands for."""
        raise kind()

    return trouble


@contextmanager
def _served(app: Flask, port: int) -> Iterator[None]:
    """Answer at a port, in threads of this process."""
    server = make_server("localhost", port, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _account(auth: Auth, name: str, confirmed: bool = True) -> User:
    """Make an account that can sign in at once."""
    return auth.registration.register(
        f"{name}@example.com", PASSWORD, name, by_operator=confirmed
    )


def _move_in(house: House) -> None:
    """Let everybody move in, with what they bring along."""
    auth, clock = house.auth, house.auth.db.clock
    assert isinstance(clock, TurnableClock)
    now = clock.now()
    clock.turn(days=-40)
    for number in range(MANY):
        _account(auth, f"guest{number}")
        clock.turn(hours=3)
    people = {
        name: _account(auth, name, confirmed=name not in ("boris", "clara"))
        for name in (
            "boris",
            "clara",
            "dmitri",
            "elena",
            "irina",
            "pavel",
            "tess",
            "anna",
        )
    }
    clock.moment = now - 86400
    _furnish(house, people)
    olga = _account(auth, "olga")
    auth.administration.set_admin(olga, is_admin=True, by=OPERATOR)
    while auth.outbox.deliver(Swallow()):
        pass
    clock.moment = now
    numbers = {name: str(user.id) for name, user in people.items()}
    house.names |= {**numbers, "olga": str(olga.id)}
    house.names["reset"] = auth.get_reset_password_token("boris@example.com")
    long = f"{'long' * 12}@a-rather-long-host-name.example.com"
    auth.email_verification.ask(people["clara"], long)
    auth.email_verification.ask(people["boris"])
    (letter,) = auth.outbox.latest()[:1]
    rest = letter.text.partition("/verify-email/")[2]
    house.names["verify"] = rest.split()[0]
    auth.totp.begin(people["clara"], by=OPERATOR)
    dmitri = people["dmitri"]
    auth.email_changes.make(dmitri, "dmitri@new.example.com")
    (letter,) = auth.outbox.latest()[:1]
    rest = letter.text.partition("/verify-email/undo/")[2]
    house.names["undo"] = rest.split()[0]
    auth.not_me.tell_of_new_device(people["elena"])
    (letter,) = auth.outbox.latest()[:1]
    rest = letter.text.partition("/security/not-me/")[2]
    house.names["not_me"] = rest.split()[0]
    if auth.mailed_sign_in.is_on:
        auth.mailed_sign_in.ask("boris")
        (letter,) = auth.outbox.latest()[:1]
        rest = letter.text.partition("/login/code/")[2]
        house.names["mailed"] = rest.split()[0]
    for _ in range(10):
        Browser(house.app).sign_in("tess", "a guess")


def _furnish(house: House, people: dict[str, User]) -> None:
    """Let them do what makes their pages differ."""
    auth, anna = house.auth, people["anna"]
    for agent, address in DEVICES:
        with under(Circumstances("page", address, agent)):
            auth.sessions.open(anna.id, remember=True)
    prepared = auth.pictures.prepare(PORTRAIT, "anna.svg", anna)
    auth.pictures.replace(anna, prepared)
    for title, content in reversed(FEEDBACK):
        number = auth.feedback.add(anna, title, content, by=Actor(anna))
    house.names["feedback"] = str(number)
    # One that asks nobody for a second step, and one that does.
    house.names["passkey"] = str(Ring(auth).added(anna, quiet=True).id)
    Ring(auth).added(people["pavel"])
    auth.recovery_codes.make(people["pavel"], by=OPERATOR)
    with_app(auth, people["irina"])
    for code in auth.recovery_codes.make(people["irina"], by=OPERATOR)[2:]:
        auth.recovery_codes.prove_factor(people["irina"], code)
    auth.administration.set_active(
        people["dmitri"], is_active=False, by=OPERATOR
    )
