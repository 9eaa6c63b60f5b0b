"""A real server on a real socket: what travels, and what it refuses."""

import socket
from collections.abc import Iterator

import pytest
import requests

from processes import PATIENCE, Server, serving

SIGN_UP = {"email": "alice@example.com", "password": "seven purple llamas"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Serve a classroom with granian, once for all stories here."""
    home = tmp_path_factory.mktemp("server")
    with serving(home, VESTIBULE_PRESET="classroom") as running:
        made = requests.post(f"{running.url}/users", SIGN_UP, timeout=PATIENCE)
        assert made.status_code == 200, made.text
        yield running


def exchange(server: Server, request: bytes) -> list[bytes]:
    """Send bytes as they are; list what is answered until it is quiet."""
    with socket.create_connection(("127.0.0.1", server.port), 10) as line:
        received = b""
        try:
            line.sendall(request)
            while chunk := line.recv(65_536):
                received += chunk
                line.settimeout(0.4)
        except OSError:
            # To hang up, or to wait for more, is an answer, too.
            pass
    return [b"HTTP/" + part for part in received.split(b"HTTP/")[1:]]


def ask(
    server: Server, line: bytes, *headers: bytes, body: bytes = b""
) -> int:
    """Send one request; say the status of its one answer, 0 for none."""
    head = [line + b" HTTP/1.1", b"Host: localhost", *headers]
    answers = exchange(server, b"\r\n".join([*head, b"", body]))
    assert len(answers) <= 1, answers
    return int(answers[0].split(b" ")[1]) if answers else 0


def test_headers_and_cookies_arrive_as_they_were_meant(
    server: Server,
) -> None:
    answer = requests.post(f"{server.url}/sessions", SIGN_UP, timeout=PATIENCE)
    profile = requests.get(
        f"{server.url}/profile", cookies=answer.cookies, timeout=PATIENCE
    )
    out = requests.delete(
        f"{server.url}/sessions",
        cookies=answer.cookies,
        timeout=PATIENCE,
        allow_redirects=False,
    )

    assert answer.content == (
        b'{"email":"alice@example.com","message":"logged in"}'
    )
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("session_id=")
    assert cookie.endswith("; HttpOnly; Path=/; SameSite=Lax")
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert profile.content == b'{"email":"alice@example.com"}'
    assert (out.status_code, out.headers["Location"]) == (302, "/")


@pytest.mark.asvs("4.2.2")
def test_looking_at_the_head_gives_the_head_alone(server: Server) -> None:
    for path in (b"/", b"/login", b"/static/vestibule/vestibule.css"):
        (answer,) = exchange(
            server,
            b"HEAD " + path + b" HTTP/1.1\r\nHost: localhost\r\n"
            b"Accept: text/html\r\nConnection: close\r\n\r\n",
        )
        head, _, body = answer.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200")
        assert body == b""
        assert b"content-security-policy" in head.lower()


@pytest.mark.asvs("4.2.1")
@pytest.mark.attack(134)
def test_a_request_hidden_in_another_one_is_never_answered(
    server: Server,
) -> None:
    hidden = b"GET /login HTTP/1.1\r\nHost: localhost\r\n\r\n"
    length = b"Content-Length: %d" % (len(hidden) + 5)
    chunked = b"Transfer-Encoding: chunked"
    body = b"0\r\n\r\n" + hidden
    for headers in (
        (length, chunked),
        (chunked, length),
        (length, b"Transfer-Encoding: xchunked"),
        (length, b"Transfer-Encoding: chunked, identity"),
        (length, b"Transfer-Encoding : chunked"),
        (length, b"Transfer-Encoding:\x0bchunked"),
        (length, b"Content-Length: 5"),
        (b"Content-Length: 5, 6",),
        (b"Content-Length: +5",),
        (b"Content-Length: -1",),
        (b"Content-Length: 0x5",),
        (b"Content-Length: 99999999999999999999",),
    ):
        answers = exchange(
            server,
            b"\r\n".join(
                [
                    b"POST /sessions HTTP/1.1",
                    b"Host: localhost",
                    *headers,
                    b"",
                    body,
                ]
            ),
        )

        # Refused, or the line is cut; at least it is read one way only.
        assert len(answers) <= 1, (headers, answers)
        for answer in answers:
            assert answer.split(b" ")[1] == b"400", (headers, answer)


@pytest.mark.attack(134)
def test_what_is_no_http_is_refused(server: Server) -> None:
    for line in (
        b"GET",
        b"GET  /",
        b"GET /\x00",
        b"G\x00T /",
        b"GET /" + b"a" * 100_000,
        b"GET http://[ ",
    ):
        status = ask(server, line, b"Connection: close")
        assert status == 0 or 400 <= status < 500, (line[:20], status)
    for header in (
        b"X: " + b"a" * 1_000_000,
        b"Cookie: session_id=" + b"a" * 900_000,
        b"X Y: z",
        b": z",
        b"X: a\x00b",
        b"\r\n".join(b"X-%d: y" % n for n in range(5_000)),
    ):
        status = ask(server, b"GET /", header, b"Connection: close")
        assert status == 0 or 400 <= status < 500, (header[:20], status)
    assert server.answers()


@pytest.mark.attack(4)
def test_two_names_of_one_host_are_no_way_in(server: Server) -> None:
    for headers in (
        (b"Host: evil.example",),
        (b"X-Forwarded-For: 127.0.0.1",),
        (b"Origin: https://evil.example",),
    ):
        status = ask(
            server,
            b"DELETE /sessions",
            *headers,
            b"Content-Length: 0",
            b"Connection: close",
        )
        assert status == 0 or 400 <= status < 500, headers


@pytest.mark.attack(113)
def test_a_body_that_is_too_large_is_refused_and_harms_nobody(
    server: Server,
) -> None:
    form = b"Content-Type: application/x-www-form-urlencoded"
    for length in (70_000, 1_000_000, 10_000_000):
        status = ask(
            server,
            b"POST /sessions",
            form,
            b"Content-Length: %d" % length,
            b"Connection: close",
            body=b"a" * min(length, 1_000_000),
        )
        assert status in (0, 413), (length, status)
    chunks = b"".join(b"1000\r\n" + b"a" * 4096 + b"\r\n" for _ in range(40))
    status = ask(
        server,
        b"POST /sessions",
        form,
        b"Transfer-Encoding: chunked",
        b"Connection: close",
        body=chunks + b"0\r\n\r\n",
    )
    assert status in (0, 400, 413)
    assert server.answers()
    assert "Traceback" not in server.said()
