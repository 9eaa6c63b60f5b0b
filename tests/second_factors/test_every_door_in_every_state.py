"""Every way of signing in, in every state of an account: none skips a factor.

What may open a session stands here as a door, beside the routes it goes
through. A new route that anybody may ask fails the suite until it stands
here, as a door or as one that opens none.
"""

import ast
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import update
from werkzeug.security import generate_password_hash

import vestibule
from conftest import PASSWORD, Browser, Postbox, account
from deeds import deeds
from passkeyring import Ring
from phones import with_app
from vestibule.auth import Auth
from vestibule.policy import OPERATOR
from vestibule.testing.authenticators import Authenticator
from vestibule.user import User

pytest_plugins = ["passkeyring_fixtures"]
pytestmark = [
    pytest.mark.settings(
        mailed_sign_in="true", verified_email_required="true"
    ),
    pytest.mark.attack(48, "A43"),
    pytest.mark.asvs("6.3.3", "6.3.4", "X17"),
]

NEW = "another long password"
API = "/api/v1/sessions"
SOURCE = Path(vestibule.__file__).parent


@dataclass
class World:
    """Somebody who wants to get in, and what they can use for it."""

    app: Flask
    auth: Auth
    postbox: Postbox
    ring: Ring
    user: User
    device: Authenticator = field(default_factory=Authenticator)

    def __post_init__(self) -> None:
        """Open a browser, and make a program."""
        self.browser = Browser(self.app)
        self.client = self.app.test_client()

    @property
    def words(self) -> dict[str, str]:
        """What a program types."""
        return {"name": self.user.email, "password": PASSWORD}

    def is_open(self) -> bool:
        """Tell whether there is any session of theirs."""
        return bool(self.auth.sessions.devices(self.user))


Door = Callable[[World], object]
DOORS: dict[str, Door] = {}
ROUTES: dict[str, str] = {}


def door(*routes: str) -> Callable[[Door], Door]:
    """Enter a way in, and the routes it goes through."""

    def enter(way: Door) -> Door:
        """Note the way."""
        DOORS[way.__name__] = way
        ROUTES.update(dict.fromkeys(routes, way.__name__))
        return way

    return enter


@door("POST /login")
def the_page(world: World) -> None:
    """Sign in by the page."""
    world.browser.sign_in(world.user.username)


@door("POST /api/v1/sessions")
def the_api_for_a_cookie(world: World) -> None:
    """Sign in by the API."""
    world.client.post(API, json=world.words)


@door()
def the_api_for_a_bearer(world: World) -> None:
    """Sign in by the API, for a token."""
    world.client.post(API, json={**world.words, "bearer": True})


@door("POST /sessions")
def the_contract(world: World) -> None:
    """Sign in by the route of the contract."""
    typed = {"email": world.user.email, "password": PASSWORD}
    world.client.post("/sessions", data=typed)


@door()
def the_verbs(world: World) -> None:
    """Sign in as a host does that uses the verbs of the contract."""
    if world.auth.valid_login(world.user.email, PASSWORD):
        world.auth.create_session(world.user.email)


@door()
def the_second_verb_alone(world: World) -> None:
    """Sign in as a host does that has checked the password itself."""
    world.auth.create_session(world.user.email)


@door(
    "POST /password_reset",
    "POST /password_reset/<token>",
    "POST /password_reset/new",
)
def a_new_password(world: World) -> None:
    """Set a new password by mail, and sign in with it."""
    world.browser.send("/password_reset", email=world.user.email)
    link = world.postbox.link("/password_reset/")
    world.browser.send(link, password=NEW, confirm_password=NEW)
    world.browser.sign_in(world.user.username, NEW)


@door("POST /api/v1/password-reset", "PUT /api/v1/password-reset")
def a_new_password_by_the_api(world: World) -> None:
    """Do the same without a browser."""
    token = world.auth.password_reset.issue(world.user)
    typed = {"token": token, "new_password": NEW}
    done = world.client.put("/api/v1/password-reset", json=typed)
    assert done.status_code < 300, done.text
    world.client.post(API, json={**world.words, "password": NEW})


@door("POST /register", "POST /api/v1/users", "POST /users")
def signing_up_once_more(world: World) -> None:
    """Sign up under the same address, and sign in."""
    typed = {
        "email": world.user.email,
        "username": f"{world.user.username}2",
        "password1": PASSWORD,
        "password2": PASSWORD,
    }
    world.browser.send("/register", typed)
    world.browser.sign_in(world.user.email)


