"""Hosts: other people's Flask applications with a Vestibule inside."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from flask import Flask

from vestibule import (
    Settings,
    Vestibule,
    current_user,
    login_required,
    testing,
)

one_database = pytest.mark.parametrize(
    "database_url", ["sqlite"], indirect=True
)


@contextmanager
def hosting(settings: Settings, name: str = "shop") -> Iterator[Flask]:
    """Give a host with one view for members, ``/orders``."""
    app = Flask(name)
    app.testing = True
    Vestibule(app, settings=settings)

    @app.route("/orders", methods=["GET", "POST"])
    @login_required
    def orders() -> str:
        """Show somebody's orders."""
        return f"The orders of {current_user.username}"

    try:
        yield app
    finally:
        testing.close(app)
