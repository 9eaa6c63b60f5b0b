"""An application that trusts its proxy, and shows what reaches it."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any


@dataclass
class Reached:
    """A request as it reached the application."""

    method: str
    path: str
    headers: list[tuple[str, str]]
    body: bytes = b""

    def named(self, name: str) -> list[str]:
        """Read the header as CGI, WSGI and PHP do: any spelling of it."""
        wanted = plain(name)
        return [text for key, text in self.headers if plain(key) == wanted]


@dataclass
class Application:
    """Where it listens, what reached it, and what it shall answer."""

    port: int = 0
    reached: list[Reached] = field(default_factory=list)
    # The next statuses, the last of them for ever; 0 just hangs up.
    statuses: list[int] = field(default_factory=lambda: [200])
    # What every answer says, but that only redirects say where to.
    says: dict[str, str] = field(default_factory=dict)


def plain(name: str) -> str:
    """Write a header's name as it is in an environment of CGI."""
    return "".join(c if c.isalnum() else "_" for c in name.upper())


def handler(application: Application) -> type[BaseHTTPRequestHandler]:
    """Make what answers the requests to an application."""

    class Handler(BaseHTTPRequestHandler):
        """Notes a request, and shows it."""

        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            """Note the request; become a tunnel, or show it as JSON."""
            found = Reached(self.command, self.path, self.headers.items())
            application.reached.append(found)
            found.body = self.whole_body()
            status, *later = application.statuses
            application.statuses = later or [status]
            if not status:
                # As if the process were gone.
                self.close_connection = True
                return
            if found.named("Upgrade"):
                self.tunnel(found.named("Upgrade")[0])
                return
            shown = {"path": found.path, "headers": found.headers}
            text = json.dumps(shown).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.send_header("Content-Type", "text/plain")
            for name, value in application.says.items():
                if name != "Location" or status == 302:
                    self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(text)

        do_GET = do_HEAD = do_POST = do_PUT = answer  # noqa: N815

        def whole_body(self) -> bytes:
            """Read the body, in one piece or in many."""
            if self.headers.get("Transfer-Encoding", "") != "chunked":
                length = int(self.headers.get("Content-Length") or 0)
                return self.rfile.read(length)
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return body

        def tunnel(self, protocol: str) -> None:
            """Leave HTTP, and give one line back."""
            self.send_response(101)
            self.send_header("Upgrade", protocol)
            self.send_header("Connection", "Upgrade")
            self.end_headers()
            self.wfile.write(self.rfile.readline())
            self.close_connection = True

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Print nothing."""

    return Handler


class Server(ThreadingHTTPServer):
    """Serves each connection in a thread, also those that are cut off."""

    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print what went wrong, unless somebody just hung up."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


@contextmanager
def echoing() -> Iterator[Application]:
    """Run an application on a free port."""
    application = Application()
    server = Server(("127.0.0.1", 0), handler(application))
    application.port = server.server_address[1]
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield application
    server.shutdown()
    server.server_close()
