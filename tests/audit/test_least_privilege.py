"""The service's role on PostgreSQL adds to the history and cannot change it.

The statements are those of docs/operators/history.md.
"""

import logging

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from annals import found, sealed, write
from conftest import PASSWORD, Postbox, TurnableClock
from vestibule.auth import Auth
from vestibule.policy import OPERATOR
from vestibule.user import User
from vestibule.worker import Worker

pytest_plugins = ["service_role"]
pytestmark = pytest.mark.asvs("13.2.2", "16.4.2")


def test_the_service_works_and_seals(
    service: Auth, alice: User, postbox: Postbox
) -> None:
    service.registration.register("carol@example.com", PASSWORD, "carol")
    service.login.with_password("alice", PASSWORD)
    Worker(service, postbox).round()
    service.deletion.delete(alice, by=OPERATOR)
    Worker(service, postbox).round()

    assert found(service) == []
    sealed_upto = service.audit.sealed()
    assert sealed_upto
    assert sealed_upto.position > 3
    assert {one.address for one in service.audit.of(alice.id).items} == {""}


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE vestibule_history SET act = 'x'",
        "DELETE FROM vestibule_history",
        "TRUNCATE vestibule_history",
        "UPDATE vestibule_seals SET at = 1",
        "DELETE FROM vestibule_seals",
        "UPDATE vestibule_history_keys SET key = ''",
        "DELETE FROM vestibule_history_keys",
        "UPDATE vestibule_events SET act = 'x'",
        "UPDATE vestibule_version SET version_num = '0001'",
        "ALTER TABLE vestibule_history DROP COLUMN act",
        "DROP TABLE vestibule_history",
        "CREATE TABLE own (x integer)",
    ],
)
def test_it_cannot_change_the_history_or_the_schema(
    service: Auth, statement: str
) -> None:
    sealed(service, 2)
    write(service, 1)

    with pytest.raises(ProgrammingError) as refused:
        service.db.write(text(statement))
    assert getattr(refused.value.orig, "sqlstate", "") == "42501"
    assert found(service) == []


@pytest.mark.settings(history_kept="10d")
def test_what_it_may_not_remove_is_said_once_and_the_owner_does_it(
    auth: Auth,
    service: Auth,
    clock: TurnableClock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    sealed(service, 3)
    clock.turn(days=11)
    sealed(service, 1)
    with caplog.at_level(logging.WARNING, "vestibule.history"):
        for _ in range(2):
            service.audit.sweep(clock.now())

    said = [record.getMessage() for record in caplog.records]
    assert said == ["history: this role may not remove old rows"]
    assert auth.audit.prune() == 3
    assert found(service) == []
