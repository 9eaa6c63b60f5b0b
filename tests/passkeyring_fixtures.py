"""The fixture of passkeys."""

import pytest

from passkeyring import Ring
from vestibule.auth import Auth


@pytest.fixture
def ring(auth: Auth) -> Ring:
    """Give the test a ring of passkeys."""
    return Ring(auth)
