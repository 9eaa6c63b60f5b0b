"""A whole life of accounts goes on under the role of the service."""

import pytest

from conftest import PASSWORD, Postbox, TurnableClock, account
from residents import lived_in, rows_of
from vestibule.auth import Auth
from vestibule.policy import OPERATOR, Actor
from vestibule.worker import Worker, sweep

pytest_plugins = ["service_role"]
NEW = "another good password"


@pytest.mark.asvs("13.2.2")
def test_a_whole_life_needs_no_more_than_the_service_may(
    service: Auth,
    postbox: Postbox,
    clock: TurnableClock,
) -> None:
    """From signing up to deleting, with all that is cleared away after."""
    admin, alice = (account(service, name) for name in ("admin", "alice"))
    service.administration.set_admin(admin, is_admin=True, by=OPERATOR)
    session, *_ = lived_in(service, alice)
    assert service.get_user_from_session_id(session)
    Worker(service, postbox).round()

    service.passwords.change(alice, PASSWORD, NEW)
    assert service.export.take(alice, by=OPERATOR)
    boss = Actor(service.administration.find("admin"), clock.now())
    service.administration.set_active(alice, is_active=False, by=boss)
    service.administration.set_active(alice, is_active=True, by=boss)
    service.deletion.delete(service.administration.find("alice"), by=boss)
    clock.turn(days=401)
    sweep(service)
    Worker(service, postbox).round()

    left = {
        name for name, count in rows_of(service, alice.id).items() if count
    }
    assert {name.partition(".")[0] for name in left} <= {"history", "events"}
