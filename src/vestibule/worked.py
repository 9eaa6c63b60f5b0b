"""Worked attempts: counted while a budget is spent, as somebody worked.

A solution is spent in the database, so that of all processes one takes it.
It opens nothing for anybody else, and nothing after the hard stop.
Source: docs/decisions/0019.
"""

from collections.abc import Callable, Collection
from functools import partial
from typing import Any

from sqlalchemy import BigInteger, bindparam, update

from vestibule.attempts import Attempts
from vestibule.budgets import is_address, is_straight
from vestibule.db import DB
from vestibule.history import circumstances
from vestibule.proof_of_work import ProofOfWork, Solved

# Budgets that may be spent altogether under one key. Attack: few guesses at
# each of very many accounts, worked for from one network address.
MOST, MOST_OF_ADDRESS = 10, 4

_COUNT = (
    update(Attempts)
    .where(
        Attempts.key == bindparam("this"),
        Attempts.count < bindparam("most", type_=BigInteger),
    )
    # The wait stays as it is for everybody else.
    .values(count=Attempts.count + 1)
    .returning(Attempts.count)
)


class Worked:
    """Offers work for further attempts, and counts what was worked for."""

    def __init__(self, db: DB) -> None:
        self.db = db
        self.proofs = ProofOfWork(db.settings, db.clock, db.randomness)

    def offered(
        self, act: str, keys: Collection[str], closed: Collection[str]
    ) -> dict[str, Any] | None:
        """Make a challenge for one more attempt, unless none is to be had.

        Args:
            act: what is attempted.
            keys: what it is counted under.
            closed: which of these are closed.
        """
        if any(map(is_straight, closed)):
            return None
        return self.proofs.challenge(act, keys)

    def solved(self, act: str, keys: Collection[str]) -> Solved | None:
        """Read what came with this request, if it solves a challenge."""
        return self.proofs.solved(circumstances().solution, act, keys)

    def counting(
        self, solved: Solved | None
    ) -> Callable[[dict[str, int]], dict[str, int]]:
        """Give what counts under closed keys, where somebody worked."""
        if solved is None:
            return lambda _: {}
        return partial(self._count, solved)

    def _count(self, solved: Solved, limits: dict[str, int]) -> dict[str, int]:
        """Spend a solution and count under closed keys; say the counts.

        Fewer counts than keys mean that the attempt is refused, and the
        caller undoes the rest.
        """
        is_new = self.db.insert_new(
            Attempts,
            key=f"work:{solved.number}",
            count=1,
            closed_until=solved.until,
            forgotten_at=solved.until,
        )
        counts = {}
        for key, limit in limits.items() if is_new else ():
            most = limit * (MOST_OF_ADDRESS if is_address(key) else MOST)
            if is_straight(key):
                most = 0
            row = self.db.write_returning(_COUNT, this=key, most=most)
            if row is not None:
                counts[key] = int(row[0])
        return counts
