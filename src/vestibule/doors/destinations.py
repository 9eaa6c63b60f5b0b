"""Destinations: where a redirect may lead that a visitor asked for."""

import re
from functools import cache
from urllib.parse import urlsplit

from vestibule.settings import Settings

# One slash, then nothing a browser would read as another host: no second
# slash, no backslash, no white space or control character, not even
# written as %xx at the start.
_SAFE = re.compile(r"/(?![/\\]|%2f|%5c|%0|%1|%2f)[!-\[\]-~]*", re.IGNORECASE)
LONGEST = 500


def checked(
    wanted: str | None, settings: Settings | None = None
) -> str | None:
    r"""Return the path if it stays on this site, else None.

    Where sessions are shared with a domain, a whole address in it may be
    wanted as well.

    Attack: open redirect by ``//evil``, ``/\evil``, ``/\t/evil``,
    ``javascript:`` and their encoded spellings.
    Source: WHATWG URL, section 4.4; CWE-601.

    Args:
        wanted: what the visitor, or a proxy, asked for.
        settings: which know the shared domain; without them only paths
            pass.
    """
    if wanted is None or len(wanted) > LONGEST:
        return None
    if _SAFE.fullmatch(wanted):
        return wanted
    if settings is None or not settings.sessions.domain:
        return None
    shared = _within(settings.sessions.domain, settings.base_url)
    return wanted if shared.fullmatch(wanted) else None


def sharing_origins(settings: Settings) -> str:
    """List the origins that share the sessions, as a policy writes them.

    Source: Content Security Policy Level 3, section 2.3.1.
    """
    domain, own = settings.sessions.domain, urlsplit(settings.base_url)
    if not domain:
        return ""
    port = f":{own.port}" if own.port else ""
    sites = (domain, f"*.{domain}")
    return " ".join(f"{own.scheme}://{site}{port}" for site in sites)


@cache
def _within(domain: str, base_url: str) -> re.Pattern[str]:
    """Describe the addresses of a domain, as strictly as can be.

    The scheme is that of the site and the port, too, if it names one. A
    host is written as browsers write it: no capitals, no name or password
    before it, no dot at its end.
    """
    own = urlsplit(base_url)
    port = f":{own.port}" if own.port else ""
    label = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
    host = rf"(?:{label}\.)*{re.escape(domain)}{port}"
    return re.compile(rf"{own.scheme}://{host}(?:/[!-\[\]-~]*)?")
