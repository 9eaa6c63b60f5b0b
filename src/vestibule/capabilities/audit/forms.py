"""The shapes of the history: its search, its download, and its parts."""

import dataclasses
import re
from collections.abc import Iterator
from typing import Any, ClassVar
from uuid import UUID

from vestibule import asked
from vestibule.capabilities.audit.outcomes import REFUSED
from vestibule.errors import Fault, Reason
from vestibule.field import NO_CHOICE, choice, text
from vestibule.ground.acts import ACTS
from vestibule.ground.clock import moment_read
from vestibule.ground.names import LONGEST_EMAIL
from vestibule.shape import Shape

DAY = 86400
DAY_FORMAT = Reason("day.format", "Write a day like 2026-11-22")
DAY_ORDER = Reason("day.order", "This day is before the first one")
NO_PLACE = Reason("place.unknown", "There is no such place in the list")
PLACE = re.compile(r"([0-9]{1,12})-([0-9a-f]{32})")


def placed(place: tuple[int, UUID] | None) -> str | None:
    """Write where the next part of a list begins, if there is one."""
    return None if place is None else f"{place[0]}-{place[1].hex}"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Part(Shape):
    """Which part of a long list, the newest first."""

    # No page shows the field, so what is wrong with it is said above.
    spots: ClassVar[dict[str, str]] = {"before": ""}

    before: str = text(
        "Where the part before ended, as its `next` said",
        longest=45,
        missing=None,
        limits={"pattern": f"^({PLACE.pattern})?$"},
    )

    def faults(self) -> Iterator[Fault]:
        """Refuse what no list has said."""
        if self.before and not PLACE.fullmatch(self.before):
            yield Fault(NO_PLACE, "before")

    @property
    def place(self) -> tuple[int, UUID] | None:
        """Where the part before ended."""
        found = PLACE.fullmatch(self.before)
        return (int(found[1]), UUID(found[2])) if found else None

    @property
    def is_first(self) -> bool:
        """Whether it is the newest part."""
        return not self.before


def _day(label: str) -> Any:
    """Declare a field for a day."""
    return text(label, longest=10, missing=None, hint="Like 2026-11-22, UTC")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Filters(Shape):
    """Which events somebody looks for."""

    act: str = text("What", longest=60, missing=None)
    outcome: str = choice("Outcome", done="Done", refused="Refused")
    who: str = text(
        "Who",
        longest=LONGEST_EMAIL,
        missing=None,
        kind="search",
        hint="A whole username or email; a deleted account as id:7",
    )
    since: str = _day("From this day")
    until: str = _day("To this day")

    def faults(self) -> Iterator[Fault]:
        """Refuse what is no act, no day, and days in the wrong order."""
        if self.act and self.act not in ACTS:
            yield Fault(NO_CHOICE, "act")
        days = []
        for name in ("since", "until"):
            try:
                days.append(self._day(name))
            except ValueError:
                yield Fault(DAY_FORMAT, name)
        match days:
            case int(since), int(until) if until < since:
                yield Fault(DAY_ORDER, "until")

    def _day(self, name: str) -> int | None:
        """Read one of the days."""
        day = getattr(self, name)
        if not day:
            return None
        if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", day):
            raise ValueError(name)
        return moment_read(day)

    @property
    def wanted(self) -> dict[str, Any]:
        """Say what is looked for, but for what it is called and by whom."""
        until = self._day("until")
        return {
            "outcome": REFUSED if self.outcome == "refused" else self.outcome,
            "since": self._day("since"),
            "until": None if until is None else until + DAY,
        }


@dataclasses.dataclass(frozen=True, kw_only=True)
class HistorySearch(asked.Search, Filters, Part):
    """Which events to list."""

    def faults(self) -> Iterator[Fault]:
        """Refuse what nobody can look for, and what is no place."""
        yield from Filters.faults(self)
        yield from Part.faults(self)


@dataclasses.dataclass(frozen=True, kw_only=True)
class HistoryTaking(Filters):
    """Which events to take along, and how they are written."""

    written_as: str = choice(
        "File",
        empty=None,
        csv="CSV, for tables",
        jsonl="JSON Lines, for programs",
    )
