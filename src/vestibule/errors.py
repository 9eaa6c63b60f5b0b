"""The kinds of refusal, without HTTP.

A refusal is an answer that a person or program can act on: it has a code
that never changes, a text in words, and perhaps the field it is about.
Capabilities subclass a kind, so that a new refusal edits no table.
"""

import dataclasses
from dataclasses import dataclass
from typing import Any, ClassVar

from vestibule.ground.words import LANGUAGES, translated, waiting, worded


@dataclass(frozen=True)
class Reason:
    """A permanent code and the English text that goes with it.

    ``text`` may hold ``{names}`` that a fault's values fill in.
    """

    code: str
    text: str
    known: ClassVar[dict[str, "Reason"]] = {}

    def __post_init__(self) -> None:
        """Enter the reason in the list, refusing a second with its code."""
        if self.known.setdefault(self.code, self) != self:
            raise ValueError(f"two reasons are called {self.code}")


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong: why, at which field, with which values."""

    reason: Reason
    field: str = ""
    values: dict[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def text(self) -> str:
        """Say the fault in English words."""
        return self.said_in(LANGUAGES[0])

    def said_in(self, language: str) -> str:
        """Say the fault in a language."""
        said = translated(self.reason.text, language)
        return said.format(**worded(self.values, language))


class Refusal(Exception):
    """The base of everything that an operation may refuse with."""

    reason: ClassVar[Reason]
    field: ClassVar[str] = ""

    def __init__(self, *faults: Fault, **values: Any) -> None:
        self.faults = faults or (Fault(self.reason, self.field, values),)
        super().__init__(self.faults[0].text)

    @property
    def code(self) -> str:
        """The permanent code of the first fault."""
        return self.faults[0].reason.code


class Malformed(Refusal, ValueError):
    """The input does not have the shape it must have."""

    reason = Reason("input.malformed", "The input could not be read")


class Gathered:
    """Refusals of several checks, told together.

    Each check stands in its own ``with gathered:``, and after the last one
    ``gathered.tell()`` raises what was found.
    """

    def __init__(self) -> None:
        self.refusals: list[Malformed] = []

    def __enter__(self) -> None:
        """Begin one check."""

    def __exit__(
        self, _: object, error: BaseException | None, __: object
    ) -> bool:
        """Note what is malformed, and let the next check go on."""
        if isinstance(error, Malformed):
            self.refusals.append(error)
            return True
        return False

    def tell(self) -> None:
        """Raise what was found, if anything was.

        Raises:
            Malformed: with the faults of all checks.
        """
        if len(self.refusals) == 1:
            raise self.refusals[0]
        if self.refusals:
            raise Malformed(*(f for r in self.refusals for f in r.faults))


class NotProven(Refusal):
    """Nobody has proven to be who they say."""

    reason = Reason("auth.required", "Sign in to continue")


class NotAllowed(Refusal):
    """Somebody proven asks for what is not theirs."""

    reason = Reason("forbidden", "You can’t open this page with this account")


class FactorMissing(NotAllowed):
    """An administrator has not the second factor that the site wants.

    Source: OWASP ASVS 5.0 6.3.3.
    """

    reason = Reason(
        "second_factor.wanted",
        "Set up a second step for your account first: open “Security”",
    )


class ProofTooOld(Refusal):
    """Somebody proven must prove it once more before such an act.

    Source: OWASP ASVS 5.0 7.5.1, 7.5.3; RFC 9470.
    """

    reason = Reason("proof.too_old", "Confirm that it is you to go on")


class NotServed(Refusal):
    """The request is of a kind that nobody is served, whoever they are."""

    reason = Reason("request.not_served", "This request is not served")


class Missing(Refusal):
    """The thing asked for is not there."""

    reason = Reason("missing", "There is nothing at this address")


class Conflict(Refusal):
    """The thing asked for clashes with something that is there."""

    reason = Reason("conflict", "This was changed by somebody else meanwhile")


class Expired(Refusal):
    """A link or form whose time is over."""

    reason = Reason("expired", "The time for this is over")


class TooMany(Refusal):
    """Too many attempts; ``retry_after`` says in seconds how long to wait.

    ``challenge``, if there is one, buys one more attempt at once.
    """

    reason = Reason("rate.wait", "Too many tries. Try again in {wait}")

    def __init__(
        self, retry_after: int, challenge: dict[str, Any] | None = None
    ) -> None:
        self.retry_after = max(1, retry_after)
        self.challenge = challenge
        super().__init__(wait=waiting(self.retry_after))


class SchemaError(Exception):
    """The database's schema does not fit this version of Vestibule."""


class Unavailable(Refusal):
    """Something Vestibule needs does not answer at the moment."""

    reason = Reason(
        "unavailable", "The service is busy. Try again in a moment"
    )
    retry_after = 2
    # What a database says that answers, and has lost a table.
    lacks = ""
