"""The front: what is answered before Flask sees the request."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from flask import Flask

from vestibule.doors.gate import Gate
from vestibule.doors.hall import Hall

if TYPE_CHECKING:
    from _typeshed.wsgi import (
        StartResponse,
        WSGIApplication,
        WSGIEnvironment,
    )


class Front:
    """Bare WSGI around an application, for what must cost next to nothing.

    ``places`` says who answers at which path; everything else goes on
    through the gate to the application behind.
    """

    def __init__(self, gate: Gate) -> None:
        self.gate = gate
        self.places: dict[str, WSGIApplication] = {}

    def __call__(
        self, environ: "WSGIEnvironment", start: "StartResponse"
    ) -> Iterable[bytes]:
        """Answer at once, or pass the request on."""
        place = self.places.get(environ["PATH_INFO"], self.gate)
        return place(environ, start)

    def before(self, behind: "WSGIApplication") -> "WSGIApplication":
        """Answer before what leads to this front, with all its layers."""
        places = self.places

        def first(
            environ: "WSGIEnvironment", start: "StartResponse"
        ) -> Iterable[bytes]:
            """Answer at once, or pass the request on."""
            return places.get(environ["PATH_INFO"], behind)(environ, start)

        return first


def put_in_front(app: Flask, own: Hall) -> None:
    """Let the front of a hall see every request of an application first."""
    own.front = Front(Gate(app.wsgi_app, own, app))
    app.wsgi_app = own.front  # type: ignore[assignment]
