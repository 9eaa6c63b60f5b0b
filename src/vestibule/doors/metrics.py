"""Metrics: numbers about the service, for Prometheus, behind a token.

Labels hold values from lists that are known before, never a name, a number
of an account or an address. Loaded only where there is a token.
Source: ASVS 5.0 13.4.5; prometheus.io, metric and label naming.
"""

import hmac
from collections.abc import Iterator
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    exposition,
    multiprocess,
)
from prometheus_client.core import GaugeMetricFamily, Metric

from vestibule.auth import Auth
from vestibule.doors.access_log import NO_ROUTE
from vestibule.doors.credentials import bearer_claim
from vestibule.doors.health import Endpoint, Told, refused
from vestibule.doors.metrics_files import dead, folder
from vestibule.doors.request_ids import Entry
from vestibule.doors.whence import is_by_http
from vestibule.errors import TooMany, Unavailable
from vestibule.ground.tally import counted
from vestibule.signals import Happening, happened

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

    from vestibule.doors.hall import Hall

# It has no types.
_siblings: Any = multiprocess

PLACE = "/metrics"
OURS = "vestibule_"
BUCKETS = (0.005, 0.025, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
RESULTS = ("success", "failure", "throttled")
WAITING = TooMany.reason.code

_COUNTERS = {
    "sign_ups": "Accounts that were created.",
    "gate_refusals": "Requests that found no place at the gate.",
    "throttle_refusals": "Requests that were told to wait.",
    "database_errors": "Times that the database did not answer.",
    "log_lines_lost": "Lines of the log that could not be written.",
}
_GAUGES = {
    "hashes_running": "Passwords that are hashed at this moment.",
    "hashes_waiting": "Passwords that wait for a lane.",
}


class Metrics:
    """What is counted, in this process and in its siblings."""

    def __init__(self, auth: Auth) -> None:
        self._auth = auth
        # Of this process alone; with siblings their files are read.
        self._registry = here = CollectorRegistry()
        self._counters = {
            name: Counter(OURS + name, about, registry=here)
            for name, about in _COUNTERS.items()
        }
        # What a process that is gone had in hand is nobody's any more.
        self._gauges = {
            name: Gauge(
                OURS + name, about, registry=here, multiprocess_mode="livesum"
            )
            for name, about in _GAUGES.items()
        }
        self._sign_ins = Counter(
            f"{OURS}sign_ins",
            "Sign-ins that were tried, by how they ended.",
            ("result", "method"),
            registry=here,
        )
        # A rate needs a zero before its first one.
        for result in RESULTS:
            self._sign_ins.labels(result, "password")
        self._mails = Counter(
            f"{OURS}mails",
            "Mails given to the mail server, by how that ended.",
            ("kind", "result"),
            registry=here,
        )
        self._requests = Histogram(
            f"{OURS}http_request_duration_seconds",
            "Seconds that answers took, by route and class of status.",
            ("route", "status"),
            buckets=BUCKETS,
            registry=here,
        )
        counted.connect(self._count)
        happened.connect(self._hear, sender=auth)

    def _count(self, what: str, by: float, labels: dict[str, str]) -> None:
        """Count what the core tells of."""
        if what in self._counters:
            self._counters[what].inc(by)
        elif what in self._gauges:
            self._gauges[what].inc(by)
        elif what == "mails":
            self._mails.labels(**labels).inc(by)

    def _hear(self, _: object, happening: Happening) -> None:
        """Count sign-ins and sign-ups, once they are committed."""
        if happening.act == "login":
            result = "throttled" if happening.outcome == WAITING else "failure"
            result = "success" if happening.is_done else result
            self._sign_ins.labels(result, "password").inc()
        elif happening.act == "registration" and happening.is_done:
            self._counters["sign_ups"].inc()

    def measure(self, entry: Entry, seconds: float) -> None:
        """Count a request of our own server, and how long it took."""
        kind = f"{entry.status[:1] or 5}xx"
        self._requests.labels(entry.route or NO_ROUTE, kind).observe(seconds)
        if entry.is_turned_away:
            self._counters["gate_refusals"].inc()
        elif entry.status == "429":
            self._counters["throttle_refusals"].inc()

    def written(self, accepted: str) -> tuple[str, bytes]:
        """Write all metrics in the form that is asked for.

        Args:
            accepted: what the request says of it.
        """
        shared = folder()
        registry = CollectorRegistry()
        if shared is None:
            registry.register(_Alike(self._registry))
        else:
            for number in dead(shared):
                _siblings.mark_process_dead(number, str(shared))
            _siblings.MultiProcessCollector(registry, str(shared))
        registry.register(_Alike(self))
        write, kind = exposition.choose_encoder(accepted)
        return kind, write(registry)

    def collect(self) -> Iterator[Metric]:
        """Tell what all processes share, as the database has it now."""
        built = GaugeMetricFamily(
            f"{OURS}build_info", "What runs here.", labels=["version"]
        )
        built.add_metric([version("vestibule")], 1)
        yield built
        found: dict[str, float]
        try:
            waiting, age = self._auth.outbox.waiting()
            found = {
                "sessions": self._auth.sessions.number(),
                "outbox_waiting": waiting,
                "outbox_oldest_seconds": age,
                "history_unsealed": self._auth.history.unsealed(),
            }
        except Unavailable:
            # A number of a minute ago would hide that nobody knows it.
            found = {}
        found["database_up"] = bool(found)
        for name, value in found.items():
            yield GaugeMetricFamily(OURS + name, _SHARED[name], value=value)


_SHARED = {
    "sessions": "Sessions that open an account at this moment.",
    "outbox_waiting": "Mails that wait to leave.",
    "outbox_oldest_seconds": "For how long the oldest of them waits.",
    "history_unsealed": "Events that wait to be taken into the chain.",
    "database_up": "Whether the database has answered just now.",
}


class _Alike:
    """Whoever tells metrics, without telling first which ones.

    A registry would ask the database when it is made.
    """

    def __init__(self, teller: Any) -> None:
        self._teller = teller

    def describe(self) -> list[Metric]:
        """Name no metrics before they are asked for."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Tell the metrics."""
        yield from self._teller.collect()


def place_metrics(own: "Hall") -> Metrics:
    """Put the metrics in front of an application, at its root."""
    metrics = Metrics(own.auth)
    token = own.auth.settings.watch.metrics_token.encode()
    trusted = own.auth.settings.site.trusted_proxies

    def told(environ: "WSGIEnvironment") -> Told:
        """Tell the metrics to whoever has the token."""
        if own.is_https and is_by_http(environ, trusted):
            return refused(403)
        claim = bearer_claim(environ)
        scheme, _, given = (claim or "").partition(" ")
        # Attack: finding the token letter by letter, by the time it takes.
        is_right = hmac.compare_digest(
            given.strip().encode("utf-8", "replace"), token
        )
        if scheme.lower() != "bearer" or not is_right:
            return refused(401, ("WWW-Authenticate", "Bearer"))
        kind, text = metrics.written(environ.get("HTTP_ACCEPT", ""))
        return 200, kind, text, ()

    if own.front is not None:
        own.front.places[PLACE] = Endpoint(own, told)
    return metrics
