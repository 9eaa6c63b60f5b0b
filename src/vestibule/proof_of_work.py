"""Proof of work: one more attempt for whoever lets a machine compute.

A challenge is made without being kept: it is signed, and for one act at one
account from one place. Its solution is spent in the database, once.
Source: ASVS 5.0 6.3.1 (a captcha is one of the measures it names), in the
format of ALTCHA, version 2; docs/decisions/0019.
"""

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vestibule.ground.clock import Clock
from vestibule.ground.randomness import Randomness
from vestibule.settings import Settings

if TYPE_CHECKING:
    from altcha import ChallengeParameters

# Acts that it may buy an attempt at. Never letters, which are somebody
# else's mailbox, nor codes, which are short enough to be guessed.
ACTS = {"login", "password_reset.ask", "registration"}
# One key in 4096 begins so.
BEGINNING = "000"
TRIES = 16 ** len(BEGINNING)
ALGORITHM = "PBKDF2/SHA-256"
# Seconds in which a solution must come; slow phones need some of them.
LIFE = 600
# Characters of a solution; it has some 800.
LONGEST = 4096


@dataclass(frozen=True)
class Solved:
    """A challenge that was solved; ``until`` it could be solved again."""

    number: str
    until: int


class ProofOfWork:
    """Makes challenges, and says whether they are solved."""

    def __init__(
        self, settings: Settings, clock: Clock, randomness: Randomness
    ) -> None:
        self.clock = clock
        self.randomness = randomness
        self.rounds = -(-settings.throttle.proof_of_work * 1000 // TRIES)
        # The first signs; a challenge of any is solved.
        self._keys = [
            hashlib.sha256(f"proof of work:{key}".encode()).digest()
            for key in settings.keys.all
        ]

    def challenge(
        self, act: str, keys: Iterable[str]
    ) -> dict[str, Any] | None:
        """Make a challenge for one more attempt, where work may buy it.

        Args:
            act: what is attempted.
            keys: the counts that the attempt is counted under.
        """
        if not self.rounds or act not in ACTS:
            return None
        # Imported late, because most processes never need it.
        import altcha

        number = self.randomness.token()
        key = self._keys[0]
        bond = _bond(key, number, act, keys)
        made = altcha.create_challenge(
            ALGORITHM,
            self.rounds,
            key_prefix=BEGINNING,
            expires_at=self.clock.now() + LIFE,
            data={"number": number, "for": bond},
            hmac_secret=key,
        )
        return made.to_dict()

    def solved(
        self, text: str, act: str, keys: Iterable[str]
    ) -> Solved | None:
        """Read a solution; None unless it is right, and for this attempt.

        What costs nothing to look at comes first, and the work of one try
        last.
        """
        if not text or len(text) > LONGEST or not self.rounds:
            return None
        import altcha

        try:
            payload = altcha.Payload.from_base64(text)
        except (ValueError, KeyError, TypeError, RecursionError):
            return None
        given = payload.challenge.parameters
        number = _number(given)
        if act not in ACTS or not self._is_hard(given):
            return None
        what = number, act, tuple(keys)
        fit = [key for key in self._keys if _fits(given, _bond(key, *what))]
        if not fit or not altcha.verify_solution(payload, fit[0]).verified:
            return None
        # Twice as long, should the clock of another server be behind.
        return Solved(number, self.clock.now() + 2 * LIFE)

    def _is_hard(self, given: "ChallengeParameters") -> bool:
        """Tell whether a challenge is open, and as hard as ours are."""
        end = given.expires_at
        return (
            type(end) is int
            and end > self.clock.now()
            and given.algorithm == ALGORITHM
            and given.key_prefix == BEGINNING
            and given.cost == self.rounds
        )


def _bond(key: bytes, number: str, act: str, keys: Iterable[str]) -> str:
    """Bind a challenge to what it is for, another time otherwise.

    Attack: comparing what two names are bound to, to learn that they
    belong to one account.
    """
    what = "\n".join((number, act, *keys))
    return hmac.new(key, _bytes(what), hashlib.sha256).hexdigest()


def _fits(given: "ChallengeParameters", bond: str) -> bool:
    """Tell whether a challenge is for this attempt."""
    data = given.data
    return (
        isinstance(data, dict)
        and isinstance(data.get("for"), str)
        and hmac.compare_digest(_bytes(data["for"]), _bytes(bond))
    )


def _bytes(text: str) -> bytes:
    """Write a text that may be none of Unicode's as bytes."""
    return text.encode("utf-8", "replace")


def _number(given: "ChallengeParameters") -> str:
    """Read the number of a challenge, which nobody has checked yet."""
    data = given.data
    number = data.get("number") if isinstance(data, dict) else None
    return number if isinstance(number, str) else ""
