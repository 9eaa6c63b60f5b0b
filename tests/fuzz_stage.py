"""The stage of the fuzz: everybody who asks, and Vera, whom nobody may see.

Nobody who asks knows her password or holds a link of hers. Her rows stay as
they are whoever but an administrator acts, and her mark stands in no answer
to anybody else. Whatever a request has changed is put back after it.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask
from sqlalchemy import delete, event, select, update

from conftest import TurnableClock
from hostility import LIVING
from policy_stage import Stage
from vestibule.attempts import Attempts
from vestibule.auth import Auth
from vestibule.history import Circumstances, under
from vestibule.records import PREFIX, Record
from vestibule.user import User

WRITES = re.compile(r'\s*(?:INSERT INTO|UPDATE|DELETE FROM)\s+"?(\w+)')
# What stands in what belongs to somebody, and in nothing that is sent.
MARKS = {"vera": "f8a2c1", "alice": "q7d3x9", "root": "z5k6w4"}
SECRET = "only vera knows these words"
# Nothing refers to their rows.
LEAVES = {
    f"{PREFIX}{name}"
    for name in (
        "sessions",
        "mailed_tokens",
        "outbox",
        "known_devices",
        "pictures",
        "feedback",
        "email_undos",
        "host_fields",
    )
}
# What is Vera's as long as no administrator comes.
HERS = ("users", "identifiers", "feedback", "pictures", "sessions")
FORGET_EVERY = 20


class FuzzStage(Stage):
    """The stage of the policy, with Vera, and cheaper to tidy up."""

    def __init__(self, app: Flask, auth: Auth, clock: TurnableClock) -> None:
        self.touched: set[str] = set()
        self.tidied = 0
        super().__init__(app, auth, clock)
        vera = auth.registration.register(
            f"vera-{MARKS['vera']}@example.com",
            SECRET,
            "vera",
            by_operator=True,
        )
        self.people["vera"] = vera
        shared = self.facts["alice"]
        self.facts["vera"] = {**shared, **self._facts("vera")}
        for name, mark in MARKS.items():
            self._mark(self.people[name], mark)
        self.settle()

    def _mark(self, user: User, mark: str) -> None:
        """Put a mark into what is somebody's own."""
        self.auth.db.write(
            update(User)
            .where(User.id == user.id)
            .values(first_name=f"First{mark}", last_name=f"Last{mark}")
        )
        with under(Circumstances("page", "192.0.2.7", f"Agent {mark}")):
            self.auth.sessions.open(user.id)
        if user.username != "root":
            address = f"{user.username}@{mark}.example"
            self.auth.email_verification.ask(user, address)
        number = int(str(self.facts[user.username]["feedback"]))
        table = Record.metadata.tables[f"{PREFIX}feedback"]
        self.auth.db.write(
            update(table)
            .where(table.c.id == number)
            .values(content=f"words of {mark}")
        )

    def vera(self) -> list[str]:
        """Read all that is hers."""
        number = self.people["vera"].id
        found: list[Any] = []
        for name in HERS:
            table = Record.metadata.tables[PREFIX + name]
            key = table.c.id if name == "users" else table.c.user_id
            found += self.auth.db.read(select(table).where(key == number))
        return sorted(map(repr, found))

    def changed(self) -> set[str]:
        """Name the tables that are no longer as every request meets them.

        Only those that were written can be.
        """
        now = {}
        for name in self.touched - LIVING:
            table = Record.metadata.tables[name]
            rows = self.auth.db.read(select(table))
            now[name] = sorted(repr(dict(row._mapping)) for row in rows)
        return {name for name in now if now[name] != self.state[name]}

    def put_back(self) -> None:
        """Make everything as it was, and forget attempts now and then."""
        self.auth.sessions.slides.settle()
        if True in self.writes:
            self._put_back_rows()
            if f"{PREFIX}pictures" in self.touched:
                self._put_back_files()
        self.tidied += False in self.writes
        if self.tidied >= FORGET_EVERY:
            self.tidied = 0
            with self.auth.db.engine.begin() as connection:
                connection.execute(delete(Attempts))
        self.writes.clear()
        self.touched.clear()

    def _put_back_rows(self) -> None:
        """Write those rows anew that may have changed, or all."""
        touched = self.touched - LIVING
        if not touched <= LEAVES:
            super()._put_back_rows()
            return
        with self.auth.db.engine.begin() as connection:
            for name in touched:
                table = Record.metadata.tables[name]
                connection.execute(delete(table))
                if self.rows[name]:
                    connection.execute(table.insert(), self.rows[name])

    def _put_back_files(self) -> None:
        """Write the files of pictures that are gone, and remove others."""
        super()._put_back_files()
        known = {row["name"] for row in self.rows[f"{PREFIX}pictures"]}
        for path in self.auth.pictures.folder.path.glob("*"):
            if path.name not in known:
                path.unlink()


@contextmanager
def fuzz_stage(
    app: Flask, auth: Auth, clock: TurnableClock
) -> Iterator[FuzzStage]:
    """Set the stage, and note which tables are written."""
    if auth.db.engine.dialect.name == "sqlite":
        event.listen(auth.db.engine, "connect", _carelessly)
        auth.db.engine.dispose()
    stage = FuzzStage(app, auth, clock)

    def note(_conn: Any, _cursor: Any, statement: str, *_: Any) -> None:
        """Note one statement."""
        found = WRITES.match(statement)
        if found:
            stage.touched.add(found[1])
            stage.writes.add(found[1] not in LIVING)

    event.listen(auth.db.engine, "before_cursor_execute", note)
    try:
        yield stage
    finally:
        event.remove(auth.db.engine, "before_cursor_execute", note)


def _carelessly(connection: Any, _: object) -> None:
    """Let SQLite not wait for the disk."""
    connection.execute("PRAGMA synchronous = OFF")
