"""What there is to do with the history: seal, read, verify, prune."""

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import text

from vestibule.capabilities.audit.outcomes import Happened, Part, Wanted
from vestibule.capabilities.audit.pruning import Pruner
from vestibule.capabilities.audit.reading import Reading
from vestibule.capabilities.audit.sealing import Sealer
from vestibule.capabilities.audit.seals import Seal
from vestibule.capabilities.audit.verifying import Verifier
from vestibule.capability import Capability, operation
from vestibule.policy import Act, Actor

if TYPE_CHECKING:
    from vestibule.auth import Auth

PAGE = 50


class Audit(Capability):
    """The history, chained and sealed."""

    name = "audit"

    def __init__(self, auth: "Auth") -> None:
        super().__init__(auth)
        self.sealer = Sealer(self.db)
        self.pruner = Pruner(self.db, self.sealer)
        self.reading = Reading(self.db, self.sealer.vault)

    def seal(self) -> bool:
        """Take what waits into the chain; say whether more is left."""
        return self.sealer.seal_all()

    def of(
        self,
        subject_id: int,
        most: int = PAGE,
        before: tuple[int, UUID] | None = None,
    ) -> Part:
        """Tell what happened to an account, the newest first.

        Args:
            subject_id: which account.
            most: how many events at most.
            before: where the part before ended.
        """
        return self.reading.part(Wanted(subject=subject_id), most, before)

    def search(
        self,
        wanted: Wanted,
        *,
        by: Actor,
        before: tuple[int, UUID] | None = None,
        most: int = PAGE,
    ) -> Part:
        """Find events of everybody, the newest first.

        Raises:
            NotAllowed: the actor is no administrator.
        """
        self.auth.policy.require(by, Act.SEARCH_HISTORY, None)
        return self.reading.part(wanted, most, before)

    def every(self, wanted: Wanted) -> Iterator[Happened]:
        """Read all events that are looked for, for the operator."""
        return self.reading.every(wanted)

    @operation
    def take(self, wanted: Wanted, *, by: Actor) -> Iterator[Happened]:
        """Give all events that are looked for, to be written into a file.

        Raises:
            NotAllowed, ProofTooOld: not for this actor, or not yet.
        """
        self.auth.policy.require(by, Act.EXPORT_HISTORY, None)
        self.history.record("history.export", None)
        return self.reading.every(wanted)

    def number_of(self, name: str) -> int:
        """Say the number of an account; ``id:7`` may be gone already.

        Raises:
            NoSuchUser: nobody is called so.
        """
        number = re.fullmatch(r"id:([0-9]{1,18})", name)
        if number is not None:
            return int(number[1])
        return self.auth.administration.find(name).id

    def sealed(self) -> Seal | None:
        """Say up to where the chain is sealed, and since when."""
        return self.sealer.seals.last()

    def is_foreign(self) -> bool:
        """Tell whether there is a history, and no key of ours sealed it."""
        seals = self.sealer.seals
        return seals.last() is None and seals.head().behind > 0

    def verifier(
        self, tell: Callable[[int, int], None] = lambda *_: None
    ) -> Verifier:
        """Give what looks whether the chain is whole."""
        return Verifier(self.db, tell)

    def prune(self, *, even_broken: bool = False) -> int:
        """Remove what is older than the history is kept; say how much."""
        kept = self.settings.watch.history_kept
        before = self.auth.clock.now() - kept
        removed = total = self.pruner.prune(before, even_broken=even_broken)
        while removed:
            removed = self.pruner.prune(before, even_broken=even_broken)
            total += removed
        return total

    def sweep(self, now: int) -> int:
        """Remove a part of what is older than the history is kept.

        In SQLite, what was erased also leaves the file of its last writes.
        """
        removed = self.pruner.sweep(now)
        if self.db.engine.dialect.name == "sqlite":
            self.db.read(text("PRAGMA wal_checkpoint(TRUNCATE)"))
        return removed
