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
        key = f"proof of work:{settings.site.secret_key}"
        self._key = hashlib.sha256(key.encode()).digest()

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
        made = altcha.create_challenge(
            ALGORITHM,
            self.rounds,
            key_prefix=BEGINNING,
            expires_at=self.clock.now() + LIFE,
            data={"number": number, "for": self._bond(number, act, keys)},
            hmac_secret=self._key,
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
        bond = self._bond(number, act, keys)
        if act not in ACTS or not self._is_ours(given, bond):
            return None
        if not altcha.verify_solution(payload, self._key).verified:
            return None
        # Twice as long, should the clock of another server be behind.
        return Solved(number, self.clock.now() + 2 * LIFE)

    def _is_ours(self, given: "ChallengeParameters", bond: str) -> bool:
        """Tell whether a challenge is for this attempt, and hard enough."""
        data, end = given.data, given.expires_at
        return (
            isinstance(data, dict)
            and isinstance(data.get("for"), str)
            and hmac.compare_digest(_bytes(data["for"]), _bytes(bond))
            and type(end) is int
            and end > self.clock.now()
            and given.algorithm == ALGORITHM
            and given.key_prefix == BEGINNING
            and given.cost == self.rounds
        )

    def _bond(self, number: str, act: str, keys: Iterable[str]) -> str:
        """Bind a challenge to what it is for, another time otherwise.

        Attack: comparing what two names are bound to, to learn that they
        belong to one account.
        """
        what = "\n".join((number, act, *keys))
        return hmac.new(self._key, _bytes(what), hashlib.sha256).hexdigest()


def _bytes(text: str) -> bytes:
    """Write a text that may be none of Unicode's as bytes."""
    return text.encode("utf-8", "replace")


def _number(given: "ChallengeParameters") -> str:
    """Read the number of a challenge, which nobody has checked yet."""
    data = given.data
    number = data.get("number") if isinstance(data, dict) else None
    return number if isinstance(number, str) else ""
