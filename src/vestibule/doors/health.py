"""Health: whether a process answers, and whether it can do its work.

Bare WSGI, for whoever asks every few seconds: /healthz asks nobody, and
/readyz asks the database once a second at most.
"""

import json
import logging
from collections.abc import Callable, Iterable
from time import monotonic
from typing import TYPE_CHECKING, TypeAlias

from vestibule.doors.guards import is_local
from vestibule.doors.headers import of_no_page
from vestibule.readiness import OK, Readiness

if TYPE_CHECKING:
    from _typeshed.wsgi import (
        StartResponse,
        WSGIEnvironment,
    )

    from vestibule.doors.hall import Hall

ALIVE, READY = "/healthz", "/readyz"
JSON = "application/json"
_STATUS_LINES = {
    200: "200 OK",
    401: "401 Unauthorized",
    403: "403 Forbidden",
    405: "405 Method Not Allowed",
    500: "500 Internal Server Error",
    503: "503 Service Unavailable",
}
# Seconds between two lines about what goes wrong here all the time.
PAUSE = 60.0
Headers = tuple[tuple[str, str], ...]
Told: TypeAlias = tuple[int, str, bytes, Headers]

log = logging.getLogger("vestibule")


class Endpoint:
    """An address that machines ask, and that tells nothing of anybody.

    Args:
        own: the hall of the application.
        tell: says status, kind, content and headers of the answer.
    """

    def __init__(
        self, own: "Hall", tell: Callable[["WSGIEnvironment"], Told]
    ) -> None:
        self._tell = tell
        self._quiet_until = 0.0
        self._loopback_only = own.auth.settings.site.loopback_only
        self._usual = (
            ("Cache-Control", "no-store"),
            *of_no_page(own),
        )

    def __call__(
        self, environ: "WSGIEnvironment", start: "StartResponse"
    ) -> Iterable[bytes]:
        """Answer one request; what goes wrong is never "all is well"."""
        try:
            status, kind, body, headers = self._answer(environ)
        except Exception:  # noqa: BLE001
            # Nothing of an error may reach whoever asks.
            self._note()
            status, kind, body, headers = refused(500)
        whole = [
            ("Content-Type", kind),
            ("Content-Length", str(len(body))),
            *headers,
            *self._usual,
        ]
        start(_STATUS_LINES[status], whole)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]

    def _note(self) -> None:
        """Log what went wrong, once a minute."""
        now = monotonic()
        if now >= self._quiet_until:
            self._quiet_until = now + PAUSE
            log.exception("whoever watches was not answered")

    def _answer(self, environ: "WSGIEnvironment") -> Told:
        """Look how one asks, and from where, before anything is told."""
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            return refused(405, ("Allow", "GET, HEAD"))
        if self._loopback_only and not is_local(environ):
            return refused(403)
        return self._tell(environ)


def refused(status: int, *headers: tuple[str, str]) -> Told:
    """Refuse in few words what machines ask."""
    said = json.dumps({"status": status})
    return status, JSON, said.encode(), headers


def alive(_: "WSGIEnvironment") -> Told:
    """Say that this process answers, whatever else does not."""
    return 200, JSON, b'{"status": "alive"}', ()


def ready(readiness: Readiness) -> Callable[["WSGIEnvironment"], Told]:
    """Make what says whether a process can do its work."""

    def told(_: "WSGIEnvironment") -> Told:
        """Say it, and of each thing it needs how that is."""
        states = readiness.states()
        is_ready = all(state == OK for state in states.values())
        status = 200 if is_ready else 503
        said = {"status": "ready" if is_ready else "not ready", **states}
        return status, JSON, json.dumps(said).encode(), ()

    return told


def place_health(own: "Hall", readiness: Readiness) -> None:
    """Put both addresses in front of an application, at its root."""
    if own.front is not None:
        own.front.places[ALIVE] = Endpoint(own, alive)
        own.front.places[READY] = Endpoint(own, ready(readiness))
