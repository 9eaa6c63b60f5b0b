"""With an account goes the key of its details, and the chain stays whole."""

from pathlib import Path

import pytest
from sqlalchemy import select, text

from annals import HERE, found, sealed, write
from conftest import account
from vestibule.auth import Auth
from vestibule.capabilities.audit.records import Entry, PersonKey
from vestibule.history import Event, under
from vestibule.policy import OPERATOR
from vestibule.user import User
from vestibule.worker import sweep


def addresses(auth: Auth, user_id: int) -> set[str]:
    """Say from where somebody was seen, as the history tells it."""
    return {one.address for one in auth.audit.of(user_id).items}


def everything(auth: Auth) -> bytes:
    """Read all bytes of all tables of the history."""
    read = b""
    for table in ("events", "history", "seals", "history_keys"):
        query = text(f"SELECT * FROM vestibule_{table}")
        for row in auth.db.read(query):
            for value in row:
                is_bytes = isinstance(value, bytes)
                read += value if is_bytes else repr(value).encode()
    return read


def test_details_are_nowhere_in_clear_and_are_told_to_who_may(
    auth: Auth, alice: User
) -> None:
    sealed(auth, 2, alice.id)

    for secret in (HERE.address, "Rosewood"):
        assert secret.encode() not in everything(auth)
    assert HERE.address in addresses(auth, alice.id)
    [first, *_] = auth.audit.of(alice.id).items
    assert first.agent == HERE.agent


@pytest.mark.attack("A35")
def test_with_the_account_goes_what_its_details_said(
    auth: Auth, alice: User, bob: User
) -> None:
    sealed(auth, 2, alice.id)
    sealed(auth, 1, bob.id)
    [(key,)] = auth.db.read(
        select(PersonKey.key).where(PersonKey.person_id == alice.id)
    )
    auth.deletion.delete(alice, by=OPERATOR)

    assert addresses(auth, alice.id) == {""}
    assert bytes(key) not in everything(auth)
    # The others keep theirs, and nobody misses a row.
    assert HERE.address in addresses(auth, bob.id)
    auth.audit.seal()
    assert found(auth) == []
    told = [one.act for one in auth.audit.of(alice.id).items]
    assert told[:3] == ["deletion", "act.1", "act.0"]


def test_the_file_itself_forgets_the_key(
    auth: Auth, alice: User, tmp_path: Path
) -> None:
    if auth.db.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL forgets when it tidies up")
    sealed(auth, 2, alice.id)
    [(key,)] = auth.db.read(select(PersonKey.key))

    def bytes_on_disk() -> bytes:
        auth.db.read(text("PRAGMA wal_checkpoint(TRUNCATE)"))
        return (tmp_path / "vestibule.db").read_bytes()

    assert bytes(key) in bytes_on_disk()
    auth.deletion.delete(alice, by=OPERATOR)
    assert bytes(key) not in bytes_on_disk()


def test_the_sweep_takes_what_was_erased_out_of_all_files(
    auth: Auth, alice: User, tmp_path: Path
) -> None:
    if auth.db.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL forgets when it tidies up")
    sealed(auth, 2, alice.id)
    [(key,)] = auth.db.read(select(PersonKey.key))

    def on_disk() -> bytes:
        files = tmp_path.glob("vestibule.db*")
        return b"".join(file.read_bytes() for file in files)

    auth.deletion.delete(alice, by=OPERATOR)
    assert bytes(key) in on_disk()
    sweep(auth)
    assert bytes(key) not in on_disk()


def test_where_people_were_who_are_gone_is_not_told_before_it_is_sealed(
    auth: Auth, alice: User
) -> None:
    write(auth, 2, alice.id)
    assert HERE.address in addresses(auth, alice.id)
    auth.deletion.delete(alice, by=OPERATOR)

    assert auth.db.read(select(Event.id)) != []
    assert addresses(auth, alice.id) == {""}


def test_what_is_sealed_after_the_account_is_gone_keeps_no_details(
    auth: Auth,
) -> None:
    alice = account(auth, "alice")
    write(auth, 2, alice.id)
    auth.deletion.delete(alice, by=OPERATOR)
    auth.audit.seal()

    rows = auth.db.read(
        select(Entry.details).where(Entry.subject_id == alice.id)
    )
    assert {bytes(row.details) for row in rows} == {b""}
    assert HERE.address.encode() not in everything(auth)
    assert found(auth) == []


def test_details_belong_to_who_acted(
    auth: Auth, alice: User, admin: User
) -> None:
    with under(HERE):
        auth.history.record("users.disable", alice.id, actor_id=admin.id)
    auth.audit.seal()
    auth.deletion.delete(alice, by=OPERATOR)

    told = auth.audit.of(alice.id).items
    [act] = [one for one in told if one.act == "users.disable"]
    assert act.address == HERE.address


def test_what_concerns_nobody_is_kept_as_it_is(auth: Auth) -> None:
    sealed(auth, 1)

    assert HERE.address.encode() in everything(auth)
    assert auth.db.read(select(PersonKey.person_id)) == []
    assert found(auth) == []


def test_an_event_without_details_needs_no_key_to_be_read(
    auth: Auth, alice: User
) -> None:
    auth.history.record("login", alice.id)
    assert auth.db.read(select(Event.id)) != []
    auth.audit.seal()

    assert addresses(auth, alice.id) == {""}
