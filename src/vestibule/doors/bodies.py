"""Bodies: of requests and answers, as granian wants to have them."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed.wsgi import (
        StartResponse,
        WSGIApplication,
        WSGIEnvironment,
    )

# Bytes; what is larger is sent piece by piece.
LARGEST_PIECE = 64 * 1024


class _Unmeasured:
    """The body of a request that does not say how long it is."""

    def __init__(self, body: Any) -> None:
        self._body = body

    def read(self, _: int = -1) -> bytes:
        """Give nothing, if there is nothing.

        Raises:
            LengthRequired: there is a body, and no way to know all of it.
        """
        from werkzeug.exceptions import LengthRequired

        if self._body.read(1):
            raise LengthRequired
        return b""


def measured(wsgi: "WSGIApplication") -> "WSGIApplication":
    """Have a body refused that is cut off, and not taken for a whole one.

    Granian ends a broken body as it ends a good one, so only a length can
    tell them apart (a connection lost in the middle of a password).
    Source: RFC 9112, section 8; RFC 9110, section 15.5.12.
    """

    def told(
        environ: "WSGIEnvironment", start: "StartResponse"
    ) -> Iterable[bytes]:
        """Pass a request on with a body that is as long as it says."""
        environ.pop("wsgi.input_terminated", None)
        if not environ.get("CONTENT_LENGTH"):
            environ["wsgi.input"] = _Unmeasured(environ["wsgi.input"])
            environ["wsgi.input_terminated"] = True
        return wsgi(environ, start)

    return told


def in_one_piece(wsgi: "WSGIApplication") -> "WSGIApplication":
    """Hand over a small answer at once, if it says how long it is.

    Granian sends a list of bytes in one go; to be asked for piece after
    piece takes as long as half of a request.
    """

    def joined(
        environ: "WSGIEnvironment", start: "StartResponse"
    ) -> Iterable[bytes]:
        """Pass a request on, and join the answer."""
        length = LARGEST_PIECE + 1

        def noted(
            status: str, headers: list[tuple[str, str]], *error: Any
        ) -> Any:
            """Note how long the answer is."""
            nonlocal length
            for name, value in headers:
                if name == "Content-Length" and value.isdecimal():
                    length = int(value)
            return start(status, headers, *error)

        pieces = wsgi(environ, noted)
        if length > LARGEST_PIECE or environ["REQUEST_METHOD"] == "HEAD":
            return pieces
        try:
            return [b"".join(pieces)]
        finally:
            if hasattr(pieces, "close"):
                pieces.close()

    return joined
