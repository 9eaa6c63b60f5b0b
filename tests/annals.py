"""Annals: what tests of the history do to it, in the database itself."""

import hashlib
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, select, text

from conftest import TurnableClock
from vestibule.auth import Auth
from vestibule.capabilities.audit.outcomes import Finding
from vestibule.capabilities.audit.records import Entry
from vestibule.capabilities.audit.walking import part
from vestibule.db import DB
from vestibule.ground.chain import ZERO
from vestibule.history import Circumstances, under
from vestibule.settings import Settings

HERE = Circumstances("page", "192.0.2.17", "Mozilla/5.0 Rosewood/1.0", "r-1")


def write(auth: Auth, count: int, subject: int | None = None) -> None:
    """Have so many things happen to somebody."""
    with under(HERE):
        for number in range(count):
            auth.history.record(f"act.{number}", subject)


def sealed(auth: Auth, count: int, subject: int | None = None) -> None:
    """Have so many things happen, and seal them."""
    write(auth, count, subject)
    auth.audit.seal()


def found(auth: Auth) -> list[tuple[str, int, int]]:
    """Verify; give what is wrong."""
    return [told(one) for one in auth.audit.verifier().findings()]


def told(finding: Finding) -> tuple[str, int, int]:
    """Give what is wrong, and with which rows."""
    return finding.what, finding.first, finding.last


@dataclass
class Hand:
    """Somebody who has the database in hand, and not the secret key."""

    engine: Engine

    def do(self, *statements: str, **values: Any) -> None:
        """Run statements in one transaction."""
        with self.engine.begin() as connection:
            for statement in statements:
                connection.execute(text(statement), values)

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        """Read something."""
        with self.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(text(query))]


def noise(*parts: object) -> bytes:
    """Make 32 bytes that no key of ours made."""
    return hashlib.sha256(repr(parts).encode()).digest()


def positions(auth: Auth) -> list[int]:
    """List the positions there are."""
    rows = auth.db.read(select(Entry.position).order_by(Entry.position))
    return [row.position for row in rows]


def relink(auth: Auth, hand: Hand) -> None:
    """Compute all links anew, as anybody can who has no key."""
    link = ZERO
    for position in positions(auth):
        [step] = part(auth.db, position - 1, link, position)
        link = step.right
        hand.do(
            "UPDATE vestibule_history SET link = :link WHERE position = :at",
            link=link,
            at=position,
        )


def with_keys(auth: Auth, clock: TurnableClock, new: str, old: str) -> Auth:
    """Open the same database with other keys of the site."""
    settings: Settings = auth.settings.having(
        "test", SECRET_KEY=new, OLD_SECRET_KEYS=old
    )
    return Auth(DB(settings, clock))
