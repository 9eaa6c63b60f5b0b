"""The check: who a session belongs to at this moment, for other servers.

Bare WSGI with one look-up, so that proxies and services can ask it before
every request. Each answer is that of the database, not of a memory.
"""

import json
import logging
from collections.abc import Iterable
from json.encoder import encode_basestring
from typing import TYPE_CHECKING
from urllib.parse import quote

from vestibule.doors.addresses import CHECK, is_taken
from vestibule.doors.credentials import bearer_claim, bearer_token
from vestibule.doors.guards import ByHttp, NotFromHere, is_local
from vestibule.doors.headers import of_no_page
from vestibule.doors.probe import ProbeAnswer
from vestibule.doors.refusals import HTTP_REASONS
from vestibule.doors.request_ids import number_of
from vestibule.doors.returning import Returning
from vestibule.doors.whence import is_by_http
from vestibule.errors import Fault, NotProven, Unavailable

if TYPE_CHECKING:
    from _typeshed.wsgi import (
        StartResponse,
        WSGIEnvironment,
    )
    from werkzeug.routing import Rule

    from vestibule.doors.hall import Hall

Headers = list[tuple[str, str]]

log = logging.getLogger("vestibule")

_PLAIN = "".join(map(chr, range(0x20, 0x7F))).replace("%", "")
_WORDS = {False: "false", True: "true"}
_KEPT_PRIVATE = (
    ("Cache-Control", "no-store"),
    ("Vary", "Cookie, Authorization"),
)
_STATUS_LINES = {
    401: "401 Unauthorized",
    403: "403 Forbidden",
    405: "405 Method Not Allowed",
    500: "500 Internal Server Error",
    503: "503 Service Unavailable",
}
_written = json.JSONEncoder(ensure_ascii=False).encode
_quoted = encode_basestring


class Check:
    """Answers who is signed in, to whoever comes with the session."""

    def __init__(self, own: "Hall") -> None:
        self._auth = own.auth
        self._cookie = own.session_reader
        self._outages = own.outages
        self._trusted = own.auth.settings.site.trusted_proxies
        self._is_https = own.is_https
        self._returning = Returning(own.auth.settings)
        self._loopback_only = own.auth.settings.site.loopback_only
        self._language = own.auth.settings.brand.language
        self._refused = self._problem(401, Fault(NotProven.reason))
        self._usual = (*_KEPT_PRIVATE, *of_no_page(own))

    def __call__(
        self, environ: "WSGIEnvironment", start: "StartResponse"
    ) -> Iterable[bytes]:
        """Answer one request; what goes wrong is never "signed out"."""
        try:
            status, headers, body = self._answer(environ)
        except Unavailable as silent:
            wait = ("Retry-After", str(silent.retry_after))
            status, headers, body = self._broken(
                environ, 503, silent.faults[0], wait
            )
        except Exception as bug:  # noqa: BLE001
            # Nothing that a server might show a stranger gets past here.
            fault = Fault(HTTP_REASONS[500])
            status, headers, body = self._broken(environ, 500, fault, bug=bug)
        length = ("Content-Length", str(len(body)))
        start(status, [*headers, length, *self._usual])
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]

    def _answer(
        self, environ: "WSGIEnvironment"
    ) -> tuple[str, Headers, bytes]:
        """Look who comes, and say it."""
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            headers, body = self._problem(405, Fault(HTTP_REASONS[405]))
            allow = ("Allow", "GET, HEAD")
            return _STATUS_LINES[405], [*headers, allow], body
        if self._loopback_only and not is_local(environ):
            headers, body = self._problem(403, Fault(NotFromHere.reason))
            return _STATUS_LINES[403], headers, body
        if self._is_https and is_by_http(environ, self._trusted):
            headers, body = self._problem(403, Fault(ByHttp.reason))
            return _STATUS_LINES[403], headers, body
        claim = bearer_claim(environ)
        # Who comes as a bearer is never taken for the cookie's owner.
        if claim is None:
            token = self._cookie.read(environ.get("HTTP_COOKIE", ""))
        else:
            token = bearer_token(claim)
        bearer = self._auth.sessions.bearer(token)
        if bearer is None:
            return self._stranger(environ, is_bearer=claim is not None)
        return "200 OK", *_told(*bearer[1:])

    def _stranger(
        self, environ: "WSGIEnvironment", *, is_bearer: bool
    ) -> tuple[str, Headers, bytes]:
        """Refuse whoever is not signed in, or show them the way in."""
        if not is_bearer:
            way = self._returning.way_in(environ)
            if way is not None:
                return "302 Found", [("Location", way)], b""
        headers, body = self._refused
        error = ' error="invalid_token"' if is_bearer else ""
        challenge = ("WWW-Authenticate", f"Bearer{error}")
        return _STATUS_LINES[401], [*headers, challenge], body

    def _broken(
        self,
        environ: "WSGIEnvironment",
        status: int,
        fault: Fault,
        *more: tuple[str, str],
        bug: Exception | None = None,
    ) -> tuple[str, Headers, bytes]:
        """Answer what is our fault, with a number that the log has, too."""
        number = number_of(environ, self._trusted, self._auth.randomness)
        if bug is None:
            self._outages.note(number)
        else:
            log.error("unhandled error, request %s", number, exc_info=bug)
        headers, body = self._problem(status, fault, request_id=number)
        headers = [*headers, ("X-Request-ID", number), *more]
        return _STATUS_LINES[status], headers, body

    def _problem(
        self, status: int, fault: Fault, **more: str
    ) -> tuple[Headers, bytes]:
        """Write a problem document, in the language of the site."""
        body = {
            "type": "about:blank",
            "title": fault.said_in(self._language),
            "status": status,
            "code": fault.reason.code,
            "errors": [],
            **more,
        }
        kind = ("Content-Type", "application/problem+json")
        return [kind], _written(body).encode()


def _told(
    number: int,
    username: str,
    email: str,
    email_verified_at: int | None,
    is_admin: bool,
) -> tuple[Headers, bytes]:
    """Say who somebody is, in headers for proxies and JSON for programs.

    The document is put together by hand, for that takes a fifth of the
    time; each text in it is written by the standard library.
    """
    verified, admin = _WORDS[email_verified_at is not None], _WORDS[is_admin]
    body = (
        f'{{"id": {number}, "username": {_quoted(username)}, '
        f'"email": {_quoted(email)}, '
        f'"email_verified": {verified}, "is_admin": {admin}}}'
    )
    headers = [
        ("Content-Type", "application/json"),
        ("X-Vestibule-User", in_header(username)),
        ("X-Vestibule-Id", str(number)),
        ("X-Vestibule-Email", in_header(email)),
        ("X-Vestibule-Admin", admin),
    ]
    return headers, body.encode()


def in_header(text: str) -> str:
    """Write a text so that a header can hold it, whatever it is.

    What is printed in ASCII stays, but for the % that writes all else
    (RFC 3986, 2.1; RFC 9110, 5.5). Attack: a name that ends the header and
    begins another one.
    """
    if text.isascii() and text.isprintable() and "%" not in text:
        return text
    return quote(text, safe=_PLAIN)


def place_check(own: "Hall", earlier: Iterable["Rule"]) -> None:
    """Put the check in front, unless a host has that address already."""
    path = own.auth.settings.site.url_prefix + CHECK
    if own.front is not None and not is_taken(path, earlier):
        own.front.places[path] = ProbeAnswer(own, Check(own))
