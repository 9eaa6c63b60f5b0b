"""Bytes on the socket of a real server: 4xx or silence, and it lives on."""

import re
import socket
import struct
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from hypothesis import example, given
from hypothesis import strategies as st

from hostility import tries
from processes import PATIENCE, Server, serving

SIGN_UP = {"email": "alice@example.com", "password": "seven purple llamas"}
HOST = b"Host: localhost\r\n"
END = b"Connection: close\r\n\r\n"
GOOD = b"GET /login HTTP/1.1\r\n" + HOST + END
FORM = b"Content-Type: application/x-www-form-urlencoded\r\n"
POST = b"POST /sessions HTTP/1.1\r\n" + HOST + FORM
CHUNKED = b"Transfer-Encoding: chunked\r\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Serve with granian, once for all bytes here; it must live on."""
    home = tmp_path_factory.mktemp("raw")
    with serving(home, VESTIBULE_TRUSTED_PROXIES="127.0.0.1") as running:
        made = requests.post(f"{running.url}/users", SIGN_UP, timeout=PATIENCE)
        assert made.status_code == 200, made.text
        before = running.children()
        yield running
        assert running.answers()
        assert running.children() == before
        assert "Traceback" not in running.said()
        assert "unhandled" not in running.said()


def exchange(server: Server, *parts: bytes, close: bool = False) -> bytes:
    """Send bytes as they are, and again for as long as it is too busy.

    A network has eight places for bodies, and they come back only when
    the server has noticed that nobody is at the other end.
    """
    until = time.monotonic() + PATIENCE
    while True:
        received = _exchange(server, *parts, close=close)
        if 503 not in statuses(received) or time.monotonic() > until:
            return received
        time.sleep(0.1)


def _exchange(server: Server, *parts: bytes, close: bool) -> bytes:
    """Send bytes as they are; read until the line is quiet or closed."""
    with socket.create_connection(("127.0.0.1", server.port), 10) as line:
        received = b""
        try:
            for part in parts:
                line.sendall(part)
            if close:
                line.shutdown(socket.SHUT_WR)
            line.settimeout(0.5)
            while chunk := line.recv(65_536):
                received += chunk
        except OSError:
            # To hang up, or to wait for more, is an answer, too.
            pass
    return received


def statuses(received: bytes) -> list[int]:
    """List the statuses of the answers; 100 is none."""
    found = re.findall(rb"HTTP/1\.[01] (\d{3})", received)
    return [int(status) for status in found if status != b"100"]


REFUSED = {
    "no method": b" / HTTP/1.1\r\n" + HOST + END,
    "a method that is none": b"G(T / HTTP/1.1\r\n" + HOST + END,
    "a method with a NUL": b"G\x00T / HTTP/1.1\r\n" + HOST + END,
    "a tab for a blank": b"GET\t/\tHTTP/1.1\r\n" + HOST + END,
    "blanks before the path": b"GET  / HTTP/1.1\r\n" + HOST + END,
    "no path": b"GET HTTP/1.1\r\n" + HOST + END,
    "a path with a blank": b"GET /a b HTTP/1.1\r\n" + HOST + END,
    "a path with a NUL": b"GET /\x00 HTTP/1.1\r\n" + HOST + END,
    "a path with a lone CR": b"GET /\rX: y HTTP/1.1\r\n" + HOST + END,
    "a path of raw bytes": b"GET /\xff\xfe HTTP/1.1\r\n" + HOST + END,
    "a query of raw bytes": b"GET /login?\xff HTTP/1.1\r\n" + HOST + END,
    "a huge path": b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\n" + HOST + END,
    "HTTP/0.9": b"GET /\r\n\r\n",
    "HTTP/1.2": b"GET / HTTP/1.2\r\n" + HOST + END,
    "HTTP/3.0": b"GET / HTTP/3.0\r\n" + HOST + END,
    "http in small": b"GET / http/1.1\r\n" + HOST + END,
    "no version": b"GET / \r\n" + HOST + END,
    "a header without a name": b"GET / HTTP/1.1\r\n: x\r\n" + HOST + END,
    "a blank before the colon": b"GET / HTTP/1.1\r\nX : y\r\n" + HOST + END,
    "a NUL in a value": b"GET / HTTP/1.1\r\nX: a\x00\r\n" + HOST + END,
    "a lone CR in a value": b"GET / HTTP/1.1\r\nX: a\rY: b\r\n" + HOST + END,
    "a folded header": b"GET / HTTP/1.1\r\nX: a\r\n b\r\n" + HOST + END,
    "a fold before all": b"GET / HTTP/1.1\r\n X: a\r\n" + HOST + END,
    "a header of 64 kB and more": (
        b"GET / HTTP/1.1\r\nX: " + b"a" * 900_000 + b"\r\n" + HOST + END
    ),
    "a thousand headers": (
        b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 1000 + HOST + END
    ),
    "two lengths": POST
    + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcde",
    "a list of lengths": POST + b"Content-Length: 5, 6\r\n\r\nabcde",
    "a length with a sign": POST + b"Content-Length: +5\r\n\r\nabcde",
    "a length of nothing": POST + b"Content-Length: \r\n\r\nabcde",
    "a length in hexadecimal": POST + b"Content-Length: 0x5\r\n\r\nabcde",
    "a length above 64 bits": POST
    + b"Content-Length: "
    + b"9" * 30
    + b"\r\n\r\n",
    "chunked in HTTP/1.0": (
        b"POST /sessions HTTP/1.0\r\n" + CHUNKED + b"\r\n0\r\n\r\n"
    ),
    "chunked, but not last": (
        POST + b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n"
    ),
    "an encoding nobody knows": POST + b"Transfer-Encoding: x\r\n\r\n",
    "garbage": bytes(range(256)) * 40,
    "a TLS greeting": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 20,
    "an SSH greeting": b"SSH-2.0-OpenSSH_9.2\r\n",
    "an SMTP greeting": b"EHLO localhost\r\nMAIL FROM:<a@b.c>\r\n",
}


