"""Whence: from which network address a request comes."""

from ipaddress import ip_address
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

    from vestibule.ground.knobs import Networks


def client_address(environ: "WSGIEnvironment", trusted: "Networks") -> str:
    """Say where a request comes from.

    Forwarding headers are believed only from configured proxies, from the
    right to the left, up to the first address that is none (attack: a
    client that names any address it likes).

    Args:
        environ: the request, as WSGI has it.
        trusted: the networks of our proxies.
    """
    peer = environ.get("REMOTE_ADDR") or ""
    if not trusted:
        return peer
    named = environ.get("HTTP_X_FORWARDED_FOR", "").split(",")
    for hop in [peer, *(part.strip() for part in reversed(named))]:
        try:
            # What follows a % is a name of whoever wrote it, of any length.
            ip = ip_address(hop.partition("%")[0])
        except ValueError:
            break
        # A server on both protocols sees IPv4 as ::ffff:192.0.2.1.
        ip = getattr(ip, "ipv4_mapped", None) or ip
        peer = str(ip)
        if not any(ip in network for network in trusted):
            break
    return peer
