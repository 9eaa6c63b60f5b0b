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


def origin_of(url: str) -> str:
    """Write the origin of an address as browsers do.

    In lower case, and without the usual port. Source: RFC 6454, 6.2.
    """
    place = urlsplit(url)
    usual = 443 if place.scheme == "https" else 80
    host = place.hostname or ""
    host = f"[{host}]" if ":" in host else host
    port = "" if place.port in (None, usual) else f":{place.port}"
    return f"{place.scheme}://{host}{port}"


def read_origins(text: str) -> tuple[str, ...]:
    """Read the origins of other sites, with commas between them.

    Raises:
        ValueError: one is no host behind ``https://``, or there are many.
    """
    found = [part.strip().rstrip("/") for part in text.split(",")]
    origins = tuple(dict.fromkeys(part for part in found if part))
    for origin in origins:
        is_whole = is_base_url(origin) and origin_of(origin) == origin
        if not is_whole or not origin.startswith("https://"):
            raise ValueError("is not written like https://shop.example.org")
    return origins
