"""Request ids: under which one a request is in the log and in the history."""

import re
from contextvars import ContextVar
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING

from vestibule.ground.randomness import Randomness

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

    from vestibule.ground.knobs import Networks

# Where our own server keeps what it notes about a request.
ENTRY = "vestibule.entry"
_NUMBER = "vestibule.number"
# As others write theirs: 32 digits, or a UUID. Attack: a number that holds
# a line of the log, or is none.
_FITS = re.compile(r"[A-Za-z0-9_-]{16,36}")

# The number of the request that this thread answers, if any.
in_hand: ContextVar[str] = ContextVar("number", default="")


@dataclass
class Entry:
    """What is noted of one request, while it lasts."""

    status: str = ""
    # The rule of its route, where Flask has found one.
    route: str = ""
    user_id: int | None = None
    # It found no place, and was answered without Flask.
    is_turned_away: bool = False


def number_of(
    environ: "WSGIEnvironment", trusted: "Networks", randomness: Randomness
) -> str:
    """Say the number of a request: that of a trusted proxy, or a new one.

    Args:
        environ: the request, as WSGI has it.
        trusted: the networks of our proxies.
        randomness: the source of new ones.
    """
    found = environ.get(_NUMBER)
    if found is None:
        found = _named(environ, trusted) or str(randomness.row_id())
        environ[_NUMBER] = found
    return str(found)


def _named(environ: "WSGIEnvironment", trusted: "Networks") -> str:
    """Read the number that a proxy of ours has given, if it is one."""
    said = environ.get("HTTP_X_REQUEST_ID", "")
    if not said or not trusted or not _FITS.fullmatch(said):
        return ""
    try:
        peer = ip_address(environ.get("REMOTE_ADDR") or "")
    except ValueError:
        return ""
    peer = getattr(peer, "ipv4_mapped", None) or peer
    return said if any(peer in network for network in trusted) else ""
