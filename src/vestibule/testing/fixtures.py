"""Fixtures for a host's tests with pytest, over its own fixture ``app``.

Put ``pytest_plugins = ["vestibule.testing.fixtures"]`` into ``conftest.py``.
"""

from collections.abc import Callable
from functools import partial

import pytest
from flask import Flask
from flask.testing import FlaskClient

from vestibule import testing
from vestibule.user import User


@pytest.fixture
def make_user(app: Flask) -> Callable[..., User]:
    """Make accounts: ``make_user("anna", admin=True)``."""
    return partial(testing.user, app)


@pytest.fixture
def sign_in(app: Flask) -> Callable[..., FlaskClient]:
    """Give a client in which somebody is signed in: ``sign_in(anna)``."""
    return partial(testing.sign_in, app)


@pytest.fixture
def outbox(app: Flask) -> testing.Outbox:
    """Give the test all letters."""
    return testing.Outbox(app)


@pytest.fixture
def clock(app: Flask) -> testing.StoppedClock:
    """Give the test a clock it can turn."""
    return testing.StoppedClock(app)
