"""The front: what is answered before Flask sees the request."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from flask import Flask

from vestibule.doors.hall import Hall

if TYPE_CHECKING:
    from _typeshed.wsgi import (
        StartResponse,
        WSGIApplication,
        WSGIEnvironment,
    )


class Front:
    """Bare WSGI around an application, for what must cost next to nothing.

    ``places`` says who answers at which path; everything else goes on to
    the application behind.
    """

    def __init__(self, behind: "WSGIApplication") -> None:
        self._behind = behind
        self.places: dict[str, WSGIApplication] = {}

    def __call__(
        self, environ: "WSGIEnvironment", start: "StartResponse"
    ) -> Iterable[bytes]:
        """Answer at once, or pass the request on."""
        place = self.places.get(environ["PATH_INFO"])
        return (place or self._behind)(environ, start)


def put_in_front(app: Flask, own: Hall) -> None:
    """Let the front of a hall see every request of an application first."""
    own.front = Front(app.wsgi_app)
    app.wsgi_app = own.front  # type: ignore[assignment]
