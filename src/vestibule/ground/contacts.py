"""Contacts: where people reach somebody, by mail or on the web."""

import re
from urllib.parse import quote, urlsplit

# What would end the address inside a mailto: link, or hide another.
_ADDRESS = re.compile(r"[^\s@<>()\[\],;:\\\"]+@([\w-]+\.)+[\w-]{2,}")


def read_contact(text: str) -> str:
    """Read an e-mail address or a https:// address; empty for neither.

    Raises:
        ValueError: it is none of them.
    """
    if text and not _ADDRESS.fullmatch(text) and not _is_secure(text):
        raise ValueError(
            "is neither an e-mail address nor an https:// address"
        )
    return text


def _is_secure(text: str) -> bool:
    """Tell whether a text is an address on the web that nobody overhears."""
    try:
        url = urlsplit(text)
        is_place = bool(url.hostname) and url.port != 0
    except ValueError:
        return False
    is_plain = text.isprintable() and not set(text) & set(' <>"\\@')
    return is_place and is_plain and url.scheme == "https"


def link_to(contact: str) -> str:
    """Write a contact as a link (RFC 6068, RFC 9116 section 2.5.3)."""
    if not contact or _is_secure(contact):
        return contact
    return f"mailto:{quote(contact, safe='@')}"
