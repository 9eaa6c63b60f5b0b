"""Vestibule alone, for any WSGI server."""

from vestibule import create_app

app = create_app()