@door()
def a_hash_of_another_system(world: World) -> None:
    """Sign in where the password came along from another system."""
    foreign = generate_password_hash(PASSWORD, "pbkdf2:sha256:1000")
    kept = world.auth.passwords.check_hash(foreign)
    change(world.auth, world.user, hashed_password=kept)
    world.browser.sign_in(world.user.username)
    # By now the hash is one of our own.
    Browser(world.app).sign_in(world.user.username)


@door("POST /login/code", "POST /login/code/enter")
def a_mailed_code(world: World) -> None:
    """Sign in by a code that was mailed."""
    world.browser.send("/login/code", email=world.user.email)
    world.browser.send("/login/code/enter", code=world.postbox.code())


@door("POST /login/code/<token>", "POST /login/code/link")
def a_mailed_link(world: World) -> None:
    """Sign in by a link that was mailed."""
    world.browser.send("/login/code", email=world.user.email)
    world.browser.send(world.postbox.link("/login/code/"))


@door(
    "POST /api/v1/sessions/mailed-code",
    "POST /api/v1/sessions/mailed-code/code",
)
def a_mailed_code_by_the_api(world: World) -> None:
    """Sign in by a code that was mailed, without a browser."""
    at, name = f"{API}/mailed-code", {"name": world.user.email}
    asked = world.client.post(at, json=name)
    typed = {**name, **(asked.json or {}), "code": world.postbox.code()}
    world.client.post(f"{at}/code", json=typed)


@door("POST /api/v1/sessions/mailed-code/link")
def a_mailed_link_by_the_api(world: World) -> None:
    """Sign in by a link that was mailed, without a browser."""
    at = f"{API}/mailed-code"
    world.client.post(at, json={"name": world.user.email})
    token = world.postbox.link("/login/code/").rpartition("/")[2]
    world.client.post(f"{at}/link", json={"token": token})


@door("POST /login/passkey", "POST /login/passkey/options")
def a_passkey_of_a_careless_device(world: World) -> None:
    """Show a passkey whose device has not checked who holds it."""
    shown = careless(world)
    world.browser.send("/login/passkey", credential=shown)


@door("POST /api/v1/passkey-sessions", "POST /api/v1/passkey-sessions/options")
def such_a_passkey_by_the_api(world: World) -> None:
    """Show the same to the API."""
    shown = json.loads(careless(world))
    world.client.post("/api/v1/passkey-sessions", json={"credential": shown})


@door(
    "POST /login/verify",
    "POST /login/verify/passkey",
    "POST /login/verify/passkey/options",
)
def the_second_step_left_empty(world: World) -> None:
    """Send the second step without what it asks for."""
    step = world.browser.sign_in(world.user.username)
    if step.location == "/login/verify":
        page = world.browser.open(step.location).location or step.location
        world.browser.send(page, code="000000", trust="true", credential="{}")
        world.browser.open("/profile")


@door(
    "POST /api/v1/sessions/second-factor",
    "POST /api/v1/sessions/second-factor/passkey",
    "POST /api/v1/sessions/second-factor/passkey/options",
)
def what_waits_in_place_of_a_session(world: World) -> None:
    """Send what a sign-in that waits is known by, wherever tokens go."""
    held = world.client.post(API, json=world.words)
    token = (held.json or {}).get("waiting")
    if token:
        world.client.set_cookie("session_id", token)
        head = {"Authorization": f"Bearer {token}"}
        for path in ("/profile", f"{API}/current", "/account/security"):
            assert world.client.get(path, headers=head).status_code != 200
            assert world.client.get(path).status_code != 200
        shown = {"waiting": token, "code": token}
        world.client.post(f"{API}/second-factor", json=shown)


def careless(world: World) -> str:
    """Answer a sign-in by a device that checks nobody."""
    world.device.verifies = False
    if not world.auth.passkeys.of(world.user):
        return "{}"
    return world.ring.shown(world.device)


# What nobody is signed in by, though anybody may ask for it.
OPEN_NOTHING = {
    "DELETE /sessions",
    "POST /language",
    "POST /login/verify/cancel",
    "POST /logout",
    "POST /reset_password",
    "PUT /reset_password",
    "POST /security/not-me",
    "PUT /api/v1/not-me",
    "POST /verify-email",
    "POST /verify-email/<token>",
    "POST /verify-email/confirm",
    "POST /verify-email/new-password",
    "POST /verify-email/undo",
    "POST /verify-email/undo/<token>",
    "PUT /api/v1/email-verification",
    "PUT /api/v1/email-verification/code",
    "PUT /api/v1/email-verification/undo",
}


