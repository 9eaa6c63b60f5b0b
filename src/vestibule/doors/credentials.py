"""Credentials: how a token arrives, read from the headers alone."""

import re
from typing import TYPE_CHECKING

from werkzeug.http import parse_cookie

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

# RFC 6750 section 2.1; the name of a scheme has no case (RFC 9110, 11.1).
_BEARER = re.compile(r"bearer +([A-Za-z0-9._~+/-]+=*)", re.IGNORECASE)
# Several headers of one name arrive as one, with commas between. Granian
# hands over an empty text for one that is not ASCII, which may be a bearer's.
_CLAIMS_BEARER = re.compile(r"(^|,)\s*(bearer(\s|,|$)|,|$)", re.IGNORECASE)


def bearer_claim(environ: "WSGIEnvironment") -> str | None:
    """Give the header of a request that comes as a bearer's, good or bad.

    One that is there but empty counts as one: to be unreadable must make
    nobody the owner of the cookie that came along.
    """
    claim = environ.get("HTTP_AUTHORIZATION")
    if claim is None or not _CLAIMS_BEARER.search(claim):
        return None
    return str(claim)


def bearer_token(authorization: str) -> str | None:
    """Read the token of a bearer, if the header holds one and no more."""
    found = _BEARER.fullmatch(authorization)
    return found[1] if found else None


class CookieReader:
    """Reads one cookie of a header, as Werkzeug reads them all.

    Other cookies may hold bytes that are no text (attack: a neighbouring
    host that signs people out by planting one); ours is ASCII.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        # As browsers write it; whatever else there is, is read with care.
        self._usual = re.compile(
            rf"(?:^|; ?){re.escape(name)}=([A-Za-z0-9._-]+)(?:;|$)"
        )

    def read(self, header: str) -> str | None:
        """Give the value of the first cookie of that name, if any."""
        # Between quotes a semicolon is one of the value's.
        if header.count(self._name) == 1 and '"' not in header:
            found = self._usual.search(header)
            if found:
                return found[1]
        if self._name not in header:
            return None
        ascii_only = header.encode("ascii", "replace").decode()
        return parse_cookie(ascii_only).get(self._name)
