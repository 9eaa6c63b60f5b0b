"""What is told of a passkey that counts backwards, and how often."""

import pytest

from conftest import Postbox, TurnableClock
from passkeyring import Ring
from stagecraft import rows
from vestibule.auth import Auth
from vestibule.user import User

pytest_plugins = ["passkeyring_fixtures"]


@pytest.mark.asvs("6.3.5", "X29")
def test_of_one_copy_an_owner_gets_one_letter_a_day(
    auth: Auth,
    alice: User,
    clock: TurnableClock,
    postbox: Postbox,
    ring: Ring,
) -> None:
    auth.email_verification.mark(alice)
    ring.added(alice)
    ring.sign_in()
    copied: list[int] = []
    for wait in (0, 61, 3600, 86400, 61):
        clock.turn(seconds=wait)
        postbox.empty()
        ring.device.kept[0].count = 0
        assert ring.code_of(ring.sign_in) == "passkey.copied"
        copied.append(len(postbox.empty()))

    assert copied == [1, 0, 0, 1, 0]
    noted = [row["act"] for row in rows(auth)["vestibule_events"]]
    assert noted.count("passkeys.copied") == 5
