"""The access log: one line and one measurement for each request of our server.

A line names the rule of the route and never the path: a path may hold a
token, and a query may hold anything.
"""

import logging
from collections.abc import Callable, Iterable
from time import perf_counter
from typing import TYPE_CHECKING, Any, TypeAlias

from vestibule.doors.hall import Hall
from vestibule.doors.request_ids import ENTRY, Entry, in_hand, number_of
from vestibule.doors.whence import client_address
from vestibule.ground.redaction import network

if TYPE_CHECKING:
    from _typeshed.wsgi import (
        StartResponse,
        WSGIApplication,
        WSGIEnvironment,
    )

# What is asked for all the time, and says nothing of anybody.
STATIC = "/static/vestibule/<path:filename>"
NO_ROUTE = "none"
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}

# Is told of a request, and how many seconds it took.
Measure: TypeAlias = Callable[[Entry, float], None]

log = logging.getLogger("vestibule.requests")


class AccessLog:
    """Bare WSGI around everything that our own server answers.

    Args:
        behind: whoever answers.
        own: the hall of the application.
        measure: what is told of each request, if there are metrics.
    """

    def __init__(
        self,
        behind: "WSGIApplication",
        own: Hall,
        measure: Measure | None = None,
    ) -> None:
        self._behind = behind
        self._measure = measure
        self._quiet = frozenset(own.front.places if own.front else ())
        self._static = own.auth.settings.site.url_prefix + STATIC
        self._trusted = own.auth.settings.site.trusted_proxies
        self._randomness = own.auth.randomness

    def __call__(
        self, environ: "WSGIEnvironment", start: "StartResponse"
    ) -> Iterable[bytes]:
        """Pass a request on, and note it once it is answered."""
        is_quiet = environ["PATH_INFO"] in self._quiet
        # Who asks the check wants nothing as much as a quick answer.
        if is_quiet and self._measure is None:
            return self._behind(environ, start)
        entry = environ[ENTRY] = Entry()

        def noted(status: str, headers: Any, *error: Any) -> Any:
            """Note how a request is answered."""
            entry.status = status[:3]
            return start(status, headers, *error)

        if not is_quiet:
            number = number_of(environ, self._trusted, self._randomness)
            mark = in_hand.set(number)
        begun = perf_counter()
        try:
            return self._behind(environ, noted)
        finally:
            took = perf_counter() - begun
            if is_quiet:
                entry.route = environ["PATH_INFO"]
            if self._measure is not None:
                self._measure(entry, took)
            if not is_quiet:
                self._note(environ, entry, took)
                in_hand.reset(mark)

    def _note(
        self, environ: "WSGIEnvironment", entry: Entry, took: float
    ) -> None:
        """Write the line of a request, if it is worth one."""
        status = entry.status or "500"
        if entry.route == self._static and status < "4":
            return
        method = environ["REQUEST_METHOD"]
        told: dict[str, object] = {
            "method": method if method in METHODS else "other",
            "route": entry.route or NO_ROUTE,
            "status": int(status),
            "ms": round(took * 1000, 1),
            "network": network(client_address(environ, self._trusted)),
        }
        if entry.user_id is not None:
            told["user"] = entry.user_id
        if entry.is_turned_away:
            told["turned_away"] = True
        log.info("request", extra=told)
