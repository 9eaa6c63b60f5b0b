"""Oracles: what could tell an outsider who has an account.

Every state that an account can be in, every door where a name is tried, and
all that an outsider sees of it or the server spends on it.
"""

import re
from base64 import urlsafe_b64decode
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update
from werkzeug.test import TestResponse

from conftest import HTML, PASSWORD, Browser, form_token
from costs import Cost, counted
from foreign_systems import with_bcrypt
from stagecraft import watched
from vestibule.auth import Auth
from vestibule.errors import Refusal
from vestibule.policy import OPERATOR
from vestibule.user import User

WRONG = "a wrong guess"
CHOSEN = "seven purple llamas"
# What is by chance in a task for a machine, whose effort is compared.
TASK = re.compile(
    r"((?:nonce|salt|number|for|signature)(?:\"|&#34;): ?(?:\"|&#34;))([\w-]+)"
)
# Tries something with what is typed; gives all answers on the way.
Act: TypeAlias = Callable[[str], list[TestResponse] | str]


def made(auth: Auth, name: str, *, proven: bool = True) -> User:
    """Make an account that can sign in, unless its address is unproven."""
    return auth.registration.register(
        f"{name}@example.com", PASSWORD, name, by_operator=proven
    )


def _nobody(_auth: Auth, _name: str) -> None:
    """Make nothing: nobody has this name."""


def _hashed(auth: Auth, name: str, encoded: str) -> None:
    """Make an account that has a hash of some kind."""
    statement = update(User).where(User.id == made(auth, name).id)
    auth.db.write(statement.values(hashed_password=encoded))


def _disabled(auth: Auth, name: str) -> None:
    """Make an account and shut its owner out."""
    user = made(auth, name)
    auth.administration.set_active(user, is_active=False, by=OPERATOR)


def _outdated(auth: Auth, name: str) -> None:
    """Make an account whose hash has other parameters than today."""
    hasher = PasswordHasher(time_cost=1, memory_cost=16, parallelism=1)
    _hashed(auth, name, hasher.hash(PASSWORD))


STATES: dict[str, Callable[[Auth, str], object]] = {
    "active": made,
    "unknown": _nobody,
    "unverified": lambda auth, name: made(auth, name, proven=False),
    "disabled": _disabled,
    "deleted": lambda auth, name: auth.deletion.delete(
        made(auth, name), by=OPERATOR
    ),
    "imported": lambda auth, name: _hashed(auth, name, with_bcrypt(PASSWORD)),
    "outdated": _outdated,
    "passwordless": lambda auth, name: _hashed(auth, name, "!"),
}


@dataclass
class Look:
    """All that a try shows outside, and what it costs inside."""

    shown: str
    hashes: int
    commits: int
    statements: list[str] = field(repr=False)

    @property
    def trips(self) -> int:
        """Say how often the database was asked; BEGIN is sent along."""
        return sum(not s.startswith("BEGIN") for s in self.statements)


@dataclass(frozen=True)
class Oracle:
    """A door where a name is tried, which could tell whose it is.

    ``opened`` prepares the try as an outsider would, before anything is
    counted: it fetches the form, or signs somebody in who asks.
    """

    title: str
    opened: Callable[[Flask, Auth, str], Act]
    by_username: bool = False

    def look(self, app: Flask, auth: Auth, name: str) -> Look:
        """Try a name here, and note what can be seen and what it costs."""
        typed = name if self.by_username else f"{name}@example.com"
        act = self.opened(app, auth, name)
        cost = Cost(self.title, name)
        with watched(auth) as statements, counted(auth, cost):
            told = act(typed)
        shown = told if isinstance(told, str) else "\n\n".join(map(face, told))
        return Look(
            shown.replace(typed, "TYPED").replace(name, "NAME"),
            cost.hashes,
            cost.commits,
            statements,
        )


def face(answer: TestResponse) -> str:
    """Write down all that can be seen of an answer, but for its chances.

    By chance are the secrets of forms, what cookies hold, and the number
    of a request; where it can be, their length is compared. The number of
    whoever asks is their own.
    """
    lines = [answer.status]
    for name, value in answer.headers.items():
        told = value
        if name == "Set-Cookie":
            told = re.sub(r"^([^=]+)=[^;]*|Expires=[^;]*", r"\1", value)
        elif name == "Vestibule-Challenge":
            told = urlsafe_b64decode(value + "==").decode()
        if name not in ("Date", "Content-Length"):
            lines.append(f"{name}: {told}")
    body = re.sub(
        r'(csrf_token" value=)"([^"]*)"',
        lambda found: f"{found[1]}{len(found[2])}",
        answer.text,
    )
    body = re.sub(r'"id": \d+', '"id": own', body)
    number = answer.headers.get("X-Request-ID", "-none-")
    text = "\n".join([*lines, "", body]).replace(number, "NUMBER")
    return TASK.sub(lambda found: f"{found[1]}{len(found[2])}", text)