@pytest.mark.attack(134)
@pytest.mark.parametrize("sent", REFUSED.values(), ids=REFUSED)
def test_what_is_no_http_is_refused(server: Server, sent: bytes) -> None:
    received = exchange(server, sent)

    found = statuses(received)
    assert len(found) <= 1
    assert all(400 <= status < 500 for status in found), received[:300]
    assert b"Traceback" not in received


BODIES = {
    "a size that is no number": b"zz\r\nabc\r\n0\r\n\r\n",
    "a size with a sign": b"-1\r\nabc\r\n0\r\n\r\n",
    "a size with a prefix": b"0x3\r\nabc\r\n0\r\n\r\n",
    "a size above 64 bits": b"f" * 17 + b"\r\nabc\r\n0\r\n\r\n",
    "a chunk that is shorter": b"9\r\nabc\r\n0\r\n\r\n",
    "a chunk that is longer": b"2\r\nabc\r\n0\r\n\r\n",
    "a chunk without its end": b"3\r\nabcX0\r\n\r\n",
    "line feeds alone": b"3\nabc\n0\n\n",
    "an extension without end": b"3;"
    + b"x" * 100_000
    + b"\r\nabc\r\n0\r\n\r\n",
    "trailers without end": b"0\r\n" + b"X: y\r\n" * 20_000 + b"\r\n",
    "a trailer with a cookie": b"0\r\nCookie: session_id=x\r\n\r\n",
    "no last chunk": b"3\r\nabc\r\n",
    "nothing": b"",
}


@pytest.mark.asvs("4.2.1")
@pytest.mark.attack(134)
@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_a_body_in_broken_chunks_signs_nobody_in(
    server: Server, body: bytes
) -> None:
    for close in (True, False):
        received = exchange(
            server, POST + CHUNKED + b"\r\n", body, close=close
        )

        found = statuses(received)
        assert len(found) <= 1, received
        assert all(400 <= status < 500 for status in found), received
        assert b"session_id" not in received


@pytest.mark.attack(134)
@pytest.mark.parametrize("lost", range(1, 60, 7))
def test_an_account_is_never_made_of_a_body_that_is_cut_off(
    server: Server, lost: int
) -> None:
    body = b"email=cut%d@example.com&password=seven+purple+llamas" % lost
    head = b"POST /users HTTP/1.1\r\n" + HOST + FORM
    for measure, sent in (
        (b"Content-Length: %d\r\n" % (len(body) + lost), body),
        (b"Content-Length: %d\r\n" % len(body), body[:-lost]),
        (CHUNKED, b"%x\r\n%s\r\n" % (len(body), body)),
        (CHUNKED, b"%x\r\n%s\r\nzz\r\n" % (len(body), body)),
        (CHUNKED, b"%x\r\n%s" % (len(body) + lost, body)),
    ):
        received = exchange(server, head + measure + b"\r\n", sent, close=True)
        assert b"created" not in received
        assert all(400 <= status < 500 for status in statuses(received))
    whole = {"email": f"cut{lost}@example.com", "password": "seven llamas"}
    made = requests.post(f"{server.url}/users", whole, timeout=PATIENCE)
    assert made.json()["message"] == "user created", made.text


