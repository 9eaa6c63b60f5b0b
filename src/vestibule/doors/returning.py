"""Returning: the way in, and back, for whoever a proxy stopped outside."""

from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header

from vestibule.doors.destinations import checked
from vestibule.settings import Settings

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

_ASKED = "or=sign-in"
_LONGEST_WISH = 1000


class Returning:
    """Leads a browser to the sign-in page, where the proxy asked for it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        own = urlsplit(settings.base_url)
        self._own_place = _place(own.scheme, own.netloc)
        prefix = settings.site.url_prefix
        is_public = bool(settings.site.base_url)
        root = settings.site_root if is_public else prefix
        self._sign_in = f"{root}/login"

    def way_in(self, environ: "WSGIEnvironment") -> str | None:
        """Give the address of the sign-in page, or None for a plain 401.

        Only a browser that looks is led: a form would lose what was typed,
        and a script would read a page in place of its answer.
        """
        if _ASKED not in environ.get("QUERY_STRING", "").split("&"):
            return None
        method = environ.get("HTTP_X_FORWARDED_METHOD", "GET")
        mode = environ.get("HTTP_SEC_FETCH_MODE", "navigate")
        if method not in ("GET", "HEAD") or mode != "navigate":
            return None
        if not _names_html(environ.get("HTTP_ACCEPT", "")):
            return None
        back = self._back(environ)
        return self._sign_in + (
            "?" + urlencode({"next": back}) if back else ""
        )

    def _back(self, environ: "WSGIEnvironment") -> str | None:
        """Say where a browser was, if it may be led back there.

        Whoever comes past the proxy writes these headers as they like, and
        then leads astray nobody but themselves; yet all of it is checked.
        """
        path = checked(environ.get("HTTP_X_FORWARDED_URI"))
        if path is None:
            return None
        scheme = environ.get("HTTP_X_FORWARDED_PROTO") or _scheme(environ)
        asked = environ.get("HTTP_HOST", "")
        host = environ.get("HTTP_X_FORWARDED_HOST") or asked
        if self._is_own(scheme, host, asked):
            return path
        return checked(f"{scheme}://{host}{path}", self._settings)

    def _is_own(self, scheme: str, host: str, asked: str) -> bool:
        """Tell whether a page stands where our own pages do.

        Without a public address that is where we are asked.
        """
        if self._settings.site.base_url:
            return _place(scheme, host) == self._own_place
        return host == asked


def _scheme(environ: "WSGIEnvironment") -> str:
    """Say how the request itself came."""
    return str(environ.get("wsgi.url_scheme", ""))


def _place(scheme: str, host: str) -> tuple[str, str]:
    """Write scheme and host alike, without the usual port."""
    usual = ":443" if scheme == "https" else ":80"
    return scheme, host.lower().removesuffix(usual)


def _names_html(accept: str) -> bool:
    """Tell a browser from a program: only a browser names text/html."""
    wish = parse_accept_header(accept[:_LONGEST_WISH], MIMEAccept)
    return any(
        quality > 0 and kind.partition(";")[0].strip().lower() == "text/html"
        for kind, quality in wish
    )
