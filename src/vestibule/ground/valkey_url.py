"""Where a Valkey server is: one address, in the form that it is set in."""

from urllib.parse import urlsplit

_EXAMPLE = "valkey://:password@127.0.0.1:6379/0"
_PLACES = {"valkey", "valkeys", "redis", "rediss"}


def read_valkey_url(text: str) -> str:
    """Read the address of a Valkey server; empty for none.

    A query is refused, because in it our time-outs could be undone.

    Raises:
        ValueError: it is no such address.
    """
    if text and not _is_server(text):
        raise ValueError(
            f"is not written like {_EXAMPLE}, valkeys://… with TLS, or "
            "unix:///run/valkey.sock"
        )
    return text


def _is_server(text: str) -> bool:
    """Tell whether a text is scheme and place, perhaps with a number."""
    try:
        url = urlsplit(text)
        has_port = url.port != 0
    except ValueError:
        return False
    if not text.isprintable() or " " in text or url.query or url.fragment:
        return False
    if url.scheme == "unix":
        return not url.netloc and len(url.path) > 1
    number = url.path.removeprefix("/")
    is_number = not number or (number.isascii() and number.isdigit())
    return (
        url.scheme in _PLACES and bool(url.hostname) and has_port and is_number
    )
