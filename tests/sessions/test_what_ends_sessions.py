"""What ends sessions, whose, and which not: the table of session death.

The table is docs/sessions.toml, and these tests are made from it: every
change, by every door, looked at from everywhere a session can be shown.
"""

import inspect
import re
from collections.abc import Callable, Iterator
from itertools import count
from typing import TYPE_CHECKING

import pytest
from flask import Flask

from conftest import account
from deaths import WAYS, Change, World, parts, places, table
from deeds import LINES, deeds
from hosts import hosting
from vestibule.auth import Auth
from vestibule.capability import Capability
from vestibule.doors.cli import main
from vestibule.policy import OPERATOR
from vestibule.settings import Settings
from vestibule.user import User

if TYPE_CHECKING:
    from racing import Track

TABLE = table()
# What makes sessions, where no other one ends by it.
OPENING = {"POST /login"}
# Commands that leave what there is of an account as it is.
HARMLESS = {"user create", "user export", "user list", "user show"}
# What the changes of the table are made of, and is no change by itself.
PARTS = {
    "auth.passwords.set": "of every new password",
    "auth.passwords.lock": "of what asks for a new password",
    "auth.mailed_sign_in.void": "of whatever ends all sessions",
    "auth.email_changes.make": "of confirming another address",
    "auth.email_verification.cancel_change": "of several changes",
    "auth.known_devices.forget_all": "of several changes",
    "auth.password_reset.issue": "of asking for a reset link",
    "auth.password_reset.send": "of asking for a reset link",
    "auth.sessions.renew": "of confirming the password",
}
# What else ends with sessions.
BESIDES = {
    *("resets", "letters", "undoing", "pending", "mailed"),
    *("devices", "factors", "trust", "waiting"),
}
# Tables from which something ends besides sessions.
ENDING = {"sessions", "trusted_devices", "waiting_sign_ins"}
ENDS = re.compile(
    r"sessions\.(?:end|end_all|end_device|renew)\(|self\._end_all\("
    r"|mailed_tokens\.forget(?:_all)?\(|known_devices\.forget_all\("
    r"|delete\(SessionRecord\)"
)
by_every_change = pytest.mark.parametrize("change", TABLE, ids=str)
pytestmark = pytest.mark.settings(
    attempts_per_account=1_000_000,
    attempts_per_address=1_000_000,
    mailed_sign_in="true",
)


@pytest.fixture
def root(auth: Auth) -> str:
    """Give the session of an administrator, of whom there are two."""
    for name in ("root", "second"):
        made = account(auth, name)
        auth.administration.set_admin(made, is_admin=True, by=OPERATOR)
    return auth.sessions.open(made.id)


@pytest.mark.attack(64, 65, 100, 102, "A18", "A19")
@pytest.mark.asvs("7.2.1", "7.4.1", "7.4.2", "7.4.3", "8.3.2", "X11", "X8")
@by_every_change
def test_a_change_ends_at_every_door_exactly_what_the_table_says(  # noqa: PLR0917
    auth: Auth,
    app: Flask,
    settings: Settings,
    root: str,
    bob: User,
    change: Change,
    track: "Track",
) -> None:
    bobs = auth.sessions.open(bob.id)
    numbers = count()
    is_sqlite = auth.db.engine.dialect.name == "sqlite"
    with hosting(settings) as host, track.beside(auth) as elsewhere:
        everywhere = places(app, host)
        for turn, way in enumerate(change.ways()):
            here = everywhere if is_sqlite else one_of(everywhere, turn)
            world = World(app, auth, f"user{next(numbers)}", root)
            tokens = {**world.sessions(), "bob": bobs, "root": root}
            assert world.left() == BESIDES
            # Once before, so that whoever remembers an answer is found out.
            assert all(elsewhere("owners", tokens=[*tokens.values()])), way
            for look in here.values():
                assert look(world.this), way
                assert look(world.other["bearer"]), way

            world.do(way)

            expected = {
                name for name in tokens if not _ends(change, name, world)
            }
            for place, is_alive in here.items():
                alive = {n for n, token in tokens.items() if is_alive(token)}
                assert alive == expected, (way, place)
            owned = elsewhere("owners", tokens=[*tokens.values()])
            alive = {n for n, o in zip(tokens, owned, strict=True) if o}
            assert alive == expected, (way, "another process")
            left = BESIDES - change.ends
            assert world.left() == left, way
            if world.fresh:
                assert all(look(world.fresh) for look in here.values()), way


def one_of(
    everywhere: dict[str, Callable[[str], bool]], turn: int
) -> dict[str, Callable[[str], bool]]:
    """Choose one place, another one each time: no database concerns all."""
    name = [*everywhere][turn % len(everywhere)]
    return {name: everywhere[name]}


def _ends(change: Change, name: str, world: World) -> bool:
    """Tell whether the table says that a session ends."""
    if name in ("bob", "root"):
        return False
    if name == "this":
        return "this" in change.ends or bool(world.fresh)
    return ("one" if name == "one" else "others") in change.ends


def test_every_way_of_the_table_is_known_and_every_part() -> None:
    ways = [way for change in TABLE for way in change.ways()]

    assert sorted(ways) == sorted(set(ways))
    assert set(ways) == set(WAYS)
    for change in TABLE:
        assert change.ends <= parts(), change
        assert set(change.doors) <= {
            *("page", "api", "classic", "command", "python")
        }


@pytest.mark.asvs("6.3.4")
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_every_route_that_touches_sessions_stands_in_the_table(
    app: Flask,
) -> None:
    named = {way for change in TABLE for way in change.ways()}
    routes = {f"{deed.method} {deed.rule}" for deed in deeds(app)}
    touching = {
        route
        for route, line in LINES.items()
        if ENDING & {*line.changes.split()}
    }

    assert touching - OPENING - named == set()
    assert {way for way in named if " /" in way} - routes == set()
    for change in TABLE:
        for way in change.doors.get("api", []):
            assert " /api/v1/" in way
        for way in change.doors.get("page", []):
            assert " /api/" not in way


def test_every_command_about_accounts_stands_in_the_table() -> None:
    named = {
        way for change in TABLE for way in change.doors.get("command", [])
    }
    user = main.commands["user"]

    there = {f"user {name}" for name in user.commands}  # type: ignore[attr-defined]

    assert named | HARMLESS == there
    assert named & HARMLESS == set()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_every_operation_that_ends_anything_stands_in_the_table(
    auth: Auth,
) -> None:
    named = {
        way.partition("(")[0]
        for change in TABLE
        for way in change.doors.get("python", [])
    }
    found = {name for one in auth.capabilities for name in ending(one)}

    assert found - named - set(PARTS) == set()
    # And nothing is excused that ends nothing any more.
    known = {
        f"auth.{one.name}.{name}"
        for one in auth.capabilities
        for name in vars(type(one))
    }
    assert set(PARTS) <= known


def ending(capability: Capability) -> Iterator[str]:
    """Name the operations of a capability that end something."""
    kind = type(capability)
    hooks = {name for name in vars(Capability) if not name.startswith("_")}
    for name in vars(kind):
        if name.startswith("_") or name in hooks:
            continue
        if callable(getattr(kind, name)) and ENDS.search(source(kind, name)):
            yield f"auth.{capability.name}.{name}"


def source(kind: type, name: str) -> str:
    """Read a method and what it calls of its own class."""
    text = inspect.getsource(getattr(kind, name))
    inner = set(re.findall(r"self\.(_\w+)\(", text)) - {name}
    own = [one for one in inner if one in vars(kind)]
    return text + "".join(source(kind, one) for one in own)