def change(auth: Auth, user: User, **values: object) -> None:
    """Change an account below all operations."""
    auth.db.write(update(User).where(User.id == user.id).values(**values))
    for name, value in values.items():
        setattr(user, name, value)


def plain(_: World) -> None:
    """Leave the account as it is: a password, and no second factor."""


def begun(world: World) -> None:
    """Begin to set an app up, and never show a code of it."""
    world.auth.totp.begin(world.user, by=OPERATOR)


def on(world: World) -> None:
    """Have an app on."""
    with_app(world.auth, world.user)


def on_and_disabled(world: World) -> None:
    """Have an app on, in an account that is closed."""
    on(world)
    world.auth.administration.set_active(
        world.user, is_active=False, by=OPERATOR
    )


def on_and_unconfirmed(world: World) -> None:
    """Have an app on, where nobody has confirmed the address."""
    on(world)
    change(world.auth, world.user, email_verified_at=None)


def a_passkey(world: World) -> None:
    """Have a passkey, and no app."""
    world.ring.added(world.user, world.device)


def a_passkey_and_an_app(world: World) -> None:
    """Have both."""
    a_passkey(world)
    on(world)


def paper_beside(world: World) -> None:
    """Have recovery codes beside the app."""
    on(world)
    by = world.ring.fresh(world.user)
    world.auth.recovery_codes.make(world.user, by=by)


STATES = {
    one.__name__: one
    for one in (
        plain,
        begun,
        on,
        on_and_disabled,
        on_and_unconfirmed,
        a_passkey,
        a_passkey_and_an_app,
        paper_beside,
    )
}
# These are one factor alone, and let in whoever has no second one.
WITHOUT_FACTOR = {"plain", "begun"}
NEVER_OPEN = {
    "a_passkey_of_a_careless_device",
    "such_a_passkey_by_the_api",
}
# Whoever reads the mail of an address that nobody has confirmed is its
# owner, and what somebody else has set up there ends: a second factor as
# well. Attack: signing up with another's address, to keep its owner out.
BY_MAIL = {
    "a_mailed_code",
    "a_mailed_code_by_the_api",
    "a_mailed_link",
    "a_mailed_link_by_the_api",
    "a_new_password",
    "a_new_password_by_the_api",
}


def expected(way: str) -> set[str]:
    """Say in which states a door is to open."""
    if way in NEVER_OPEN:
        return set()
    if way in BY_MAIL:
        return {*WITHOUT_FACTOR, "on_and_unconfirmed"}
    return WITHOUT_FACTOR


def outcome(
    way: Door, states: Mapping[str, Door], world: Callable[[str], World]
) -> set[str]:
    """Try one door in each state; say in which it has opened."""
    found = set()
    for name, prepare in states.items():
        here = world(f"person-{name}".replace("_", "")[:20])
        prepare(here)
        here.postbox.empty()
        # Whoever is closed out gets no letter.
        with suppress(IndexError):
            way(here)
        if here.is_open():
            found.add(name)
    return found


@pytest.mark.parametrize("way", DOORS)
def test_only_who_has_no_second_factor_gets_in_without_one(
    app: Flask, auth: Auth, postbox: Postbox, ring: Ring, way: str
) -> None:
    def world(name: str) -> World:
        """Make an account for one state."""
        return World(app, auth, postbox, ring, account(auth, name))

    opened = outcome(DOORS[way], STATES, world)

    assert opened == expected(way)


def test_every_route_that_anybody_may_ask_is_a_door_or_opens_nothing(
    app: Flask,
) -> None:
    public = {
        f"{deed.method} {deed.rule}"
        for deed in deeds(app)
        if deed.act.is_public and not deed.looks
    }

    assert public - set(ROUTES) - OPEN_NOTHING == set()
    assert {*ROUTES, *OPEN_NOTHING} - public == set()
    assert OPEN_NOTHING.isdisjoint(ROUTES)


def test_sessions_are_opened_in_two_places_only() -> None:
    opened = {
        (file.relative_to(SOURCE).as_posix(), function.name)
        for file in SOURCE.rglob("*.py")
        for function in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(function, ast.FunctionDef)
        for call in ast.walk(function)
        if isinstance(call, ast.Call)
        and ast.unparse(call.func).endswith("sessions.open")
    }

    assert opened == {
        ("auth.py", "create_session"),
        ("capabilities/login/operations.py", "admit"),
        # For the tests of hosts, where it is asked for by name.
        ("testing/__init__.py", "sign_in"),
    }
