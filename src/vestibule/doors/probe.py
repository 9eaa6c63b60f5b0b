"""The answer to a probe: what arrives of a request, told to the doctor alone.

A proxy in front decides which address, host and headers come in. Only from
behind it can be told whether a forged header is believed; so the command
`vestibule doctor --deploy` asks from outside, signed with the site's key,
and gets a signed answer. Anybody else sees nothing of it.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from vestibule.doctor.probe import PURPOSE, answered
from vestibule.doors.whence import client_address
from vestibule.ground.signing import Seal

if TYPE_CHECKING:
    from _typeshed.wsgi import (
        StartResponse,
        WSGIApplication,
        WSGIEnvironment,
    )

    from vestibule.doors.hall import Hall


class ProbeAnswer:
    """Answers the doctor, and passes everybody else on."""

    def __init__(self, own: "Hall", behind: "WSGIApplication") -> None:
        self._behind = behind
        self._trusted = own.auth.settings.site.trusted_proxies
        self._seal = Seal(own.auth.settings.keys, PURPOSE, own.auth.clock)

    def __call__(
        self, environ: "WSGIEnvironment", start: "StartResponse"
    ) -> Iterable[bytes]:
        """Answer one request."""
        question = environ.get("HTTP_X_VESTIBULE_DOCTOR")
        if question is None:
            return self._behind(environ, start)
        body = answered(self._seal, question, self._seen(environ).items())
        if body is None:
            return self._behind(environ, start)
        headers = [
            ("Content-Type", "application/json"),
            ("Content-Length", str(len(body))),
            ("Cache-Control", "no-store"),
        ]
        start("200 OK", headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]

    def _seen(self, environ: "WSGIEnvironment") -> dict[str, object]:
        """List what arrived: who connects, who seems to come, to whom."""
        return {
            "peer": environ.get("REMOTE_ADDR") or "",
            "client": client_address(environ, self._trusted),
            "forwarded": environ.get("HTTP_X_FORWARDED_FOR"),
            "host": environ.get("HTTP_HOST") or "",
        }
