"""The page of what ends sessions, whose table is docs/sessions.toml."""

import tomllib
from pathlib import Path
from typing import Any

FILE = Path(__file__).resolve().parent.parent / "docs/sessions.toml"
DOORS = {
    "page": "Pages",
    "api": "API",
    "classic": "JSON routes",
    "command": "Commands",
    "python": "Python",
}

BEGIN = """\
# What ends a session

<!-- Written by script/make-docs from docs/sessions.toml. -->

A session is a row in the database, and every request asks for it there. So
an end counts from the very next request on: on every page, for the API, for
[`GET /check`](check.md), in the views of your own application, and in every
other process and server on the same database.

A session that is remembered for a month and a bearer token are sessions like
any other. *This session* is the one in which something is done. What an
administrator, a command or a mailed link does is done in none of the
account's sessions, so there all of them are *other sessions*, and the table
says by both columns that all end. A *known device* is no session: it only
means that a [sign-in](capabilities/login.md) there is nothing new. *Second
factors* are apps, passkeys and recovery codes that were set up within the last
week; a *link about a new factor* removes them and all that a thief has; a
*trusted device* stands for them, and a *sign-in that waits* has shown the
password alone.

"""
TESTED = """
Every session also ends when nobody has used it for a while, and after a time
in any case; [how long](capabilities/sessions.md) is a setting.

The suite does every change of this table through every door of the second
table, to somebody with sessions of all kinds, and looks at each session from
everywhere at once, a second process among them. A route, a command or an
operation that ends something and has no row makes it fail.

## By which doors

"""


def sessions_page() -> str:
    """Write the page: what ends by each change, then where it is done."""
    read: dict[str, Any] = tomllib.loads(FILE.read_text("utf-8"))
    parts, changes = read["parts"], read["change"]
    columns = ["What happens", *parts.values(), ""]
    lines = [cells(columns), "|---" + "|:-:" * len(parts) + "|---|\n"]
    lines += [cells(ends(change, parts)) for change in changes]
    lines += [TESTED, cells(["What happens", *DOORS.values()])]
    lines += ["|---" * (len(DOORS) + 1) + "|\n"]
    lines += [cells(ways(change)) for change in changes]
    return BEGIN + "".join(lines)


def ends(change: dict[str, Any], parts: dict[str, str]) -> list[str]:
    """Write the row of what ends by a change."""
    marks = ["ends" if part in change["ends"] else "–" for part in parts]
    return [change["name"], *marks, change.get("note", "")]


def ways(change: dict[str, Any]) -> list[str]:
    """Write the row of the doors of a change."""
    doors = change["doors"]
    found = [
        "<br>".join(f"`{named(door, way)}`" for way in doors.get(door, []))
        for door in DOORS
    ]
    return [change["name"], *(ways or "–" for ways in found)]


def named(door: str, way: str) -> str:
    """Write a way as somebody would type it."""
    return f"vestibule {way}" if door == "command" else way


def cells(texts: list[str]) -> str:
    """Write a row of the table."""
    return f"| {' | '.join(texts)} |\n"