def test_a_body_without_a_length_is_refused_and_none_is_none(
    server: Server,
) -> None:
    chunks = b"1a\r\nemail=alice&password=seven1\r\n0\r\n\r\n"
    page = b"POST /login HTTP/1.1\r\nAccept: text/html\r\n" + HOST + FORM
    call = b"POST /api/v1/sessions HTTP/1.1\r\n" + HOST
    call += b"Content-Type: application/json\r\n"
    out = b"DELETE /sessions HTTP/1.1\r\n" + HOST

    for head, status in ((POST, 400), (page, 411), (call, 411)):
        received = exchange(server, head + CHUNKED + b"\r\n", chunks)
        assert statuses(received) == [status]
    assert statuses(exchange(server, POST + END)) == [400]
    assert statuses(exchange(server, out + END)) == [403]


PASSED = {
    "a whole address": b"GET http://evil.example/login HTTP/1.1\r\n",
    "a whole address and a name": b"GET http://a:b@evil.example HTTP/1.1\r\n",
    "two slashes": b"GET //evil.example/%2f.. HTTP/1.1\r\n",
    "a backslash": b"GET /\\evil.example HTTP/1.1\r\n",
    "a star": b"OPTIONS * HTTP/1.1\r\n",
    "a star that is looked at": b"GET * HTTP/1.1\r\n",
    "a tunnel": b"CONNECT evil.example:443 HTTP/1.1\r\n",
    "an echo": b"TRACE / HTTP/1.1\r\n",
    "another method": b"PROPFIND / HTTP/1.1\r\n",
    "small letters": b"delete /sessions HTTP/1.1\r\n",
    "an old version": b"GET /login HTTP/1.0\r\n",
    "a fragment": b"GET /login#//evil HTTP/1.1\r\n",
    "broken escapes": b"GET /%zz%%0 HTTP/1.1\r\n",
    "bytes in escapes": b"GET /%ff%00?%ff%00=%ff HTTP/1.1\r\n",
}
MORE = [
    b"",
    HOST,
    b"Host: a\r\nHost: b\r\n",
    b"Host: \r\n",
    b"Host: [\r\n",
    b"Host: evil.example\r\n",
    b"HOST: localhost\r\nhost: localhost\r\n",
    HOST + b"Accept: text/html\r\n",
    HOST + b"Cookie: session_id=a\r\nCookie: session_id=b\r\n",
    HOST + b"Cookie: \xff=\xfe\r\nAccept-Language: \xc3\xa9\r\n",
    HOST + b"X-Forwarded-For: \xff\r\nX_Forwarded_For: fe80::1%x\r\n",
    HOST + b"X-Forwarded-For: " + b"1.1.1.1," * 8_000 + b"\r\n",
    HOST + b"Content_Length: 5\r\nTransfer_Encoding: chunked\r\n",
    HOST + b"Expect: 100-continue\r\nContent-Length: 1\r\n",
    HOST + b"Expect: something\r\n",
    HOST + b"Upgrade: websocket\r\nConnection: Upgrade\r\n",
    HOST + b"Upgrade: h2c\r\nHTTP2-Settings: x\r\n",
]


@pytest.mark.asvs("4.2.5")
@pytest.mark.parametrize("line", PASSED.values(), ids=PASSED)
def test_odd_requests_are_answered_and_lead_nowhere_else(
    server: Server, line: bytes
) -> None:
    with ThreadPoolExecutor(4) as pool:
        answers = pool.map(
            lambda more: exchange(server, line + more + END), MORE
        )
    for more, received in zip(MORE, answers, strict=True):
        found = statuses(received)
        assert len(found) <= 1, (more, received)
        assert all(status < 500 for status in found), (more, received)
        led = re.findall(rb"(?i)\r\nlocation: ([^\r]*)", received)
        assert all(re.match(rb"/(?![/\\])", place) for place in led), led
        assert b"evil.example" not in received, (more, received)


@pytest.mark.attack(68, 135)
def test_a_connection_that_ends_anywhere_ends_nothing_else(
    server: Server,
) -> None:
    whole = (
        POST + b"Content-Length: 60\r\n\r\nemail=alice&password=" + b"x" * 39
    )

    def cut(at: int) -> None:
        """Send a part, and hang up without a word."""
        with socket.create_connection(("127.0.0.1", server.port), 10) as line:
            # An RST instead of a farewell.
            linger = struct.pack("ii", 1, 0)
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            line.sendall(whole[:at])

    with ThreadPoolExecutor(8) as pool:
        assert len([*pool.map(cut, range(len(whole)))]) == len(whole)
    for at in range(0, len(whole), 20):
        received = exchange(server, whole[:at], close=True)
        assert all(400 <= status < 500 for status in statuses(received))
    assert statuses(exchange(server, GOOD)) == [200]


