"""Apologies: answers for whom a busy server has no place.

The first of each kind is Flask's own, with its words, its page and its
headers; the others are copies of it, which cost next to nothing.
"""

from collections.abc import Iterable
from io import BytesIO, StringIO
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import urlsplit

from werkzeug.datastructures import Headers
from werkzeug.test import run_wsgi_app

from vestibule.doors.guards import BUSY
from vestibule.doors.hall import Hall
from vestibule.doors.request_ids import ENTRY
from vestibule.doors.words import liked
from vestibule.ground.words import LANGUAGES

if TYPE_CHECKING:
    from _typeshed.wsgi import (
        StartResponse,
        WSGIApplication,
        WSGIEnvironment,
    )

# What is kept: for each door, as a page and for programs, in a language.
MOST_ANSWERS = 100

Answer: TypeAlias = tuple[str, list[tuple[str, str]], bytes]


class Apologies:
    """Says that the service is busy, as the application behind says it."""

    def __init__(
        self, behind: "WSGIApplication", own: Hall, doors: frozenset[str]
    ) -> None:
        self._behind = behind
        self._own = own
        self._doors = doors
        self._answers: dict[tuple[str, ...], Answer] = {}

    def __call__(
        self, environ: "WSGIEnvironment", start: "StartResponse"
    ) -> Iterable[bytes]:
        """Answer a request that is not let in.

        The answer holds nothing of who asks but the language.
        """
        entry = environ.get(ENTRY)
        if entry is not None:
            entry.is_turned_away = True
        asked = self._asked(environ)
        key = tuple(asked.values())
        told = self._answers.get(key)
        if told is None:
            told = self._made(asked)
            if len(self._answers) < MOST_ANSWERS:
                self._answers[key] = told
        status, headers, body = told
        start(status, [*headers])
        return [body]

    def _asked(self, environ: "WSGIEnvironment") -> dict[str, str]:
        """Say what decides about the words and the shape of an answer."""
        own = self._own
        chosen = own.language_reader.read(environ.get("HTTP_COOKIE", ""))
        if chosen not in LANGUAGES:
            wish = environ.get("HTTP_ACCEPT_LANGUAGE", "")
            chosen = liked(wish) or own.auth.settings.brand.language
        is_page = "text/html" in environ.get("HTTP_ACCEPT", "")
        path = "/" + environ["PATH_INFO"].strip("/")
        if path not in self._doors:
            root = own.auth.settings.site.url_prefix
            is_call = path.startswith(f"{root}/api/")
            path = f"{root}/api/v1/" if is_call else f"{root}/"
        return {
            "SCRIPT_NAME": environ.get("SCRIPT_NAME", ""),
            "REQUEST_METHOD": "POST",
            "PATH_INFO": path,
            "HTTP_ACCEPT": "text/html" if is_page else "*/*",
            "HTTP_ACCEPT_LANGUAGE": chosen,
        }

    def _made(self, asked: dict[str, str]) -> Answer:
        """Have Flask refuse a request of nobody in particular."""
        at = urlsplit(self._own.auth.settings.base_url)
        environ: dict[str, Any] = {
            **asked,
            "HTTP_HOST": at.netloc,
            "QUERY_STRING": "",
            "CONTENT_LENGTH": "0",
            "REMOTE_ADDR": "",
            "SERVER_NAME": at.hostname or "localhost",
            "SERVER_PORT": str(at.port or 80),
            "SERVER_PROTOCOL": "HTTP/1.1",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": at.scheme,
            "wsgi.input": BytesIO(),
            "wsgi.errors": StringIO(),
            "wsgi.multithread": True,
            "wsgi.multiprocess": True,
            "wsgi.run_once": False,
            BUSY: True,
        }
        # It runs one request; Werkzeug has that for tests, and we need it.
        body, status, headers = run_wsgi_app(
            self._behind, environ, buffered=True
        )
        kept = Headers(headers)
        kept.remove("Set-Cookie")
        # The number of a request is of one alone.
        kept.remove("X-Request-ID")
        return status, kept.to_wsgi_list(), b"".join(body)
