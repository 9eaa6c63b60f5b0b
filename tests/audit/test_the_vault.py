"""What is encrypted in the history: it opens whole, in its place, or not."""

import pytest

from vestibule.auth import Auth
from vestibule.capabilities.audit.vault import Vault
from vestibule.user import User

DETAILS = ["198.51.100.7", "Mozilla/5.0 Rosewood/1.0"]
NOTHING = ["", ""]


@pytest.mark.asvs("11.3.2", "11.3.3")
def test_whatever_is_altered_opens_nothing(
    auth: Auth, alice: User, bob: User
) -> None:
    vault = Vault(auth.db)
    event, other = (auth.randomness.row_id() for _ in range(2))
    vault.make_keys({alice.id, bob.id})
    keys = vault.keys({alice.id, bob.id})

    closed = vault.close(event, alice.id, DETAILS, keys)

    assert {len(key) for key in keys.values()} == {32}
    assert vault.open(event, alice.id, closed, keys) == DETAILS
    assert vault.open(other, alice.id, closed, keys) == NOTHING
    assert vault.open(event, bob.id, closed, keys) == NOTHING
    for at in range(len(closed)):
        forged = bytes([*closed[:at], closed[at] ^ 1, *closed[at + 1 :]])
        assert vault.open(event, alice.id, forged, keys) == NOTHING, at
        assert vault.open(event, alice.id, closed[:at], keys) == NOTHING, at


@pytest.mark.asvs("11.3.4")
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_no_nonce_is_used_twice(auth: Auth, alice: User) -> None:
    vault = Vault(auth.db)
    event = auth.randomness.row_id()
    vault.make_keys({alice.id})
    keys = vault.keys({alice.id})

    closed = [vault.close(event, alice.id, DETAILS, keys) for _ in range(500)]

    assert len({one[:12] for one in closed}) == 500
    assert len({one[12:] for one in closed}) == 500
