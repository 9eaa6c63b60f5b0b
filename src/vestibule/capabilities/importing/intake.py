"""The intake: batches of lines become accounts or rejections."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vestibule.capabilities.importing.files import Line
from vestibule.capabilities.importing.forms import Row
from vestibule.capabilities.importing.operations import Newcomer
from vestibule.capabilities.importing.rehearsal import Noted
from vestibule.errors import Fault, Malformed, Refusal
from vestibule.ground.words import LANGUAGES, Phrase
from vestibule.user import EmailTaken

if TYPE_CHECKING:
    from vestibule.auth import Auth

# A batch is one transaction: long enough to pay for its commit, short
# enough that nobody who signs in meanwhile waits for it.
BATCH = 500


@dataclass(frozen=True)
class Rejection:
    """One thing that is wrong with one line; it never holds the hash."""

    line: int
    fault: Fault

    def facts(self) -> dict[str, Any]:
        """List what programs may know of it."""
        return {
            "line": self.line,
            "field": self.fault.field,
            "code": self.fault.reason.code,
            "reason": self.fault.text,
        }

    def __str__(self) -> str:
        return self.said_in(LANGUAGES[0])

    def said_in(self, language: str) -> str:
        """Say it in one line."""
        field = f"{self.fault.field}: " if self.fault.field else ""
        text = field + self.fault.said_in(language)
        values = {"number": self.line, "text": text}
        said = Phrase("line {number}: {text}", values).said_in(language)
        return f"{said}  [{self.fault.reason.code}]"


class Intake:
    """Takes batches in, or rehearses it, and counts what became of them."""

    def __init__(
        self, auth: "Auth", *, verified: bool | None, rehearsing: bool
    ) -> None:
        self._importing = auth.importing
        self._verified = verified
        self._notes = Noted() if rehearsing else None
        self.imported = 0
        self.rejected = 0
        self.already_there = 0

    def close(self) -> None:
        """Forget what a rehearsal has noted."""
        if self._notes is not None:
            self._notes.close()

    def take(self, lines: Sequence[Line]) -> Iterator[Rejection]:
        """Take a batch in, whole; then say which lines stayed out."""
        verdicts: dict[int, Refusal] = {}
        newcomers = {}
        for line in lines:
            try:
                if line.row is None:
                    raise line.refusal or Malformed()
                newcomers[line.number] = self._check(line.row)
            except Malformed as refusal:
                verdicts[line.number] = refusal
        come = list(newcomers.values())
        if self._notes is None:
            conflicts = self._importing.bring(come)
        else:
            conflicts = self._importing.rehearse(come, self._notes)
        for number, conflict in zip(newcomers, conflicts, strict=True):
            if conflict is not None:
                verdicts[number] = conflict
        return self._counted(len(lines), verdicts)

    def _check(self, row: Row) -> Newcomer:
        """Check one row, with the choice that holds for all of them."""
        verified = self._verified
        return self._importing.check(
            row.email,
            row.password_hash,
            row.username,
            full_name=row.full_name,
            is_verified=row.email_verified if verified is None else verified,
            created=row.created,
        )

    def _counted(
        self, lines: int, verdicts: dict[int, Refusal]
    ) -> Iterator[Rejection]:
        """Count a batch that is in, and list its rejections by line."""
        self.imported += lines - len(verdicts)
        self.rejected += len(verdicts)
        self.already_there += sum(
            isinstance(refusal, EmailTaken) for refusal in verdicts.values()
        )
        return iter(
            [
                Rejection(number, fault)
                for number, refusal in sorted(verdicts.items())
                for fault in refusal.faults
            ]
        )
