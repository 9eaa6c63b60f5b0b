"""Where a site lives: one address, in the form that it is set in."""

from urllib.parse import urlsplit


def is_base_url(text: str) -> bool:
    """Tell whether a text is scheme and host, perhaps with port and path."""
    try:
        url = urlsplit(text)
        is_place = bool(url.hostname) and url.port != 0
    except ValueError:
        return False
    is_plain = text.isprintable() and not set(text) & set("?#@\\ ")
    # To browsers, every form of another spelling would be a foreign one's.
    is_plain = is_plain and text.isascii()
    return is_place and is_plain and url.scheme in ("http", "https")
