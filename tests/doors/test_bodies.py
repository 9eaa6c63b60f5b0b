"""Small answers are handed over in one piece, and others as they come."""

from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from vestibule.doors.bodies import LARGEST_PIECE, in_one_piece


class Pieces:
    """An answer in pieces, which knows whether it was let go."""

    def __init__(self, *pieces: bytes, breaks: bool = False) -> None:
        self.pieces = pieces
        self.breaks = breaks
        self.is_closed = False

    def __iter__(self) -> Iterator[bytes]:
        """Give piece after piece, and break at the end perhaps."""
        yield from self.pieces
        if self.breaks:
            raise BrokenPipeError

    def close(self) -> None:
        """Note that the server is done."""
        self.is_closed = True


def answered(
    pieces: Pieces, method: str = "GET", **headers: str
) -> tuple[Iterable[bytes], list[Any]]:
    """Have an answer handed over; give it, and what was said before it."""
    said: list[Any] = []

    def wsgi(_: Any, start: Any) -> Iterable[bytes]:
        """Answer with the pieces."""
        start("200 OK", [(k.replace("_", "-"), v) for k, v in headers.items()])
        return pieces

    def start(status: str, headers: Any, *_: Any) -> Any:
        """Note what the answer says of itself."""
        said.extend([status, headers])

    return in_one_piece(wsgi)({"REQUEST_METHOD": method}, start), said


@pytest.mark.asvs("4.2.2")
def test_an_answer_that_says_its_length_comes_in_one_piece() -> None:
    pieces = Pieces(b"three ", b"random ", b"words")

    body, said = answered(pieces, Content_Length="18")

    assert body == [b"three random words"]
    assert said == ["200 OK", [("Content-Length", "18")]]
    assert pieces.is_closed


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"Content_Length": str(LARGEST_PIECE + 1)},
        {"Content_Length": "²"},
        {"method": "HEAD", "Content_Length": "5"},
    ],
)
def test_every_other_answer_is_left_to_the_server(said: Any) -> None:
    pieces = Pieces(b"three", b"random")

    body, _ = answered(pieces, **said)

    assert body is pieces
    assert not pieces.is_closed


def test_an_answer_that_breaks_off_is_let_go_and_told() -> None:
    pieces = Pieces(b"three", breaks=True)

    with pytest.raises(BrokenPipeError):
        answered(pieces, Content_Length="18")

    assert pieces.is_closed
