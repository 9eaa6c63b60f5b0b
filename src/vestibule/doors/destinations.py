"""Destinations: where a redirect may lead that a visitor asked for."""

import re

# One slash, then nothing a browser would read as another host: no second
# slash, no backslash, no white space or control character, not even
# written as %xx at the start.
_SAFE = re.compile(r"/(?![/\\]|%2f|%5c|%0|%1|%2f)[!-\[\]-~]*", re.IGNORECASE)
LONGEST = 500


def checked(path: str | None) -> str | None:
    r"""Return the path if it stays on this site, else None.

    Attack: open redirect by ``//evil``, ``/\evil``, ``/\t/evil``,
    ``javascript:`` and their encoded spellings.
    Source: WHATWG URL, section 4.4; CWE-601.
    """
    if path is None or len(path) > LONGEST or not _SAFE.fullmatch(path):
        return None
    return path
