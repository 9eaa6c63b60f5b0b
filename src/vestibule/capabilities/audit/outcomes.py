"""What the audit is asked, and what it answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address
from uuid import UUID

# All outcomes but that something was done.
REFUSED = "refused"


@dataclass(frozen=True)
class Happened:
    """An event as it is told; sealed, it has a position in the chain.

    ``is_foreign`` if it was not we who wrote it.
    """

    at: int
    id: UUID
    act: str
    outcome: str
    actor_id: int | None
    subject_id: int | None
    door: str
    request_id: str
    address: str
    agent: str
    position: int | None = None
    is_foreign: bool = False

    def is_within(self, network: IPv4Network | IPv6Network) -> bool:
        """Tell whether it came from a network."""
        try:
            return ip_address(self.address) in network
        except ValueError:
            return False

    @property
    def place(self) -> tuple[int, UUID]:
        """Where the next page begins behind it."""
        return self.at, self.id


@dataclass(frozen=True)
class Part:
    """Some events, the newest first; ``more`` is where others begin."""

    items: Sequence[Happened]
    more: tuple[int, UUID] | None


@dataclass(frozen=True)
class Wanted:
    """What is looked for; what is left out may be anything.

    ``outcome`` is a code, or ``refused`` for all but ``done``; ``who`` has
    done it or had it done to them, ``subject`` the second alone.
    """

    acts: tuple[str, ...] = ()
    outcome: str = ""
    who: int | None = None
    subject: int | None = None
    since: int | None = None
    until: int | None = None


@dataclass(frozen=True)
class Finding:
    """Something that is wrong: what, and with which rows.

    ``what`` is one of: ``edited``, ``missing``, ``cut_off``, ``unsealed``,
    ``foreign``, ``seal_forged``, ``seal_differs``, ``broken_before``,
    ``cut_forged``, ``anchor_differs``, ``anchor_missing``, and
    ``event_foreign``, which waits to be sealed and has no position yet.
    """

    what: str
    first: int
    last: int
    event: str = ""
