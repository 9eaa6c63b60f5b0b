"""Gathering what is kept of an account into one file."""

import io
import json
import zipfile
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from vestibule.budgets import account_key
from vestibule.capability import Capability, Exported, operation
from vestibule.ground.clock import written
from vestibule.policy import Act, Actor
from vestibule.user import User

if TYPE_CHECKING:
    from vestibule.capabilities.audit.outcomes import Happened

FORMAT = 1
FACTS = "my-data.json"
# Of one account, in the window of the throttle.
MOST_TAKEN = 10
# Others can make one's history long; this much of it is taken along.
LATEST = 10_000


class Export(Capability):
    """A zip file with all that is kept of an account, but its secrets."""

    name = "export"

    @operation
    def take(self, user: User, *, by: Actor) -> bytes:
        """Gather everything into a zip file, and give its bytes.

        It holds ``my-data.json``, with a member for each capability that
        keeps something, and the files that these have.

        Args:
            user: whose it is.
            by: who takes it.

        Raises:
            NotAllowed, ProofTooOld: not by this actor, or not yet.
            TooMany: taken often just now, and it is dear to make.
        """
        self.auth.policy.require(by, Act.EXPORT, user.id)
        key = account_key("export", user.id, None)
        self.auth.throttle.spend("export", user.id, {key: MOST_TAKEN})
        self.history.record("export", user.id)
        return _zipped(dict(self._parts(user)), self.auth.clock.now())

    def _parts(self, user: User) -> Iterator[tuple[str, Exported]]:
        """Ask everybody who keeps something of accounts."""
        for capability in self.auth.capabilities:
            yield capability.name, capability.export(user)
        yield "letters", Exported(self.auth.outbox.of(user.id))
        events = self.auth.audit.of(user.id, LATEST).items
        yield "activity", Exported([_told(e, user.id) for e in events])


def _told(event: "Happened", user_id: int) -> dict[str, object]:
    """Tell an event, but not where somebody else was who acted.

    Attack: learning an administrator's network address.
    """
    is_own = event.actor_id in (None, user_id)
    return {
        "at": event.at,
        "act": event.act,
        "outcome": event.outcome,
        "actor_id": event.actor_id,
        "door": event.door,
        "address": event.address if is_own else "",
        "agent": event.agent if is_own else "",
    }


def _zipped(parts: dict[str, Exported], now: int) -> bytes:
    """Write what was told into a zip file."""
    facts: dict[str, Any] = {"format": FORMAT, "made_at": now}
    for name, part in parts.items():
        if part.facts not in (None, []):
            facts[name] = part.facts
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as file:
        text = json.dumps(_readable(facts), ensure_ascii=False, indent=2)
        file.writestr(FACTS, text)
        for part in parts.values():
            for name, content in part.files.items():
                file.writestr(name, content)
    return held.getvalue()


def _readable(value: Any, name: str = "") -> Any:
    """Write moments as people and programs read them."""
    if isinstance(value, dict):
        return {key: _readable(inner, key) for key, inner in value.items()}
    if isinstance(value, list):
        return [_readable(inner) for inner in value]
    is_moment = name == "at" or name.endswith("_at")
    return written(value) if is_moment and isinstance(value, int) else value
