"""Frames of HTTP/2 as no client writes them, sent to a real server.

Attack: headers that only HTTP/1 has, or line ends inside a header, which a
server that speaks HTTP/1 behind this one would read as requests of its own.
"""

import socket
import struct
from collections.abc import Iterator

import pytest

from processes import PATIENCE, Server, serving

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, SETTINGS = 0, 1, 4
END_STREAM, END_HEADERS = 1, 4
# The places of these answers in the table of RFC 7541, appendix A.
STATUSES = {8: 200, 9: 204, 10: 206, 11: 304, 12: 400, 13: 404, 14: 500}
GOOD = (
    (b":method", b"GET"),
    (b":scheme", b"http"),
    (b":path", b"/login"),
    (b":authority", b"localhost"),
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Serve once for all frames here; it must live on."""
    with serving(tmp_path_factory.mktemp("frames")) as running:
        yield running
        assert running.answers()
        assert "Traceback" not in running.said()


def frame(kind: int, flags: int, stream: int, body: bytes) -> bytes:
    """Write a frame (RFC 9113, 4.1)."""
    head = struct.pack(">I", len(body))[1:]
    return head + struct.pack(">BBI", kind, flags, stream) + body


def packed(headers: tuple[tuple[bytes, bytes], ...]) -> bytes:
    """Write headers as they are, without a table (RFC 7541, 6.2.2)."""
    return b"".join(
        b"\0" + b"".join(bytes([len(part)]) + part for part in header)
        for header in headers
    )


def answered(server: Server, *frames: bytes) -> int | None:
    """Send frames; the status of the answer, or None where none comes."""
    with socket.create_connection(("127.0.0.1", server.port), 10) as line:
        line.settimeout(PATIENCE)
        line.sendall(PREFACE + frame(SETTINGS, 0, 0, b"") + b"".join(frames))
        received = b""
        while True:
            while len(received) >= 9:
                size = int.from_bytes(received[:3], "big")
                if len(received) < 9 + size:
                    break
                kind, body = received[3], received[9 : 9 + size]
                if kind == HEADERS:
                    return STATUSES.get(body[0] & 0x7F, 0)
                if kind in (3, 7):  # RST_STREAM, GOAWAY
                    return None
                received = received[9 + size :]
            chunk = line.recv(65_536)
            if not chunk:
                return None
            received += chunk


def asked(
    server: Server, *more: tuple[bytes, bytes], body: bytes | None = None
) -> int | None:
    """Ask for the page of the sign-in with more headers than it needs."""
    ends = END_HEADERS | (END_STREAM if body is None else 0)
    frames = [frame(HEADERS, ends, 1, packed((*GOOD, *more)))]
    if body is not None:
        frames.append(frame(DATA, END_STREAM, 1, body))
    return answered(server, *frames)


def test_frames_that_are_right_are_answered(server: Server) -> None:
    assert asked(server) == 200
    assert asked(server, (b"x-odd", b"fine")) == 200


OF_A_CONNECTION = (
    (b"transfer-encoding", b"chunked"),
    (b"connection", b"close"),
    (b"connection", b"x-forwarded-for"),
    (b"keep-alive", b"timeout=5"),
    (b"proxy-connection", b"keep-alive"),
    (b"upgrade", b"websocket"),
    (b"te", b"gzip"),
)
WITH_LINE_ENDS = (
    (b"x-odd", b"a\r\nx-more: b"),
    (b"x-odd", b"a\nb"),
    (b"x-odd", b"a\rb"),
    (b"x-odd", b"a\0b"),
    (b"x-odd\r\nx-more", b"b"),
    (b"x odd", b"b"),
    (b"X-Odd", b"b"),
    (b":path", b"/profile"),
)


@pytest.mark.parametrize(
    "headers",
    [OF_A_CONNECTION, WITH_LINE_ENDS],
    ids=["of-a-connection", "with-line-ends"],
)
@pytest.mark.asvs("4.2.3", "4.2.4")
@pytest.mark.attack(134)
def test_headers_of_a_connection_or_with_line_ends_are_refused(
    server: Server, headers: tuple[tuple[bytes, bytes], ...]
) -> None:
    for header in headers:
        assert asked(server, header) in (None, 400), header


@pytest.mark.asvs("4.2.1")
@pytest.mark.attack(134)
def test_a_length_that_is_not_that_of_the_body_is_refused(
    server: Server,
) -> None:
    assert asked(server, (b"content-length", b"5"), body=b"x") in (None, 400)
    assert asked(server, (b"content-length", b"0"), body=b"x") in (None, 400)
    assert asked(server, (b"content-length", b"+1"), body=b"x") in (None, 400)
