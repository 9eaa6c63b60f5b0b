"""Whence: from which network address a request comes, and how."""

from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

    from vestibule.ground.knobs import Networks

# All who are named so share one budget of attempts.
UNKNOWN = "unknown"


def client_address(environ: "WSGIEnvironment", trusted: "Networks") -> str:
    """Say where a request comes from.

    Forwarding headers are believed only from configured proxies, from the
    right to the left, up to the first address that is none (attack: a
    client that names any address it likes). Where the next one cannot be
    read, the way back ends, and nobody knows who comes; granian hands
    over an empty text for a header that is not ASCII.

    Args:
        environ: the request, as WSGI has it.
        trusted: the networks of our proxies.
    """
    peer = environ.get("REMOTE_ADDR") or ""
    found = _read(peer) if trusted else None
    if found is None:
        return peer
    named = environ.get("HTTP_X_FORWARDED_FOR")
    hops = [] if named is None else named.split(",")
    while hops and any(found in network for network in trusted):
        found = _read(hops.pop().strip())
        if found is None:
            return UNKNOWN
    return str(found)


def is_by_http(environ: "WSGIEnvironment", trusted: "Networks") -> bool:
    """Tell whether a request is known to have come without encryption.

    Only a proxy of ours knows how the client came; our own server speaks
    http with it in any case. Of several proxies the first entry is that of
    the one in front. Who has a proxy believe a forged "http" is refused,
    and nobody else.

    Args:
        environ: the request, as WSGI has it.
        trusted: the networks of our proxies.
    """
    said = environ.get("HTTP_X_FORWARDED_PROTO")
    # Nearly everybody ends here.
    if said is None or said == "https" or not trusted:
        return False
    if said.partition(",")[0].strip().lower() != "http":
        return False
    peer = _read(environ.get("REMOTE_ADDR") or "")
    return peer is not None and any(peer in network for network in trusted)


def _read(hop: str) -> IPv4Address | IPv6Address | None:
    """Read an address, if it is one."""
    try:
        # What follows a % is a name of whoever wrote it, of any length.
        ip = ip_address(hop.partition("%")[0])
    except ValueError:
        return None
    # A server on both protocols sees IPv4 as ::ffff:192.0.2.1.
    return getattr(ip, "ipv4_mapped", None) or ip