def by_form(
    path: str, fields: Callable[[str, str], dict[str, Any]]
) -> Callable[[Flask, Auth, str], Act]:
    """Fetch a form before, and send it filled in, as a browser does."""

    def opened(app: Flask, auth: Auth, name: str) -> Act:
        browser = Browser(app)
        token = form_token(browser.open(path))

        def act(typed: str) -> list[TestResponse]:
            data = {**fields(typed, name), "csrf_token": token}
            answer = browser.client.post(path, data=data, headers=HTML)
            if answer.status_code != 302:
                return [answer]
            return [answer, browser.open(answer.location)]

        return act

    return opened


def by_json(
    path: str, fields: Callable[[str, str], dict[str, Any]]
) -> Callable[[Flask, Auth, str], Act]:
    """Send JSON, as a program does."""

    def opened(app: Flask, auth: Auth, name: str) -> Act:
        program = app.test_client()
        return lambda typed: [program.post(path, json=fields(typed, name))]

    return opened


def by_call(
    call: Callable[[Auth, str], object],
) -> Callable[[Flask, Auth, str], Act]:
    """Call an operation, as a script does."""

    def opened(app: Flask, auth: Auth, name: str) -> Act:
        def act(typed: str) -> str:
            try:
                return repr(call(auth, typed))
            except Refusal as refusal:
                return f"{type(refusal)} {refusal.code} {refusal}"

        return act

    return opened


def mover(app: Flask, auth: Auth, name: str) -> FlaskClient:
    """Sign somebody in who wants the address of this name."""
    made(auth, f"to{name}")
    browser = Browser(app)
    assert browser.sign_in(f"to{name}").status_code == 302
    return browser.client


def by_profile(app: Flask, auth: Auth, name: str) -> Act:
    """Change the own address to that of somebody, on the page."""
    client = mover(app, auth, name)
    token = form_token(client.get("/profile", headers=HTML))

    def act(typed: str) -> list[TestResponse]:
        answer = client.post(
            "/profile",
            data={
                "username": f"to{name}",
                "email": typed,
                "csrf_token": token,
            },
            headers=HTML,
        )
        return [answer, client.get("/profile", headers=HTML)]

    return act


def by_profile_api(app: Flask, auth: Auth, name: str) -> Act:
    """Change the own address to that of somebody, over the API."""
    client = mover(app, auth, name)
    return lambda typed: [
        client.patch("/api/v1/profile", json={"email": typed}),
        client.get("/api/v1/profile"),
    ]


def _sign_up(typed: str, name: str) -> dict[str, str]:
    """Fill in the form of the page to sign up."""
    return {
        "username": f"new{name}",
        "email": typed,
        "password1": CHOSEN,
        "password2": CHOSEN,
    }


def _guess(typed: str, _name: str) -> dict[str, str]:
    """Fill in a sign-in with a wrong password."""
    return {"email": typed, "password": WRONG}


def _guess_api(typed: str, _name: str) -> dict[str, str]:
    """Fill in a sign-in over the API with a wrong password."""
    return {"name": typed, "password": WRONG}


def _ask(typed: str, _name: str) -> dict[str, str]:
    """Fill in that a reset is asked for."""
    return {"email": typed}


def _new(typed: str, _name: str) -> dict[str, str]:
    """Fill in a new account, whose username is made of the address."""
    return {"email": typed, "password": CHOSEN}


SIGN_IN = [
    Oracle("sign-in page", by_form("/login", _guess)),
    Oracle("sign-in page by username", by_form("/login", _guess), True),
    Oracle("sign-in API", by_json("/api/v1/sessions", _guess_api)),
    Oracle("sign-in classic", by_json("/sessions", _guess)),
    Oracle(
        "sign-in Python",
        by_call(lambda auth, typed: auth.login.with_password(typed, WRONG)),
    ),
    Oracle(
        "valid_login",
        by_call(lambda auth, typed: auth.valid_login(typed, WRONG)),
    ),
]
RESET = [
    Oracle("reset page", by_form("/password_reset", _ask)),
    Oracle("reset page by username", by_form("/password_reset", _ask), True),
    Oracle("reset API", by_json("/api/v1/password-reset", _ask)),
    Oracle("reset classic", by_json("/reset_password", _ask)),
    Oracle(
        "reset Python",
        by_call(lambda auth, typed: auth.password_reset.ask(typed)),
    ),
]
SIGN_UP = [
    Oracle("sign-up page", by_form("/register", _sign_up)),
    Oracle("sign-up API", by_json("/api/v1/users", _new)),
    Oracle("sign-up classic", by_json("/users", _new)),
    Oracle(
        "sign-up Python",
        by_call(lambda auth, typed: auth.registration.sign_up(typed, CHOSEN)),
    ),
]
MOVE = [
    Oracle("address on the profile page", by_profile),
    Oracle("address over the API", by_profile_api),
]
