"""The board for tests: an application with an empty database for each."""

from collections.abc import Iterator

import pytest
from flask import Flask

from app import create_app
from vestibule import testing

pytest_plugins = ["vestibule.testing.fixtures"]


@pytest.fixture
def app() -> Iterator[Flask]:
    """Give the test the board."""
    app = create_app(testing.config(site_name="Board"))
    yield app
    testing.close(app)
