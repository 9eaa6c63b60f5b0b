"""Bodies: of requests and answers, as granian wants to have them."""

from collections.abc import Iterable
from io import BytesIO
from typing import TYPE_CHECKING, Any

from werkzeug.exceptions import LengthRequired

from vestibule.doors.shapes import LARGEST_BODY

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

    def __init__(self, body: Any, *, is_chunked: bool) -> None:
        self._body = body
        self._is_chunked = is_chunked

    def read(self, _: int = -1) -> bytes:
        """Give nothing, if there is nothing.

        Where there must be something, it is not waited for.

        Raises:
            LengthRequired: there is a body, and no way to know all of it.
        """
        if self._is_chunked or self._body.read(1):
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
            environ["wsgi.input"] = _Unmeasured(
                environ["wsgi.input"],
                is_chunked="HTTP_TRANSFER_ENCODING" in environ,
            )
            environ["wsgi.input_terminated"] = True
        return wsgi(environ, start)

    return told


def said_length(environ: "WSGIEnvironment") -> int | None:
    """Say how long a body claims to be: nothing, or -1 if in no number."""
    said = environ.get("CONTENT_LENGTH")
    if not said:
        return None
    # Other than int() knows it: no sign, no space, no other digits.
    return int(said) if said.isascii() and said.isdecimal() else -1


def take(environ: "WSGIEnvironment") -> bool:
    """Read a small body, so that nobody has to wait for it later.

    Returns:
        Whether it is here, whole. A larger one is left to whoever knows
        how much may be sent where.
    """
    length = said_length(environ)
    if length is None:
        return _take_unsaid(environ)
    if not 0 <= length <= LARGEST_BODY:
        return False
    environ["wsgi.input"], taken = _read(environ, length)
    return taken == length


def _take_unsaid(environ: "WSGIEnvironment") -> bool:
    """Read a body that ends where the server says, if anywhere."""
    if not environ.get("wsgi.input_terminated"):
        # PEP 3333 knows no body without a length.
        environ["wsgi.input"] = BytesIO()
        return True
    try:
        environ["wsgi.input"], taken = _read(environ, LARGEST_BODY + 1)
    except LengthRequired:
        # Whoever reads it is told so again, without waiting.
        environ["wsgi.input"] = _Unmeasured(None, is_chunked=True)
        return False
    environ["CONTENT_LENGTH"] = str(taken)
    return taken <= LARGEST_BODY


def _read(environ: "WSGIEnvironment", most: int) -> tuple[BytesIO, int]:
    """Read so many bytes, or all there are; say how many."""
    pieces, left = [], most
    while left > 0:
        piece = environ["wsgi.input"].read(left)
        if not piece:
            break
        pieces.append(piece)
        left -= len(piece)
    return BytesIO(b"".join(pieces)), most - left


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
