"""Redaction: what a log may hold of network addresses, mails and secrets.

Source: ASVS 5.0 16.2.5; OWASP Logging Cheat Sheet, data to exclude.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv6Address, ip_address, ip_network
from urllib.parse import unquote, urlsplit

# Of an IPv4 address a network of 256 is told, of an IPv6 one a whole site.
SHOWN_OF = {4: 24, 6: 48}
HIDDEN = "********"
# A secret this short may stand in any sentence.
SHORTEST = 5

# Short on both sides, so that a long text without a blank costs little.
_WORD = r"[^\s<>()\[\]{}\"',;:=/\\@…]"
_MAIL = re.compile(rf"({_WORD}){_WORD}{{0,64}}@({_WORD}){_WORD}{{0,254}}")
# Whoever signs in by an address: scheme://name:password@host.
_SIGNED = re.compile(r"://[^/\s@]{1,512}@")


@lru_cache(maxsize=4096)
def network(address: str) -> str:
    """Say from which network an address is, and not which one it is.

    What is no address stays nothing: it may be anything.
    """
    try:
        ip = ip_address(address)
    except ValueError:
        return "unknown" if address else ""
    if isinstance(ip, IPv6Address):
        ip = ip.ipv4_mapped or ip
    return str(ip_network((ip, SHOWN_OF[ip.version]), strict=False))


def without_addresses(text: str) -> str:
    """Leave of each mail address in a text the first letters alone."""
    if "@" not in text:
        return text
    return _MAIL.sub(r"\1…@\2…", _SIGNED.sub("://…@", text))


def spellings(secrets: Iterable[str]) -> tuple[str, ...]:
    """List all texts that tell a secret, the longest first.

    One may be part of another. Of several with commas between them each is
    one, and so is the password in an address, as it stands there and as it
    is meant: a driver may tell either alone.
    """
    found: set[str] = set()
    for secret in secrets:
        found |= {secret, *secret.split(",")}
        password = _password_in(secret)
        found |= {password, unquote(password)}
    known = (text for text in found if len(text) >= SHORTEST)
    return tuple(sorted(known, key=len, reverse=True))


def _password_in(text: str) -> str:
    """Read the password in an address, if it is one and has one."""
    try:
        return urlsplit(text).password or ""
    except ValueError:
        return ""


def without(secrets: Iterable[str], text: str) -> str:
    """Hide what must never be shown, wherever it stands in a text."""
    for secret in secrets:
        if secret in text:
            text = text.replace(secret, HIDDEN)
    return text
