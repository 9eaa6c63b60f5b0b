"""Asking the check as a proxy would, byte by byte where that matters."""

from collections.abc import Mapping
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse, create_environ, run_wsgi_app


def by_cookie(token: str) -> dict[str, str]:
    """Come with the cookie of a session."""
    return {"Cookie": f"session_id={token}"}


def by_bearer(token: str) -> dict[str, str]:
    """Come with the token of a session."""
    return {"Authorization": f"Bearer {token}"}


def ask(
    app: Flask,
    headers: Mapping[str, str],
    query: str = "",
    *,
    method: str = "GET",
    path: str = "/check",
    **environ: Any,
) -> TestResponse:
    """Ask the application, with headers that no client cleans up."""
    made = create_environ(path, method=method)
    made["QUERY_STRING"] = query
    for name, value in headers.items():
        made["HTTP_" + name.upper().replace("-", "_")] = value
    made.update(environ)
    body, status, answered = run_wsgi_app(app.wsgi_app, made, buffered=True)
    request: Any = None
    return TestResponse(body, status, answered, request)
