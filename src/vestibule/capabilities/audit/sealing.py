"""Sealing: the worker takes events into the chain, beside the requests.

Whoever acts writes a row and waits for nobody. Of all processes one at a
time seals: the others see that it is not their turn and go on.
"""

import logging
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, literal, select

from vestibule.capabilities.audit.records import BROKEN, LINKED, Entry
from vestibule.capabilities.audit.seals import Head, OwnSeals
from vestibule.capabilities.audit.vault import Vault
from vestibule.capabilities.audit.waiting import (
    disowned,
    is_the_same,
    known,
    take,
    waiting,
)
from vestibule.db import DB
from vestibule.ground.chain import follow
from vestibule.ground.signing import is_one_of
from vestibule.history import signature

log = logging.getLogger("vestibule.history")

AT_ONCE = 500
# How many parts in one go, so that letters do not wait for an old history.
PARTS = 20
SAY_EVERY = 60

# In SQLite whoever writes is alone. In PostgreSQL a lock with a number of
# our own, in this schema, is tried and not waited for; it ends with the
# transaction. Were it ever lost, two rows could still not have one position.
_TURNS = {
    "sqlite": select(literal(True)),
    "postgresql": select(
        func.pg_try_advisory_xact_lock(
            1_986_359_923, func.hashtext(func.current_schema())
        )
    ),
}
_WRITE = insert(Entry)


@dataclass
class Mark:
    """Up to where this process knows the chain, and when it said so."""

    position: int = 0
    link: bytes = b""
    said_at: int = 0
    said_position: int = 0


class Sealer:
    """Takes what is committed into the chain and signs under it."""

    def __init__(self, db: DB) -> None:
        self.db = db
        self.vault = Vault(db)
        self.seals = OwnSeals(db)
        self.mark = Mark()

    def seal_all(self) -> bool:
        """Seal what there is; say whether more of it is left."""
        return all(self.seal() == AT_ONCE for _ in range(PARTS))

    def seal(self) -> int:
        """Seal one part of what waits; say how many rows it had."""
        rows = waiting(self.db, AT_ONCE)
        if not rows:
            self._say()
            return 0
        self.vault.make_keys(_people(rows))
        with self.db.unit():
            if not self.has_turn():
                return 0
            self._chain(rows)
        return len(rows)

    def has_turn(self) -> bool:
        """Take the turn for the unit around, unless somebody has it."""
        turn = self.db.write_returning(_TURNS[self.db.engine.dialect.name])
        return turn is not None and bool(turn[0])

    def _chain(self, rows: list[dict[str, Any]]) -> None:
        """Move rows behind the end of the chain, and seal it there."""
        taken = self._taken(rows)
        if not taken:
            return
        head = self.seals.head()
        is_sound = self._compare(head)
        proofs = self._proofs(taken, head.proof)
        # In what is linked, so that it cannot be taken away later.
        proofs[0] += "" if is_sound else BROKEN
        keys = self.vault.keys(_people(taken))
        link, position = head.link, head.behind
        entries: list[dict[str, Any]] = []
        for row, proof in zip(taken, proofs, strict=True):
            position += 1
            entry = self._entry(row, position, proof, keys)
            link = follow(link, *(_plain(entry[name]) for name in LINKED))
            entries.append({**entry, "link": link})
        self.db.write_each(_WRITE, entries)
        if is_sound and head.is_old:
            self.seals.take_over()
        self.seals.make("seal", position, link)
        self.db.afterwards(lambda: self._know(position, link))

    def _taken(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Take rows out of the table of events; some may be gone.

        Attack: a signed row that is put back, to have it counted twice, or
        to stop the sealing by its number; a row put into the chain under
        the number of an event that waits, to have that left out.
        """
        here = take(self.db, rows)
        before = known(self.db, {row["id"] for row in here})
        taken = []
        for row in here:
            number = row["id"]
            if number not in before:
                taken.append(row)
            elif is_the_same(row, before[number]):
                log.error("history: event %s was there already", number)
            else:
                log.error("history: another event is called %s", number)
                taken.append(disowned(self.db, row))
        return taken

    def _proofs(self, rows: list[dict[str, Any]], before: str) -> list[str]:
        """Say of each row whether we wrote it.

        Rows without a signature are older than signatures only as long as
        no row with one has been seen.
        """
        keys = self.seals.event_keys()
        before = before.removesuffix(BROKEN)
        proofs: list[str] = []
        for row in rows:
            proof = proof_of(row, keys)
            if proof == "older" and before not in ("", "older"):
                proof = "foreign"
            if proof == "foreign":
                log.error("history: event %s is not ours", row["id"])
            proofs.append(proof)
            before = proof
        return proofs

    def _entry(
        self,
        row: dict[str, Any],
        position: int,
        proof: str,
        keys: dict[int, bytes],
    ) -> dict[str, Any]:
        """Make a row of the chain of an event."""
        person = _person(row)
        details = [row["address"], row["agent"]]
        made = {
            "position": position,
            "person_id": person,
            "details": self.vault.close(row["id"], person, details, keys),
            "proof": proof,
        }
        return {name: made.get(name, row.get(name)) for name in LINKED}

    def _compare(self, head: Head) -> bool:
        """Say whether the end is sound; cry out where it was changed.

        That is also where it is shorter than this process left it.
        """
        # What this process sealed, it sealed by the key of now.
        is_sound = head.is_sound and not (head.is_old and self.mark.position)
        is_shorter = head.position < self.mark.position
        is_other = (
            head.position == self.mark.position
            and self.mark.position > 0
            and head.link != self.mark.link
        )
        if is_shorter or is_other or not is_sound:
            log.critical("history: it was changed; run vestibule audit verify")
        return is_sound

    def _know(self, position: int, link: bytes) -> None:
        """Remember the end, for the next look at it and for the log."""
        self.mark.position, self.mark.link = position, link
        self._say()

    def _say(self) -> None:
        """Log the end for whoever keeps logs elsewhere, once a minute.

        Also when nothing follows: rows behind the last line could be
        removed with their seals, and no line would miss them.
        """
        now, mark = self.db.clock.now(), self.mark
        if mark.said_position == mark.position:
            return
        if now - mark.said_at >= SAY_EVERY:
            mark.said_at, mark.said_position = now, mark.position
            log.info("history sealed %d:%s", mark.position, mark.link.hex())


def proof_of(row: dict[str, Any], keys: tuple[str, ...]) -> str:
    """Say whether an event was signed by one of our keys."""
    if row["signature"] is None:
        return "older"
    right = (signature(key, row) for key in keys)
    is_ours = is_one_of(row["signature"], right)
    return "signed" if is_ours else "foreign"


def _person(row: dict[str, Any]) -> int | None:
    """Say whose the details of an event are."""
    actor: int | None = row["actor_id"]
    subject: int | None = row["subject_id"]
    return subject if actor is None else actor


def _people(rows: list[dict[str, Any]]) -> set[int]:
    """List whose details events have."""
    return {person for row in rows if (person := _person(row)) is not None}


def _plain(value: Any) -> Any:
    """Write a number of a row as both databases can tell it."""
    return value.hex if isinstance(value, UUID) else value
