"""A chain of rows: each link is a hash of the row and of the link before.

So whoever alters, removes or moves a row would have to make all links
behind it anew.
"""

import hashlib

# What the first row of all follows.
ZERO = bytes(32)


def worded(value: object) -> str:
    """Write a value so that no two of different kinds read alike."""
    if value is None:
        return "-"
    if isinstance(value, str):
        return f"s{value}"
    if isinstance(value, int):
        return f"i{value:d}"
    if isinstance(value, bytes | bytearray | memoryview):
        return f"b{bytes(value).hex()}"
    # No column of ours holds it, but a hand may have put it there.
    return f"?{value!r}"


def as_bytes(value: object) -> bytes:
    """Read what should be bytes, whatever a hand may have put there."""
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value)
    return repr(value).encode("utf-8", "backslashreplace")


def follow(link: bytes, *values: object) -> bytes:
    """Give the link of a row behind another link.

    Args:
        link: of the row before.
        values: all the row holds, in the order of its columns.
    """
    words = map(worded, values)
    # No value can end where another begins.
    text = "".join(f"{len(word)}:{word}" for word in words)
    content = text.encode("utf-8", "surrogatepass")
    return hashlib.sha256(link + content).digest()
