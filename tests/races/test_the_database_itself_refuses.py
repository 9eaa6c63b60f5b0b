"""The database keeps the last administrator, whoever writes to it."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from stagecraft import rows
from vestibule.auth import Auth
from vestibule.engine import open_engine
from vestibule.policy import OPERATOR
from vestibule.user import User

STATEMENTS = [
    "UPDATE vestibule_users SET is_admin = false",
    "UPDATE vestibule_users SET is_admin = false WHERE id = :id",
    "UPDATE vestibule_users SET is_active = false WHERE id = :id",
    "UPDATE vestibule_users SET id = id + 1000 WHERE id = :id",
    "DELETE FROM vestibule_users WHERE id = :id",
    "DELETE FROM vestibule_users",
    "UPDATE vestibule_keeper SET is_admin = false",
    "UPDATE vestibule_keeper SET is_active = false",
    "UPDATE vestibule_keeper SET user_id = :other",
    "INSERT INTO vestibule_keeper VALUES (2, :id, true, true)",
    "INSERT INTO vestibule_keeper VALUES (1, :id, true, true)",
]


@pytest.mark.asvs("2.3.4")
@pytest.mark.attack("A34", "A50")
@pytest.mark.parametrize("statement", STATEMENTS)
def test_no_statement_takes_the_last_administrator_away(
    auth: Auth, admin: User, alice: User, statement: str
) -> None:
    before = rows(auth)
    engine = open_engine(auth.settings)

    named = {"id": admin.id, "other": alice.id}
    values = {k: v for k, v in named.items() if f":{k}" in statement}

    with pytest.raises(IntegrityError), engine.begin() as raw:
        raw.execute(text(statement), values)
    engine.dispose()

    assert rows(auth) == before


@pytest.mark.parametrize("column", ["is_admin", "is_active"])
def test_the_contracts_verb_cannot_take_the_last_administrator_away(
    auth: Auth, admin: User, column: str
) -> None:
    with pytest.raises(IntegrityError):
        auth.db.update_user(admin.id, **{column: False})

    kept = auth.db.find_user_by(id=admin.id)
    assert kept.is_admin
    assert kept.is_active


def test_whoever_is_no_keeper_can_be_changed_by_any_statement(
    auth: Auth, admin: User, alice: User
) -> None:
    auth.administration.set_admin(alice, is_admin=True, by=OPERATOR)

    auth.db.update_user(alice.id, is_admin=False)
    auth.db.update_user(alice.id, is_active=False)

    assert not auth.db.find_user_by(id=alice.id).is_admin
    assert auth.db.find_user_by(id=admin.id).is_admin
