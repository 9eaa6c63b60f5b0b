"""Pruning: what is older than the history is kept leaves its beginning.

Attack: rows made old by hand, so that we remove them ourselves and sign for
it. Only what is whole, up to a genuine seal, is removed.
"""

import logging

from sqlalchemy import bindparam, delete, select, type_coerce
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.types import NullType

from vestibule.capabilities.audit.records import (
    LAST_POSITION,
    Entry,
    SealRecord,
)
from vestibule.capabilities.audit.sealing import Sealer
from vestibule.capabilities.audit.walking import Step, part
from vestibule.db import DB
from vestibule.ground.chain import ZERO

log = logging.getLogger("vestibule.history")

PARTS = 10
_NEWEST = (
    select(type_coerce(Entry.at, NullType))
    .where(Entry.position < LAST_POSITION)
    .order_by(Entry.position.desc())
    .limit(1)
)
_ROWS = delete(Entry).where(Entry.position <= bindparam("upto"))
_SEALS = delete(SealRecord).where(SealRecord.position <= bindparam("upto"))


class Pruner:
    """Removes the beginning of the chain and signs for the cut."""

    def __init__(self, db: DB, sealer: Sealer) -> None:
        self.db = db
        self.sealer = sealer
        self.seals = sealer.seals
        self.has_warned = False

    def prune(self, before: int, *, even_broken: bool = False) -> int:
        """Remove rows of before a moment; say how many.

        Args:
            before: the moment.
            even_broken: also where the rows are not whole.
        """
        removed = 0
        before = self._believed(before)
        for _ in range(PARTS):
            with self.db.unit():
                # Read first: most often there is nothing to remove.
                end = self._end(before, even_broken)
                if end is None or not self.sealer.has_turn():
                    break
                # Somebody may just have been quicker.
                end = self._end(before, even_broken)
                if end is None:
                    break
                removed += self._cut(end)
        return removed

    def sweep(self, now: int) -> int:
        """Remove what is too old, where this role may remove anything."""
        try:
            return self.prune(now - self.db.settings.watch.history_kept)
        except ProgrammingError as error:
            if getattr(error.orig, "sqlstate", "") != "42501":
                raise
            self._warn("history: this role may not remove old rows")
            return 0

    def _believed(self, before: int) -> int:
        """Measure from the newest row, where that is older than the clock.

        Attack: a clock set ahead, so that we remove all there is. So the
        newest row stays, always.
        """
        row = self.db.first(_NEWEST)
        if row is None or not isinstance(row[0], int):
            return 0
        kept = self.db.settings.watch.history_kept
        return min(before, row[0] - kept)

    def _end(self, before: int, even_broken: bool) -> Step | None:
        """Find up to where the next part goes, if there is one to go."""
        cut = self.seals.cut()
        if cut and not cut.is_genuine and not even_broken:
            # What somebody else removed, a cut of ours would make good.
            self._warn_broken()
            return None
        start, link = (cut.position, cut.link) if cut else (0, ZERO)
        steps: list[Step] = []
        for step in part(self.db, start, link, LAST_POSITION - 1):
            if not isinstance(step.at, int) or step.at >= before:
                break
            is_next = step.position == start + len(steps) + 1
            if not even_broken and not (step.fits and is_next):
                self._warn_broken()
                break
            steps.append(step)
        if not steps:
            return None
        seals = self.seals.within(start, steps[-1].position)
        sealed = {s.position: s.link for s in seals if s.is_genuine}
        return next(
            (s for s in reversed(steps) if sealed.get(s.position) == s.link),
            steps[-1] if even_broken else None,
        )

    def _cut(self, end: Step) -> int:
        """Remove all up to a row, and leave a signed cut."""
        removed = self.db.write(_ROWS, upto=end.position)
        self.db.write(_SEALS, upto=end.position)
        self.seals.make("cut", end.position, end.link)
        return removed

    def _warn_broken(self) -> None:
        """Say that what was changed is kept, as evidence."""
        self._warn("history: it was changed; nothing is removed from it")

    def _warn(self, text: str) -> None:
        """Say once what keeps the history from getting shorter."""
        if not self.has_warned:
            self.has_warned = True
            log.warning(text)