@pytest.mark.asvs("4.2.1")
@pytest.mark.attack(68, 134)
def test_requests_that_come_together_are_answered_one_by_one(
    server: Server,
) -> None:
    more = b"GET /nowhere HTTP/1.1\r\n" + HOST + b"\r\n"
    found = statuses(exchange(server, more * 20 + GOOD))

    assert found == [404] * 20 + [200]


def test_http_2_on_the_same_port_is_the_same_site(server: Server) -> None:
    for path, *options in (
        ["/login"],
        ["//evil.example/"],
        ["/profile", "-H", "Host: evil.example", "-H", "Accept: text/html"],
        ["/sessions", "-X", "DELETE", "-H", "Origin: https://evil.example"],
        ["/sessions", "-d", "email=alice&password=%00%ff"],
        ["/login", "-H", "Cookie: session_id=a", "-H", "Cookie: b=c"],
    ):
        done = subprocess.run(
            [
                *("curl", "-sS", "-i", "--http2-prior-knowledge", "-m", "20"),
                *options,
                server.url + path,
            ],
            capture_output=True,
            text=True,
            check=True,
        )
        assert re.match(r"HTTP/2 [234]\d\d", done.stdout), done.stdout
        assert "evil.example" not in done.stdout
        assert "default-src 'none'" in done.stdout


SPLICES = st.sampled_from(
    [
        *(b"\r\n", b"\n", b"\r", b"\x00", b" ", b"\t", b":", b"\xff", b"%"),
        *(b"\r\n\r\n", b"0\r\n\r\n", CHUNKED, b"Content-Length: 5\r\n", HOST),
        *(b"HTTP/1.1", b"/../", b"//", b"?", b"#", b",", b";", b"=", b'"'),
        GOOD,
    ]
) | st.binary(min_size=1, max_size=6)


WHOLE = [
    GOOD,
    POST + b"Content-Length: 21\r\n" + END + b"email=a@b.cd&password",
    POST + CHUNKED + END + b"5\r\nemail\r\n0\r\n\r\n",
]


def spliced(whole: bytes, splices: list[tuple[int, bytes]]) -> bytes:
    """Throw bytes into a request."""
    for at, splice in splices:
        whole = whole[:at] + splice + whole[at:]
    return whole


def requests_with_splices() -> st.SearchStrategy[bytes]:
    """Make requests that were good before bytes were thrown in."""
    splice = st.tuples(st.integers(0, 250), SPLICES)
    splices = st.lists(splice, min_size=1, max_size=4)
    return st.builds(spliced, st.sampled_from(WHOLE), splices)


@pytest.mark.attack(135)
@tries(12)
@given(st.lists(requests_with_splices(), min_size=16, max_size=16))
@example([spliced(GOOD, [(0, b"\r\n" * 50)]), spliced(GOOD, [(30, b"\x00")])])
def test_bytes_thrown_into_a_request_break_nothing(
    server: Server, sent: list[bytes]
) -> None:
    with ThreadPoolExecutor(16) as pool:
        answers = [*pool.map(lambda one: exchange(server, one), sent)]
    for one, received in zip(sent, answers, strict=True):
        assert all(status < 500 for status in statuses(received)), one
        assert b"session_id=" not in received
        assert b"Traceback" not in received


@pytest.mark.attack(69, 97)
def test_a_bearer_made_unreadable_is_not_the_owner_of_the_cookie(
    server: Server,
) -> None:
    door = requests.post(f"{server.url}/sessions", SIGN_UP, timeout=PATIENCE)
    cookie = f"Cookie: session_id={door.cookies['session_id']}\r\n".encode()
    bad = b"Authorization: Bearer \xff\r\n"
    basic = b"Authorization: Basic eA==\r\n"
    for path in (b"/check", b"/api/v1/profile"):
        line = b"GET " + path + b" HTTP/1.1\r\n" + HOST + cookie
        assert statuses(exchange(server, line + END)) == [200]
        assert statuses(exchange(server, line + basic + END)) == [200]
        for sent in (bad, bad + basic, basic + bad):
            assert statuses(exchange(server, line + sent + END)) == [401], sent
