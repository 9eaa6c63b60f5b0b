"""Verifying: whether the chain is whole, and where it is not.

It reads up to the end of when it began, part by part, so that a long
history takes time and no memory, and everybody may go on writing.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

from sqlalchemy import bindparam, func, or_, select, type_coerce
from sqlalchemy.types import NullType

from vestibule.capabilities.audit.outcomes import Finding
from vestibule.capabilities.audit.records import (
    BROKEN,
    LAST_POSITION,
    Entry,
    SealRecord,
)
from vestibule.capabilities.audit.sealing import proof_of
from vestibule.capabilities.audit.seals import Seal, Seals
from vestibule.capabilities.audit.waiting import NUMBER, waiting
from vestibule.capabilities.audit.walking import Step, part
from vestibule.ground.chain import ZERO, as_bytes
from vestibule.store import Readable

ANCHORS_AT_ONCE = 500
EVENTS_AT_ONCE = 500
OUTSIDE_AT_MOST = 500

# In one statement, so that both are of one moment.
_ENDS = select(
    select(func.max(Entry.position))
    .where(Entry.position < LAST_POSITION)
    .scalar_subquery(),
    select(func.max(SealRecord.position))
    .where(SealRecord.position < LAST_POSITION)
    .scalar_subquery(),
)
_RAW_LINK = type_coerce(Entry.link, NullType).label("link")
_LINK = select(_RAW_LINK).where(Entry.position == bindparam("position"))
_LINKS = select(Entry.position, _RAW_LINK).where(
    Entry.position.in_(bindparam("positions", expanding=True))
)
_OUTSIDE = (
    select(Entry.position)
    .where(
        or_(
            Entry.position <= bindparam("cut"),
            Entry.position >= LAST_POSITION,
        )
    )
    .order_by(Entry.position)
    .limit(OUTSIDE_AT_MOST)
)


class Verifier:
    """Looks at every row once; afterwards says how many it were."""

    def __init__(self, db: Readable, tell: Callable[[int, int], None]) -> None:
        """Begin to verify.

        Args:
            db: where the chain is.
            tell: is told the position and the last one, now and then.
        """
        self.db = db
        self.tell = tell
        self.seals = Seals(db)
        self.rows = 0
        self.waiting = 0
        self.older = 0
        self.position, self.link = 0, ZERO
        self._sealed_upto = 0
        self._is_key_new = False

    def findings(self, after: int = 0) -> Iterator[Finding]:
        """Find what is wrong, in the order of the rows.

        Args:
            after: look only at what comes behind this position.
        """
        last_row, last_seal = self._ends()
        yield from self._begin(after)
        if not after:
            yield from self._outside()
        while True:
            steps = [*part(self.db, self.position, self.link, last_row)]
            if not steps:
                break
            yield from self._part(steps)
            self.tell(self.position, last_row)
        yield from self._tail(last_row, last_seal)
        yield from self._events()

    def against(
        self, anchors: Iterable[tuple[int, bytes]]
    ) -> Iterator[Finding]:
        """Compare with what was noted elsewhere; what was cut is left out."""
        some = iter(anchors)
        cut = self.seals.cut()
        removed = cut.position if cut and cut.is_genuine else 0
        while batch := [*islice(some, ANCHORS_AT_ONCE)]:
            positions = [position for position, _ in batch]
            rows = self.db.read(_LINKS, positions=positions)
            found = {row.position: as_bytes(row.link) for row in rows}
            if cut:
                found[cut.position] = cut.link
            for position, link in batch:
                if position not in found and position > removed:
                    yield Finding("anchor_missing", position, position)
                elif found.get(position, link) != link:
                    yield Finding("anchor_differs", position, position)

    def _ends(self) -> tuple[int, int]:
        """Read the last position of a row, and of a seal."""
        row = self.db.first(_ENDS)
        rows, seals = row if row is not None else (0, 0)
        return rows or 0, seals or 0

    def _begin(self, after: int) -> Iterator[Finding]:
        """Go to where the chain begins, or to where we shall begin."""
        cut = self.seals.cut()
        if cut is not None:
            self.position, self.link = cut.position, cut.link
            # Whoever begins behind it has seen that already.
            if not cut.is_genuine and after <= cut.position:
                yield Finding("cut_forged", cut.position, cut.position)
        if after > self.position:
            row = self.db.first(_LINK, position=after)
            # Where it is missing itself, it will be missed.
            self.position = after if row is not None else after - 1
            self.link = ZERO if row is None else as_bytes(row.link)
        self._sealed_upto = self.position

    def _outside(self) -> Iterator[Finding]:
        """Look for rows where the chain has none.

        Attack: a row before its beginning, which is shown and not walked.
        """
        for row in self.db.read(_OUTSIDE, cut=self.position):
            yield Finding("foreign", row.position, row.position)

    def _part(self, steps: list[Step]) -> Iterator[Finding]:
        """Look at some rows and at the seals under them."""
        seals: dict[int, list[Seal]] = {}
        for seal in self.seals.within(self.position, steps[-1].position):
            seals.setdefault(seal.position, []).append(seal)
        for step in steps:
            yield from self._step(step)
            for seal in seals.get(step.position, ()):
                yield from self._seal(seal)

    def _step(self, step: Step) -> Iterator[Finding]:
        """Look at one row, in its place behind the one before."""
        expected = self.position + 1
        if step.position == expected and not step.fits:
            yield Finding("edited", step.position, step.position)
        elif step.position != expected and not self._was_cut(step):
            # What it follows is gone, so its own link proves nothing.
            yield Finding("missing", expected, step.position - 1)
        proof = str(step.proof)
        if proof.endswith(BROKEN):
            yield Finding(
                "broken_before", self._sealed_upto + 1, step.position
            )
        proof = proof.removesuffix(BROKEN)
        if proof == "older":
            self.older += 1
        elif proof != "signed":
            yield Finding("foreign", step.position, step.position)
        self.rows += 1
        self.position, self.link = step.position, step.link

    def _was_cut(self, step: Step) -> bool:
        """Tell whether the rows before were removed by us just now."""
        cut = self.seals.cut()
        return (
            cut is not None
            and cut.is_genuine
            and cut.position >= step.position - 1
        )

    def _seal(self, seal: Seal) -> Iterator[Finding]:
        """Look at a seal under the row we have come to."""
        first = self._sealed_upto + 1
        is_late = seal.is_old and self._is_key_new
        if not seal.is_genuine or is_late:
            yield Finding("seal_forged", seal.position, seal.position)
            return
        if seal.link != self.link:
            yield Finding("seal_differs", first, seal.position)
        self._is_key_new = self._is_key_new or seal.is_new
        self._sealed_upto = seal.position

    def _tail(self, last_row: int, last_seal: int) -> Iterator[Finding]:
        """Look whether the last row has a seal, and the last seal a row."""
        last = max(last_row, self.position)
        behind = 0
        for seal in self.seals.within(last, last_seal):
            if seal.is_genuine:
                behind = seal.position
            else:
                yield Finding("seal_forged", seal.position, seal.position)
        if behind:
            yield Finding("cut_off", last + 1, behind)
        elif last_row > last_seal:
            yield Finding("unsealed", last_seal + 1, last_row)

    def _events(self) -> Iterator[Finding]:
        """Look at what is not sealed yet."""
        keys = self.seals.event_keys()
        head = self.seals.head()
        is_new = head.proof.removesuffix(BROKEN) in ("", "older")
        rows = waiting(self.db, EVENTS_AT_ONCE)
        while rows:
            for row in rows:
                self.waiting += 1
                proof = proof_of(row, keys)
                if proof == "foreign" or (proof == "older" and not is_new):
                    yield Finding("event_foreign", 0, 0, _called(row))
            if len(rows) < EVENTS_AT_ONCE:
                return
            rows = waiting(self.db, EVENTS_AT_ONCE, rows[-1][NUMBER])


def _called(row: dict[str, Any]) -> str:
    """Name an event as it stands there."""
    number = row[NUMBER]
    is_ours = str(number).replace("-", "") == row["id"].hex
    return str(row["id"] if is_ours else number)
