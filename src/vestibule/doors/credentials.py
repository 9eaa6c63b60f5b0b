"""Credentials: how a token arrives, read from the headers alone."""

import re

from werkzeug.http import parse_cookie

# RFC 6750 section 2.1; the name of a scheme has no case (RFC 9110, 11.1).
_BEARER = re.compile(r"bearer +([A-Za-z0-9._~+/-]+=*)", re.IGNORECASE)
# Several headers of one name arrive as one, with commas between.
_CLAIMS_BEARER = re.compile(r"(^|,)\s*bearer(\s|,|$)", re.IGNORECASE)


def claims_bearer(authorization: str) -> bool:
    """Tell whether a header claims to be a bearer's, with a token or not."""
    return bool(_CLAIMS_BEARER.search(authorization))


def bearer_token(authorization: str) -> str | None:
    """Read the token of a bearer, if the header holds one and no more."""
    found = _BEARER.fullmatch(authorization)
    return found[1] if found else None


class CookieReader:
    """Reads one cookie of a header, just as Werkzeug reads them all."""

    def __init__(self, name: str) -> None:
        self._name = name
        # As browsers write it; whatever else there is, is read with care.
        self._usual = re.compile(
            rf"(?:^|; ?){re.escape(name)}=([A-Za-z0-9_-]+)(?:;|$)"
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
        try:
            return parse_cookie(header).get(self._name)
        except UnicodeError:
            return None
